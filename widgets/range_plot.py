"""A histogram of numbers with a range on it that can be dragged.

All pyqtgraph: import this module only where a plot is about to be shown (importing it takes 0.1 to 0.25 s).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph
from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QWidget

_LEFT_AXIS_PX = 58
_SHADE_ALPHA = 60


class RangePlot(pyqtgraph.PlotWidget):
    """Bars on a logarithmic scale of counts, and a shaded range over them."""

    range_dragged = pyqtSignal(float, float)
    """low, high: the range the user dragged"""

    _made = False

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.setLabel("left", "frames")
        plot.getAxis("left").setWidth(_LEFT_AXIS_PX)
        for axis in ("left", "bottom"):
            plot.getAxis(axis).enableAutoSIPrefix(False)
        plot.setLogMode(y=True)
        self._bars = plot.plot(stepMode="center", fillLevel=-0.5)
        self._region = pyqtgraph.LinearRegionItem()
        self._region.setZValue(10)
        plot.addItem(self._region, ignoreBounds=True)
        self._region.sigRegionChanged.connect(self._dragged)
        self._made = True
        self._follow_palette()

    def set_counts(self, edges: npt.NDArray[Any], counts: npt.NDArray[Any], label: str) -> None:
        """Show (n,) counts between (n + 1,) ascending edges; `label` of the axis has the unit."""
        plot = self.getPlotItem()
        plot.setLabel("bottom", label)
        self._bars.setData(np.asarray(edges, float), np.maximum(counts, 0.5))
        self._region.setBounds((float(edges[0]), float(edges[-1])))
        plot.setXRange(float(edges[0]), float(edges[-1]), padding=0.02)
        plot.setYRange(np.log10(0.5), np.log10(max(2.0, float(np.max(counts)) * 1.3)), padding=0)

    def set_range(self, low: float, high: float) -> None:
        """Shade this range."""
        self._region.blockSignals(True)
        self._region.setRegion((low, high))
        self._region.blockSignals(False)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and self._made and event.type() == QEvent.Type.PaletteChange:
            self._follow_palette()

    def _dragged(self) -> None:
        low, high = self._region.getRegion()
        self.range_dragged.emit(float(low), float(high))

    def _follow_palette(self) -> None:
        palette = self.palette()
        text, accent = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Highlight)
        self.setBackground(palette.color(QPalette.ColorRole.Base))
        for name in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(name)
            axis.setPen(text)
            axis.setTextPen(text)
        faint = QColor(text)
        faint.setAlpha(110)
        self._bars.setPen(pyqtgraph.mkPen(text))
        self._bars.setBrush(pyqtgraph.mkBrush(faint))
        shade = QColor(accent)
        shade.setAlpha(_SHADE_ALPHA)
        self._region.setBrush(pyqtgraph.mkBrush(shade))
        self._region.setHoverBrush(pyqtgraph.mkBrush(shade))
        for line in self._region.lines:
            line.setPen(pyqtgraph.mkPen(accent, width=2))
