"""What the frame view paints: values, marks, rings, and what stands in a frame's place."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from models.display import prepare
from models.display.picture import MASKED, MASKED_HATCH, NONFINITE, SATURATED
from models.runs.types import PixelFlag
from tests.widgets.frame.views import LINEAR, canvas_of, colour_at, frame_of, table_colour
from widgets import theme
from widgets.frame_view import FrameView


def colours_across(view: FrameView) -> set[str]:
    """Colours along a line through the upper part of the frame."""
    canvas = canvas_of(view)
    image = canvas.grab().toImage()
    left, right = canvas.pixel_position(0.6, 0).toPoint(), canvas.pixel_position(0.6, 4).toPoint()
    return {image.pixelColor(x, left.y()).name() for x in range(left.x(), right.x())}


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


def test_the_surroundings_follow_the_palette(view: FrameView) -> None:
    view.show_picture(prepare(frame_of(np.zeros((5, 50), np.uint16)), view.settings))
    seen = []
    for palette in (theme.light_palette(), theme.dark_palette()):
        view.setPalette(palette)
        seen.append(canvas_of(view).grab().toImage().pixelColor(5, 5).lightness())
    assert seen[0] > 200 > 80 > seen[1]
