"""What is run, and what is made of the frame before: the panels left of the pictures."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot

from models.patterns.settings import PatternSettings
from models.patterns.types import Step
from models.phasing.presets import PRESETS
from models.phasing.settings import PhasingSettings
from widgets.parameter_form import ParameterForm
from widgets.phase.preparation_panel import PreparationPanel
from widgets.phase.recipe_panel import PresetChoice, RecipePanel
from widgets.phase.slider_field import SliderField


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
    recipe.show_schedule("Schedule, column 4: found “HIP”", True)
    assert recipe.verdict() == "Schedule, column 4: found “HIP”"
    assert recipe.schedule_is_bad
    assert told == []
    QTest.keyClick(recipe.schedule, Qt.Key.Key_Backspace)
    QTest.keyClicks(recipe.schedule, "O")
    qtbot.waitUntil(lambda: edited[-1] == "50 HIO", timeout=5000)
    recipe.show_schedule("50 iterations")
    assert told[-1].schedule == "50 HIO"


def test_a_long_schedule_wraps_and_stays_one_line(recipe: RecipePanel) -> None:
    line = recipe.schedule
    recipe.set_settings(replace(PRESETS[0].settings, schedule="10 ER"))
    short = line.height()
    text = " + ".join(["8*(20 RAAR(beta=0.95) + SW)"] * 4)
    recipe.set_settings(replace(PRESETS[0].settings, schedule=text))
    QApplication.processEvents()
    assert line.height() > 2 * short
    end = line.textCursor()
    end.movePosition(end.MoveOperation.End)
    assert line.rect().contains(line.cursorRect(end)), "its end is seen too"
    QTest.keyClick(line, Qt.Key.Key_Return)
    QApplication.clipboard().setText("20 ER\n + 5 ML\n")
    line.selectAll()
    line.paste()
    assert line.text() == "20 ER + 5 ML"
    QApplication.processEvents()
    assert line.height() == short


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


def test_a_centre_that_is_not_known_is_no_number_and_is_not_told_by_halves(qtbot: QtBot) -> None:
    panel = PreparationPanel()
    qtbot.addWidget(panel)
    told: list[tuple[float, float]] = []
    panel.centre_chosen.connect(lambda y, x: told.append((y, x)))
    assert panel.y.text() == panel.x.text() == "not known"
    assert not any(arrow.isEnabled() for arrow in panel.arrows.values())
    panel.y.setValue(12.5)
    assert told == []
    panel.x.setValue(14.0)
    assert told == [(12.5, 14.0)]
    assert all(arrow.isEnabled() for arrow in panel.arrows.values())


def test_settings_are_called_by_words_and_not_by_the_names_of_their_fields(qtbot: QtBot) -> None:
    expected = {PatternSettings(): {"Beam stop radius", "Searched within"}, PhasingSettings(): {"Support keeps by"}}
    for settings, words in expected.items():
        form = ParameterForm(settings)
        qtbot.addWidget(form)
        assert words <= {label.text() for label in form.findChildren(QLabel)}


def test_the_settings_of_the_preparation_are_edited_in_place(qtbot: QtBot) -> None:
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
