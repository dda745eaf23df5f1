"""Curves, starts, PRTF, trust, recipe, preparation, history, transport, and how the pane arranges them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDialog, QTabWidget
from pytestqt.qtbot import QtBot

from models.patterns.types import Step
from models.phasing.presets import PRESETS
from models.phasing.settings import PhasingSettings
from models.phasing.types import Prtf, Trust
from tests.widgets.phase.mouse import hover
from widgets.parameter_form import ParameterForm
from widgets.phase.curve_plot import Curve, ErrorCurves
from widgets.phase.history_panel import HistoryPanel, ResultRow
from widgets.phase.pane import OBJECT, RECIPE, STARTS, PhasePane
from widgets.phase.preparation_panel import PreparationPanel
from widgets.phase.prtf_plot import PrtfPanel
from widgets.phase.recipe_panel import PresetChoice, RecipePanel
from widgets.phase.slider_field import SliderField
from widgets.phase.starts_table import StartRow, StartsTable
from widgets.phase.transport import FAILED, IDLE, PAUSED, RUNNING, Pace, Transport
from widgets.phase.trust_view import TrustView

ROWS = (StartRow(4, "RAAR", 120, 0.1, 1.25, 300, 0.05, True), StartRow(1, "given up", 80, 0.3, math.nan, 900, 0.15))
TRUST = Trust(
    r_factor=0.12, free_log_likelihood=1.34, prtf_resolution_nm=15.7, prtf_resolution_q=0.4, mode_weight=0.91,
    agreement=0.95, kept=5, starts=8, masked_power=0.9, oversampling=4.2,
    warnings=("Centre unconstrained: 90 % of the power is in masked pixels.",),
)  # fmt: skip


def curve(seed: int, level: float) -> Curve:
    iteration = np.arange(0, 200, 10)
    values = (level + np.exp(-iteration / 50)).astype(np.float32)
    return Curve(seed, iteration, values / 4, values)


# -- curves ----------------------------------------------------------------------------------------------------------


def test_curves_have_axes_and_the_nearest_line_can_be_chosen(qtbot: QtBot) -> None:
    curves = ErrorCurves()
    qtbot.addWidget(curves)
    curves.resize(700, 300)
    curves.show()
    curves.set_curves([curve(1, 1.0), curve(2, 3.0)], 1, total=400)
    plot = curves.free
    assert plot.across.high == 400
    assert plot.across.name == "iteration"
    assert plot.up.name == "free LLK per pixel"
    told: list[int] = []
    curves.seed_chosen.connect(told.append)
    place = plot.to_pixel(190, math.log10(3.02))
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert told == [2]


def test_values_that_are_not_known_leave_no_line(qtbot: QtBot) -> None:
    curves = ErrorCurves()
    qtbot.addWidget(curves)
    curves.resize(700, 300)
    curves.show()
    unknown = Curve(1, np.arange(3), np.full(3, np.nan), np.full(3, np.nan))
    curves.set_curves([curve(2, 1.0)], 2)
    alone = curves.grab().toImage()
    curves.set_curves([curve(2, 1.0), unknown], 2)
    assert curves.grab().toImage() == alone
    curves.set_curves([curve(2, 1.0), curve(1, 2.0)], 2)
    assert curves.grab().toImage() != alone


# -- starts ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def starts(qtbot: QtBot) -> StartsTable:
    table = StartsTable()
    qtbot.addWidget(table)
    table.resize(700, 200)
    table.show()
    table.set_rows(ROWS, watched=4)
    return table


def click(table: StartsTable, row: int, column: int) -> None:
    view = table.table()
    model = view.model()
    assert model is not None
    place = view.visualRect(model.index(row, column)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_the_table_lists_figures_and_what_is_kept(starts: StartsTable) -> None:
    assert starts.cell(0, "#") == "1"
    assert starts.cell(0, "Seed") == "4"
    assert starts.cell(0, "State") == "RAAR · kept"
    assert starts.cell(0, "Free LLK") == "1.250"
    assert starts.cell(0, "Support") == "300 px · 5\u202f%"
    assert starts.cell(1, "Free LLK") == "–", "a figure that is not known is no number"


def test_a_click_watches_a_start_and_news_tell_nobody(starts: StartsTable) -> None:
    told: list[int] = []
    starts.watch_wanted.connect(told.append)
    starts.set_rows(ROWS[::-1], watched=1)
    assert told == []
    click(starts, 1, 2)
    assert told == [4]


def test_two_starts_can_be_ticked_and_a_third_replaces_the_first(starts: StartsTable) -> None:
    rows = (*ROWS, StartRow(7, "HIO", 10))
    starts.set_rows(rows, watched=4)
    told: list[tuple[int, ...]] = []
    starts.compared.connect(told.append)
    model = starts.table().model()
    assert model is not None
    for row in range(3):
        model.setData(model.index(row, 0), Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    assert told == [(4,), (4, 1), (1, 7)]
    starts.set_rows(rows[:1], watched=4)
    assert starts.ticked() == (), "ticks of starts that are gone are gone"


# -- quality ---------------------------------------------------------------------------------------------------------


def test_the_prtf_is_read_in_both_units(qtbot: QtBot) -> None:
    panel = PrtfPanel()
    qtbot.addWidget(panel)
    panel.resize(400, 300)
    panel.show()
    assert "two finished starts" in panel.text()
    q = np.linspace(0, 0.5, 51).astype(np.float32)
    values = np.linspace(1, 0, 51).astype(np.float32)
    prtf = Prtf(np.arange(51, dtype=np.float32), values, np.full(51, 320, np.int32), q)
    panel.set_prtf(prtf, 0.316, "Falls below 1/e at 0.32 nm⁻¹ (19.9 nm)")
    assert "1/e" in panel.text()
    hover(panel.plot, panel.plot.to_pixel(0.25, 0.2))
    assert "q 0.25 nm⁻¹" in panel.text()
    assert "d 25.1 nm" in panel.text(), "full period: 2π/q"
    assert "PRTF 0.50" in panel.text()
    panel.set_prtf(replace(prtf, q_nm=None), 31.0, "Falls below 1/e at 31 px")
    hover(panel.plot, panel.plot.to_pixel(25.0, 0.2))
    assert "radius 25 px" in panel.text()
    panel.grab()


def test_trust_gives_every_figure_its_unit_and_its_meaning(qtbot: QtBot) -> None:
    view = TrustView()
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.show()
    assert view.words().startswith("Preview")
    view.set_trust(TRUST)
    words = view.words()
    assert words.startswith("Centre unconstrained: 90 %"), "warnings come first"
    assert "15.7 nm at 0.4 nm⁻¹" in words
    assert "Kept starts: 5 of 8" in words
    assert "First mode: 91\u202f%" in words
    view.set_trust(Trust(r_factor=0.2, starts=1, kept=1, warnings=("one start",)))
    assert view.words().startswith("One start."), "a warning is a sentence"
    assert "PRTF resolution: –. Cannot be said" in view.words()
    view.clear()
    assert view.words().startswith("Preview")


# -- recipe ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def recipe(qtbot: QtBot) -> RecipePanel:
    panel = RecipePanel()
    qtbot.addWidget(panel)
    panel.resize(320, 640)
    panel.show()
    panel.set_presets([PresetChoice(p.title, p.when, p.settings) for p in PRESETS])
    panel.set_settings(PRESETS[0].settings)
    return panel


def test_what_the_user_changes_is_told_once_with_all_settings(recipe: RecipePanel) -> None:
    told: list[PhasingSettings] = []
    recipe.settings_changed.connect(told.append)
    recipe.set_settings(replace(PRESETS[0].settings, beta=0.8))
    assert told == []
    recipe.beta.field.setValue(0.75)
    assert [s.beta for s in told] == [0.75]
    recipe.area_high.field.setValue(10.0)
    assert told[-1].area_high == pytest.approx(0.1)
    recipe.area_low.field.setValue(20.0)
    assert told[-1].area_low <= told[-1].area_high, "the two ends never cross"
    assert told[-1].preset == "", "it is no preset any more"


def test_a_preset_brings_its_settings_and_its_sentence(recipe: RecipePanel) -> None:
    told: list[PhasingSettings] = []
    recipe.settings_changed.connect(told.append)
    recipe.seed.setValue(7)
    recipe.preset.setCurrentIndex(2)
    recipe.preset.activated.emit(2)
    assert told[-1] == replace(PRESETS[2].settings, seed=7)
    assert recipe._when.text() == PRESETS[2].when
    assert recipe.schedule.text() == PRESETS[2].settings.schedule


def test_a_schedule_is_taken_when_it_can_be_read(qtbot: QtBot, recipe: RecipePanel) -> None:
    edited: list[str] = []
    told: list[PhasingSettings] = []
    recipe.schedule_edited.connect(edited.append)
    recipe.settings_changed.connect(told.append)
    recipe.schedule.setFocus()
    recipe.schedule.selectAll()
    QTest.keyClicks(recipe.schedule, "50 HIP")
    qtbot.waitUntil(lambda: edited == ["50 HIP"], timeout=5000)
    recipe.show_schedule("“HIP” is no algorithm", True, 4)
    assert recipe.verdict() == "Column 4: “HIP” is no algorithm"
    assert recipe.schedule_is_bad
    assert told == []
    QTest.keyClick(recipe.schedule, Qt.Key.Key_Backspace)
    QTest.keyClicks(recipe.schedule, "O")
    qtbot.waitUntil(lambda: edited[-1] == "50 HIO", timeout=5000)
    recipe.show_schedule("50 iterations")
    assert told[-1].schedule == "50 HIO"


def test_while_it_runs_only_what_can_still_change_is_offered(recipe: RecipePanel) -> None:
    recipe.set_running(True)
    assert not recipe.starts.isEnabled()
    assert not recipe.seed.isEnabled()
    assert recipe.beta.isEnabled()
    assert recipe.schedule.isEnabled()


def test_more_shows_every_setting(qtbot: QtBot, recipe: RecipePanel) -> None:
    told: list[PhasingSettings] = []
    recipe.settings_changed.connect(told.append)
    recipe.more.click()
    dialog = recipe.window().findChild(QDialog, "phasing_settings")
    assert dialog is not None
    form = dialog.findChild(ParameterForm)
    assert form is not None
    form.set_value(replace(recipe.settings(), fill_holes=True))
    dialog.accept()
    assert told[-1].fill_holes


def test_a_slider_and_its_field_are_one_value(qtbot: QtBot) -> None:
    field = SliderField("area", 0.1, 100.0, ratio=True)
    qtbot.addWidget(field)
    told: list[float] = []
    field.changed.connect(told.append)
    field.slider.setValue(500)
    assert field.value() == pytest.approx(math.sqrt(0.1 * 100), rel=0.01), "half way is the geometric middle"
    field.field.setValue(100.0)
    assert field.slider.value() == field.slider.maximum()
    assert len(told) == 2
    field.set_value(1.0)
    assert len(told) == 2


# -- preparation, history, transport ---------------------------------------------------------------------------------


def test_steps_stand_with_their_numbers_and_the_centre_can_be_nudged(qtbot: QtBot) -> None:
    panel = PreparationPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 500)
    panel.show()
    assert "Nothing was prepared yet" in panel.text()
    panel.set_steps([Step("mask", "412 pixels are not measured"), Step("centre", "beam at (130.2, 127.9) px")])
    assert panel.text() == "1. mask: 412 pixels are not measured 2. centre: beam at (130.2, 127.9) px"
    told: list[tuple[float, float]] = []
    panel.centre_chosen.connect(lambda y, x: told.append((y, x)))
    panel.set_centre(130.2, 127.9)
    assert told == []
    panel.arrows[-1, 0].click()
    assert told[-1] == pytest.approx((130.1, 127.9))
    panel.by.click()
    panel.arrows[0, 1].click()
    assert told[-1] == pytest.approx((130.1, 128.4))
    panel.x.setValue(120.0)
    assert told[-1] == pytest.approx((130.1, 120.0))


def test_the_settings_of_the_preparation_are_edited_in_place(qtbot: QtBot) -> None:
    from models.patterns.settings import PatternSettings

    panel = PreparationPanel()
    qtbot.addWidget(panel)
    told: list[PatternSettings] = []
    panel.settings_changed.connect(told.append)
    panel.set_settings(PatternSettings(), ("centre_y_px", "centre_x_px"))
    form = panel.form()
    assert form is not None
    form.reset()
    assert told == [PatternSettings()]
    panel.set_settings(PatternSettings(binning=2), ("centre_y_px", "centre_x_px"))
    assert panel.form() is form
    assert form.value().binning == 2


def test_results_are_chosen_compared_renamed_and_deleted(qtbot: QtBot) -> None:
    panel = HistoryPanel()
    qtbot.addWidget(panel)
    panel.resize(600, 200)
    panel.show()
    assert "No results" in panel.text()
    rows = [ResultRow("b", "second", "18:12", 0.1, 1.2, "16 nm", "5 of 8"), ResultRow("a", "first", "18:02")]
    said: list[tuple[object, ...]] = []
    panel.chosen.connect(lambda one: said.append(("chosen", one)))
    panel.compared.connect(lambda ids: said.append(("compared", *ids)))
    panel.renamed.connect(lambda one, name: said.append(("renamed", one, name)))
    panel.delete_wanted.connect(lambda one: said.append(("delete", one)))
    panel.undo_wanted.connect(lambda: said.append(("undo",)))
    panel.set_results(rows, "b")
    assert said == []
    tree = panel.list()
    assert panel.current() == "b"
    first = tree.topLevelItem(1)
    assert first is not None
    panel.list().itemClicked.emit(first, 0)
    for place in (0, 1):
        item = tree.topLevelItem(place)
        assert item is not None
        item.setCheckState(0, Qt.CheckState.Checked)
    first.setText(0, "best")
    first.setText(0, "")
    assert first.text(0) == "first", "a result without a name keeps its old one"
    panel.delete.click()
    assert said == [
        ("chosen", "a"), ("compared", "b"), ("compared", "b", "a"), ("renamed", "a", "best"), ("delete", "b"),
    ]  # fmt: skip
    assert panel.undo.isHidden()
    panel.set_undo("second")
    panel.undo.click()
    assert said[-1] == ("undo",)


def test_the_buttons_show_what_can_be_done(qtbot: QtBot) -> None:
    transport = Transport()
    qtbot.addWidget(transport)
    transport.resize(800, 40)
    transport.show()
    enabled = lambda: [b.isEnabled() for b in (transport.run, transport.pause, transport.step, transport.stop)]  # noqa: E731
    transport.set_state(IDLE)
    assert enabled() == [True, False, False, False]
    transport.set_state(RUNNING)
    assert enabled() == [False, True, False, True]
    transport.set_pace(Pace(3360, 8000, 1234.0, 12.0))
    assert transport.text() == "iteration 3\u202f360 of 8\u202f000   ·   1\u202f234 per second   ·   0:12 left"
    transport.set_pace(Pace(10, 0, stage="searching for the support, round 1 of 3"))
    assert transport.text().startswith("searching for the support, round 1 of 3   ·   iteration 10")
    transport.set_state(PAUSED)
    assert enabled() == [False, True, True, True]
    assert transport.pause.text() == "Go on"
    transport.set_state(FAILED, "The pattern has no measured pixel.")
    assert transport.text() == "The pattern has no measured pixel."
    assert enabled() == [True, False, False, False]


# -- the pane --------------------------------------------------------------------------------------------------------


def test_the_pane_is_arranged_for_its_room(qtbot: QtBot) -> None:
    pane = PhasePane()
    qtbot.addWidget(pane)
    pane.resize(1200, 760)
    pane.show()
    assert pane.wide
    pane.show_page(RECIPE)
    pane.show_page(OBJECT)
    assert pane.shows(RECIPE)
    assert pane.shows(OBJECT)
    assert pane.curves.isVisible()
    pane.resize(480, 420)
    assert not pane.wide
    pane.show_page(STARTS)
    assert pane.shows(STARTS)
    assert not pane.shows(OBJECT), "one page at a time"
    pane.resize(1200, 760)
    assert pane.shows(OBJECT)
    assert pane.shows(STARTS)
    assert sum(tabs.count() for tabs in pane.findChildren(QTabWidget)) == 10


def test_the_way_of_colouring_is_one_for_the_pane(qtbot: QtBot) -> None:
    pane = PhasePane()
    qtbot.addWidget(pane)
    pane.object.mode_changed.emit("phase")
    assert {side.mode for side in pane.compare.sides} == {"phase"}
    pane.show_note("start 3 given up")
    assert pane.problem() == "Start 3 given up"
    pane.show_problem("The solver stopped.")
    assert pane.problem() == "The solver stopped."


def test_hover_beyond_the_curves_is_quiet(qtbot: QtBot) -> None:
    curves = ErrorCurves()
    qtbot.addWidget(curves)
    curves.resize(500, 300)
    curves.show()
    curves.set_curves([curve(1, 1.0)], 1)
    without = curves.r_factor.grab().toImage()
    hover(curves.r_factor, QPointF(1, 1))
    assert curves.r_factor.grab().toImage() == without
    hover(curves.r_factor, curves.r_factor.to_pixel(100, curves.r_factor.up.low))
    curves.grab()
