"""What the plots about trust have in common: an area with named axes, ticks, and a ring when the keys are theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QPainter, QPalette, QPen, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from widgets import theme

Tick = tuple[float, str]
"""value on the axis, and how it is written"""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a plot.

    Attributes:
        name: what is shown, with its unit where it has one.
        low, high: the range.
        ticks: where numbers stand.
    """

    name: str
    low: float
    high: float
    ticks: tuple[Tick, ...]


def unit_axis(name: str) -> Axis:
    """A share or probability, 0 to 1."""
    return Axis(name, 0.0, 1.0, ((0.0, "0"), (0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1.0, "1")))


class Plot(QWidget):
    """An empty plot; subclasses draw into `area` and translate with `to_pixel` and `value_at`."""

    def __init__(self, name: str, across: Axis, up: Axis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.across, self.up = across, up
        self._area: QRectF | None = None
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(240, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(150, 120)

    def set_axes(self, across: Axis, up: Axis) -> None:
        """Show other ranges or names."""
        self.across, self.up, self._area = across, up, None
        self.update()

    def area(self) -> QRectF:
        """Where the data are drawn, in pixels of the widget."""
        if self._area is None:
            self._area = self.measure_area()
        return self._area

    def measure_area(self) -> QRectF:
        """What `area` gives, worked out from font, ticks and size."""
        metrics = QFontMetricsF(self.font())
        widest = max((metrics.horizontalAdvance(text) for _, text in self.up.ticks), default=0.0)
        left = widest + metrics.height() + 11
        bottom = 2 * metrics.height() + 8
        top = metrics.height() / 2 + 3
        return QRectF(left, top, max(20.0, self.width() - left - 13), max(20.0, self.height() - bottom - top))

    def to_pixel(self, x: float, y: float) -> QPointF:
        """Where a pair of values is drawn."""
        area = self.area()
        across = (x - self.across.low) / (self.across.high - self.across.low)
        up = (y - self.up.low) / (self.up.high - self.up.low)
        return QPointF(area.left() + across * area.width(), area.bottom() - up * area.height())

    def to_pixels(self, x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> list[QPointF]:
        """Where many pairs of values are drawn."""
        area = self.area()
        across = area.left() + (x - self.across.low) / (self.across.high - self.across.low) * area.width()
        up = area.bottom() - (y - self.up.low) / (self.up.high - self.up.low) * area.height()
        return [QPointF(*pair) for pair in zip(across.tolist(), up.tolist(), strict=True)]

    def value_at(self, where: QPointF) -> tuple[float, float]:
        """The pair of values at a place, kept within the axes."""
        area = self.area()
        across = min(1.0, max(0.0, (where.x() - area.left()) / area.width()))
        up = min(1.0, max(0.0, (area.bottom() - where.y()) / area.height()))
        return (
            self.across.low + across * (self.across.high - self.across.low),
            self.up.low + up * (self.up.high - self.up.low),
        )

    def event(self, event: QEvent | None) -> bool:
        """While a plot has the focus, ← and → are for its own mark; every other key keeps its meaning."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            own = event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right)
            if own and not event.modifiers() & ~(
                Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
            ):
                event.accept()
                return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._area = None

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        self._area = None

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- for subclasses --------------------------------------------------------------------------------------------

    def text_colour(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.WindowText)

    def grid_colour(self) -> QColor:
        base = self.palette().color(QPalette.ColorRole.Base)
        return theme.mixed(base, theme.faint_text(self.palette()), 0.25)

    def paint_axes(self, painter: QPainter) -> QRectF:
        """Background, grid, ticks and names; gives the area."""
        area, metrics = self.area(), QFontMetricsF(self.font())
        line = metrics.height()
        painter.fillRect(area, self.palette().color(QPalette.ColorRole.Base))
        faint, grid = theme.faint_text(self.palette()), self.grid_colour()
        for value, text in self._apart(self.up.ticks, area.height(), self.up, 1.1 * line):
            y = round(self.to_pixel(self.across.low, value).y()) + 0.5
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(faint)
            words = QRectF(0, y - line / 2, area.left() - 5, line)
            painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        wide = max((metrics.horizontalAdvance(text) for _, text in self.across.ticks), default=1.0)
        for value, text in self._apart(self.across.ticks, area.width(), self.across, 1.3 * wide):
            x = round(self.to_pixel(value, self.up.low).x()) + 0.5
            painter.setPen(faint)
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            words = QRectF(x - 40, area.bottom() + 4, 80, line)
            painter.drawText(words, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        painter.setPen(self.text_colour())
        below = QRectF(0, area.bottom() + line + 4, self.width(), line)
        name = metrics.elidedText(self.across.name, Qt.TextElideMode.ElideRight, below.width())
        if metrics.horizontalAdvance(name) <= area.width():
            below = QRectF(area.left(), below.top(), area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, name)
        painter.save()
        painter.translate(line / 2 + 2, area.center().y())
        painter.rotate(-90)
        name = metrics.elidedText(self.up.name, Qt.TextElideMode.ElideRight, area.height() + line)
        painter.drawText(
            QRectF(-self.height() / 2, -line / 2, self.height(), line), Qt.AlignmentFlag.AlignCenter, name
        )
        painter.restore()
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        return area

    @staticmethod
    def _apart(ticks: tuple[Tick, ...], length: float, axis: Axis, least: float) -> list[Tick]:
        """The ticks that do not run into each other: every one, or every second, fourth … where they lie evenly."""
        places = [(value - axis.low) / (axis.high - axis.low) * length for value, _ in ticks]
        every = 1
        even = len(places) > 2 and abs((places[1] - places[0]) - (places[-1] - places[-2])) < 1.0
        while even and every * (places[1] - places[0]) < least and every < len(ticks):
            every *= 2
        kept: list[Tick] = []
        last = -least
        for place, tick in list(zip(places, ticks, strict=True))[::every]:
            if place - last >= least:
                kept.append(tick)
                last = place
        return kept
