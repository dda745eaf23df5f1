"""The frame view as its user meets it: what is painted, what stays, what the readout says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QAction, QImage, QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QApplication, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from models.display import DisplaySettings, Levels, Scaling, colour_table, prepare
from models.display.picture import MASKED, MASKED_HATCH, NONFINITE, SATURATED
from models.runs.types import Frame, PixelFlag
from widgets import theme
from widgets.frame.canvas import FrameCanvas
from widgets.frame.level_bar import LevelBar
from widgets.frame.numbers import number_text
from widgets.frame.viewport import ViewBox
from widgets.frame_view import FrameView

LINEAR = DisplaySettings(scaling=Scaling.LINEAR, levels=Levels(0, 249), colour_map="grey")


def frame_of(raw: np.ndarray, flags: np.ndarray | None = None, index: int = 0) -> Frame:
    return Frame(index, raw, np.zeros(raw.shape, np.uint8) if flags is None else flags.astype(np.uint8))


@pytest.fixture
def view(qtbot: QtBot) -> FrameView:
    made = FrameView(LINEAR)
    qtbot.addWidget(made)
    made.resize(500, 560)
    made.show()
    return made


def canvas_of(view: FrameView) -> FrameCanvas:
    found = view.findChild(FrameCanvas)
    assert found is not None
    return found


def colour_at(view: FrameView, y: int, x: int) -> tuple[int, int, int]:
    """Colour painted in a corner of a pixel, beside its number."""
    canvas = canvas_of(view)
    at = canvas.pixel_position(y - 0.4, x - 0.4).toPoint()
    colour = canvas.grab().toImage().pixelColor(at)
    return colour.red(), colour.green(), colour.blue()


def colours_across(view: FrameView) -> set[str]:
    """Colours along a line through the upper part of the frame."""
    canvas = canvas_of(view)
    image = canvas.grab().toImage()
    left, right = canvas.pixel_position(0.6, 0).toPoint(), canvas.pixel_position(0.6, 4).toPoint()
    return {image.pixelColor(x, left.y()).name() for x in range(left.x(), right.x())}


def table_colour(name: str, entry: int) -> tuple[int, int, int]:
    red, green, blue = colour_table(name)[entry, :3].tolist()
    return red, green, blue


def move_to(view: FrameView, y: int, x: int) -> None:
    canvas = canvas_of(view)
    at = canvas.pixel_position(y, x)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        at,
        canvas.mapToGlobal(at),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas, event)


def wheel(view: FrameView, y: int, x: int, notches: int) -> None:
    canvas = canvas_of(view)
    at = canvas.pixel_position(y, x)
    event = QWheelEvent(
        at,
        canvas.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_values_and_marks_are_painted_where_they_are(view: FrameView) -> None:
    raw = np.full((6, 6), 100.0, np.float32)
    raw[2, 3] = np.nan
    raw[4, 1] = np.inf
    flags = np.zeros(raw.shape, np.uint8)
    flags[2, 3] = flags[4, 1] = PixelFlag.NONFINITE
    flags[0, 0] = PixelFlag.SATURATED
    flags[5, 5] = PixelFlag.MASKED
    view.show_picture(prepare(frame_of(raw, flags), LINEAR))
    assert colour_at(view, 2, 3) == colour_at(view, 4, 1) == table_colour("grey", NONFINITE)
    assert colour_at(view, 0, 0) == table_colour("grey", SATURATED)
    assert colour_at(view, 5, 5) in (table_colour("grey", MASKED), table_colour("grey", MASKED_HATCH))
    assert colour_at(view, 3, 3) == table_colour("grey", 105)


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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.uint64(18_446_744_073_709_551_615), "18446744073709551615"),
        (np.int64(-9_007_199_254_740_993), "-9007199254740993"),
        (np.uint32(4_294_967_295), "4294967295"),
        (np.float32(0.1), "0.1"),
        (np.float64(0.1 + 0.2), "0.30000000000000004"),
    ],
)
def test_the_readout_is_the_files_number(view: FrameView, value: np.generic, text: str) -> None:
    raw = np.zeros((9, 9), value.dtype)
    raw[3, 5] = value
    view.set_unit("ADU")
    view.show_picture(prepare(frame_of(raw), view.settings))
    move_to(view, 3, 5)
    assert f" {text} ADU" in view.readout
    assert "y 3  x 5" in view.readout


def test_the_readout_has_geometry_and_flags_and_follows_the_frame(view: FrameView, qtbot: QtBot) -> None:
    flags = np.zeros((9, 9), np.uint8)
    flags[4, 4] = PixelFlag.MASKED | PixelFlag.SATURATED
    view.set_geometry_readout(lambda y, x: (0.25, 25.13))
    view.show_picture(prepare(frame_of(np.full((9, 9), 7, np.uint16), flags), view.settings))
    with qtbot.waitSignal(view.hovered) as at:
        move_to(view, 4, 4)
    assert at.args == [4, 4]
    assert "q 0.25 nm⁻¹" in view.readout
    assert "d 25.13 nm" in view.readout
    assert view.readout.endswith("masked, saturated")
    view.show_picture(prepare(frame_of(np.full((9, 9), 8, np.uint16), index=1), view.settings))
    assert "   8   " in view.readout
    assert "masked" not in view.readout
    with qtbot.waitSignal(view.hover_left):
        QApplication.sendEvent(canvas_of(view), QEvent(QEvent.Type.Leave))
    assert view.readout == ""


def contrast_in(view: FrameView, y: int, x: int) -> tuple[int, int]:
    """Darkest and lightest shade (0 … 255) painted in the middle of a pixel."""
    canvas = canvas_of(view)
    at, image = canvas.pixel_position(y, x).toPoint(), canvas.grab().toImage()
    around = [QPoint(dx, dy) for dx in range(-14, 15) for dy in range(-6, 7)]
    shades = [image.pixelColor(at + by).lightness() for by in around]
    return min(shades), max(shades)


def test_a_deep_zoom_writes_the_numbers_into_the_pixels(view: FrameView) -> None:
    raw = np.zeros((50, 50), np.uint16)
    raw[20:30, 20:30] = 249
    view.show_picture(prepare(frame_of(raw), LINEAR))
    view.set_view_box(ViewBox(y=20, x=19.5, scale=30.0))
    assert contrast_in(view, 21, 20) == (255, 255)
    view.set_view_box(ViewBox(y=20, x=19.5, scale=40.0))
    darkest, lightest = contrast_in(view, 21, 20)
    assert darkest < 60
    assert lightest == 255
    darkest, lightest = contrast_in(view, 21, 19)
    assert darkest == 0
    assert lightest > 195
    masked = np.full(raw.shape, PixelFlag.MASKED)
    view.show_picture(prepare(frame_of(raw, masked), LINEAR))
    darkest, lightest = contrast_in(view, 21, 20)
    assert darkest < 90
    assert lightest > 195


@pytest.mark.parametrize(
    ("value", "room", "text"),
    [
        (np.uint16(65535), 5, "65535"),
        (np.uint16(65535), 4, "7e4"),
        (np.uint32(4_294_967_295), 6, "4.29e9"),
        (np.int32(-2), 5, "-2"),
        (np.float32(0.1), 5, "0.1"),
        (np.float64(0.1 + 0.2), 5, "0.3"),
        (np.float32(-1.23456e-7), 6, "-1e-7"),
        (np.float32(np.nan), 5, "nan"),
        (np.float64(-np.inf), 4, "-inf"),
        (np.bool_(True), 1, "1"),
        (np.uint16(65535), 2, ""),
    ],
)
def test_a_number_is_rounded_no_more_than_its_pixel_demands(value: np.generic, room: int, text: str) -> None:
    assert number_text(value, room) == text


def test_zoom_and_pan_stay_when_the_frame_changes(view: FrameView) -> None:
    view.show_picture(prepare(frame_of(np.zeros((50, 50), np.uint16)), view.settings))
    assert view.view_box() is None
    wheel(view, 10, 40, 5)
    box = view.view_box()
    assert box is not None
    view.show_picture(prepare(frame_of(np.ones((50, 50), np.uint16), index=1), view.settings))
    assert view.view_box() == box
    view.fit()
    assert view.view_box() is None
    view.set_view_box(box)
    assert view.view_box() == box


def test_a_view_saved_with_a_run_waits_for_its_first_frame(view: FrameView) -> None:
    saved = ViewBox(y=12.0, x=30.0, scale=20.0)
    for side in (50, 60):
        view.show_message("Reading the first frame…")
        view.set_view_box(saved)
        view.resize(460 + side, 520)
        assert view.view_box() == saved
        view.show_picture(prepare(frame_of(np.zeros((side, side), np.uint16)), view.settings))
        assert view.view_box() == saved
    view.show_message("Reading the first frame…")
    view.set_view_box(None)
    view.show_picture(prepare(frame_of(np.zeros((60, 60), np.uint16)), view.settings))
    assert view.view_box() is None


def test_the_wheel_zooms_round_the_cursor(view: FrameView) -> None:
    view.show_picture(prepare(frame_of(np.zeros((50, 50), np.uint16)), view.settings))
    canvas = canvas_of(view)
    before = canvas.pixel_position(10, 30)
    wheel(view, 10, 30, 4)
    after = canvas.pixel_position(10, 30)
    assert (after - before).manhattanLength() < 1
    assert (canvas.pixel_position(10, 31) - after).x() > 1.5 * canvas.height() / 50


def test_dragging_moves_the_image_with_the_cursor_and_a_double_click_fits(view: FrameView, qtbot: QtBot) -> None:
    view.show_picture(prepare(frame_of(np.zeros((50, 50), np.uint16)), view.settings))
    wheel(view, 25, 25, 6)
    canvas = canvas_of(view)
    before = canvas.pixel_position(25, 25)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    qtbot.mouseMove(canvas, QPoint(230, 190))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(230, 190))
    moved = canvas.pixel_position(25, 25) - before
    assert (moved - QPointF(30, -10)).manhattanLength() < 1
    qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(230, 190))
    assert view.view_box() is None


@pytest.mark.parametrize(("side", "shape"), [(505, (500, 560)), (2003, (500, 560)), (1000, (731, 417))])
def test_no_photon_of_a_large_frame_is_lost(view: FrameView, qtbot: QtBot, side: int, shape: tuple[int, int]) -> None:
    view.resize(*shape)
    rng = np.random.default_rng(side)
    photons = rng.integers(0, side, (60, 2))
    raw = np.zeros((side, side), np.uint16)
    raw[tuple(photons.T)] = 249
    frame = frame_of(raw)
    with qtbot.waitSignal(view.picture_wanted, timeout=1000) as wanted:
        view.show_picture(prepare(frame, view.settings))
    assert wanted.args is not None
    view.show_picture(prepare(frame, wanted.args[0]))
    canvas = canvas_of(view)
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    bits = image.constBits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    seen = np.frombuffer(bits, np.uint8).reshape(image.height(), image.bytesPerLine())
    for y, x in photons.tolist():
        at = canvas.pixel_position(y, x)
        around = seen[max(0, round(at.y()) - 2) : round(at.y()) + 3, max(0, round(at.x()) - 2) : round(at.x()) + 3]
        assert around.max() == 255, (y, x)


def test_zooming_in_asks_for_every_pixel_again(view: FrameView, qtbot: QtBot) -> None:
    frame = frame_of(np.zeros((2000, 2000), np.uint16))
    with qtbot.waitSignal(view.picture_wanted, timeout=1000) as pooled:
        view.show_picture(prepare(frame, view.settings))
    assert pooled.args is not None
    assert pooled.args[0].pool > 4
    with qtbot.waitSignal(view.picture_wanted, timeout=1000) as closer:
        wheel(view, 1001, 777, 20)
    assert closer.args is not None
    assert closer.args[0].pool == 1


def test_a_stale_frame_stays_and_is_dimmed_only_after_a_while(view: FrameView, qtbot: QtBot) -> None:
    view.show_picture(prepare(frame_of(np.full((5, 5), 249, np.uint16)), view.settings))
    bright = colour_at(view, 2, 2)
    view.set_stale(True)
    assert colour_at(view, 2, 2) == bright
    qtbot.waitUntil(lambda: canvas_of(view).dimmed, timeout=1000)
    dimmed = colour_at(view, 2, 2)
    assert dimmed != bright
    view.show_picture(prepare(frame_of(np.full((5, 5), 249, np.uint16), index=1), view.settings))
    assert colour_at(view, 2, 2) == bright


def test_an_unreadable_frame_is_a_hatched_tile_until_the_next_one(view: FrameView) -> None:
    picture = prepare(frame_of(np.full((5, 5), 249, np.uint16)), view.settings)
    view.show_picture(picture)
    assert colours_across(view) == {"#ffffff"}
    view.show_unreadable("Frame 7 of run.cxi cannot be read: the chunk is damaged.")
    assert len(colours_across(view)) >= 2
    view.show_picture(picture)
    assert colours_across(view) == {"#ffffff"}


def test_a_message_takes_the_place_of_the_frame(view: FrameView) -> None:
    view.show_picture(prepare(frame_of(np.zeros((5, 5), np.uint16)), view.settings))
    view.show_message("Open a run to see its frames here.", "No run")
    assert not canvas_of(view).isVisible()
    view.show_picture(prepare(frame_of(np.zeros((5, 5), np.uint16)), view.settings))
    assert canvas_of(view).isVisible()


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


def test_rings_are_drawn_at_their_radius_and_can_be_hidden(view: FrameView) -> None:
    view.show_picture(prepare(frame_of(np.zeros((101, 101), np.uint16)), view.settings))
    view.set_rings([(30.0, "12.3 nm")], (50.0, 50.0))
    on_ring = canvas_of(view).pixel_position(50, 80).toPoint()

    def brightest() -> int:
        image = canvas_of(view).grab().toImage()
        return max(image.pixelColor(on_ring.x() + dx, on_ring.y()).lightness() for dx in (-2, -1, 0, 1, 2))

    assert brightest() > 150
    view.set_rings_shown(False)
    assert brightest() == 0


def test_the_view_never_takes_the_windows_keys(view: FrameView) -> None:
    action = QAction("Fit", view)
    view.add_actions([action])
    buttons = view.findChildren(QToolButton)
    assert any(button.defaultAction() is action for button in buttons)
    assert all(button.focusPolicy() == Qt.FocusPolicy.NoFocus for button in buttons)
    assert canvas_of(view).focusPolicy() == Qt.FocusPolicy.NoFocus


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


def test_the_surroundings_follow_the_palette(view: FrameView) -> None:
    view.show_picture(prepare(frame_of(np.zeros((5, 50), np.uint16)), view.settings))
    seen = []
    for palette in (theme.light_palette(), theme.dark_palette()):
        view.setPalette(palette)
        seen.append(canvas_of(view).grab().toImage().pixelColor(5, 5).lightness())
    assert seen[0] > 200 > 80 > seen[1]
