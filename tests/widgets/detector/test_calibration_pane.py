"""The chain's page: switches keep numbers, lines are dragged, and setters say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest

from models.calibration.settings import CalibrationSettings
from tests.widgets.mouse import click, drag
from widgets.detector.calibration_histogram import LEVEL, PHOTON, ShownHistogram, ValueHistogram
from widgets.detector.calibration_pane import ALL_VALUES, CalibrationPane

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

FULL = CalibrationSettings(
    saturation_level=16000.0,
    dark="/data/dark.npy",
    common_mode="row",
    asic_width_px=32,
    adu_per_photon=8.0,
    round_from=0.6,
)


@pytest.fixture
def pane(qtbot):
    pane = CalibrationPane()
    qtbot.addWidget(pane)
    pane.resize(1000, 700)
    pane.show()
    return pane


@pytest.fixture
def told(pane):
    heard = []
    pane.settings_changed.connect(heard.append)
    return heard


def histogram(**changes):
    edges = np.linspace(-10, 40, 101)
    counts = np.full(100, 50, np.int64)
    return replace(ShownHistogram(edges, counts, unit="ADU", zero=0.0, one_photon=8.0, draggable=PHOTON), **changes)


def test_what_is_set_is_shown_and_nothing_is_told(pane, told):
    pane.set_settings(FULL)
    pane.set_step("common_mode")
    pane.set_effects({"dark": "noise 1.4 → 1.2 ADU"})
    ticked = {name for name, row in pane.rows.items() if row.switch is not None and row.switch.isChecked()}
    assert ticked == {"saturation", "dark", "common_mode", "gain", "rounding"}
    assert pane.rows["dark"].effect == "noise 1.4 → 1.2 ADU"
    assert pane.rows["dark"].path_line.text() == "/data/dark.npy"
    assert told == []


def test_a_switch_keeps_the_numbers(pane, told):
    pane.set_settings(FULL)
    pane.rows["common_mode"].switch.click()
    assert told == [replace(FULL, use_common_mode=False)]
    assert pane.step == "common_mode"
    pane.rows["common_mode"].switch.click()
    assert told[-1] == FULL


def test_a_step_without_a_number_asks_for_it_and_stays_off(pane, qtbot):
    for name in ("saturation", "dark", "common_mode", "gain_map", "gain", "rounding"):
        with qtbot.waitSignal(pane.number_wanted) as asked:
            pane.rows[name].switch.click()
        assert asked.args == [name]
        assert not pane.rows[name].switch.isChecked()


def test_a_number_entered_switches_its_step_on(pane, told):
    pane.set_settings(replace(FULL, use_gain=False))
    assert not pane.rows["gain"].switch.isChecked()
    pane.set_step("gain")
    line = pane.rows["gain"]._form._fields["adu_per_photon"].widget
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "7.5")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert told == [replace(FULL, adu_per_photon=7.5, use_gain=True)]
    assert pane.rows["gain"].switch.isChecked()


def test_only_the_step_looked_at_shows_its_numbers(pane, qtbot):
    pane.set_settings(FULL)
    with qtbot.waitSignal(pane.step_chosen) as chosen:
        click(pane.rows["dark"], QPointF(100, 6))
    assert chosen.args == ["dark"]
    shown = [name for name, row in pane.rows.items() if row.path_line is not None and row.path_line.isVisible()]
    assert shown == ["dark"]


def test_the_line_of_a_photon_is_dragged(pane, told):
    pane.set_settings(FULL)
    pane.set_step("gain")
    pane.histogram.set_shown(histogram())
    start = pane.histogram.place_of(8.0)
    drag(pane.histogram, [start, start + QPointF(30, 0), pane.histogram.place_of(12.0)])
    assert told[-1].adu_per_photon == pytest.approx(12.0, abs=0.1)
    assert replace(told[-1], adu_per_photon=8.0) == FULL


def test_the_line_is_never_dragged_below_zero_and_is_left_where_it_is_not_touched(pane, told):
    pane.histogram.set_shown(histogram())
    drag(pane.histogram, [pane.histogram.place_of(8.0), pane.histogram.place_of(-9.0)])
    assert told[-1].adu_per_photon > 0
    told.clear()
    drag(pane.histogram, [pane.histogram.place_of(25.0), pane.histogram.place_of(30.0)])
    assert told == []


def test_the_line_starts_above_the_zero_that_was_found(pane, told):
    pane.histogram.set_shown(histogram(zero=3.0))
    assert pane.histogram.line_at() == pytest.approx(11.0)
    drag(pane.histogram, [pane.histogram.place_of(11.0), pane.histogram.place_of(13.0)])
    assert told[-1].adu_per_photon == pytest.approx(10.0, abs=0.1)


def test_keys_move_the_line_by_a_hundredth(pane, told):
    pane.histogram.set_shown(histogram())
    pane.histogram.setFocus()
    QTest.keyClick(pane.histogram, Qt.Key.Key_Right)
    assert told[-1].adu_per_photon == pytest.approx(8.08)


def test_the_saturation_line_is_dragged_from_the_right_end(pane, told):
    pane.set_step("saturation")
    pane.histogram.set_shown(histogram(draggable=LEVEL))
    drag(pane.histogram, [pane.histogram.place_of(40.0), pane.histogram.place_of(30.0)])
    assert told[-1].saturation_level == pytest.approx(30.0, abs=0.2)
    assert told[-1].use_saturation


@pytest.mark.parametrize(
    "shown",
    [
        None,
        histogram(),
        histogram(draggable=LEVEL, level=20.0, before=np.arange(100)),
        histogram(zero=None, one_photon=None),
        histogram(after=np.zeros(100, np.int64), draggable="", level=12.0),
        histogram(before=np.ones(20, np.int64), before_edges=np.linspace(-5, 20, 21), one_photon=0.01),
    ],
)
def test_every_histogram_is_painted(qtbot, shown):
    widget = ValueHistogram()
    qtbot.addWidget(widget)
    widget.resize(300, 160)
    empty = widget.grab().toImage()
    widget.set_shown(shown, "No frame")
    assert widget.grab().toImage() != empty


def test_narrow_panes_put_the_chain_above_the_pictures(pane):
    assert pane._split.orientation() == Qt.Orientation.Horizontal
    pane.resize(420, 900)
    assert pane._split.orientation() == Qt.Orientation.Vertical


def test_buttons_and_the_histograms_part_are_told(pane, qtbot):
    pane.set_settings(FULL)
    pane.set_enabled_actions(apply=True, revert=True)
    for button, signal in (
        (pane.apply, pane.apply_wanted),
        (pane.revert, pane.revert_wanted),
        (pane.reset, pane.reset_wanted),
    ):
        with qtbot.waitSignal(signal):
            button.click()
    pane.set_step("dark")
    with qtbot.waitSignal(pane.dark_wanted):
        pane.rows["dark"].button.click()
    with qtbot.waitSignal(pane.photon_wanted):
        pane.rows["gain"].button.click()
    with qtbot.waitSignal(pane.range_chosen) as chosen:
        pane.range.activated.emit(pane.range.findData(ALL_VALUES))
        pane.set_range(ALL_VALUES)
    assert chosen.args
    pane.set_enabled_actions(apply=False, revert=False)
    assert not pane.apply.isEnabled()
