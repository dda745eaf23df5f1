"""What is run: preset, schedule, the parameters that act while it runs, starts and seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PyQt6.QtCore import QEvent, QTimer, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from models.phasing.settings import FIRST_SUPPORTS, OBJECTS, THRESHOLDS, PhasingSettings
from widgets import theme
from widgets.parameter_form import ParameterForm
from widgets.phase.narrow import scrolled
from widgets.phase.slider_field import SliderField
from widgets.phase.wrapped_line import WrappedLine

_CHECK_AFTER_MS = 150
_OWN = "own settings"
_THRESHOLD_WORDS = {
    "max": "Above a share of the largest",
    "rms": "Above a multiple of the rms",
    "area": "The brightest, by area",
}


@dataclass(frozen=True, slots=True)
class PresetChoice:
    """A preset of the list: its title, when to use it, and the settings it stands for."""

    title: str
    when: str
    settings: PhasingSettings


class RecipePanel(QWidget):
    """Shows `PhasingSettings` and lets them be changed, also while they are being used."""

    settings_changed = pyqtSignal(object)
    """the `PhasingSettings` as the user changed them"""
    schedule_edited = pyqtSignal(str)
    """text of the schedule line while it is typed, for who checks it and answers with `show_schedule`"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = PhasingSettings()
        self._presets: tuple[PresetChoice, ...] = ()
        self._running = False
        self._bad = False
        self.preset = QComboBox()
        self.preset.setAccessibleName("Preset")
        self._when = QLabel()
        self._when.setWordWrap(True)
        self.schedule = WrappedLine()
        self.schedule.setAccessibleName("Schedule")
        self.schedule.setToolTip(
            "What is done, left to right: 10*(50 HIO + SW) + 100 ER runs ten times fifty iterations of HIO and a "
            "support update (shrink-wrap), then a hundred of ER. Others: RAAR, DM, RRR, ML, TWIN, CENTRE."
        )
        self._verdict = QLabel()
        self._verdict.setWordWrap(True)
        self._verdict.setMinimumHeight(theme.line_height())
        self.object = _choice("Object is", OBJECTS)
        self.first = _choice("First support", FIRST_SUPPORTS)
        self.keep_by = QComboBox()
        self.keep_by.setAccessibleName("Support update keeps")
        for name in THRESHOLDS:
            self.keep_by.addItem(_THRESHOLD_WORDS.get(name, name), name)
        self.beta = SliderField("Feedback β", 0.0, 1.5, decimals=2)
        self.threshold = SliderField("Threshold", 0.01, 2.0, decimals=3, ratio=True)
        self.area_low = SliderField("Smallest area", 0.01, 50.0, decimals=2, unit="%", ratio=True)
        self.area_high = SliderField("Largest area", 0.1, 100.0, decimals=2, unit="%", ratio=True)
        self.blur_start = SliderField("Blur at first", 0.0, 10.0, decimals=1, unit="px")
        self.blur_end = SliderField("Blur at the end", 0.0, 10.0, decimals=1, unit="px")
        self.starts = _count("Starts", 1, 10_000)
        self.seed = _count("Seed", 0, 2**31 - 1)
        self.more = QPushButton("More…")
        self.more.setAutoDefault(False)
        self.more.setToolTip("All settings of the reconstruction")
        form = QFormLayout()
        form.setVerticalSpacing(5)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: tuple[tuple[str, QWidget, str], ...] = (
            ("Object is", self.object, "What values the object may have"),
            ("First support", self.first, "Where the object may be at first; “given” is what you draw under Support"),
            ("Feedback β", self.beta, "Feedback of HIO, relaxation of RAAR, step of DM and RRR"),
            ("Support keeps", self.keep_by, "Which pixels a support update (SW) keeps"),
            (
                "Threshold",
                self.threshold,
                "Share of the largest, or multiple of the rms modulus, a pixel has to reach",
            ),
            ("Smallest area", self.area_low, "The support never covers less of the array than this"),
            ("Largest area", self.area_high, "The support never covers more of the array than this"),
            ("Blur at first", self.blur_start, "Gaussian width before a support update, at the beginning"),
            ("Blur at the end", self.blur_end, "Gaussian width before a support update, at the end of the schedule"),
            ("Starts", self.starts, "How many random starts are run and ranked"),
            ("Seed", self.seed, "Everything drawn by chance follows from this number"),
        )
        for title, widget, tip in rows:
            label = QLabel(title)
            label.setToolTip(tip)
            label.setBuddy(widget)
            widget.setToolTip(tip)
            form.addRow(label, widget)
        self._live = QLabel()
        self._live.setWordWrap(True)
        inside = QWidget()
        box = QVBoxLayout(inside)
        box.setContentsMargins(8, 6, 8, 6)
        box.setSpacing(5)
        for widget in (
            _caption("Preset"),
            self.preset,
            self._when,
            _caption("Schedule"),
            self.schedule,
            self._verdict,
        ):
            box.addWidget(widget)
        box.addLayout(form)
        box.addWidget(self.more)
        box.addWidget(self._live)
        box.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inside))
        self._check = QTimer(self)
        self._check.setSingleShot(True)
        self._check.setInterval(_CHECK_AFTER_MS)
        self._check.timeout.connect(lambda: self.schedule_edited.emit(self.schedule.text()))
        self._connect()
        self._show()
        self._follow_palette()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def set_presets(self, presets: Sequence[PresetChoice]) -> None:
        """Offer these presets."""
        self._presets = tuple(presets)
        self.preset.clear()
        for preset in self._presets:
            self.preset.addItem(preset.title)
        self.preset.addItem("Own settings", _OWN)
        self._show()

    def set_settings(self, settings: PhasingSettings) -> None:
        """Show other settings; nothing is emitted."""
        self._settings = settings
        self._show()

    def settings(self) -> PhasingSettings:
        """The settings as they stand."""
        return self._settings

    def set_running(self, running: bool) -> None:
        """While it runs, what cannot change any more is greyed and the rest acts at once."""
        self._running = running
        for widget in (self.starts, self.seed, self.first, self.preset):
            widget.setEnabled(not running)
        self._live.setText(
            "Changes act on the running starts: parameters from the next iteration, the schedule from the next block."
            if running
            else ""
        )

    def show_schedule(self, words: str, bad: bool = False) -> None:
        """What was found in the schedule line: its iterations in words, or what is wrong with it and where."""
        self._bad = bad
        self._verdict.setText(words)
        self._colour_verdict()
        if not bad and self.schedule.text().strip() and self.schedule.text() != self._settings.schedule:
            self._change(schedule=self.schedule.text())

    def verdict(self) -> str:
        """What stands below the schedule line."""
        return self._verdict.text()

    @property
    def schedule_is_bad(self) -> bool:
        return self._bad

    # -- inside ----------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.preset.activated.connect(self._preset_chosen)
        self.schedule.edited.connect(lambda _text: self._check.start())
        self.schedule.editing_finished.connect(self._typed)
        self.object.activated.connect(lambda _at: self._change(object=self.object.currentText()))
        self.first.activated.connect(lambda _at: self._change(first_support=self.first.currentText()))
        self.keep_by.activated.connect(lambda _at: self._change(threshold_of=self.keep_by.currentData()))
        fields: tuple[tuple[SliderField, Callable[[float], dict[str, Any]]], ...] = (
            (self.beta, lambda v: {"beta": v}),
            (self.threshold, lambda v: {"threshold": v}),
            (self.area_low, lambda v: {"area_low": v / 100, "area_high": max(v / 100, self._settings.area_high)}),
            (self.area_high, lambda v: {"area_high": v / 100, "area_low": min(v / 100, self._settings.area_low)}),
            (self.blur_start, lambda v: {"blur_start_px": v}),
            (self.blur_end, lambda v: {"blur_end_px": v}),
        )
        for field, values in fields:
            field.changed.connect(lambda value, values=values: self._change(**values(value)))
        self.starts.valueChanged.connect(lambda value: self._change(starts=value))
        self.seed.valueChanged.connect(lambda value: self._change(seed=value))
        self.more.clicked.connect(self._ask_more)

    def _typed(self) -> None:
        if self._check.isActive():
            self._check.stop()
            self.schedule_edited.emit(self.schedule.text())

    def _change(self, **values: Any) -> None:
        changed = replace(self._settings, **values)
        if changed == self._settings:
            return
        preset = next((p for p in self._presets if p.title == changed.preset), None)
        if preset is not None and preset.settings != replace(changed, starts=preset.settings.starts, seed=0):
            changed = replace(changed, preset="")
        self._settings = changed
        self._show()
        self.settings_changed.emit(changed)

    def _preset_chosen(self, place: int) -> None:
        if place < len(self._presets):
            chosen = self._presets[place].settings
            self._settings = replace(chosen, seed=self._settings.seed)
            self.schedule.setText(chosen.schedule)
            self.show_schedule("")
            self._show()
            self.settings_changed.emit(self._settings)
            self.schedule_edited.emit(self._settings.schedule)

    def _show(self) -> None:
        s = self._settings
        titles = [preset.title for preset in self._presets]
        place = titles.index(s.preset) if s.preset in titles else len(titles)
        if self.preset.count():
            self.preset.setCurrentIndex(place)
        self._when.setText(self._presets[place].when if place < len(titles) else "Changed from a preset by you.")
        if self.schedule.text() != s.schedule and not self.schedule.hasFocus():
            self.schedule.setText(s.schedule)
        for box, value in ((self.object, s.object), (self.first, s.first_support)):
            box.setCurrentIndex(box.findText(value))
        self.keep_by.setCurrentIndex(self.keep_by.findData(s.threshold_of))
        self.beta.set_value(s.beta)
        self.threshold.set_value(s.threshold)
        self.area_low.set_value(100 * s.area_low)
        self.area_high.set_value(100 * s.area_high)
        self.blur_start.set_value(s.blur_start_px)
        self.blur_end.set_value(s.blur_end_px)
        for count, value in ((self.starts, s.starts), (self.seed, s.seed)):
            count.blockSignals(True)
            count.setValue(value)
            count.blockSignals(False)
        self.threshold.setEnabled(s.threshold_of != "area")

    def _ask_more(self) -> None:
        dialog = QDialog(self.window())
        dialog.setObjectName("phasing_settings")
        dialog.setWindowTitle("Settings of the reconstruction")
        form = ParameterForm(self._settings, without=("preset", "schedule"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box = QVBoxLayout(dialog)
        box.addWidget(scrolled(form), 1)
        box.addWidget(buttons)
        dialog.resize(460, 560)
        buttons.accepted.connect(dialog.accept)
        buttons.rejected.connect(dialog.reject)
        dialog.accepted.connect(lambda: self._take(form.value()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take(self, settings: PhasingSettings) -> None:
        self._change(**{name: getattr(settings, name) for name in settings.__dataclass_fields__})

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_live"):
            self._follow_palette()

    def _follow_palette(self) -> None:
        for label in (self._when, self._live):
            colours = QPalette(self.palette())
            colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
            label.setPalette(colours)
        self._colour_verdict()

    def _colour_verdict(self) -> None:
        colours = QPalette(self.palette())
        ink = theme.error_colour(self.palette()) if self._bad else theme.faint_text(self.palette())
        colours.setColor(QPalette.ColorRole.WindowText, ink)
        self._verdict.setPalette(colours)
        line = QPalette(self.palette())
        if self._bad:
            line.setColor(QPalette.ColorRole.Text, theme.error_colour(self.palette()))
        self.schedule.setPalette(line)


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.title_font(label.font()))
    return label


def _choice(name: str, choices: Sequence[str]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.addItems(list(choices))
    return box


def _count(name: str, low: int, high: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setAccessibleName(name)
    box.setKeyboardTracking(False)
    return box
