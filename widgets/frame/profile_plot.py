"""The radial profile's plot: one curve with axes, which the wheel zooms along x.

All pyqtgraph: import this module only where a plot is about to be shown (importing it takes 0.1 to 0.25 s).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph
from PyQt6.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QPalette
from PyQt6.QtWidgets import QWidget

from widgets.frame.lettering import small_font

Values = npt.NDArray[np.float64]

_LEFT_AXIS_PX = 62
_BOTTOM_AXIS_PX = 34
_MOST_ZOOM = 100.0


class ProfilePlot(pyqtgraph.PlotWidget):
    """y over x with a crosshair on the nearest point; y follows what is seen, zoom along x stays."""

    pointed = pyqtSignal(int)
    """the point under the crosshair, −1 for none"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Radial profile")
        self._x: Values = np.empty(0)
        self._y: Values = np.empty(0)
        self._log = True
        self._at = -1
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setMouseEnabled(x=True, y=False)
        plot.showGrid(x=True, y=True, alpha=0.18)
        box = plot.getViewBox()
        box.setAutoVisible(y=True)
        box.enableAutoRange(x=False, y=True)
        box.setDefaultPadding(0.04)
        for name in ("left", "bottom"):
            plot.getAxis(name).enableAutoSIPrefix(False)
        # the curve would move sideways whenever another frame has longer numbers
        plot.getAxis("left").setWidth(_LEFT_AXIS_PX)
        plot.getAxis("bottom").setHeight(_BOTTOM_AXIS_PX)
        self._curve = plot.plot(antialias=True, connect="finite")
        self._line = pyqtgraph.InfiniteLine(angle=90)
        self._dot = pyqtgraph.ScatterPlotItem(size=7)
        for item in (self._line, self._dot):
            item.setVisible(False)
            plot.addItem(item, ignoreBounds=True)
        self.scene().sigMouseMoved.connect(self._mouse_moved)
        self._follow_palette()

    def set_curve(self, x: Values, y: Values, x_label: str, y_label: str) -> None:
        """Show `y` over `x`, both (n,), x ascending. Zoom stays unless x covers another range."""
        another = self._x.size == 0 or (self._x[0], self._x[-1]) != (x[0], x[-1])
        self._x, self._y = x, y
        plot = self.getPlotItem()
        if (plot.getAxis("bottom").labelText, plot.getAxis("left").labelText) != (x_label, y_label):
            plot.setLabel("bottom", x_label)
            plot.setLabel("left", y_label)
            plot.getAxis("left").resizeEvent()  # else the label stays where it was when it was empty
        self._show_curve()
        if another:
            low, high = float(x[0]), float(x[-1])
            plot.setLimits(xMin=low, xMax=high, minXRange=(high - low) / _MOST_ZOOM)
            self.show_all()

    def set_log(self, log: bool) -> None:
        """Logarithmic y; points at or below zero leave gaps."""
        self._log = log
        self._show_curve()

    def show_all(self) -> None:
        """The whole range of x."""
        self.getPlotItem().setXRange(float(self._x[0]), float(self._x[-1]), padding=0)

    def clear_crosshair(self) -> None:
        """Point at nothing."""
        self._point_at(-1)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        if self._x.size:
            self.show_all()

    def leaveEvent(self, event: QEvent | None) -> None:
        super().leaveEvent(event)
        self._point_at(-1)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._follow_palette()

    def _follow_palette(self) -> None:
        plot = self.getPlotItem()
        if plot is None:  # the palette also changes while a closed window is taken down
            return
        palette, roles = self.palette(), QPalette.ColorRole
        text, accent = palette.color(roles.WindowText), palette.color(roles.Highlight)
        font = small_font(self.font())
        self.setBackground(palette.color(roles.Window))
        for name in ("left", "bottom"):
            axis = plot.getAxis(name)
            axis.setPen(palette.color(roles.Mid))
            axis.setTextPen(text)
            axis.setTickFont(font)
            axis.label.setFont(font)
        self._curve.setPen(pyqtgraph.mkPen(accent, width=1.4))
        self._line.setPen(pyqtgraph.mkPen(text, width=1, style=Qt.PenStyle.DashLine))
        self._dot.setPen(pyqtgraph.mkPen(text, width=1))
        self._dot.setBrush(accent)

    def _heights(self) -> Values:
        """Where the points are drawn on the y axis; NaN where they have no place."""
        if not self._log:
            return self._y
        return np.log10(self._y, out=np.full(self._y.shape, np.nan), where=self._y > 0)

    def _show_curve(self) -> None:
        self.getPlotItem().getAxis("left").setLogMode(self._log)
        self._curve.setData(self._x, self._heights())
        self._point_at(self._at if self._at < self._x.size else -1)

    def _mouse_moved(self, where: Any) -> None:
        box = self.getPlotItem().getViewBox()
        if not self._x.size or not box.sceneBoundingRect().contains(QPointF(where)):
            self._point_at(-1)
            return
        x = box.mapSceneToView(QPointF(where)).x()
        self._point_at(int(np.abs(self._x - x).argmin()))

    def _point_at(self, at: int) -> None:
        self._at = at
        self._line.setVisible(at >= 0)
        height = self._heights()[at] if at >= 0 else np.nan
        self._dot.setVisible(bool(np.isfinite(height)))
        if at >= 0:
            self._line.setPos(float(self._x[at]))
        if np.isfinite(height):
            self._dot.setData([float(self._x[at])], [float(height)])
        self.pointed.emit(at)
