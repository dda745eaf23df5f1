"""Frames to show, and what is seen of them."""

from __future__ import annotations

import numpy as np

from models.display import DisplaySettings, Levels, Scaling, colour_table
from models.runs.types import Frame
from tests.widgets import mouse
from widgets.frame.canvas import FrameCanvas
from widgets.frame_view import FrameView

LINEAR = DisplaySettings(scaling=Scaling.LINEAR, levels=Levels(0, 249), colour_map="grey")


def frame_of(raw: np.ndarray, flags: np.ndarray | None = None, index: int = 0) -> Frame:
    return Frame(index, raw, np.zeros(raw.shape, np.uint8) if flags is None else flags.astype(np.uint8))


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


def table_colour(name: str, entry: int) -> tuple[int, int, int]:
    red, green, blue = colour_table(name)[entry, :3].tolist()
    return red, green, blue


def move_to(view: FrameView, y: int, x: int) -> None:
    """The cursor goes to a pixel."""
    mouse.hover(canvas_of(view), canvas_of(view).pixel_position(y, x))


def wheel(view: FrameView, y: int, x: int, notches: int) -> None:
    """The wheel is turned over a pixel."""
    mouse.wheel(canvas_of(view), canvas_of(view).pixel_position(y, x), notches)
