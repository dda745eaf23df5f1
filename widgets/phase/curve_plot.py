"""Error curves of all starts: many thin lines, the watched one thick."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QBoxLayout, QStackedLayout, QWidget

from models.display import format_value
from widgets import theme
from widgets.empty import EmptyState
from widgets.frame.lettering import small_font
from widgets.text import grouped, significant
from widgets.trust.plot import Axis, Plot, Tick

_MOST_POINTS = 1800
"""of all thin lines together: more cannot be told apart and only cost time"""
_THICK_POINTS = 600


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Errors of one start, arrays of one length; NaN where a value is not known.

    Attributes:
        seed: which start. iteration: ascending. r_factor: on measured pixels.
        free: Poisson deviance per held-out pixel (free log-likelihood).
    """

    seed: int
    iteration: npt.NDArray[np.integer]
    r_factor: npt.NDArray[np.floating]
    free: npt.NDArray[np.floating]


Line = tuple[int, npt.NDArray[np.floating], npt.NDArray[np.floating]]
"""seed, iterations, values"""


class CurvePlot(Plot):
    """One figure of every start over the iteration, on a logarithmic axis."""

    seed_chosen = pyqtSignal(int)
    """the user clicked on the line of this start"""

    def __init__(self, name: str, what: str, parent: QWidget | None = None) -> None:
        super().__init__(name, Axis("iteration", 0.0, 1.0, ()), Axis(what, -1.0, 0.0, ()), parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFont(small_font(self.font()))
        self._what = what
        self._lines: list[tuple[int, QPolygonF]] = []
        self._raw: list[Line] = []
        self._watched: int | None = None
        self._hover: QPointF | None = None

    def measure_area(self) -> QRectF:
        """Always the same margins, so that plots one above the other share their axis and nothing jumps."""
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance("0.005") + metrics.height() + 11
        bottom, top, right = 2 * metrics.height() + 8, metrics.height() / 2 + 3, 24
        return QRectF(left, top, max(20.0, self.width() - left - right), max(20.0, self.height() - bottom - top))

    def set_lines(self, lines: Sequence[Line], watched: int | None, total: int | None = None) -> None:
        """Show these curves; `total` iterations are to come in all, None where that is open."""
        self._watched = watched
        self._raw = []
        low, high, last = math.inf, -math.inf, float(total or 1)
        for seed, iteration, values in lines:
            good = np.isfinite(values) & (values > 0)
            x, y = iteration[good].astype(np.float64), np.log10(values[good], dtype=np.float64)
            if not x.size:
                continue
            self._raw.append((seed, x, y))
            low, high, last = min(low, float(y.min())), max(high, float(y.max())), max(last, float(x[-1]))
        self._fit(low, high, last)
        self._draw_lines()
        self.update()

    def set_watched(self, seed: int | None) -> None:
        """Make another line the thick one."""
        self._watched = seed
        self._draw_lines()
        self.update()

    def _fit(self, low: float, high: float, last: float) -> None:
        if not math.isfinite(low):
            low, high = -1.0, 0.0
        margin = 0.06 * max(high - low, 0.1)
        # In steps, so that the axis does not creep with every new point.
        low, high = math.floor((low - margin) * 10) / 10, math.ceil((high + margin) * 10) / 10
        across = Axis("iteration", 0.0, last, _whole_ticks(last))
        up = Axis(self._what, low, high, _decade_ticks(low, high))
        if (across, up) != (self.across, self.up):
            self.set_axes(across, up)

    def _draw_lines(self) -> None:
        many = max(1, len(self._raw))
        each = max(12, _MOST_POINTS // many)
        self._lines = []
        for seed, x, y in sorted(self._raw, key=lambda line: line[0] == self._watched):
            most = _THICK_POINTS if seed == self._watched else each
            if x.size > most:
                chosen = np.linspace(0, x.size - 1, most).astype(np.intp)
                x, y = x[chosen], y[chosen]
            self._lines.append((seed, QPolygonF(self.to_pixels(x, y))))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._draw_lines()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        area = self.paint_axes(painter)
        painter.setClipRect(area.adjusted(-2, -2, 2, 2))
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        thin = QColor(theme.faint_text(self.palette()))
        thin.setAlpha(150)
        for seed, points in self._lines:
            watched = seed == self._watched
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, watched)
            painter.setPen(QPen(accent, 2.2) if watched else QPen(thin, 1.0))
            painter.drawPolyline(points)
            if watched and len(points):
                painter.setBrush(accent)
                painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Base), 1.0))
                painter.drawEllipse(points[len(points) - 1], 3.5, 3.5)
                painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setClipping(False)
        self._paint_hover(painter, area)

    def _paint_hover(self, painter: QPainter, area: QRectF) -> None:
        if self._hover is None or not area.contains(self._hover):
            return
        found = self._nearest(self._hover)
        if found is None:
            return
        seed, iteration, value = found
        words = f"start {seed}, iteration {grouped(round(iteration))}: {significant(10**value, 3)}"
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(words) + 12
        plate = QRectF(area.right() - width - 4, area.top() + 4, width, metrics.height() + 4)
        base = QColor(self.palette().color(QPalette.ColorRole.Window))
        base.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(base)
        painter.drawRoundedRect(plate, 3, 3)
        painter.setPen(self.text_colour())
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)

    def _nearest(self, where: QPointF) -> tuple[int, float, float] | None:
        """Seed, iteration and value (log10) of the point nearest on screen."""
        area = self.area()
        best, found = math.inf, None
        for seed, x, y in self._raw:
            across = area.left() + (x - self.across.low) / (self.across.high - self.across.low) * area.width()
            up = area.bottom() - (y - self.up.low) / (self.up.high - self.up.low) * area.height()
            apart = (across - where.x()) ** 2 + (up - where.y()) ** 2
            at = int(np.argmin(apart))
            if apart[at] < best:
                best, found = float(apart[at]), (seed, float(x[at]), float(y[at]))
        return found if best < 60.0**2 else None

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._hover = event.position()
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = None
        self.update()
        super().leaveEvent(event)  # type: ignore[arg-type]

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        found = self._nearest(event.position())
        if found is not None:
            self.seed_chosen.emit(found[0])


