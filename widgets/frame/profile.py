"""The strip with the radial profile: plot, readout under its crosshair, and the switch for a logarithmic axis."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QSize, Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from models.detector.geometry import resolution_nm
from widgets import theme
from widgets.frame.lettering import small_font

if TYPE_CHECKING:
    from widgets.frame.profile_plot import ProfilePlot

STRIP_HEIGHT = 168
_WAITING = "The mean of the frame's valid pixels round the beam"


class ProfileStrip(QWidget):
    """One curve over radius or q: the mean of the valid pixels round the beam.

    The plot is made when there is a curve to show and the strip is on screen: pyqtgraph makes Qt objects while it is
    imported, so it cannot be loaded beforehand on another thread, and at the start of the program it would hold up
    the window. The first curve therefore holds the window for 0.15 to 0.35 s, once.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._x: npt.NDArray[np.float64] = np.empty(0)
        self._y: npt.NDArray[np.float64] = np.empty(0)
        self._labels = ("", "")
        self._plot: ProfilePlot | None = None
        self._readout = QLabel()
        self._readout.setAccessibleName("Profile under the cursor")
        self._readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._log = QToolButton()
        self._log.setText("Log")
        self._log.setToolTip("Logarithmic axis for the profile's values")
        self._log.setCheckable(True)
        self._log.setChecked(True)
        self._log.setAutoRaise(True)
        self._log.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._log.toggled.connect(self._log_toggled)
        self._waiting = QLabel(_WAITING)
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._waiting.setWordWrap(True)
        words = QHBoxLayout()
        words.setContentsMargins(8, 0, 6, 0)
        words.addWidget(self._readout, 1)
        words.addWidget(self._log)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 2, 0, 0)
        self._box.setSpacing(0)
        self._box.addLayout(words)
        self._box.addWidget(self._waiting, 1)
        self._follow_palette()

    def set_profile(self, x: npt.NDArray[Any], y: npt.NDArray[Any], x_label: str, y_label: str) -> None:
        """Show `y` over ascending `x`, both (n,); what is not finite is left out.

        Labels are names with their units, "q (nm⁻¹)": where x is called q, the crosshair tells the resolution too.
        """
        good = np.isfinite(x) & np.isfinite(y)
        self._x, self._y = np.asarray(x, np.float64)[good], np.asarray(y, np.float64)[good]
        self._labels = (x_label, y_label)
        self._refresh()

    def clear(self) -> None:
        """Show no curve."""
        self.set_profile(np.empty(0), np.empty(0), "", "")

    @property
    def plot(self) -> ProfilePlot | None:
        """The plot, None until a curve was shown."""
        return self._plot

    @property
    def log_button(self) -> QToolButton:
        """Switches the y axis between logarithmic and linear."""
        return self._log

    @property
    def readout(self) -> str:
        """The line above the plot: the point under the crosshair, or what the plot leaves out."""
        return self._readout.text()

    def sizeHint(self) -> QSize:
        return QSize(240, STRIP_HEIGHT)

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._refresh()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._follow_palette()

    def _follow_palette(self) -> None:
        self._readout.setFont(small_font(self.font()))
        self._log.setFont(small_font(self.font()))
        faint = theme.faint_text(self.palette())
        for label in (self._readout, self._waiting):
            palette = label.palette()
            palette.setColor(label.foregroundRole(), faint)
            label.setPalette(palette)

    def _refresh(self) -> None:
        drawable = self._x.size >= 2 and bool(self._x[-1] > self._x[0])
        self._waiting.setVisible(not drawable)
        self._log.setEnabled(drawable)
        if drawable and self._plot is None and self.isVisible():
            self._plot = self._made_plot()
        if self._plot is None:
            return
        self._plot.setVisible(drawable)
        if drawable and self.isVisible():
            self._plot.set_curve(self._x, self._y, *self._labels)
        elif not drawable:
            self._plot.clear_crosshair()

    def _made_plot(self) -> ProfilePlot:
        hooks = sys.excepthook, threading.excepthook
        from widgets.frame.profile_plot import ProfilePlot

        # importing pyqtgraph puts its own in their place, which print to standard output
        sys.excepthook, threading.excepthook = hooks
        plot = ProfilePlot()
        plot.set_log(self._log.isChecked())
        plot.pointed.connect(self._show_point)
        self._box.addWidget(plot, 1)
        return plot

    def _log_toggled(self, log: bool) -> None:
        if self._plot is not None:
            self._plot.set_log(log)

    def _show_point(self, at: int) -> None:
        if at < 0:
            self._readout.setText(self._left_out())
            return
        x, y = float(self._x[at]), float(self._y[at])
        (x_name, x_unit), (y_name, y_unit) = (_name_and_unit(label) for label in self._labels)
        parts = [f"{x_name} {x:.4g} {x_unit}".rstrip()]
        if x_name == "q" and x_unit == "nm⁻¹":
            parts.append(f"d {resolution_nm(x):.4g} nm")
        parts.append(f"{y_name} {y:.5g} {y_unit}".rstrip())
        self._readout.setText("   ·   ".join(parts))

    def _left_out(self) -> str:
        gaps = int(np.count_nonzero(self._y <= 0)) if self._log.isChecked() else 0
        if not gaps:
            return ""
        return f"{gaps} of {self._y.size} rings have a mean of 0 or less: no place on a logarithmic axis"


def _name_and_unit(label: str) -> tuple[str, str]:
    """ "q (nm⁻¹)" into "q" and "nm⁻¹"."""
    name, _, unit = label.partition(" (")
    return name, unit.removesuffix(")")
