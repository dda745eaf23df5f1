"""Detector → Calibration: the chain, the histogram of values, and the frame before and after the step chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from models.calibration.settings import CalibrationSettings
from models.display import ColourTable, Picture
from widgets import theme
from widgets.denoise.comparison import AFTER, BESIDE, Comparison
from widgets.detector.calibration_histogram import LEVEL, PHOTON, ValueHistogram
from widgets.detector.calibration_steps import BY_NAME, STEPS, STORED, StepRow
from widgets.frame.lettering import small_font
from widgets.phase.narrow import ShortLabel, scrolled

PEAKS, ALL_VALUES = "peaks", "all"
_WIDE_PX = 760
_ROOM_FOR_PICTURES_PX = 620
"""height from which a narrow pane has room for the pictures; below, the frame view has to do"""


class CalibrationPane(QWidget):
    """Plain values in, what the user wants out. `settings` are those shown, applied or not."""

    settings_changed = pyqtSignal(object)
    """CalibrationSettings as the user changed them"""
    number_wanted = pyqtSignal(str)
    """a step was switched on that has no number or file yet"""
    step_chosen = pyqtSignal(str)
    file_wanted = pyqtSignal(str)
    """"dark" or "gain_map" """
    dark_wanted = pyqtSignal()
    photon_wanted = pyqtSignal()
    apply_wanted = pyqtSignal()
    revert_wanted = pyqtSignal()
    reset_wanted = pyqtSignal()
    range_chosen = pyqtSignal(str)
    """`PEAKS` or `ALL_VALUES`"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = CalibrationSettings()
        self._step = STORED
        self.rows = {step.name: StepRow(step) for step in STEPS}
        chain = QWidget()
        column = QVBoxLayout(chain)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for row in self.rows.values():
            column.addWidget(row)
            row.chosen.connect(self._choose)
            row.switched.connect(self._switch)
            row.edited.connect(self._edited)
            row.file_wanted.connect(self.file_wanted)
            row.button_pressed.connect(self._button)
        column.addStretch(1)
        self.histogram = ValueHistogram()
        self.histogram.dragged.connect(self._dragged)
        self.histogram.chosen.connect(self._dragged)
        self.pictures = Comparison()
        self.pictures.set_mode(BESIDE)
        self.pictures.setMinimumHeight(140)
        self.pictures.hide()  # until it is known that there is room: the window would grow for them
        self._note = QLabel()
        self._note.setWordWrap(True)
        self._note.setMinimumHeight(self.fontMetrics().height())
        self.range = QComboBox()
        self.range.addItem("Peaks", PEAKS)
        self.range.addItem("All values", ALL_VALUES)
        self.range.setToolTip("The part of the histogram where no, one and a few photons lie, or all values")
        self.range.setAccessibleName("Part of the histogram")
        self.range.activated.connect(lambda _place: self.range_chosen.emit(self.range.currentData()))
        self._title = ShortLabel()
        self._title.setFont(theme.title_font(self.font()))
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.range)
        right = QWidget()
        box = QVBoxLayout(right)
        box.setContentsMargins(8, 6, 8, 4)
        box.addLayout(head)
        box.addWidget(self.histogram, 2)
        box.addWidget(self._note)
        box.addWidget(self.pictures, 3)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._chain = scrolled(chain)
        self._split.addWidget(self._chain)
        self._split.addWidget(right)
        self._split.setChildrenCollapsible(False)
        self._split.setStretchFactor(1, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._split, 1)
        whole.addLayout(self._bottom())
        self.set_step(STORED)
        self.set_settings(self._settings)
        self.set_enabled_actions(apply=False, revert=False)

    def _bottom(self) -> QHBoxLayout:
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setFont(small_font(self.font()))
        self.apply, self.revert, self.reset = (QPushButton(text) for text in ("Apply", "Revert", "Reset"))
        for button, tip, signal in (
            (self.reset, "Values as stored: all steps without their numbers", self.reset_wanted),
            (self.revert, "The calibration that is in use", self.revert_wanted),
            (self.apply, "Calibrate all frames like this, for everything: display, sorting, denoising, phasing",
             self.apply_wanted),
        ):  # fmt: skip
            button.setAutoDefault(False)
            button.setToolTip(tip)
            button.clicked.connect(signal)
        line = QHBoxLayout()
        line.setContentsMargins(8, 4, 8, 6)
        line.addWidget(self._said, 1)
        for button in (self.reset, self.revert, self.apply):
            line.addWidget(button)
        return line

    # -- for who feeds it ------------------------------------------------------------------------------------------

    @property
    def settings(self) -> CalibrationSettings:
        return self._settings

    @property
    def step(self) -> str:
        """The step looked at."""
        return self._step

    def set_settings(self, settings: CalibrationSettings) -> None:
        """Show these; nothing is emitted."""
        self._settings = settings
        for name, row in self.rows.items():
            if name != STORED:
                row.set_settings(settings)

    def set_step(self, name: str) -> None:
        """Look at another step; nothing is emitted."""
        self._step = name
        for own, row in self.rows.items():
            row.set_chosen(own == name)

    def set_effects(self, effects: Mapping[str, str], grave: str = "") -> None:
        """What each step did, in a few words; `grave` names the step that failed."""
        for name, row in self.rows.items():
            row.set_effect(effects.get(name, ""), grave=name == grave)

    def set_title(self, title: str, note: str) -> None:
        """Over the histogram, and the sentence under it."""
        self._title.setText(title)
        self._note.setText(note)

    def show_pictures(
        self, before: Picture | None, after: Picture, titles: tuple[str, str], colours: ColourTable
    ) -> None:
        """The frame before and after the step; without one before, alone."""
        pictures = self.pictures
        pictures.set_mode(AFTER if before is None else BESIDE)
        if before is not None:
            pictures.set_before(before, colours)
        pictures.set_after(after, colours)
        if before is not None:
            pictures.after.set_view_box(pictures.before.view_box())
        pictures.set_titles(*titles)

    def set_range(self, name: str) -> None:
        self.range.setCurrentIndex(self.range.findData(name))

    def set_enabled_actions(self, *, apply: bool, revert: bool) -> None:
        self.apply.setEnabled(apply)
        self.revert.setEnabled(revert)
        self.reset.setEnabled(self._settings != CalibrationSettings())

    def say(self, text: str, grave: bool = False) -> None:
        """A sentence beside the buttons."""
        own = self._said.palette()
        colour = theme.error_colour(self.palette()) if grave else theme.faint_text(self.palette())
        own.setColor(self._said.foregroundRole(), colour)
        self._said.setPalette(own)
        self._said.setText(text)

    @property
    def said(self) -> str:
        return self._said.text()

    @property
    def note(self) -> str:
        return self._note.text()

    # -- from the user ---------------------------------------------------------------------------------------------

    def _choose(self, name: str) -> None:
        if name != self._step:
            self.set_step(name)
            QTimer.singleShot(0, self._bring_into_sight)  # once its numbers have their place
            self.step_chosen.emit(name)

    def _bring_into_sight(self) -> None:
        self._chain.ensureWidgetVisible(self.rows[self._step], 0, 0)

    def _switch(self, name: str, on: bool) -> None:
        self._choose(name)
        self._change(dataclasses.replace(self._settings, **{f"use_{name}": on}))
        row = self.rows[name]
        if on and row.switch is not None and not row.switch.isChecked():
            self.number_wanted.emit(name)

    def _edited(self, name: str, values: Mapping[str, Any]) -> None:
        before = {key: getattr(self._settings, key) for key in values}
        if dict(values) == before:
            return
        # Who enters a number wants the step to be done.
        self._change(dataclasses.replace(self._settings, **{**values, f"use_{name}": True}))

    def _dragged(self, what: str, value: float) -> None:
        rounded = float(f"{value:.4g}")
        values = {PHOTON: {"adu_per_photon": rounded}, LEVEL: {"saturation_level": rounded}}[what]
        self._edited({PHOTON: "gain", LEVEL: "saturation"}[what], values)

    def _button(self, name: str) -> None:
        {"dark": self.dark_wanted, "gain": self.photon_wanted}[BY_NAME[name].name].emit()

    def _change(self, settings: CalibrationSettings) -> None:
        changed = settings != self._settings
        self.set_settings(settings)
        if changed:
            self.settings_changed.emit(settings)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        self.pictures.setVisible(wide or self.height() >= _ROOM_FOR_PICTURES_PX)
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._split.orientation() != wanted:
            self._split.setOrientation(wanted)
            room = self.width() if wide else self.height()
            first = 380 if wide else round(0.42 * room)
            self._split.setSizes([first, max(1, room - first)])
