"""What is drawn over the image: resolution rings, the beam centre, the sentence of an unreadable frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen

from widgets import theme

# Light lines with a dark rim are seen on every colour of every map.
_LINE = QColor(255, 255, 255, 215)
_RIM = QColor(0, 0, 0, 150)


@dataclass(frozen=True, slots=True)
class Rings:
    """Circles of equal resolution.

    Attributes:
        radii: (radius in pixels, text) of each ring.
        centre: (y, x) of the beam in pixels.
    """

    radii: tuple[tuple[float, str], ...]
    centre: tuple[float, float]

    @staticmethod
    def of(radii: Sequence[tuple[float, str]], centre: tuple[float, float]) -> Rings:
        return Rings(tuple((float(radius), text) for radius, text in radii), (float(centre[0]), float(centre[1])))


def paint_rings(painter: QPainter, rings: Rings, centre: QPointF, scale: float, canvas: QRectF, font: QFont) -> None:
    """Draw the rings and the beam's cross round `centre` (canvas coordinates)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    farthest = max(
        (corner - centre).manhattanLength()
        for corner in (canvas.topLeft(), canvas.topRight(), canvas.bottomLeft(), canvas.bottomRight())
    )
    shown = [(radius * scale, text) for radius, text in rings.radii if 4 < radius * scale < farthest]
    for pen in (QPen(_RIM, 3.0), QPen(_LINE, 1.2)):
        painter.setPen(pen)
        for radius, _text in shown:
            painter.drawEllipse(centre, radius, radius)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(centre + QPointF(3 * dx, 3 * dy), centre + QPointF(10 * dx, 10 * dy))
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    taken: list[QRectF] = []
    for radius, text in shown:
        label = _label_rect(metrics, text, centre, radius, canvas)
        if label is None or any(label.intersects(other) for other in taken):
            continue
        taken.append(label)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 165))
        painter.drawRoundedRect(label, 3, 3)
        painter.setPen(QColor(255, 255, 255))
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def _label_rect(metrics: QFontMetricsF, text: str, centre: QPointF, radius: float, canvas: QRectF) -> QRectF | None:
    """On the ring, at the first of eight directions where all of it is seen."""
    width, height = metrics.horizontalAdvance(text) + 8, metrics.height() + 2
    half = 0.7071
    for dx, dy in ((half, -half), (half, half), (-half, half), (-half, -half), (0, -1), (1, 0), (0, 1), (-1, 0)):
        at = centre + QPointF(dx, dy) * radius
        rect = QRectF(at.x() - width / 2, at.y() - height / 2, width, height)
        if canvas.contains(rect):
            return rect
    return None


def paint_unreadable(painter: QPainter, rect: QRectF, sentence: str, canvas: QRectF, palette: QPalette) -> None:
    """A hatched tile in the frame's place with the sentence that says why."""
    painter.save()
    base = palette.color(QPalette.ColorRole.Base)
    painter.fillRect(rect, base)
    painter.fillRect(rect, QBrush(palette.color(QPalette.ColorRole.Mid), Qt.BrushStyle.BDiagPattern))
    room = canvas.intersected(rect) if not canvas.intersected(rect).isEmpty() else canvas
    room = room.adjusted(24, 24, -24, -24)
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    text = painter.boundingRect(room, flags, sentence)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.error_colour(palette), 1.5))
    painter.setBrush(base)
    painter.drawRoundedRect(text.adjusted(-14, -10, 14, 10), 6, 6)
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    painter.drawText(room, flags, sentence)
    painter.restore()
