"""Curves of before and after over one axis: the radial profile, the power spectrum."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from models.display import format_value
from widgets import theme
from widgets.empty import EmptyState
from widgets.frame.lettering import small_font
from widgets.phase.narrow import ShortLabel
from widgets.trust.plot import Axis, Plot

COUNTED, RATE, FILLED = "counted", "rate", "filled"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DECADES = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve: its kind (`COUNTED`, `RATE`, `FILLED`), its name, and its points; NaN leaves a gap."""

    kind: str
    name: str
    y: npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Several lines over the same places.

    Attributes:
        x_name, y_name: with units. x: (n,) ascending. lines: each (n,), drawn in order.
        level: a value of y with a meaning, and what it means; None for none.
        words: place of a point → what is said of it; "" for nothing.
    """

    x_name: str
    y_name: str
    x: npt.NDArray[Any]
    lines: tuple[Line, ...]
    level: tuple[float, str] | None = None
    words: Callable[[int], str] = field(default=lambda _at: "")


class CurvePlot(Plot):
    """Curves over a linear axis, their values logarithmic."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        empty = Axis("", 0.0, 1.0, ())
        super().__init__(name, empty, empty, parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFont(small_font(self.font()))
        self._curves: Curves | None = None
        self._at: int | None = None

    @property
    def curves(self) -> Curves | None:
        """What is drawn."""
        return self._curves

    def set_curves(self, curves: Curves | None) -> None:
        self._curves, self._at = curves, None
        if curves is not None:
            last = float(curves.x.max(initial=0.0)) or 1.0
            self.set_axes(
                Axis(curves.x_name, 0.0, last, _even_ticks(last)),
                _log_axis(curves.y_name, curves.lines, curves.level),
            )
        self.update()

    def point_at(self, where: QPointF) -> int | None:
        """Place of the point nearest to the mouse, across."""
        if self._curves is None or not self._curves.x.size:
            return None
        return int(np.abs(self._curves.x - self.value_at(where)[0]).argmin())

    def mark(self, at: int | None) -> None:
        """A line at one of the points."""
        if at != self._at:
            self._at = at
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        area = self.paint_axes(painter)
        curves = self._curves
        if curves is None:
            return
        metrics, faint = QFontMetricsF(self.font()), theme.faint_text(self.palette())
        if curves.level is not None:
            value, words = curves.level
            left = self.to_pixel(self.across.low, math.log10(value))
            painter.setPen(QPen(faint, 1.0, Qt.PenStyle.DashLine))
            painter.drawLine(left, QPointF(area.right(), left.y()))
            painter.drawText(QPointF(area.left() + 5, left.y() + metrics.ascent() + 2), words)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area.adjusted(-1, -1, 1, 1))
        for line in curves.lines:
            painter.setPen(self._pen(line.kind))
            for part in self._parts(curves.x, line.y):
                painter.drawPolyline(part) if len(part) > 1 else painter.drawPoint(part[0])
        if self._at is not None:
            x = self.to_pixel(float(curves.x[self._at]), self.up.low).x()
            painter.setPen(QPen(faint, 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.restore()
        self._paint_key(painter, area, metrics, curves.lines)

    def _paint_key(self, painter: QPainter, area: QRectF, metrics: QFontMetricsF, lines: Sequence[Line]) -> None:
        wide = max(metrics.horizontalAdvance(line.name) for line in lines) + 34
        plate = QRectF(area.right() - wide - 6, area.top() + 4, wide, metrics.height() * len(lines) + 4)
        base = QColor(self.palette().color(QPalette.ColorRole.Base))
        base.setAlpha(205)
        painter.fillRect(plate, base)
        for row, line in enumerate(lines):
            y = plate.top() + 2 + metrics.height() * (row + 0.5)
            painter.setPen(self._pen(line.kind))
            painter.drawLine(QPointF(plate.left() + 4, y), QPointF(plate.left() + 24, y))
            painter.setPen(self.text_colour())
            painter.drawText(QPointF(plate.left() + 30, y + metrics.ascent() / 2 - 1), line.name)

    def _pen(self, kind: str) -> QPen:
        if kind == COUNTED:
            return QPen(theme.faint_text(self.palette()), 1.4)
        if kind == FILLED:
            return QPen(theme.warning_colour(self.palette()), 1.6, Qt.PenStyle.DashLine)
        return QPen(self.palette().color(QPalette.ColorRole.Highlight), 2.0)

    def _parts(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> list[QPolygonF]:
        """The line without the places where there is nothing to draw."""
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.log10(np.asarray(y, np.float64))
        good = np.isfinite(up)
        edges = np.flatnonzero(np.diff(good.astype(np.int8), prepend=0, append=0))
        return [
            QPolygonF(self.to_pixels(np.asarray(x[a:b], np.float64), up[a:b]))
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]


class CurvePanel(QWidget):
    """A plot with the point under the mouse in words, or why there is none."""

    def __init__(self, name: str, missing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = CurvePlot(name)
        self.plot.setWhatsThis(missing)
        self._words = ShortLabel()
        self._words.setFont(small_font(self.font()))
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._words.setMinimumHeight(self._words.fontMetrics().height() + 2)
        self._said, self._missing = "", missing
        self._title = f"No {name[0].lower()}{name[1:]} yet"
        full = QWidget()
        box = QVBoxLayout(full)
        box.setContentsMargins(4, 4, 4, 2)
        box.setSpacing(2)
        box.addWidget(self.plot, 1)
        box.addWidget(self._words)
        self._full = full
        self._empty = EmptyState(self._title, missing)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self.plot.installEventFilter(self)

    def clear(self) -> None:
        self.plot.set_curves(None)
        self._stack.setCurrentWidget(self._empty)

    def set_curves(self, curves: Curves, said: str = "") -> None:
        """Show these; `said` sums them up."""
        self._said = said
        self._words.setText(said)
        self.plot.set_curves(curves)
        self._stack.setCurrentWidget(self._full)

    def text(self) -> str:
        return self._empty.text() if self._stack.currentWidget() is self._empty else self._words.text()

    def eventFilter(self, watched: object, event: object) -> bool:
        if watched is self.plot and isinstance(event, QMouseEvent) and event.type() == QMouseEvent.Type.MouseMove:
            at, curves = self.plot.point_at(event.position()), self.plot.curves
            self.plot.mark(at)
            if at is not None and curves is not None:
                self._words.setText(curves.words(at) or self._said)
        return False


def _even_ticks(last: float) -> tuple[tuple[float, str], ...]:
    power = 10.0 ** math.floor(math.log10(last / 5))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= last / 5 * (1 - 1e-9))
    return tuple((n * step, format_value(float(f"{n * step:.6g}"))) for n in range(int(last / step + 1e-9) + 1))


def _log_axis(name: str, lines: Sequence[Line], level: tuple[float, str] | None) -> Axis:
    """A logarithmic axis over what the lines hold; values far below the largest are left out."""
    values = np.concatenate([np.asarray(line.y, np.float64) for line in lines])
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return Axis(name, -1.0, 1.0, ((0.0, "1"),))
    if level is not None:
        values = np.append(values, level[0])
    high = math.log10(float(values.max()))
    low = max(math.log10(float(values.min())), high - _DECADES)
    room = max(0.06 * (high - low), 0.08)
    low, high = low - room, high + room
    return Axis(name, low, high, tuple(_decades(low, high)))


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    every = max(1, math.ceil((high - low) / 7))
    whole = range(math.ceil(low), math.floor(high) + 1)
    if len(whole) >= 2:
        return [(float(n), _power(n)) for n in whole if n % every == 0]
    steps = [(math.log10(m) + n, m * 10.0**n) for n in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    return [(place, format_value(float(f"{value:.3g}"))) for place, value in steps if low <= place <= high]


def _power(n: int) -> str:
    return {0: "1", 1: "10"}.get(n) or f"10{str(n).translate(_RAISED)}"
