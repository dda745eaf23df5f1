"""The histogram that stands on the colour bar."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from models.display import Histogram
from widgets import theme
from widgets.frame.lettering import small_font
from widgets.frame.level_bar import SIDE_MARGIN
from widgets.text import grouped

STRIP_HEIGHT = 84
_WAITING = "The histogram of the frame's valid pixels"


class HistogramStrip(QWidget):
    """Pixels per value, its bins over the same places as the colour bar beneath; the counts' axis is logarithmic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histogram")
        self._histogram: Histogram | None = None

    def set_histogram(self, histogram: Histogram | None) -> None:
        self._histogram = histogram
        self.update()

    @property
    def histogram(self) -> Histogram | None:
        """What is drawn."""
        return self._histogram

    def sizeHint(self) -> QSize:
        return QSize(240, STRIP_HEIGHT)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        if self._histogram is None:
            painter.setPen(theme.faint_text(self.palette()))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _WAITING)
            painter.end()
            return
        found = self._histogram
        area = QRectF(SIDE_MARGIN, 2, self.width() - 2 * SIDE_MARGIN, self.height() - 3)
        heights = np.log1p(found.counts)
        top = max(float(heights.max(initial=0.0)), math.log1p(10))
        xs = np.linspace(area.left(), area.right(), len(heights) + 1)
        ys = area.bottom() - heights / top * (area.height() - 4)
        points = [area.bottomLeft()]
        for i, y in enumerate(ys.tolist()):
            points += [QPointF(xs[i], y), QPointF(xs[i + 1], y)]
        points.append(area.bottomRight())
        fill = QColor(self.palette().color(QPalette.ColorRole.Highlight))
        fill.setAlpha(110)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF(points))
        self._frame_and_caption(painter, area, self._caption(found))
        painter.end()

    def _frame_and_caption(self, painter: QPainter, area: QRectF, caption: str) -> None:
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setFont(small_font(self.font()))
        painter.setPen(theme.faint_text(self.palette()))
        inside = area.adjusted(4, 1, -4, 0)
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), caption)

    @staticmethod
    def _caption(found: Histogram) -> str:
        shown = int(found.counts.sum())
        outside = found.below + found.above
        text = f"{grouped(shown)} pixels, log counts"
        if outside:
            text += f"; {grouped(found.below)} below, {grouped(found.above)} above"
        if found.sampled > 1:
            text += f"; one pixel in {found.sampled} looked at"
        return text
