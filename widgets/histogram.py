"""Stacked histogram of the verdicts' confidence, one colour per class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets import icons, theme
from widgets.text import counted, grouped
from widgets.theme import ClassStyle

Counts = npt.NDArray[np.int64]


def nice_step(span: float, steps: int) -> float:
    """A round distance between ticks (1, 2 or 5 times a power of ten) giving at most `steps` of them."""
    if span <= 0:
        return 1.0
    raw = span / max(1, steps)
    power = 10.0 ** np.floor(np.log10(raw))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if factor * power >= raw:
            return float(factor * power)
    return float(10.0 * power)


class ConfidenceHistogram(QWidget):
    """Bars over 0..1, stacked by class. A click on a part of a bar tells its class and its range."""

    part_clicked = pyqtSignal(str, float, float)
    """class id, lowest and highest confidence of the bar"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassStyle, ...] = ()
        self._counts: Counts = np.zeros((0, 1), np.int64)
        self._under: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Histogram of confidence")

    def set_counts(self, classes: Sequence[ClassStyle], counts: npt.ArrayLike) -> None:
        """`counts` is (classes, bins): frames per class in equal bins of confidence from 0 to 1."""
        table = np.asarray(counts, dtype=np.int64)
        if table.ndim != 2 or table.shape[0] != len(classes) or table.shape[1] < 1:
            raise ValueError(f"counts of shape {table.shape} do not fit {len(classes)} classes")
        self._classes = tuple(classes)
        self._counts = table
        self._under = None
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 170)

    def minimumSizeHint(self) -> QSize:
        return QSize(140, 100)

    def part_at(self, where: QPointF) -> tuple[int, int] | None:
        """(class, bin) drawn at a position of the widget, None where there is no bar."""
        area = self._area()
        bins = self._counts.shape[1]
        if not area.contains(where) or not self._classes:
            return None
        place = min(bins - 1, int((where.x() - area.left()) / area.width() * bins))
        height = (area.bottom() - where.y()) / area.height() * self._top()
        edges = np.cumsum(self._counts[:, place])
        row = int(np.searchsorted(edges, height, side="right"))
        return (row, place) if row < len(edges) else None

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        area = self._area()
        self._paint_axes(painter, area)
        bins = self._counts.shape[1]
        wide = area.width() / bins
        scale = area.height() / self._top()
        edge = self.palette().color(QPalette.ColorRole.Base)
        for place in range(bins):
            below = 0
            for row, style in enumerate(self._classes):
                count = int(self._counts[row, place])
                if not count:
                    continue
                bar = QRectF(area.left() + place * wide, area.bottom() - (below + count) * scale, wide, count * scale)
                below += count
                colour = QColor(style.colour)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
                painter.fillRect(bar.adjusted(0.5, 0, -0.5, 0), colour)
                if bar.height() > 3:
                    painter.setPen(QPen(edge, 1))
                    painter.drawLine(bar.topLeft(), bar.topRight())
                if self._under == (row, place):
                    painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 1.5))
                    painter.drawRect(bar.adjusted(0.5, 0.5, -0.5, -0.5))
                if bar.height() >= 14 and bar.width() >= 9:
                    side = min(10.0, bar.width() - 2)
                    icons.draw_marker(painter, bar.center(), style.marker, colour.darker(140), side)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        under = self.part_at(event.position())
        if under != self._under:
            self._under = under
            self.setCursor(Qt.CursorShape.ArrowCursor if under is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def leaveEvent(self, event: QEvent | None) -> None:
        self._under = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        under = self.part_at(event.position())
        if under is not None and event.button() == Qt.MouseButton.LeftButton:
            row, place = under
            bins = self._counts.shape[1]
            self.part_clicked.emit(self._classes[row].id, place / bins, (place + 1) / bins)

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            part = self.part_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self._words(part) if part else "", self)
            return True
        return super().event(event)

    def _words(self, part: tuple[int, int]) -> str:
        row, place = part
        bins = self._counts.shape[1]
        low, high = place / bins, (place + 1) / bins
        frames = counted(int(self._counts[row, place]), "frame")
        return f"{self._classes[row].name}: {frames}\nconfidence {low:.2f} … {high:.2f}\nClick to select them"

    def _top(self) -> float:
        if not self._counts.size:
            return 1.0
        highest = float(self._counts.sum(axis=0).max())
        step = nice_step(highest, 4)
        return max(1.0, float(np.ceil(highest / step) * step))

    def _area(self) -> QRectF:
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance(grouped(int(self._top()))) + metrics.height() + 12
        bottom = 2 * metrics.height() + 8
        return QRectF(left, metrics.height() / 2 + 2, self.width() - left - 12, self.height() - bottom - 8)

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        palette = self.palette()
        metrics = QFontMetricsF(self.font())
        faint = theme.faint_text(palette)
        grid = theme.mixed(palette.color(QPalette.ColorRole.Base), faint, 0.25)
        painter.fillRect(area, palette.color(QPalette.ColorRole.Base))
        line = metrics.height()
        step = max(1.0, nice_step(self._top(), max(1, int(area.height() / (2.2 * line)))))
        value = 0.0
        while value <= self._top() * 1.0001:
            y = round(area.bottom() - value / self._top() * area.height()) + 0.5
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(faint)
            words = QRectF(0, y - line / 2, area.left() - 5, line)
            painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, grouped(int(value)))
            value += step
        every = 0.25 if area.width() > 8 * metrics.horizontalAdvance("0.25") else 0.5
        for tick in np.arange(0.0, 1.0001, every):
            x = area.left() + tick * area.width()
            painter.setPen(faint)
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            words = QRectF(x - 30, area.bottom() + 4, 60, line)
            painter.drawText(words, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, f"{tick:g}")
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        below = QRectF(area.left(), area.bottom() + line + 4, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, "confidence")
        painter.save()
        painter.translate(line / 2 + 2, area.center().y())
        painter.rotate(-90)
        painter.drawText(
            QRectF(-area.height() / 2, -line / 2, area.height(), line), Qt.AlignmentFlag.AlignCenter, "frames"
        )
        painter.restore()
