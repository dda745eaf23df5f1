"""Precision against yield, with the operating point that can be dragged along the curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap, QPolygonF
from PyQt6.QtWidgets import QWidget

from widgets import theme
from widgets.trust.plot import Plot, unit_axis

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class KeepCurve:
    """What is to be expected of every threshold. All arrays are (T,), by ascending threshold.

    Attributes:
        thresholds: lowest probability of the frames kept.
        precision: expected share of the kept frames that are of the class.
        low, high: 90 % interval of `precision`.
        found: expected share of the class's frames that are kept.
        kept: how many frames are kept; where none is, there is no precision to speak of.
    """

    thresholds: FloatArray
    precision: FloatArray
    low: FloatArray
    high: FloatArray
    found: FloatArray
    kept: npt.NDArray[np.int64]

    def usable(self) -> npt.NDArray[np.int64]:
        """Places on the curve where there is something to draw."""
        return np.flatnonzero(np.isfinite(self.precision) & np.isfinite(self.found) & (self.kept > 0))


class PrecisionRecallPlot(Plot):
    """Precision over yield (recall) with a band for its interval. Drag along the curve, or walk it by arrow keys."""

    threshold_moved = pyqtSignal(float)
    """the user moved the operating point to this threshold"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Precision and yield", unit_axis("yield"), unit_axis("precision"), parent)
        self._curve: KeepCurve | None = None
        self._colour = ""
        self._painted: tuple[object, QPixmap] | None = None
        self._threshold: float | None = None
        self._point: tuple[float, float] | None = None
        self._between: tuple[float, float] | None = None
        self.setWhatsThis(
            "Every point of the curve is a threshold: to the right more frames of the class are kept (yield), "
            "upwards fewer others are kept with them (precision). The band is the 90 % interval that the number of "
            "held-out examples allows."
        )

    def set_curve(self, curve: KeepCurve | None, name: str = "", colour: str = "") -> None:
        """Show another curve, of the class `name`."""
        self._curve, self._colour = curve, colour
        self.set_axes(
            unit_axis(f"yield: share of all {name} that is kept" if name else "yield"), unit_axis("precision")
        )
        self._painted = None
        if curve is None:
            self._threshold = self._point = self._between = None
        self.update()

    def set_point(
        self,
        threshold: float,
        found: float | None,
        precision: float | None,
        between: tuple[float, float] | None = None,
    ) -> None:
        """Put the operating point somewhere; None where it is not known."""
        self._threshold = threshold
        self._point = None if found is None or precision is None else (found, precision)
        self._between = between
        self.update()

    def point_position(self) -> QPointF | None:
        """Where the operating point is drawn, None where there is none."""
        return None if self._point is None else self.to_pixel(*self._point)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._background())
        if self._curve is None:
            return
        area, ink = self.area(), self._ink()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area.adjusted(-8, -8, 8, 8))
        here = self.point_position()
        if here is None or self._point is None:
            return
        text = self.text_colour()
        painter.setPen(QPen(theme.faint_text(self.palette()), 1.0, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(area.left(), here.y()), here)
        painter.drawLine(QPointF(here.x(), area.bottom()), here)
        if self._between is not None:
            painter.setPen(QPen(text, 1.6))
            low = self.to_pixel(self._point[0], self._between[0])
            high = self.to_pixel(self._point[0], self._between[1])
            painter.drawLine(low, high)
            for end in (low, high):
                painter.drawLine(end + QPointF(-4, 0), end + QPointF(4, 0))
        painter.setPen(QPen(text, 1.8))
        painter.setBrush(ink)
        painter.drawEllipse(here, 6.0, 6.0)

    def _background(self) -> QPixmap:
        """Axes, band and line: painted once, not again for every place the operating point is dragged through."""
        ratio = self.devicePixelRatioF()
        key = (self.width(), self.height(), ratio, self.palette().cacheKey(), self.hasFocus())
        if self._painted is not None and self._painted[0] == key:
            return self._painted[1]
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(self.palette().color(self.backgroundRole()))
        painter = QPainter(picture)
        painter.setFont(self.font())
        area = self.paint_axes(painter)
        if self._curve is not None:
            self._paint_curve(painter, self._curve, area)
        painter.end()
        self._painted = (key, picture)
        return picture

    def _paint_curve(self, painter: QPainter, curve: KeepCurve, area: QRectF) -> None:
        use = curve.usable()
        if not len(use):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area.adjusted(-8, -8, 8, 8))
        found = curve.found[use]
        upper, lower = self.to_pixels(found, curve.high[use]), self.to_pixels(found, curve.low[use])
        tint = self._ink()
        tint.setAlpha(60)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawPolygon(QPolygonF(upper + lower[::-1]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._ink(), 2.0))
        painter.drawPolyline(QPolygonF(self.to_pixels(found, curve.precision[use])))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(event.position())
            return
        here = self.point_position()
        near = here is not None and (event.position() - here).manhattanLength() < 14
        self.setCursor(Qt.CursorShape.SizeAllCursor if near else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """← and → walk along the curve: to the right more is kept, so the threshold falls."""
        assert event is not None
        steps = {Qt.Key.Key_Left: 1, Qt.Key.Key_Right: -1}
        curve = self._curve
        use = curve.usable() if curve is not None else ()
        if curve is None or self._threshold is None or not len(use) or event.key() not in steps:
            super().keyPressEvent(event)
            return
        here = float(self._threshold)
        known = curve.thresholds[use]
        onwards = known[known > here + 1e-9] if steps[Qt.Key(event.key())] > 0 else known[known < here - 1e-9][::-1]
        if len(onwards):
            self.threshold_moved.emit(float(onwards[0]))

    def _drag_to(self, where: QPointF) -> None:
        """To the point of the curve that is nearest on screen."""
        curve = self._curve
        if curve is None:
            return
        use = curve.usable()
        if not len(use):
            return
        area = self.area()
        found, precision = self.value_at(where)
        across = (curve.found[use] - found) * area.width()
        up = (curve.precision[use] - precision) * area.height()
        nearest = use[int(np.argmin(across**2 + up**2))]
        self.threshold_moved.emit(float(curve.thresholds[nearest]))

    def _ink(self) -> QColor:
        return QColor(self._colour) if self._colour else self.palette().color(QPalette.ColorRole.Highlight)
