"""Zoom, pan and pooling of the frame view, and what it says of the pixel under the cursor."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from models.display import prepare
from models.runs.types import PixelFlag
from tests.widgets.frame.views import LINEAR, canvas_of, frame_of, move_to, wheel
from widgets.frame.numbers import number_text
from widgets.frame.viewport import ViewBox
from widgets.frame_view import FrameView


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
