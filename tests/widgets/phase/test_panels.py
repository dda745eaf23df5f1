"""Curves, starts, PRTF, trust, recipe, preparation, history, transport, and how the pane arranges them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QTabWidget
from pytestqt.qtbot import QtBot

from models.phasing.types import Prtf, Trust
from tests.widgets.mouse import hover
from widgets.phase.curve_plot import Curve, ErrorCurves
from widgets.phase.history_panel import HistoryPanel, ResultRow
from widgets.phase.pane import OBJECT, RECIPE, STARTS, PhasePane
from widgets.phase.prtf_plot import PrtfPanel
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
    assert starts.cell(0, "Support") == "300\u202fpx · 5\u202f%"
    starts.resize(430, 200)
    QApplication.processEvents()
    assert starts.cell(0, "Support") == "5\u202f%"
    assert not starts.table().horizontalScrollBar().isVisible(), "nothing is cut at its right"
    starts.set_rows((*ROWS, StartRow(2, "waiting")), watched=4)
    assert starts.cell(2, "Support") == "–"
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
    assert "a preview: nothing says" in view.words()
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
    assert "a preview: nothing says" in view.words()


# -- history, transport ----------------------------------------------------------------------------------------------


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
    transport.set_pace(Pace(61, 8000, 20.0, 2602.0))
    assert transport.text() == "iteration 61 of 8\u202f000", "at first a rate says nothing"
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
