"""The values of a frame before and after a step of the calibration, with the peaks of no, one and more photons."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from widgets import theme
from widgets.frame.lettering import small_font
from widgets.histogram import nice_step
from widgets.text import grouped, tick

PHOTON, LEVEL = "photon", "level"
"""What can be dragged: the value of one photon, or the saturation level."""
_REACH_PX = 6.0
_MOST_MARKS = 8
_KEY_STEP = 0.01


@dataclass(frozen=True, eq=False)
class ShownHistogram:
    """What is drawn.

    Attributes:
        edges: (n + 1,) ascending. after: (n,) counts.
        before: counts before the step, None where there is nothing to compare with; in the same bins, unless
            `before_edges` are others.
        unit: of the values.
        outside: values beyond the edges.
        zero: where pixels without a photon lie; None where unknown.
        one_photon: value of one photon above zero; None where unknown.
        level: the saturation level; None for none.
        draggable: `PHOTON`, `LEVEL` or "".
    """

    edges: npt.NDArray[np.float64]
    after: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64] | None = None
    unit: str = ""
    outside: int = 0
    zero: float | None = None
    one_photon: float | None = None
    level: float | None = None
    draggable: str = ""
    before_edges: npt.NDArray[np.float64] | None = None


class ValueHistogram(QWidget):
    """Log counts over values. The line of one photon, or of saturation, is dragged or moved with ← and →."""

    dragged = pyqtSignal(str, float)
    """`PHOTON` or `LEVEL`, and its value while it is moved"""
    chosen = pyqtSignal(str, float)
    """the same once it is let go"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Histogram of values before and after the step")
        self._shown: ShownHistogram | None = None
        self._message = ""
        self._held: float | None = None

    @property
    def shown(self) -> ShownHistogram | None:
        return self._shown

    def set_shown(self, shown: ShownHistogram | None, message: str = "") -> None:
        """Draw this; without one `message` stands in its place. A line that is held stays where it is held."""
        self._shown, self._message = shown, message
        tips = {
            PHOTON: "Drag the line of one photon onto its peak; ← and → move it by 1 %",
            LEVEL: "Drag the line to where values are saturated; ← and → move it by 1 % of the range",
        }
        self.setToolTip("" if shown is None else tips.get(shown.draggable, ""))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 90)

    def line_at(self) -> float | None:
        """Where the line that can be dragged is, in the values' unit."""
        shown = self._shown
        if shown is None or not shown.draggable:
            return None
        if self._held is not None:
            return self._held
        if shown.draggable == LEVEL:
            return float(shown.edges[-1]) if shown.level is None else shown.level
        if shown.zero is None or shown.one_photon is None:
            return None
        return shown.zero + shown.one_photon

    def place_of(self, value: float) -> QPointF:
        """Where a value is on the widget, at half its height."""
        return QPointF(self._to_x(value), self._area().center().y())

    # -- mouse and keys --------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton and self._can_take(event.position()):
            self._held = self._limited(self._to_value(event.position().x()))
            self._tell(self.dragged)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._held is not None:
            self._held = self._limited(self._to_value(event.position().x()))
            self._tell(self.dragged)
        over = self._held is not None or self._can_take(event.position())
        self.setCursor(Qt.CursorShape.SplitHCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        if self._held is not None:
            self._tell(self.chosen)
            self._held = None
            self.update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        sign = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        line, shown = self.line_at(), self._shown
        if not sign or line is None or shown is None:
            super().keyPressEvent(event)
            return
        of = shown.one_photon if shown.draggable == PHOTON else float(shown.edges[-1] - shown.edges[0])
        self._held = self._limited(line + sign * _KEY_STEP * (of or 1.0))
        self._tell(self.chosen)
        self._held = None

    def _can_take(self, where: QPointF) -> bool:
        line, shown = self.line_at(), self._shown
        if shown is None or not shown.draggable or not self._area().adjusted(-8, 0, 8, 0).contains(where):
            return False
        if line is None:  # none yet: a press sets it
            return shown.draggable == PHOTON and shown.zero is not None
        return abs(self._to_x(line) - where.x()) <= _REACH_PX

    def _limited(self, value: float) -> float:
        shown = self._shown
        assert shown is not None
        low, high = float(shown.edges[0]), float(shown.edges[-1])
        if shown.draggable == PHOTON and shown.zero is not None:
            low = shown.zero + 0.002 * (high - low)
        return min(max(value, low), high)

    def _tell(self, signal: object) -> None:
        shown, line = self._shown, self._held
        if shown is not None and line is not None:
            value = line - (shown.zero or 0.0) if shown.draggable == PHOTON else line
            signal.emit(shown.draggable, value)  # type: ignore[attr-defined]
            self.update()

    # -- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        palette = self.palette()
        area = self._area()
        painter.fillRect(area, palette.color(QPalette.ColorRole.Base))
        painter.setFont(small_font(self.font()))
        shown = self._shown
        if shown is None or not len(shown.after):
            painter.setPen(theme.faint_text(palette))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(area.adjusted(12, 4, -12, -4), flags, self._message)
            painter.end()
            return
        top = max(self._top(shown), 1.0)
        self._paint_axes(painter, area, shown, top)
        painter.save()
        painter.setClipRect(area)
        accent = palette.color(QPalette.ColorRole.Highlight)
        fill = QColor(accent)
        fill.setAlpha(110)
        self._paint_steps(painter, area, shown.edges, shown.after, top, QPen(accent, 1), fill)
        if shown.before is not None:
            edges = shown.edges if shown.before_edges is None else shown.before_edges
            pen = QPen(theme.warning_colour(palette), 1.3)
            self._paint_steps(painter, area, edges, shown.before, top, pen, None)
        painter.restore()
        self._paint_marks(painter, area, shown)
        self._paint_caption(painter, area, shown)
        painter.end()

    def _paint_steps(
        self,
        painter: QPainter,
        area: QRectF,
        edges: npt.NDArray[np.float64],
        counts: npt.NDArray[np.int64],
        top: float,
        pen: QPen,
        fill: QColor | None,
    ) -> None:
        xs = [self._to_x(float(edge)) for edge in edges]
        ys = (area.bottom() - np.log10(1.0 + counts) / top * (area.height() - 4)).tolist()
        points = [QPointF(xs[0], area.bottom())]
        for i, y in enumerate(ys):
            points += [QPointF(xs[i], y), QPointF(xs[i + 1], y)]
        points.append(QPointF(xs[-1], area.bottom()))
        painter.setPen(pen)
        if fill is None:
            painter.drawPolyline(QPolygonF(points))
        else:
            painter.setBrush(fill)
            painter.drawPolygon(QPolygonF(points))
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_axes(self, painter: QPainter, area: QRectF, shown: ShownHistogram, top: float) -> None:
        palette = self.palette()
        metrics = QFontMetricsF(painter.font())
        faint = theme.faint_text(palette)
        grid = theme.mixed(palette.color(QPalette.ColorRole.Base), faint, 0.25)
        for power in range(math.ceil(top) + 1):
            if power > top:
                break
            y = area.bottom() - math.log10(1.0 + 10.0**power) / top * (area.height() - 4)
            if y < area.top() + 2:
                continue
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(faint)
            words = QRectF(0, y - metrics.height() / 2, area.left() - 5, metrics.height())
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(words, int(flags), grouped(10**power))
        low, high = float(shown.edges[0]), float(shown.edges[-1])
        step = nice_step(high - low, max(2, int(area.width() / 70)))
        at = math.ceil(low / step) * step
        while at <= high + 1e-9 * step:
            x = self._to_x(at)
            painter.setPen(palette.color(QPalette.ColorRole.Mid))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            painter.setPen(palette.color(QPalette.ColorRole.WindowText))
            words = QRectF(x - 40, area.bottom() + 5, 80, metrics.height())
            painter.drawText(words, int(Qt.AlignmentFlag.AlignHCenter), tick(at, high - low))
            at += step
        painter.setPen(faint)
        unit = QRectF(area.left(), area.bottom() + 5 + metrics.height(), area.width(), metrics.height())
        painter.drawText(unit, int(Qt.AlignmentFlag.AlignHCenter), f"value of a pixel ({shown.unit or 'as stored'})")
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())

    def _paint_marks(self, painter: QPainter, area: QRectF, shown: ShownHistogram) -> None:
        text = self.palette().color(QPalette.ColorRole.WindowText)
        one = shown.one_photon
        line = self.line_at()
        if self._held is not None and shown.draggable == PHOTON and shown.zero is not None:
            one = self._held - shown.zero
        if shown.zero is not None:
            self._paint_mark(painter, area, shown.zero, "0", text, dashed=True)
            if one is not None and self._to_x(shown.zero + one) - self._to_x(shown.zero) >= 8:
                for n in range(1, _MOST_MARKS):
                    if n > 1 or shown.draggable != PHOTON:
                        words = "1 photon" if n == 1 else str(n)
                        self._paint_mark(painter, area, shown.zero + n * one, words, text, dashed=True)
        if line is not None and shown.draggable == PHOTON and one is not None:
            words = f"1 photon = {one:.4g} {shown.unit}".rstrip()
            self._paint_mark(painter, area, line, words, text, dashed=False)
        elif line is not None and shown.draggable == LEVEL:
            words = "drag: saturated from here" if shown.level is None and self._held is None else f"{line:.5g}"
            self._paint_mark(painter, area, line, words, text, dashed=False)
        elif shown.level is not None:
            self._paint_mark(painter, area, shown.level, "saturated", text, dashed=True)

    def _paint_mark(
        self, painter: QPainter, area: QRectF, value: float, words: str, colour: QColor, *, dashed: bool
    ) -> None:
        x = self._to_x(value)
        if not area.left() - 1 <= x <= area.right() + 1:
            return
        pen = QPen(colour, 1.0 if dashed else 2.0)
        if dashed:
            pen.setDashPattern([3, 4])
        metrics = QFontMetricsF(painter.font())
        painter.setPen(pen)
        painter.drawLine(QPointF(x, area.top() + metrics.height()), QPointF(x, area.bottom()))
        if not dashed:
            painter.setBrush(colour)
            y = area.top() + metrics.height()
            painter.drawPolygon(QPolygonF([QPointF(x - 5, y), QPointF(x + 5, y), QPointF(x, y + 7)]))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        width = metrics.horizontalAdvance(words) + 4
        left = min(max(x - width / 2, area.left()), area.right() - width)
        painter.setPen(colour)
        painter.drawText(
            QRectF(left, area.top() - 1, width, metrics.height()), int(Qt.AlignmentFlag.AlignCenter), words
        )

    def _paint_caption(self, painter: QPainter, area: QRectF, shown: ShownHistogram) -> None:
        metrics = QFontMetricsF(painter.font())
        palette = self.palette()
        parts = [(f"{grouped(int(shown.after.sum()))} pixels, log counts", theme.faint_text(palette))]
        if shown.outside:
            parts.append((f"{grouped(shown.outside)} beyond the axis", theme.faint_text(palette)))
        if shown.before is not None:
            parts += [
                ("– before", theme.warning_colour(palette)),
                ("■ after", palette.color(QPalette.ColorRole.Highlight)),
            ]
        y = area.top() + metrics.height() + 4
        for words, colour in parts:
            painter.setPen(colour)
            painter.drawText(QRectF(area.left(), y, area.width() - 6, metrics.height()), int(_RIGHT), words)
            y += metrics.height()

    @staticmethod
    def _top(shown: ShownHistogram) -> float:
        highest = int(shown.after.max(initial=0))
        if shown.before is not None:
            highest = max(highest, int(shown.before.max(initial=0)))
        return 1.08 * math.log10(1.0 + max(highest, 10))

    def _area(self) -> QRectF:
        metrics = QFontMetricsF(small_font(self.font()))
        left = metrics.horizontalAdvance(grouped(1_000_000)) + 8
        return QRectF(
            left, 4, max(20.0, self.width() - left - 10), max(20.0, self.height() - 2 * metrics.height() - 14)
        )

    def _to_x(self, value: float) -> float:
        area, shown = self._area(), self._shown
        if shown is None:
            return area.left()
        low, high = float(shown.edges[0]), float(shown.edges[-1])
        return area.left() + (value - low) / (high - low) * area.width()

    def _to_value(self, x: float) -> float:
        area, shown = self._area(), self._shown
        assert shown is not None
        low, high = float(shown.edges[0]), float(shown.edges[-1])
        return low + (x - area.left()) / area.width() * (high - low)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
