"""The strips under the image: the histogram that stands on the colour bar, and the radial profile."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from models.display import Histogram, Levels, Scaling, ticks
from widgets import theme
from widgets.frame.lettering import small_font
from widgets.frame.level_bar import SIDE_MARGIN
from widgets.text import grouped

STRIP_HEIGHT = 84


class _Strip(QWidget):
    """A plot of fixed height that says what will appear while it has nothing."""

    def __init__(self, waiting: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._waiting = waiting

    def sizeHint(self) -> QSize:
        return QSize(240, STRIP_HEIGHT)

    def _paint_waiting(self, painter: QPainter) -> None:
        painter.setPen(theme.faint_text(self.palette()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._waiting)

    def _frame_and_caption(self, painter: QPainter, area: QRectF, caption: str) -> None:
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setFont(small_font(self.font()))
        painter.setPen(theme.faint_text(self.palette()))
        inside = area.adjusted(4, 1, -4, 0)
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), caption)


class HistogramStrip(_Strip):
    """Pixels per value, its bins over the same places as the colour bar beneath; the counts' axis is logarithmic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The histogram of the frame's valid pixels", parent)
        self.setAccessibleName("Histogram")
        self._histogram: Histogram | None = None

    def set_histogram(self, histogram: Histogram | None) -> None:
        self._histogram = histogram
        self.update()

    @property
    def histogram(self) -> Histogram | None:
        """What is drawn."""
        return self._histogram

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        if self._histogram is None:
            self._paint_waiting(painter)
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


class ProfileStrip(_Strip):
    """One curve over radius or q: the mean of the valid pixels round the beam."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The radial profile needs the beam centre", parent)
        self.setAccessibleName("Radial profile")
        self._x: npt.NDArray[Any] = np.empty(0)
        self._y: npt.NDArray[Any] = np.empty(0)
        self._labels = ("", "")

    def set_profile(self, x: npt.NDArray[Any], y: npt.NDArray[Any], x_label: str, y_label: str) -> None:
        """Show `y` over `x`, both (n,); what is not finite is left out. Labels carry the units."""
        good = np.isfinite(x) & np.isfinite(y)
        self._x, self._y = np.asarray(x)[good], np.asarray(y)[good]
        self._labels = (x_label, y_label)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        if self._x.size < 2 or not self._x[-1] > self._x[0]:
            self._paint_waiting(painter)
            painter.end()
            return
        font = small_font(self.font())
        metrics = QFontMetricsF(font)
        area = QRectF(SIDE_MARGIN, 2, self.width() - 2 * SIDE_MARGIN, self.height() - metrics.height() - 7)
        low, high = float(self._x[0]), float(self._x[-1])
        floor = float(self._y.min())
        heights = np.log1p(np.maximum(self._y - min(floor, 0.0), 0.0) * 1000 / max(1e-30, float(np.ptp(self._y))))
        xs = area.left() + (self._x - low) / (high - low) * area.width()
        ys = area.bottom() - heights / max(1e-30, float(heights.max())) * (area.height() - 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1.3))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(xs.tolist(), ys.tolist(), strict=True)]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._frame_and_caption(painter, area, f"{self._labels[1]} (log)")
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        baseline = area.bottom() + 4 + metrics.ascent()
        name_width = metrics.horizontalAdvance(self._labels[0])
        for place, text in ticks(Levels(low, high), Scaling.LINEAR, reach=(0.0, 1.0), spacing=60 / area.width()):
            x = area.left() + place * area.width()
            half = metrics.horizontalAdvance(text) / 2
            if x + half > self.width() - name_width - 14:
                continue
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            painter.drawText(QPointF(max(0.0, x - half), baseline), text)
        painter.setPen(theme.faint_text(self.palette()))
        painter.drawText(QPointF(self.width() - name_width - 4, baseline), self._labels[0])
        painter.end()
