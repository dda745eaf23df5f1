"""Tools that draw a support with the mouse: polygon, ellipse and brush, each painting into one picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from widgets.frame.images import shared_image

BoolArray = npt.NDArray[np.bool_]
ToCanvas = Callable[[float, float], QPointF]
"""array (y, x) → canvas"""

_LINE = QColor(255, 255, 255, 235)
_RIM = QColor(0, 0, 0, 170)


class CanvasTool(Protocol):
    """What has the left mouse button on a canvas. Positions are (x, y) in array pixels, centres at whole numbers."""

    def press(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None: ...

    def move(self, at: QPointF, held: bool) -> None: ...

    def release(self, at: QPointF) -> None: ...

    def finish(self) -> None: ...

    def paint(self, painter: QPainter, to_canvas: ToCanvas, scale: float) -> None: ...


class Drawing:
    """A support being drawn: (h, w) bool, with undo. Shift takes away what would otherwise be added."""

    def __init__(self, shape: tuple[int, int], changed: Callable[[], None]) -> None:
        self._mask = np.zeros(shape, np.bool_)
        self._past: list[bytes] = []
        self._changed = changed

    @property
    def mask(self) -> BoolArray:
        """(h, w) bool, a copy."""
        return self._mask.copy()

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self._mask.shape
        return height, width

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    def set_mask(self, mask: BoolArray) -> None:
        """Begin from this one; can be undone."""
        self._keep()
        self._mask = mask.astype(np.bool_, copy=True)
        self._changed()

    def clear(self) -> None:
        """Nothing is drawn any more; can be undone."""
        self.set_mask(np.zeros(self._mask.shape, np.bool_))

    def undo(self) -> None:
        """Take the last stroke back."""
        if self._past:
            bits = np.unpackbits(np.frombuffer(self._past.pop(), np.uint8), count=self._mask.size)
            self._mask = bits.astype(np.bool_).reshape(self._mask.shape)
            self._changed()

    def draw(self, stroke: Callable[[QPainter], None], add: bool) -> None:
        """Add (or take away) what `stroke` paints, in array pixel edges."""
        self._keep()
        height, width = self._mask.shape
        # Four bytes a pixel, so that Qt's rows need no padding and the memory is simply ours.
        pixels = np.zeros((height, width, 4), np.uint8)
        image: QImage = shared_image(pixels)
        painter = QPainter(image)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255))
        stroke(painter)
        painter.end()
        touched = pixels[..., 0] > 127
        self._mask = self._mask | touched if add else self._mask & ~touched
        self._changed()

    def _keep(self) -> None:
        self._past = [*self._past[-49:], np.packbits(self._mask).tobytes()]


class PolygonTool:
    """Click corner after corner; a double click (or a click on the first corner) closes it."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._corners: list[QPointF] = []
        self._pointer = QPointF()
        self._add = True

    def press(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if not self._corners:
            self._add = not modifiers & Qt.KeyboardModifier.ShiftModifier
        elif len(self._corners) > 2 and QLineF(at, self._corners[0]).length() < 2.0:
            self.finish()
            return
        self._corners.append(QPointF(at))
        self._pointer = QPointF(at)

    def move(self, at: QPointF, held: bool) -> None:
        self._pointer = QPointF(at)

    def release(self, at: QPointF) -> None:
        pass

    def finish(self) -> None:
        corners, self._corners = self._corners, []
        if len(corners) > 2:
            shape = QPolygonF([corner + QPointF(0.5, 0.5) for corner in corners])
            self._drawing.draw(lambda painter: painter.drawPolygon(shape), self._add)

    def paint(self, painter: QPainter, to_canvas: ToCanvas, scale: float) -> None:
        if not self._corners:
            return
        points = QPolygonF([to_canvas(p.y(), p.x()) for p in (*self._corners, self._pointer)])
        for colour, width in ((_RIM, 3.0), (_LINE, 1.4)):
            painter.setPen(QPen(colour, width))
            painter.drawPolyline(points)
        painter.setBrush(_LINE)
        painter.setPen(_RIM)
        for corner in self._corners:
            painter.drawEllipse(to_canvas(corner.y(), corner.x()), 3.0, 3.0)


class EllipseTool:
    """Drag from corner to corner of the box around it."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._start: QPointF | None = None
        self._end = QPointF()
        self._add = True

    def press(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._add = not modifiers & Qt.KeyboardModifier.ShiftModifier
        self._start, self._end = QPointF(at), QPointF(at)

    def move(self, at: QPointF, held: bool) -> None:
        if held:
            self._end = QPointF(at)

    def release(self, at: QPointF) -> None:
        start, self._start = self._start, None
        if start is None:
            return
        half = QPointF(0.5, 0.5)
        box = QRectF(start + half, at + half).normalized()
        if box.width() >= 1 and box.height() >= 1:
            self._drawing.draw(lambda painter: painter.drawEllipse(box), self._add)

    def finish(self) -> None:
        self._start = None

    def paint(self, painter: QPainter, to_canvas: ToCanvas, scale: float) -> None:
        if self._start is None:
            return
        box = QRectF(to_canvas(self._start.y(), self._start.x()), to_canvas(self._end.y(), self._end.x()))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((_RIM, 3.0), (_LINE, 1.4)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(box.normalized())


class BrushTool:
    """Paint with a round brush."""

    def __init__(self, drawing: Drawing, diameter_px: float = 9.0) -> None:
        self._drawing = drawing
        self.diameter_px = diameter_px
        self._stroke: list[QPointF] = []
        self._pointer: QPointF | None = None
        self._add = True

    def press(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._add = not modifiers & Qt.KeyboardModifier.ShiftModifier
        self._stroke = [QPointF(at)]

    def move(self, at: QPointF, held: bool) -> None:
        self._pointer = QPointF(at)
        if held and self._stroke:
            self._stroke.append(QPointF(at))

    def release(self, at: QPointF) -> None:
        points, self._stroke = self._stroke, []
        if not points:
            return
        moved = QPolygonF([point + QPointF(0.5, 0.5) for point in points])

        def stroke(painter: QPainter) -> None:
            radius = self.diameter_px / 2
            painter.drawEllipse(moved[0], radius, radius)
            painter.setPen(_round(QColor(255, 255, 255), self.diameter_px))
            painter.drawPolyline(moved)

        self._drawing.draw(stroke, self._add)

    def finish(self) -> None:
        self._stroke = []

    def paint(self, painter: QPainter, to_canvas: ToCanvas, scale: float) -> None:
        if self._stroke:
            painter.setPen(_round(QColor(255, 255, 255, 90), self.diameter_px * scale))
            painter.drawPolyline(QPolygonF([to_canvas(p.y(), p.x()) for p in self._stroke]))
        if self._pointer is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            radius = self.diameter_px * scale / 2
            for colour, width in ((_RIM, 3.0), (_LINE, 1.2)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(to_canvas(self._pointer.y(), self._pointer.x()), radius, radius)


def _round(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
