"""Levels, scaling and colour maps of the frame view: what changes at once, and what is asked for anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from models.display import DisplaySettings, Levels, Scaling, prepare
from tests.widgets.frame.views import LINEAR, colour_at, frame_of, table_colour
from widgets.frame.level_bar import LevelBar
from widgets.frame_view import FrameView


def test_fixed_levels_stay_when_the_frame_changes(view: FrameView) -> None:
    view.show_picture(prepare(frame_of(np.full((5, 5), 200, np.uint16)), view.settings))
    view.show_picture(prepare(frame_of(np.full((5, 5), 50, np.uint16), index=1), view.settings))
    assert view.settings.levels == Levels(0, 249)
    assert colour_at(view, 2, 2) == table_colour("grey", 55)


def test_levels_chosen_here_win_over_those_a_late_picture_was_prepared_with(view: FrameView) -> None:
    late = prepare(frame_of(np.full((5, 5), 100, np.uint16)), view.settings)
    view.set_levels(0, 124.5)
    view.show_picture(late)
    assert colour_at(view, 2, 2)[0] == pytest.approx(205, abs=2)


def test_auto_shows_each_frames_own_levels_and_can_be_frozen(view: FrameView, qtbot: QtBot) -> None:
    view.set_auto_levels(True)
    first = prepare(frame_of(np.arange(100, dtype=np.uint16).reshape(10, 10)), view.settings)
    second = prepare(frame_of(np.arange(100, dtype=np.uint16).reshape(10, 10) * 9, index=1), view.settings)
    bar = view.findChild(LevelBar)
    assert bar is not None
    view.show_picture(first)
    before = bar.levels
    view.show_picture(second)
    assert bar.levels.high > 5 * before.high
    view.set_auto_levels(False)
    view.show_picture(first)
    assert bar.levels == second.levels


def test_changed_levels_show_at_once_and_ask_for_an_exact_picture(view: FrameView, qtbot: QtBot) -> None:
    frame = frame_of(np.full((5, 5), 100, np.uint16))
    view.show_picture(prepare(frame, view.settings))
    with qtbot.waitSignal(view.picture_wanted, timeout=1000) as wanted:
        view.set_levels(0, 124.5)
        at_once = colour_at(view, 2, 2)[0]
    assert at_once == pytest.approx(205, abs=2)
    assert wanted.args is not None
    view.show_picture(prepare(frame, wanted.args[0]))
    assert colour_at(view, 2, 2) == table_colour("grey", 205)


def test_another_colour_map_needs_no_new_picture(view: FrameView, qtbot: QtBot) -> None:
    view.show_picture(prepare(frame_of(np.full((5, 5), 249, np.uint16)), view.settings))
    with qtbot.assertNotEmitted(view.picture_wanted, wait=80):
        view.set_colour_map("viridis")
    assert colour_at(view, 2, 2) == table_colour("viridis", 254)


def test_scaling_and_maps_cycle_through_all(view: FrameView) -> None:
    scalings, maps = set(), set()
    for _ in range(8):
        view.cycle_scaling()
        view.cycle_colour_map()
        scalings.add(view.settings.scaling)
        maps.add(view.settings.colour_map)
    assert scalings == set(Scaling)
    assert len(maps) == 7


def test_dragging_an_end_of_the_colour_bar_changes_that_level(view: FrameView, qtbot: QtBot) -> None:
    view.show_picture(prepare(frame_of(np.full((5, 5), 100, np.uint16)), view.settings))
    bar = view.findChild(LevelBar)
    assert bar is not None
    end = bar.end_position(1).toPoint()
    with qtbot.waitSignal(view.levels_changed) as changed:
        qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=end)
        qtbot.mouseMove(bar, QPoint((end.x() + bar.end_position(0).toPoint().x()) // 2, end.y()))
        assert view.settings.levels is not None
        assert view.settings.levels.high == pytest.approx(124.5, abs=4)
        qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=end)
    assert changed.args is not None
    assert changed.args[0] == pytest.approx(0, abs=1e-6)
    assert changed.args[1] == pytest.approx(124.5, abs=4)


def test_a_typed_level_is_taken_and_nonsense_is_not(view: FrameView, qtbot: QtBot) -> None:
    view.show_picture(prepare(frame_of(np.full((5, 5), 100, np.uint16)), view.settings))
    low, high = view.findChildren(QLineEdit)
    high.setFocus()
    high.selectAll()
    qtbot.keyClicks(high, "500")
    qtbot.keyClick(high, Qt.Key.Key_Return)
    assert view.settings.levels == Levels(0, 500)
    for nonsense in ("many", "900", "nan", "-inf", "-1e308"):
        low.setFocus()
        low.selectAll()
        qtbot.keyClicks(low, nonsense)
        qtbot.keyClick(low, Qt.Key.Key_Return)
        assert view.settings.levels == Levels(0, 500)
        assert low.text() == "0"


def test_the_histogram_comes_when_asked_for_and_counts_the_frame(view: FrameView, qtbot: QtBot) -> None:
    from widgets.frame.histogram_strip import HistogramStrip

    strip = view.findChild(HistogramStrip)
    assert strip is not None
    view.show_picture(prepare(frame_of(np.full((50, 50), 100, np.uint16)), view.settings))
    assert strip.histogram is None
    view.histogram_action.setChecked(True)
    qtbot.waitUntil(lambda: strip.histogram is not None, timeout=2000)
    assert strip.isVisible()
    assert strip.histogram is not None
    assert int(strip.histogram.counts.sum()) == 2500


def test_settings_saved_with_a_run_come_back_but_the_zoom_decides_the_pooling(view: FrameView) -> None:
    saved = DisplaySettings(Scaling.LOG, Levels(1, 50), "cividis", mask_shown=False, pool=9)
    view.set_settings(saved)
    assert view.settings == replace(saved, pool=1)


def test_settings_handed_over_are_always_asked_for(view: FrameView, qtbot: QtBot) -> None:
    """Another run's reader does not know how far this window pools, even if nothing else changes."""
    with qtbot.waitSignal(view.picture_wanted, timeout=1000) as pooled:
        view.show_picture(prepare(frame_of(np.zeros((2000, 2000), np.uint16)), view.settings))
    view.show_message("Reading the first frame…")
    with qtbot.waitSignal(view.picture_wanted, timeout=1000) as again:
        view.set_settings(LINEAR)
    assert again.args == pooled.args
