"""The colour bar: which colour is which value, with ends that can be dragged or typed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from models.display import Levels, Scaling, colours_at, format_value, from_unit, ticks, to_unit
from widgets import theme
from widgets.frame.images import shared_image
from widgets.frame.lettering import small_font

REACH = (-0.08, 1.08)
"""First and last place the bar shows, where the levels are 0 and 1: room to drag the ends outwards."""
SIDE_MARGIN = 10
"""Pixels left free on either side, so that the outermost tick's text has room; plots above share it."""

FloatArray = npt.NDArray[np.floating[Any]]

_BAR_HEIGHT = 12
_SMALLEST_SPAN = 0.02


class LevelBar(QWidget):
    """Shows the colour map over the values it stands for.

    The axis is that of the present scaling. While an end is dragged the axis stays and the end moves; once it is let
    go the axis fits the new levels.
    """

    levels_dragged = pyqtSignal(float, float)
    """low, high while an end is being moved"""
    levels_chosen = pyqtSignal(float, float)
    """low, high once the end is let go"""
    auto_wanted = pyqtSignal()
    """double click: back to automatic levels"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Colour bar")
        self.setToolTip("Drag an end to change the levels; drag between them to move both; double-click for auto.")
        self._levels = Levels(0.0, 1.0)
        self._scaling = Scaling.LINEAR
        self._colour_map = "grey"
        self._unit = ""
        self._whole = False
        self._ends = [0.0, 1.0]
        self._dragged: tuple[bool, bool] = (False, False)
        self._drag_place = 0.0

    def set_scale(self, levels: Levels, scaling: Scaling, colour_map: str) -> None:
        """What the bar stands for; ignored while an end is dragged."""
        if any(self._dragged) or (levels, scaling, colour_map) == (self._levels, self._scaling, self._colour_map):
            return
        self._levels, self._scaling, self._colour_map = levels, scaling, colour_map
        self._ends = [0.0, 1.0]
        self.update()

    def set_whole(self, whole: bool) -> None:
        """Whether values are whole numbers: no ticks between them then."""
        if whole != self._whole:
            self._whole = whole
            self.update()

    def set_unit(self, unit: str) -> None:
        self._unit = unit
        self.update()

    @property
    def levels(self) -> Levels:
        """The levels shown, ends being dragged included."""
        if self._ends == [0.0, 1.0]:
            return self._levels
        low, high = (float(value) for value in from_unit(np.array(self._ends), self._levels, self._scaling))
        return Levels(low, high)

    def sizeHint(self) -> QSize:
        return QSize(240, _BAR_HEIGHT + 10 + round(QFontMetricsF(small_font(self.font())).height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.sizeHint().height())

    def end_position(self, end: int) -> QPointF:
        """Where the low (0) or high (1) end is on the widget."""
        return QPointF(self._to_x(self._ends[end]), 2 + _BAR_HEIGHT / 2)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        palette = self.palette()
        bar = QRectF(self._to_x(REACH[0]), 2, self._to_x(REACH[1]) - self._to_x(REACH[0]), _BAR_HEIGHT)
        steps = 256
        across = np.linspace(REACH[0], REACH[1], steps)
        low, high = self._ends
        seen = self._colour_places(across)
        row = colours_at(self._colour_map, seen)[None]
        painter.drawImage(bar, shared_image(row))
        text = palette.color(QPalette.ColorRole.WindowText)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.drawRect(bar)
        self._paint_ticks(painter, bar)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place in (low, high):
            x = self._to_x(place)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Window), 3))
            painter.drawLine(QPointF(x, 1), QPointF(x, 3 + _BAR_HEIGHT))
            painter.setPen(QPen(text, 1.4))
            painter.drawLine(QPointF(x, 1), QPointF(x, 3 + _BAR_HEIGHT))
            painter.setBrush(text)
            painter.drawPolygon(
                QPolygonF(
                    [QPointF(x, 3 + _BAR_HEIGHT), QPointF(x - 4, 8 + _BAR_HEIGHT), QPointF(x + 4, 8 + _BAR_HEIGHT)]
                )
            )
        painter.end()

    def _colour_places(self, across: FloatArray) -> FloatArray:
        """Place in the colour map of every column of the bar, with the ends where they are dragged to."""
        if self._ends == [0.0, 1.0]:
            return across
        return to_unit(from_unit(across, self._levels, self._scaling), self.levels, self._scaling)

    def _paint_ticks(self, painter: QPainter, bar: QRectF) -> None:
        font = small_font(self.font())
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        faint = theme.faint_text(self.palette())
        unit_width = metrics.horizontalAdvance(self._unit) + 10 if self._unit else 0.0
        baseline = bar.bottom() + 7 + metrics.ascent()
        if self._unit:
            painter.setPen(faint)
            painter.drawText(QPointF(self.width() - unit_width + 8, baseline), self._unit)
        widest = max(metrics.horizontalAdvance(format_value(v)) for v in (self._levels.low, self._levels.high))
        spacing = (max(widest, 24) + 12) / max(1.0, bar.width()) * (REACH[1] - REACH[0])
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        marks = ticks(self._levels, self._scaling, reach=REACH, spacing=spacing, whole=self._whole)
        for place, label in marks:
            x = self._to_x(place)
            half = metrics.horizontalAdvance(label) / 2
            if x - half < 0 or x + half > self.width() - unit_width:
                continue
            painter.drawLine(QPointF(x, bar.bottom()), QPointF(x, bar.bottom() + 4))
            painter.drawText(QPointF(x - half, baseline), label)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton:
            return
        x = event.position().x()
        near = [abs(x - self._to_x(place)) for place in self._ends]
        if min(near) <= 8:
            self._dragged = (near[0] <= near[1], near[1] < near[0])
        elif self._ends[0] < self._to_place(x) < self._ends[1]:
            self._dragged = (True, True)
        else:
            self._dragged = (near[0] <= near[1], near[1] < near[0])
        self._drag_place = self._to_place(x)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        place = self._to_place(event.position().x())
        if not any(self._dragged):
            near = min(abs(event.position().x() - self._to_x(end)) for end in self._ends)
            self.setCursor(Qt.CursorShape.SplitHCursor if near <= 8 else Qt.CursorShape.ArrowCursor)
            return
        by = place - self._drag_place
        self._drag_place = place
        low, high = self._ends
        if self._dragged[0]:
            low += by
        if self._dragged[1]:
            high += by
        if high - low < _SMALLEST_SPAN:
            low, high = (high - _SMALLEST_SPAN, high) if self._dragged[0] else (low, low + _SMALLEST_SPAN)
        self._ends = [low, high]
        self.update()
        levels = self.levels
        self.levels_dragged.emit(levels.low, levels.high)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        if not any(self._dragged):
            return
        self._dragged = (False, False)
        if self._ends == [0.0, 1.0]:
            return
        levels = self.levels
        self._levels, self._ends = levels, [0.0, 1.0]
        self.update()
        self.levels_chosen.emit(levels.low, levels.high)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        self.auto_wanted.emit()

    def _to_x(self, place: float) -> float:
        width = self.width() - 2 * SIDE_MARGIN
        return SIDE_MARGIN + (place - REACH[0]) / (REACH[1] - REACH[0]) * width

    def _to_place(self, x: float) -> float:
        width = max(1, self.width() - 2 * SIDE_MARGIN)
        return REACH[0] + (x - SIDE_MARGIN) / width * (REACH[1] - REACH[0])
