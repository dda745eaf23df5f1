"""How sure the classifier is of one class over the whole run, with the threshold as a line that can be moved."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QWidget

from widgets import theme
from widgets.text import grouped
from widgets.trust.plot import Axis, Plot, unit_axis

FloatArray = npt.NDArray[np.floating]
LONG_STEP = 10
"""thresholds that Shift and an arrow key move on"""
RUG = 7
"""pixels for each of the two rows of labelled examples"""


class ThresholdHistogram(Plot):
    """Frames per bin of P(class) on a logarithmic scale; what lies above the threshold is kept.

    Above the bars, two rows of strokes show where the held-out examples fell: those of the class, and the others.
    """

    threshold_moved = pyqtSignal(float)
    """the user moved the threshold"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Frames by probability, and the threshold", unit_axis("P"), _count_axis(1), parent)
        self._counts: npt.NDArray[np.int64] = np.zeros(1, np.int64)
        self._own: FloatArray = np.empty(0)
        self._others: FloatArray = np.empty(0)
        self._listed: FloatArray = np.linspace(0.0, 1.0, 101)
        self._colour = ""
        self._threshold: float | None = None
        self.setWhatsThis(
            "All frames of the run by the probability that they are of the class. Those to the right of the line are "
            "kept. Strokes at the top are your labelled frames, each judged while it was held out: the upper row is "
            "of the class, the lower row of the others. Arrow keys move the line, with Shift in larger steps."
        )

    def set_counts(self, counts: npt.ArrayLike, name: str, colour: str) -> None:
        """Frames in equal bins of P(class) from 0 to 1."""
        self._counts = np.asarray(counts, np.int64)
        self._colour = colour
        self.set_axes(unit_axis(f"P({name})"), _count_axis(int(self._counts.max(initial=1))))

    def set_thresholds(self, thresholds: npt.ArrayLike) -> None:
        """(T,) the thresholds there are to choose from, ascending."""
        self._listed = np.asarray(thresholds, np.float64)

    def set_examples(self, own: npt.ArrayLike, others: npt.ArrayLike) -> None:
        """P(class) of held-out labelled frames: (n,) of the class, (m,) of the others."""
        self._own, self._others = np.asarray(own, np.float64), np.asarray(others, np.float64)
        self.update()

    def set_threshold(self, threshold: float | None) -> None:
        self._threshold = threshold
        self.update()

    @property
    def threshold(self) -> float | None:
        return self._threshold

    def measure_area(self) -> QRectF:
        return super().measure_area().adjusted(0, 2 * RUG + 2, 0, 0)

    def line_position(self) -> float | None:
        """Where the threshold is drawn, in pixels from the left."""
        return None if self._threshold is None else self.to_pixel(self._threshold, self.up.low).x()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        area = self.paint_axes(painter)
        ink = self._ink()
        left_out = theme.mixed(self.palette().color(QPalette.ColorRole.Base), theme.faint_text(self.palette()), 0.45)
        line = self.line_position()
        bins = len(self._counts)
        wide = area.width() / bins
        for place in np.flatnonzero(self._counts).tolist():
            top = self.to_pixel(0.0, math.log10(1.0 + float(self._counts[place]))).y()
            bar = QRectF(area.left() + place * wide + 0.5, top, wide - 1.0, area.bottom() - top)
            painter.fillRect(bar, left_out if line is not None else ink)
            if line is not None and line < bar.right():
                painter.fillRect(bar.adjusted(max(0.0, line - bar.left()), 0, 0, 0), ink)
        self._paint_rug(painter, area, ink)
        if line is not None:
            painter.setPen(QPen(self.text_colour(), 2))
            painter.drawLine(QPointF(line, area.top() - 2 * RUG - 2), QPointF(line, area.bottom()))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(self.text_colour())
            painter.drawEllipse(QPointF(line, area.center().y()), 4.5, 4.5)

    def _paint_rug(self, painter: QPainter, area: QRectF, ink: QColor) -> None:
        faint = theme.faint_text(self.palette())
        for row, (places, colour) in enumerate(((self._own, ink), (self._others, faint))):
            top = area.top() - 2 * RUG - 2 + row * RUG
            painter.setPen(QPen(colour, 1.5))
            for value in places[np.isfinite(places)].tolist():
                x = self.to_pixel(value, self.up.low).x()
                painter.drawLine(QPointF(x, top), QPointF(x, top + RUG - 2))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(event.position())
            return
        line = self.line_position()
        near = line is not None and abs(event.position().x() - line) < 6
        self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        signs = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if self._threshold is None or event.key() not in signs:
            super().keyPressEvent(event)
            return
        steps = LONG_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        place = self._nearest(self._threshold) + signs[Qt.Key(event.key())] * steps
        self.threshold_moved.emit(float(self._listed[min(len(self._listed) - 1, max(0, place))]))

    def _drag_to(self, where: QPointF) -> None:
        if self._threshold is not None:
            self.threshold_moved.emit(float(self._listed[self._nearest(self.value_at(where)[0])]))

    def _nearest(self, threshold: float) -> int:
        return int(np.abs(self._listed - threshold).argmin())

    def _ink(self) -> QColor:
        return QColor(self._colour) if self._colour else self.palette().color(QPalette.ColorRole.Highlight)


def _count_axis(most: int) -> Axis:
    """Numbers of frames, logarithmic: a few frames have to be seen beside many thousands."""
    top = max(1.0, math.log10(1.0 + 1.25 * max(1, most)))
    ticks = [(0.0, "0"), *((math.log10(1.0 + 10**n), grouped(10**n)) for n in range(int(top) + 1))]
    return Axis("frames", 0.0, top, tuple((value, text) for value, text in ticks if value <= top))
