"""Line charts painted with Qt: axes with units, a legend beside them, white paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QImage, QPainter, QPen

WIDTH, HEIGHT, SCALE = 880, 580, 2
_LEFT, _TOP, _BOTTOM, _LEGEND = 66, 40, 56, 280
_INK, _GRID = "#222222", "#e3e3e3"


@dataclass(frozen=True, eq=False)
class Line:
    """One curve; points that are not finite are left out.

    Attributes:
        name: for the legend. x, y: of the points. colour: as Qt reads it. width: in pixels.
        dashed: drawn in dashes. dots: points are marked.
    """

    name: str
    x: npt.NDArray[np.floating]
    y: npt.NDArray[np.floating]
    colour: str
    width: float = 1.4
    dashed: bool = False
    dots: bool = True


@dataclass(frozen=True)
class Axis:
    """What an axis says and spans."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]
    logarithmic: bool = False

    def place(self, value: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """0 … 1 along the axis."""
        low, high, given = self.low, self.high, np.asarray(value, np.float64)
        if self.logarithmic:
            low, high, given = np.log(low), np.log(high), np.log(given)
        return np.asarray((given - low) / (high - low))


def chart(path: Path, title: str, x: Axis, y: Axis, lines: Sequence[Line], marks: Sequence[Line] = ()) -> None:
    """Write a PNG. `marks` are drawn below the curves and stand in no legend."""
    image = QImage(WIDTH * SCALE, HEIGHT * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    room = QRectF(_LEFT, _TOP, WIDTH - _LEFT - _LEGEND, HEIGHT - _TOP - _BOTTOM)
    font = QFont()
    font.setPixelSize(13)
    painter.setFont(font)
    _axes(painter, room, x, y)
    painter.setClipRect(room.adjusted(-4, -4, 4, 4))
    for line in (*marks, *lines):
        _curve(painter, room, x, y, line)
    painter.setClipping(False)
    _legend(painter, room, lines)
    font.setPixelSize(15)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(_INK))
    painter.drawText(QRectF(_LEFT, 6, WIDTH - _LEFT, 26), Qt.AlignmentFlag.AlignVCenter, title)
    painter.end()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not image.save(str(path)):
        raise OSError(f"cannot write {path}")


def _points(room: QRectF, x: Axis, y: Axis, line: Line) -> list[QPointF]:
    across = room.left() + x.place(line.x) * room.width()
    up = room.bottom() - y.place(line.y) * room.height()
    kept = np.isfinite(across) & np.isfinite(up)
    return [QPointF(float(a), float(b)) for a, b in zip(across[kept], up[kept], strict=True)]


def _axes(painter: QPainter, room: QRectF, x: Axis, y: Axis) -> None:
    for tick in x.ticks:
        at = room.left() + float(x.place(tick)) * room.width()
        painter.setPen(QPen(QColor(_GRID), 1))
        painter.drawLine(QLineF(at, room.top(), at, room.bottom()))
        painter.setPen(QColor(_INK))
        box = QRectF(at - 40, room.bottom() + 5, 80, 18)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _number(tick))
    for tick in y.ticks:
        at = room.bottom() - float(y.place(tick)) * room.height()
        painter.setPen(QPen(QColor(_GRID), 1))
        painter.drawLine(QLineF(room.left(), at, room.right(), at))
        painter.setPen(QColor(_INK))
        box = QRectF(room.left() - 48, at - 9, 42, 18)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, _number(tick))
    painter.setPen(QPen(QColor(_INK), 1))
    painter.drawRect(room)
    below = QRectF(room.left(), room.bottom() + 26, room.width(), 22)
    painter.drawText(below, Qt.AlignmentFlag.AlignCenter, x.label)
    painter.save()
    painter.translate(16, room.center().y())
    painter.rotate(-90)
    painter.drawText(QRectF(-160, -10, 320, 20), Qt.AlignmentFlag.AlignCenter, y.label)
    painter.restore()


def _curve(painter: QPainter, room: QRectF, x: Axis, y: Axis, line: Line) -> None:
    points = _points(room, x, y, line)
    painter.setPen(_pen(line))
    for first, second in pairwise(points):
        painter.drawLine(first, second)
    if line.dots:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(line.colour))
        for point in points:
            painter.drawEllipse(point, 1.2 + line.width, 1.2 + line.width)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _legend(painter: QPainter, room: QRectF, lines: Sequence[Line]) -> None:
    top = room.top() + 2
    for line in lines:
        painter.setPen(_pen(line))
        painter.drawLine(QLineF(room.right() + 12, top + 9, room.right() + 34, top + 9))
        painter.setPen(QColor(_INK))
        box = QRectF(room.right() + 40, top, _LEGEND - 46, 60)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        needed = painter.boundingRect(box, int(flags), line.name)
        painter.drawText(box, int(flags), line.name)
        top += needed.height() + 5


def _pen(line: Line) -> QPen:
    style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
    return QPen(QColor(line.colour), line.width, style, Qt.PenCapStyle.RoundCap)


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if value >= 10 else f"{value:g}"
