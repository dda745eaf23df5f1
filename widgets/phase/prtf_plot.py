"""The phase retrieval transfer function: how far out in q the kept starts agree on the phases."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QLabel, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from models.display import format_value
from models.phasing.types import Prtf
from widgets import theme
from widgets.empty import EmptyState
from widgets.frame.lettering import small_font
from widgets.text import grouped, significant
from widgets.trust.plot import Axis, Plot, unit_axis

THRESHOLDS = ((1 / math.e, "1/e"), (0.5, "0.5"))


class PrtfPlot(Plot):
    """PRTF over |q| in nm⁻¹, with the full-period resolution in nm along the top; in pixels without geometry."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("PRTF", Axis("q (nm⁻¹)", 0.0, 1.0, ()), unit_axis("PRTF"), parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFont(small_font(self.font()))
        self._prtf: Prtf | None = None
        self._x = np.empty(0)
        self._y = np.empty(0)
        self._cutoff: float | None = None
        self._at: int | None = None

    def set_prtf(self, prtf: Prtf | None, cutoff: float | None = None) -> None:
        """Show this one; `cutoff` is where it falls below 1/e, in nm⁻¹ (in pixels without geometry)."""
        self._prtf = prtf
        self._cutoff = cutoff if cutoff is not None and math.isfinite(cutoff) else None
        if prtf is not None:
            x = prtf.radius_px if prtf.q_nm is None else prtf.q_nm
            good = np.isfinite(x) & np.isfinite(prtf.values)
            self._x, self._y = x[good].astype(np.float64), prtf.values[good].astype(np.float64)
            last = float(self._x.max(initial=0.0)) or 1.0
            name = "radius in the pattern (px)" if prtf.q_nm is None else "q (nm⁻¹), above: resolution (nm)"
            step = _round_step(last / 6)
            ticks = tuple((n * step, format_value(n * step)) for n in range(int(last / step) + 1))
            self.set_axes(Axis(name, 0.0, last, ticks), unit_axis("PRTF"))
        self.update()

    def readout(self, at: int | None) -> str:
        """What the curve says at one of its points."""
        if self._prtf is None or at is None or not 0 <= at < self._x.size:
            return ""
        x, y = float(self._x[at]), float(self._y[at])
        if self._prtf.q_nm is None:
            return f"radius {significant(x, 3)} px   ·   PRTF {y:.2f}"
        resolution = f"   ·   d {significant(2 * math.pi / x, 3)} nm" if x > 0 else ""
        pixels = self._prtf.pixels
        count = f"   ·   {grouped(int(pixels[at]))} pixels" if pixels.size == self._x.size else ""
        return f"q {significant(x, 3)} nm⁻¹{resolution}   ·   PRTF {y:.2f}{count}"

    def measure_area(self) -> QRectF:
        area = super().measure_area()
        if self._prtf is not None and self._prtf.q_nm is not None:
            area.setTop(area.top() + QFontMetricsF(self.font()).height())
        return area

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        area = self.paint_axes(painter)
        if self._prtf is None:
            return
        metrics, faint = QFontMetricsF(self.font()), theme.faint_text(self.palette())
        if self._prtf.q_nm is not None:
            painter.setPen(faint)
            last = -math.inf
            for value, _ in self.across.ticks:
                words = significant(2 * math.pi / value, 2) if value > 0 else "∞"
                place, width = self.to_pixel(value, 1.0), metrics.horizontalAdvance(words) + 8
                if place.x() - width / 2 < last:
                    continue
                last = place.x() + width / 2
                where = QRectF(place.x() - width / 2, area.top() - metrics.height() - 2, width, metrics.height())
                painter.drawText(where, Qt.AlignmentFlag.AlignCenter, words)
        for value, words in THRESHOLDS:
            left, right = self.to_pixel(self.across.low, value), self.to_pixel(self.across.high, value)
            painter.setPen(QPen(self.text_colour(), 1.0, Qt.PenStyle.DashLine))
            painter.drawLine(left, right)
            painter.drawText(QPointF(right.x() - metrics.horizontalAdvance(words) - 4, right.y() - 3), words)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._cutoff is not None and self._cutoff <= self.across.high:
            painter.setPen(QPen(accent, 1.2, Qt.PenStyle.DotLine))
            painter.drawLine(self.to_pixel(self._cutoff, 0.0), self.to_pixel(self._cutoff, 1.0))
        painter.setClipRect(area.adjusted(-2, -2, 2, 2))
        painter.setPen(QPen(accent, 2.0))
        painter.drawPolyline(QPolygonF(self.to_pixels(self._x, np.clip(self._y, 0, 1))))
        if self._at is not None and self._at < self._x.size:
            painter.setBrush(accent)
            painter.drawEllipse(self.to_pixel(float(self._x[self._at]), float(self._y[self._at])), 3.5, 3.5)

    def point_at(self, where: QPointF) -> int | None:
        """Place of the curve's point above or below the mouse."""
        if not self._x.size:
            return None
        return int(np.abs(self._x - self.value_at(where)[0]).argmin())

    def mark(self, at: int | None) -> None:
        """Put a dot on one point of the curve."""
        self._at = at
        self.update()


class PrtfPanel(QWidget):
    """The plot with the point under the mouse in words, or why there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = PrtfPlot()
        self._words = QLabel()
        self._words.setFont(small_font(self.font()))
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._said = ""
        full = QWidget()
        box = QVBoxLayout(full)
        box.setContentsMargins(4, 4, 4, 2)
        box.setSpacing(2)
        box.addWidget(self.plot, 1)
        box.addWidget(self._words)
        self._full = full
        self._empty = EmptyState("No transfer function yet", "")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self.plot.installEventFilter(self)
        self.clear("It needs at least two finished starts: it says how well their phases agree.")

    def clear(self, reason: str) -> None:
        """There is nothing to show, and why."""
        self.plot.set_prtf(None)
        self._empty.set_text("No transfer function yet", reason)
        self._stack.setCurrentWidget(self._empty)

    def set_prtf(self, prtf: Prtf, cutoff: float | None, said: str) -> None:
        """Show this one; `said` sums it up: "falls below 1/e at 0.23 nm⁻¹ (27 nm)"."""
        self._said = said
        self._words.setText(said)
        self.plot.set_prtf(prtf, cutoff)
        self._stack.setCurrentWidget(self._full)

    def text(self) -> str:
        return self._empty.text() if self._stack.currentWidget() is self._empty else self._words.text()

    def eventFilter(self, watched: object, event: object) -> bool:
        if watched is self.plot and isinstance(event, QMouseEvent) and event.type() == QMouseEvent.Type.MouseMove:
            at = self.plot.point_at(event.position())
            self.plot.mark(at)
            self._words.setText(self.plot.readout(at) or self._said)
        return False


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least)) if least > 0 else 1.0
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))
