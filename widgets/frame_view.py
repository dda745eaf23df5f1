"""The frame: image, values under the cursor, colour bar, histogram and profile.

The application prepares pictures (`models.display.prepare`) on its reader thread and hands them over; the view
tells it with `picture_wanted` when the same frame has to be prepared again. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy.typing as npt
from PyQt6.QtCore import QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from models.display import (
    COLOUR_MAPS,
    DisplaySettings,
    Levels,
    Picture,
    Scaling,
    colour_table,
    histogram,
)
from widgets.empty import EmptyState
from widgets.frame.canvas import FrameCanvas
from widgets.frame.histogram_strip import HistogramStrip
from widgets.frame.level_bar import REACH, LevelBar
from widgets.frame.level_field import LevelField
from widgets.frame.overlay import Rings
from widgets.frame.profile import ProfileStrip
from widgets.frame.readout import describe_pixel
from widgets.frame.tools import FrameTools
from widgets.frame.viewport import ViewBox

GeometryReadout = Callable[[float, float], tuple[float | None, float | None]]
"""(y, x) in pixels → (q in nm⁻¹, full-period resolution in nm), None where unknown"""

_HISTOGRAM_EVERY_MS = 200
_HISTOGRAM_PIXELS = 300_000
_PREPARE_EVERY_MS = 40


class FrameView(QWidget):
    """One frame with everything that belongs to looking at it.

    Zoom, pan and fixed levels stay when the frame changes. Changes of levels, scaling and colour map are seen at once
    by moving the colours of the present picture; `picture_wanted` then asks for an exact one.
    """

    settings_changed = pyqtSignal(object)
    """the new `DisplaySettings`, after any change made here or through the setters"""
    picture_wanted = pyqtSignal(object)
    """from now on prepare frames, the present one too, with these `DisplaySettings` (before the first time: with
    `settings`); not more often than every 40 ms"""
    levels_changed = pyqtSignal(float, float)
    """low, high: fixed levels the user chose"""
    hovered = pyqtSignal(int, int)
    """pixel (y, x) under the cursor"""
    hover_left = pyqtSignal()
    """the cursor is on no pixel any more"""

    def __init__(self, settings: DisplaySettings | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings or DisplaySettings()
        self._asked: DisplaySettings | None = self._settings
        self._picture: Picture | None = None
        self._unit = ""
        self._geometry: GeometryReadout | None = None

        self._canvas = FrameCanvas()
        self._canvas.hovered.connect(self._show_readout)
        self._canvas.hovered.connect(self.hovered)
        self._canvas.hover_left.connect(self._clear_readout)
        self._canvas.hover_left.connect(self.hover_left)
        self._canvas.pool_wanted.connect(self._pool_wanted)
        self._empty = EmptyState("No frame", "Open a run to see its frames here.")
        self._place = QStackedLayout()
        self._place.addWidget(self._empty)
        self._place.addWidget(self._canvas)

        self._bar = LevelBar()
        self._bar.levels_dragged.connect(self._levels_dragged)
        self._bar.levels_chosen.connect(self.set_levels)
        self._bar.auto_wanted.connect(lambda: self.set_auto_levels(True))
        self._low = LevelField("Lower level")
        self._high = LevelField("Upper level")
        self._low.chosen.connect(lambda value: self._level_typed(low=value))
        self._high.chosen.connect(lambda value: self._level_typed(high=value))
        self._histogram = HistogramStrip()
        self._profile = ProfileStrip()
        self._histogram.hide()
        self._profile.hide()
        self._readout = _Line("Value under the cursor")
        self._note = _Line("How the picture was made")
        self._note.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

        self._tools = FrameTools()
        self._tools.scaling_chosen.connect(self.set_scaling)
        self._tools.colour_map_chosen.connect(self.set_colour_map)
        self._tools.auto_chosen.connect(self.set_auto_levels)
        self._tools.histogram.toggled.connect(self._histogram.setVisible)
        self._tools.histogram.toggled.connect(self._histogram_later)
        self._tools.profile.toggled.connect(self._profile.setVisible)
        levels = QGridLayout()
        levels.setContentsMargins(6, 0, 6, 0)
        levels.setHorizontalSpacing(2)
        levels.setVerticalSpacing(0)
        levels.addWidget(self._histogram, 0, 1)
        levels.addWidget(self._low, 1, 0, Qt.AlignmentFlag.AlignTop)
        levels.addWidget(self._bar, 1, 1)
        levels.addWidget(self._high, 1, 2, Qt.AlignmentFlag.AlignTop)
        levels.addWidget(self._profile, 2, 0, 1, 3)
        levels.setColumnStretch(1, 1)
        words = QHBoxLayout()
        words.setContentsMargins(8, 2, 8, 2)
        words.addWidget(self._readout, 1)
        words.addWidget(self._note)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(self._tools)
        box.addLayout(self._place, 1)
        box.addLayout(words)
        box.addLayout(levels)

        self._histogram_timer = self._timer(_HISTOGRAM_EVERY_MS, self._refresh_histogram)
        self._prepare_timer = self._timer(_PREPARE_EVERY_MS, self._ask_for_picture)
        self._show_settings()

    # frames

    def show_picture(self, picture: Picture) -> None:
        """Show a prepared frame. Levels set here win over those it was prepared with."""
        self._picture = picture
        self._canvas.set_picture(picture, self._table())
        if self._place.currentWidget() is not self._canvas:
            self._place.setCurrentWidget(self._canvas)
        self._bar.set_whole(picture.frame.raw.dtype.kind in "iub")
        self._show_levels()
        self._note.setText(f"pooled {picture.pool:.3g}×{picture.pool:.3g} by maximum" if picture.pool > 1 else "")
        if self._canvas.hover is not None:
            self._show_readout(*self._canvas.hover)
        self._histogram_later()

    def show_message(self, text: str, title: str = "") -> None:
        """Empty state: what will appear here, or why nothing does."""
        self._picture = None
        self._canvas.clear()
        self._empty.set_text(title, text)
        self._place.setCurrentWidget(self._empty)
        self._forget_frame()

    def show_unreadable(self, sentence: str) -> None:
        """A hatched tile with the sentence in the frame's place; zoom and levels stay."""
        self._canvas.set_unreadable(sentence)
        self._place.setCurrentWidget(self._canvas)
        self._forget_frame()

    def set_stale(self, stale: bool) -> None:
        """The frame shown is not the one wanted any more: it stays, and is dimmed after 150 ms."""
        self._canvas.set_stale(stale)

    @property
    def canvas(self) -> FrameCanvas:
        """What the frame is painted on, for layers that lie over it."""
        return self._canvas

    @property
    def picture(self) -> Picture | None:
        """The picture shown, or the last one before an unreadable frame."""
        return self._picture

    # how it looks

    @property
    def settings(self) -> DisplaySettings:
        return self._settings

    def set_settings(self, settings: DisplaySettings) -> None:
        """Take over settings, for example those saved with the run; the pool factor follows the zoom instead.

        `picture_wanted` follows even if they are the present ones: another run's reader does not know them yet.
        """
        self._asked = None
        self._change(replace(settings, pool=self._settings.pool))
        self._prepare_timer.start()

    def set_scaling(self, scaling: Scaling) -> None:
        self._change(replace(self._settings, scaling=scaling))

    def cycle_scaling(self) -> None:
        """The next of linear, sqrt, log, arcsinh."""
        self.set_scaling(self._settings.scaling.next())

    def set_levels(self, low: float, high: float) -> None:
        """Fix the levels.

        Raises:
            BadParameter: unless both are finite and low < high.
        """
        self._change(replace(self._settings, levels=Levels(low, high)))
        self.levels_changed.emit(low, high)

    def set_auto_levels(self, auto: bool) -> None:
        """Percentiles of each frame, or the present levels for all of them."""
        self._change(replace(self._settings, levels=None if auto else self._shown_levels()))

    def set_colour_map(self, name: str) -> None:
        """One of `models.display.COLOUR_MAPS`.

        Raises:
            BadParameter: for another name.
        """
        colour_table(name)
        self._change(replace(self._settings, colour_map=name))

    def cycle_colour_map(self) -> None:
        """The next colour map."""
        place = COLOUR_MAPS.index(self._settings.colour_map)
        self.set_colour_map(COLOUR_MAPS[(place + 1) % len(COLOUR_MAPS)])

    def set_mask_shown(self, shown: bool) -> None:
        """Hatch masked pixels, or draw their values; missing and non-finite ones are always marked."""
        self._change(replace(self._settings, mask_shown=shown))

    # where

    def fit(self) -> None:
        """Show the whole frame."""
        self._canvas.fit()

    def zoom(self, factor: float) -> None:
        """Zoom round the middle."""
        self._canvas.zoom(factor)

    def view_box(self) -> ViewBox | None:
        """Zoom and position for the run's saved state; None while the whole frame is fitted."""
        return self._canvas.view_box()

    def set_view_box(self, box: ViewBox | None) -> None:
        self._canvas.set_view_box(box)

    # what is said about it

    def set_unit(self, unit: str) -> None:
        """Unit of a pixel value: "photons", "ADU", ""."""
        self._unit = unit
        self._bar.set_unit(unit)

    def set_geometry_readout(self, geometry: GeometryReadout | None) -> None:
        """How q and resolution of a pixel are found; None leaves them out of the readout."""
        self._geometry = geometry

    def set_rings(self, rings: Sequence[tuple[float, str]], centre: tuple[float, float] | None) -> None:
        """Rings of (radius in pixels, text) and a cross at `centre` (y, x); no centre, no rings."""
        self._canvas.set_rings(Rings.of(rings, centre) if centre is not None else None)

    def set_rings_shown(self, shown: bool) -> None:
        self._canvas.set_rings_shown(shown)

    def set_profile(self, x: npt.NDArray[Any], y: npt.NDArray[Any], x_label: str, y_label: str) -> None:
        """The radial profile: y over ascending x, both (n,), labels with units, as "q (nm⁻¹)".

        Ignored while no frame is on screen: profiles are worked out elsewhere and may come late.
        """
        if self._canvas.shows_frame:
            self._profile.set_profile(x, y, x_label, y_label)

    @property
    def readout(self) -> str:
        """The line about the pixel under the cursor; "" when there is none."""
        return self._readout.text()

    # tool bar

    def add_actions(self, actions: Sequence[QAction]) -> None:
        """Commands of the application that belong to the frame, as buttons right of the built-in ones."""
        self._tools.insert(actions)

    @property
    def histogram_action(self) -> QAction:
        """Shows and hides the histogram (checkable)."""
        return self._tools.histogram

    @property
    def profile_action(self) -> QAction:
        """Shows and hides the radial profile (checkable); `toggled` tells the application to feed it."""
        return self._tools.profile

    # inside

    def sizeHint(self) -> QSize:
        return QSize(560, 620)

    def _timer(self, interval_ms: int, due: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(due)
        return timer

    def _change(self, settings: DisplaySettings) -> None:
        if settings == self._settings:
            self._show_settings()
            return
        self._settings = settings
        self._show_settings()
        self.settings_changed.emit(settings)
        if not self._prepare_timer.isActive():
            self._prepare_timer.start()

    def _ask_for_picture(self) -> None:
        # indices do not depend on the colour map, and a window being laid out passes through many zooms
        asked = self._asked
        if asked is None or replace(self._settings, colour_map=asked.colour_map) != asked:
            self._asked = self._settings
            self.picture_wanted.emit(self._settings)

    def _pool_wanted(self, pool: float) -> None:
        self._change(replace(self._settings, pool=pool))

    def _levels_dragged(self, low: float, high: float) -> None:
        self._change(replace(self._settings, levels=Levels(low, high)))

    def _level_typed(self, low: float | None = None, high: float | None = None) -> None:
        shown = self._shown_levels()
        new_low, new_high = shown.low if low is None else low, shown.high if high is None else high
        if new_low < new_high:
            self.set_levels(new_low, new_high)
        self._show_levels()

    def _shown_levels(self) -> Levels:
        if self._settings.levels is not None:
            return self._settings.levels
        return self._picture.levels if self._picture is not None else self._bar.levels

    def _table(self) -> Any:
        assert self._picture is not None
        made = (self._picture.levels, self._picture.scaling)
        return colour_table(self._settings.colour_map, made, (self._shown_levels(), self._settings.scaling))

    def _show_settings(self) -> None:
        """Bring buttons, colours and bar in line with the settings."""
        self._tools.show_settings(self._settings)
        if self._picture is not None:
            self._canvas.set_table(self._table())
        self._show_levels()
        self._histogram_later()

    def _show_levels(self) -> None:
        levels = self._shown_levels()
        self._bar.set_scale(levels, self._settings.scaling, self._settings.colour_map)
        self._low.show_value(levels.low)
        self._high.show_value(levels.high)

    def _show_readout(self, y: int, x: int) -> None:
        if self._picture is None:
            return
        q, resolution = self._geometry(y, x) if self._geometry is not None else (None, None)
        self._readout.setText(describe_pixel(self._picture.frame, y, x, self._unit, q, resolution))

    def _forget_frame(self) -> None:
        """Say nothing more about a frame that is not on screen."""
        self._histogram_timer.stop()
        self._histogram.set_histogram(None)
        self._profile.clear()
        self._note.setText("")
        self._clear_readout()

    def _clear_readout(self) -> None:
        self._readout.setText("")

    def _histogram_later(self) -> None:
        wanted = self._tools.histogram.isChecked() and self._canvas.shows_frame
        if wanted and not self._histogram_timer.isActive():
            self._histogram_timer.start()

    def _refresh_histogram(self) -> None:
        if self._picture is None or not self._tools.histogram.isChecked():
            return
        found = histogram(
            self._picture.frame,
            self._shown_levels(),
            self._settings.scaling,
            reach=REACH,
            max_pixels=_HISTOGRAM_PIXELS,
        )
        self._histogram.set_histogram(found)


class _Line(QLabel):
    """A line of text that never asks for more room than it gets."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(self.fontMetrics().height() + 2)

    def setText(self, text: str | None) -> None:
        if text != self.text():
            super().setText(text)
            self.setToolTip(text or "")
