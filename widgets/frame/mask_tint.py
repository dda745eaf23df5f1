"""Masked pixels as a tint over the frame, in the screen's own pixels.

Where a screen pixel covers several of the frame's it is tinted if any of them is masked: a single masked pixel does
not vanish in a large frame. Only the part of the screen that a change touched is made anew.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRect, QRectF
from PyQt6.QtGui import QColor, QImage
from PyQt6.sip import voidptr

from widgets.frame.viewport import Viewport

Codes = npt.NDArray[np.uint8]
FILE, USER, PREVIEW = 1, 2, 3
"""What masks a pixel: the file, the user, or what is only shown to be looked at. Higher ones are drawn over lower."""


def premultiplied(colour: QColor) -> int:
    """Qt's ARGB32_Premultiplied word."""
    alpha = colour.alpha()
    red, green, blue = (round(part * alpha / 255) for part in (colour.red(), colour.green(), colour.blue()))
    return (alpha << 24) | (red << 16) | (green << 8) | blue


class MaskTint:
    """Masks of one frame's shape, and the picture of them for one view."""

    def __init__(self) -> None:
        self._user: npt.NDArray[np.bool_] | None = None
        self._others: dict[int, Codes] = {}
        self._colours = np.zeros(4, np.uint32)
        self._key: tuple[object, ...] = ()
        self._pixels: npt.NDArray[np.uint32] = np.zeros((1, 1), np.uint32)
        self._image = QImage()

    def set_colours(self, file: QColor, user: QColor, preview: QColor) -> None:
        """Colours with their opacity."""
        self._colours[:] = (0, premultiplied(file), premultiplied(user), premultiplied(preview))
        self._key = ()

    def set_user(self, masked: npt.NDArray[np.bool_] | None) -> None:
        """(H, W), True = masked out. It is not copied: `changed` tells where it became another."""
        self._user = masked
        self._key = ()

    def set_other(self, code: int, masked: npt.NDArray[np.bool_] | None) -> None:
        """(H, W) of FILE or PREVIEW, True = masked; None for nothing. It is copied."""
        if masked is None:
            self._others.pop(code, None)
        else:
            self._others[code] = masked.astype(np.uint8) * np.uint8(code)
        self._key = ()

    @property
    def shape(self) -> tuple[int, int] | None:
        """(H, W) of the user's mask."""
        return None if self._user is None else (self._user.shape[0], self._user.shape[1])

    def image(self, viewport: Viewport, canvas: QRectF, ratio: float) -> QImage:
        """The tint for this view, as large as the canvas; null where there is nothing to draw."""
        if self._user is None:
            return QImage()
        corner = viewport.to_image(canvas.topLeft())
        key = (corner.x(), corner.y(), viewport.scale, canvas.width(), canvas.height(), ratio)
        if key != self._key:
            self._key = key
            height, width = math.ceil(canvas.height() * ratio), math.ceil(canvas.width() * ratio)
            if self._pixels.shape != (height, width):
                self._pixels = np.zeros((height, width), np.uint32)
                memory: Any = voidptr(self._pixels.ctypes.data)
                self._image = QImage(memory, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
            self._image.setDevicePixelRatio(ratio)
            self._paint(0, height, 0, width)
        return self._image

    def changed(self, top: int, left: int, bottom: int, right: int) -> QRect:
        """Make the part anew that shows these pixels of the frame; gives it in canvas coordinates."""
        if not self._key or self._user is None or bottom <= top or right <= left:
            return QRect()
        x0, y0, step, ratio = self._view()
        height, width = self._pixels.shape
        first_y, last_y = max(0, math.floor((top - y0) / step) - 1), min(height, math.ceil((bottom - y0) / step) + 1)
        first_x, last_x = max(0, math.floor((left - x0) / step) - 1), min(width, math.ceil((right - x0) / step) + 1)
        if last_y <= first_y or last_x <= first_x:
            return QRect()
        self._paint(first_y, last_y, first_x, last_x)
        area = QRectF(first_x / ratio, first_y / ratio, (last_x - first_x) / ratio, (last_y - first_y) / ratio)
        return area.toAlignedRect()

    def code_at(self, point: QPointF) -> int:
        """0, FILE, USER or PREVIEW where the canvas shows `point` (canvas coordinates); for tests and tool tips."""
        if not self._key:
            return 0
        ratio = self._view()[3]
        y, x = int(point.y() * ratio), int(point.x() * ratio)
        height, width = self._pixels.shape
        if not (0 <= y < height and 0 <= x < width):
            return 0
        return int(np.flatnonzero(self._colours == self._pixels[y, x])[0])

    # inside

    def _view(self) -> tuple[float, float, float, float]:
        """Frame position (x, y) of the corner; frame pixels per screen pixel; screen pixels per canvas unit."""
        x, y, scale, _width, _height, ratio = (float(part) for part in self._key)  # type: ignore[arg-type]
        return x, y, 1 / (scale * ratio), ratio

    def _paint(self, top: int, bottom: int, left: int, right: int) -> None:
        """Screen rows top … bottom and columns left … right."""
        assert self._user is not None
        x0, y0, step, _ratio = self._view()
        here = self._pixels[top:bottom, left:right]
        height, width = self._user.shape
        rows = _Axis(y0, step, top, bottom, height)
        columns = _Axis(x0, step, left, right, width)
        here[...] = 0
        if not rows.seen or not columns.seen:
            return
        y, x = rows.source, columns.source
        codes = self._user[y, x].view(np.uint8) * np.uint8(USER)
        for other in self._others.values():
            if other.shape == self._user.shape:
                np.maximum(codes, other[y, x], out=codes)
        if codes.any():
            pooled = columns.spread(rows.spread(codes, 0), 1)
            here[rows.target, columns.target] = self._colours[pooled]


class _Axis:
    """Which of the frame's pixels along one axis a stretch of screen pixels shows."""

    def __init__(self, origin: float, step: float, first: int, last: int, length: int) -> None:
        edges = origin + np.arange(first, last + 1) * step
        if step > 1:
            starts = np.floor(edges).astype(np.intp)
            inside = np.flatnonzero((starts[1:] > 0) & (starts[:-1] < length))
        else:
            starts = np.floor((edges[:-1] + edges[1:]) / 2).astype(np.intp)
            inside = np.flatnonzero((starts >= 0) & (starts < length))
        self.seen = bool(len(inside))
        self._pooled = step > 1
        if not self.seen:
            return
        self.target = slice(int(inside[0]), int(inside[-1]) + 1)
        if self._pooled:
            begin = np.maximum(starts[:-1][self.target], 0)
            end = np.minimum(starts[1:][self.target], length)
            self.source = slice(int(begin[0]), int(end[-1]))
            self._last = end - 1 - self.source.start
        else:
            begin = starts[self.target]
            self.source = slice(int(begin[0]), int(begin[-1]) + 1)
        self._places = begin - self.source.start

    def spread(self, codes: Codes, axis: int) -> Codes:
        """The codes of the frame's pixels on the screen's."""
        spread = np.take(codes, self._places, axis=axis)
        if self._pooled:
            # The widest block decides how often; `reduceat` takes ten times as long for blocks of a few pixels.
            for further in range(1, int((self._last - self._places).max()) + 1):
                np.maximum(
                    spread, np.take(codes, np.minimum(self._places + further, self._last), axis=axis), out=spread
                )
        return spread
