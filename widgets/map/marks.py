"""What is drawn over the points: rings round frames, and the region under the mouse."""

from __future__ import annotations

import math

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF

HOVER_RADIUS = 7.0
CURRENT_RADIUS = 9.0
_ARROW = 9.0


def paint_ring(painter: QPainter, where: QPointF, radius: float, colour: QColor, background: QColor) -> None:
    """A ring with a halo of the background's colour, seen on any points."""
    halo = QColor(background)
    halo.setAlpha(210)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(halo, 5.0), QPen(colour, 2.0)):
        painter.setPen(pen)
        painter.drawEllipse(where, radius, radius)


def paint_pointer(painter: QPainter, where: QPointF, area: QRectF, colour: QColor, background: QColor) -> None:
    """An arrow at the edge of `area`, towards a position outside of it."""
    inner = area.adjusted(_ARROW + 2, _ARROW + 2, -_ARROW - 2, -_ARROW - 2)
    tip = QPointF(min(max(where.x(), inner.left()), inner.right()), min(max(where.y(), inner.top()), inner.bottom()))
    painter.save()
    painter.translate(tip)
    painter.rotate(math.degrees(math.atan2(where.y() - tip.y(), where.x() - tip.x())))
    painter.setPen(QPen(background, 1.5))
    painter.setBrush(colour)
    painter.drawPolygon(
        QPolygonF([QPointF(_ARROW, 0), QPointF(-_ARROW / 2, -_ARROW * 0.7), QPointF(-_ARROW / 2, _ARROW * 0.7)])
    )
    painter.restore()


def paint_region(painter: QPainter, trail: list[QPointF], rectangle: bool, colour: QColor) -> None:
    """The lasso or rectangle being drawn."""
    if len(trail) < 2:
        return
    fill = QColor(colour)
    fill.setAlpha(40)
    painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DashLine))
    painter.setBrush(fill)
    if rectangle:
        painter.drawRect(QRectF(trail[0], trail[-1]).normalized())
    else:
        painter.drawPolygon(QPolygonF(trail), Qt.FillRule.WindingFill)
    painter.setBrush(Qt.BrushStyle.NoBrush)
