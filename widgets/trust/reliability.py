"""The reliability diagram: what the classifier said against how often it was true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QWidget

from widgets import theme
from widgets.trust.plot import Plot, unit_axis

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityBins:
    """Held-out examples, gathered by the probability that was stated of them. All arrays are (B,).

    Attributes:
        edges_low, edges_high: range of stated probability of each bin.
        said: mean stated probability in the bin, not-a-number where it is empty.
        found: share of its examples for which it was true, not-a-number where it is empty.
        low, high: 90 % interval of `found`.
        count: examples in the bin.
    """

    edges_low: FloatArray
    edges_high: FloatArray
    said: FloatArray
    found: FloatArray
    low: FloatArray
    high: FloatArray
    count: npt.NDArray[np.int64]

    def filled(self) -> list[int]:
        """The bins that have examples, ascending."""
        return np.flatnonzero(self.count > 0).tolist()


class ReliabilityDiagram(Plot):
    """A point with its interval for every bin, the diagonal of perfect calibration, and how many examples there are.

    Arrow keys and the mouse walk through the bins.
    """

    bin_changed = pyqtSignal(int)
    """the bin looked at, −1 for none"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Reliability diagram", unit_axis("stated confidence"), unit_axis("share that was right"), parent
        )
        self._bins: ReliabilityBins | None = None
        self._at = -1
        self.setWhatsThis(
            "Points on the diagonal mean that stated probabilities can be taken at their word. Below it the "
            "classifier promises too much, above it too little. Bars are 90 % intervals: where they cross the "
            "diagonal, the examples do not speak against it."
        )

    def set_bins(self, bins: ReliabilityBins | None) -> None:
        """Show other bins."""
        self._bins = bins
        if bins is None or self._at not in bins.filled():
            self._at = -1
        self.update()

    @property
    def current(self) -> int:
        """The bin looked at, −1 for none."""
        return self._at

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        area = self.paint_axes(painter)
        bins = self._bins
        if bins is None:
            return
        painter.setClipRect(area.adjusted(-6, -6, 6, 6))
        filled, most = bins.filled(), max(1, int(bins.count.max(initial=1)))
        ink = self._ink()
        # The bars at the bottom say how many examples stand behind each point; a fifth of the height is enough.
        for k in filled:
            left = self.to_pixel(float(bins.edges_low[k]), 0.0)
            right = self.to_pixel(float(bins.edges_high[k]), 0.2 * float(bins.count[k]) / most)
            bar = theme.mixed(self.palette().color(QPalette.ColorRole.Base), ink, 0.28)
            painter.fillRect(
                round(left.x()) + 1,
                round(right.y()),
                round(right.x() - left.x()) - 1,
                round(left.y() - right.y()),
                bar,
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.faint_text(self.palette()), 1.2, Qt.PenStyle.DashLine))
        painter.drawLine(self.to_pixel(0.0, 0.0), self.to_pixel(1.0, 1.0))
        previous: QPointF | None = None
        for k in filled:
            point = self.to_pixel(float(bins.said[k]), float(bins.found[k]))
            if previous is not None:
                painter.setPen(QPen(theme.mixed(ink, self.palette().color(QPalette.ColorRole.Base), 0.45), 1.2))
                painter.drawLine(previous, point)
            previous = point
        for k in filled:
            self._paint_point(painter, bins, k, ink)

    def _paint_point(self, painter: QPainter, bins: ReliabilityBins, k: int, ink: QColor) -> None:
        x = float(bins.said[k])
        low, high = self.to_pixel(x, float(bins.low[k])), self.to_pixel(x, float(bins.high[k]))
        painter.setPen(QPen(ink, 1.6))
        painter.drawLine(low, high)
        for end in (low, high):
            painter.drawLine(end + QPointF(-3, 0), end + QPointF(3, 0))
        here = k == self._at
        painter.setPen(QPen(self.text_colour() if here else self.palette().color(QPalette.ColorRole.Base), 1.5))
        painter.setBrush(ink)
        side = 6.0 if here else 4.5
        painter.drawEllipse(self.to_pixel(x, float(bins.found[k])), side, side)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._bins is None or not self.area().adjusted(-4, -4, 4, 4).contains(event.position()):
            self._look_at(-1)
            return
        said, _ = self.value_at(event.position())
        filled = self._bins.filled()
        near = min(filled, key=lambda k: abs(float(self._bins.said[k]) - said)) if filled else -1  # type: ignore[union-attr]
        self._look_at(near)

    def leaveEvent(self, event: QEvent | None) -> None:
        if not self.hasFocus():
            self._look_at(-1)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        filled = self._bins.filled() if self._bins is not None else []
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if not filled or event.key() not in steps:
            super().keyPressEvent(event)
            return
        place = filled.index(self._at) + steps[Qt.Key(event.key())] if self._at in filled else 0
        self._look_at(filled[min(len(filled) - 1, max(0, place))])

    def _look_at(self, k: int) -> None:
        if k != self._at:
            self._at = k
            self.update()
            self.bin_changed.emit(k)

    def _ink(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Highlight)
