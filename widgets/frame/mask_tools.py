"""Tools that draw masks with the mouse: each turns presses and moves into the points of one shape.

Positions are (x, y) in frame pixels, pixel centres at whole numbers, so that pixel 3 reaches from 2.5 to 3.5. Points
that leave a tool are (y, x) numbers in a row, as masks are written down.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QPainterPath, QPainterPathStroker, QPolygonF

CLOSE_PX = 9.0
"""how near (on screen) the first corner must be hit to close a polygon"""


class Tool(Enum):
    """What the left button does on the frame."""

    SELECT = "select"
    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"
    POLYGON = "polygon"
    BRUSH = "brush"
    ERASER = "eraser"


STROKES = (Tool.BRUSH, Tool.ERASER)


@dataclass(frozen=True, slots=True)
class Outline:
    """A shape as the view draws and hits it.

    Attributes:
        kind: "rectangle", "ellipse", "polygon" or "brush".
        points: as masks are written down.
        size_px: diameter of a brush.
    """

    kind: str
    points: tuple[float, ...]
    size_px: float = 0.0

    def path(self) -> QPainterPath:
        """In frame pixels, x before y; of a stroke as one outline, which takes a while for long ones."""
        path = QPainterPath(_path_of(self))
        return path.simplified() if self.kind == "brush" and len(self.points) > 2 else path

    def contains(self, at: QPointF) -> bool:
        """Whether a point (x, y) in frame pixels lies in it."""
        return _path_of(self).contains(at)

    def moved(self, by_y: float, by_x: float) -> Outline:
        """The same, elsewhere."""
        count = 2 if self.kind == "ellipse" else len(self.points)
        points = tuple(
            value + ((by_x if place % 2 else by_y) if place < count else 0.0)
            for place, value in enumerate(self.points)
        )
        return Outline(self.kind, points, self.size_px)

    def mirrored(self, y: float, x: float) -> Outline:
        """The Friedel mate, at the other side of (y, x)."""
        count = 2 if self.kind == "ellipse" else len(self.points)
        points = tuple(
            (2 * (x if place % 2 else y) - value) if place < count else value
            for place, value in enumerate(self.points)
        )
        return Outline(self.kind, points, self.size_px)


@lru_cache(maxsize=256)
def _path_of(outline: Outline) -> QPainterPath:
    numbers = outline.points
    spots = [QPointF(x, y) for y, x in zip(numbers[::2], numbers[1::2], strict=True)]
    path = QPainterPath()
    if outline.kind == "rectangle":
        path.addRect(QRectF(spots[0], spots[1]).normalized())
    elif outline.kind == "ellipse":
        path.addEllipse(spots[0], spots[1].x(), spots[1].y())
    elif outline.kind == "polygon":
        path.addPolygon(QPolygonF(spots))
        path.closeSubpath()
    elif len(spots) == 1:
        path.addEllipse(spots[0], outline.size_px / 2, outline.size_px / 2)
    else:
        line = QPainterPath(spots[0])
        for spot in spots[1:]:
            line.lineTo(spot)
        stroker = QPainterPathStroker()
        stroker.setWidth(max(outline.size_px, 0.1))
        stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
        stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        path = stroker.createStroke(line)
        path.setFillRule(Qt.FillRule.WindingFill)
    return path


class DragTool:
    """Rectangle and ellipse: from corner to corner, over whole pixels. With Ctrl as high as wide."""

    def __init__(self, kind: str, drawn: Callable[[Outline], None]) -> None:
        self._kind, self._drawn = kind, drawn
        self._from: QPointF | None = None
        self._to = QPointF()
        self._square = False

    @property
    def busy(self) -> bool:
        return self._from is not None

    def press(self, at: QPointF, _scale: float, keys: Qt.KeyboardModifier) -> None:
        self._from = self._to = at
        self._square = bool(keys & Qt.KeyboardModifier.ControlModifier)

    def move(self, at: QPointF, held: bool, keys: Qt.KeyboardModifier) -> None:
        if held:
            self._to = at
            self._square = bool(keys & Qt.KeyboardModifier.ControlModifier)

    def release(self, at: QPointF) -> None:
        self._to = at
        outline = self.outline()
        self._from = None
        if outline is not None:
            self._drawn(outline)

    def finish(self) -> None:
        """Nothing to close."""

    def cancel(self) -> None:
        self._from = None

    def outline(self) -> Outline | None:
        """What would be drawn if the button were let go now."""
        if self._from is None:
            return None
        y0, x0 = math.floor(self._from.y() + 0.5), math.floor(self._from.x() + 0.5)
        y1, x1 = math.floor(self._to.y() + 0.5), math.floor(self._to.x() + 0.5)
        if self._square:
            side = max(abs(y1 - y0), abs(x1 - x0))
            y1, x1 = y0 + math.copysign(side, y1 - y0), x0 + math.copysign(side, x1 - x0)
        top, bottom = min(y0, y1) - 0.5, max(y0, y1) + 0.5
        left, right = min(x0, x1) - 0.5, max(x0, x1) + 0.5
        if self._kind == "rectangle":
            return Outline("rectangle", (top, left, bottom, right))
        middle = ((top + bottom) / 2, (left + right) / 2)
        return Outline("ellipse", (*middle, (bottom - top) / 2, (right - left) / 2))


class PolygonTool:
    """Corner after corner by clicks; closed by a double click, Enter, or a click on the first corner."""

    def __init__(self, drawn: Callable[[Outline], None]) -> None:
        self._drawn = drawn
        self._corners: list[QPointF] = []
        self._cursor = QPointF()

    @property
    def busy(self) -> bool:
        return bool(self._corners)

    def press(self, at: QPointF, scale: float, _keys: Qt.KeyboardModifier) -> None:
        if len(self._corners) > 2 and _far(at, self._corners[0]) * scale <= CLOSE_PX:
            self.finish()
            return
        if not self._corners or _far(at, self._corners[-1]) > 0:
            self._corners.append(at)
        self._cursor = at

    def move(self, at: QPointF, _held: bool, _keys: Qt.KeyboardModifier) -> None:
        self._cursor = at

    def release(self, at: QPointF) -> None:
        """A corner was set when the button went down."""

    def finish(self) -> None:
        corners, self._corners = self._corners, []
        if len(corners) > 2:
            self._drawn(Outline("polygon", _in_a_row(corners)))

    def back(self) -> None:
        """Forget the last corner."""
        del self._corners[-1:]

    def cancel(self) -> None:
        self._corners.clear()

    def outline(self) -> Outline | None:
        if not self._corners:
            return None
        return Outline("polygon", _in_a_row([*self._corners, self._cursor]))

    @property
    def corners(self) -> list[QPointF]:
        return list(self._corners)


def _far(a: QPointF, b: QPointF) -> float:
    return math.hypot(a.x() - b.x(), a.y() - b.y())


def _in_a_row(points: list[QPointF]) -> tuple[float, ...]:
    return tuple(value for point in points for value in (point.y(), point.x()))