class ErrorCurves(QWidget):
    """R factor on measured pixels beside (or above) the free log-likelihood on held-out ones."""

    seed_chosen = pyqtSignal(int)
    """the user clicked on the line of this start"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.r_factor = CurvePlot("R factor", "R factor")
        self.free = CurvePlot("Free log-likelihood", "free LLK per pixel")
        self.r_factor.setToolTip(
            "Sum of |calculated − measured| amplitude over the sum of the measured, per iteration"
        )
        self.free.setToolTip(
            "Free log-likelihood: Poisson deviance per pixel on those held out. 1 is as good as noise allows."
        )
        self._empty = EmptyState("No error curves yet", "They are drawn here, one line a start, while it runs.")
        full = QWidget()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, full)
        self._box.setContentsMargins(2, 2, 2, 2)
        self._box.setSpacing(2)
        self._box.addWidget(self.r_factor, 1)
        self._box.addWidget(self.free, 1)
        self._full = full
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        for plot in (self.r_factor, self.free):
            plot.seed_chosen.connect(self.seed_chosen)

    def set_curves(self, curves: Sequence[Curve], watched: int | None, total: int | None = None) -> None:
        """Show these curves, the watched start's thick."""
        drawn = [curve for curve in curves if curve.iteration.size]
        self._stack.setCurrentWidget(self._full if drawn else self._empty)
        self.r_factor.set_lines([(c.seed, c.iteration, c.r_factor) for c in drawn], watched, total)
        self.free.set_lines([(c.seed, c.iteration, c.free) for c in drawn], watched, total)

    def set_watched(self, seed: int | None) -> None:
        self.r_factor.set_watched(seed)
        self.free.set_watched(seed)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        tall = self.width() < 480 or self.height() > 0.75 * self.width()
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if tall else QBoxLayout.Direction.LeftToRight)


def _whole_ticks(last: float) -> tuple[Tick, ...]:
    """Round iterations, about six of them."""
    power = 10.0 ** math.floor(math.log10(max(1.0, last)))
    step = next((m * power for m in (0.1, 0.2, 0.5, 1.0, 2.0) if last / (m * power) <= 6), power)
    step = max(1.0, step)
    return tuple((n * step, grouped(round(n * step))) for n in range(int(last // step) + 1))


def _decade_ticks(low: float, high: float) -> tuple[Tick, ...]:
    """1, 2, 5 × 10ⁿ between 10^low and 10^high; every tenth where the range is narrow."""
    found: list[Tick] = []
    multiples = (1, 2, 5) if high - low > 0.5 else (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    for power in range(math.floor(low), math.ceil(high) + 1):
        for multiple in multiples:
            at = math.log10(multiple) + power
            if low <= at <= high:
                found.append((at, format_value(multiple * 10.0**power)))
    if len(found) < 2:
        found = [(at, significant(10**at, 3)) for at in (low, (low + high) / 2, high)]
    return tuple(found)
