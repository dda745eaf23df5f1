"""The chain of the calibration, one row a step: a switch, what the step does, its numbers, and its effect."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QEvent, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from models.calibration.settings import CalibrationSettings
from models.parameters import describe
from widgets import icons, theme
from widgets.frame.lettering import small_font
from widgets.parameter_form import ParameterForm
from widgets.ticks import TickBox

STORED = "stored"


@dataclass(frozen=True)
class StepInfo:
    """A step as its row shows it.

    Attributes:
        name: of the stage. title, words: for people.
        fields: parameters of its form. path: the parameter that is a file, "" for none.
        button: what can be done about it beside entering numbers, "" for nothing.
        tip: of that button.
    """

    name: str
    title: str
    words: str
    fields: tuple[str, ...] = ()
    path: str = ""
    button: str = ""
    tip: str = ""

    @property
    def switch(self) -> str:
        return f"use_{self.name}"


STEPS = (
    StepInfo(STORED, "As stored", "The file's own values."),
    StepInfo(
        "saturation",
        "Saturation",
        "Pixels whose stored value is as high as it goes are flagged, before anything is taken off.",
        ("saturation_level",),
    ),
    StepInfo(
        "dark",
        "Pedestal",
        "What each pixel shows without light is taken off.",
        ("dark_dataset",),
        "dark",
        "Make from frames…",
        "The median of frames taken in the dark, or the lowest peak of frames with light",
    ),
    StepInfo(
        "common_mode",
        "Common mode",
        "The offset that pixels read out together share in this frame is taken off: where their values without a "
        "photon lie.",
        ("common_mode", "asic_height_px", "asic_width_px", "common_mode_limit", "common_mode_largest"),
    ),
    StepInfo(
        "gain_map",
        "Gain map",
        "Pixels that amplify differently are made alike.",
        ("gain_map_unit", "gain_map_dataset"),
        "gain_map",
    ),
    StepInfo(
        "gain",
        "Photons",
        "Values are divided by the value of one photon: drag its line in the histogram, or have it found.",
        ("adu_per_photon",),
        "",
        "Find in frames",
        "The peak of single photons in the histogram of up to 300 frames",
    ),
    StepInfo("rounding", "Whole photons", "Each value becomes a whole number of photons.", ("round_from",)),
)
BY_NAME = {step.name: step for step in STEPS}


class StepRow(QFrame):
    """One step. It is chosen by a click anywhere; the chosen one shows its numbers."""

    chosen = pyqtSignal(str)
    switched = pyqtSignal(str, bool)
    """the switch was set by the user"""
    edited = pyqtSignal(str, object)
    """name, parameters by name as the user changed them"""
    file_wanted = pyqtSignal(str)
    """a file is to be chosen for this step"""
    button_pressed = pyqtSignal(str)

    def __init__(self, info: StepInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.info = info
        self._is_chosen = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(info.title)
        self.switch: TickBox | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 5, 8, 6)
        box.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(8)
        if info.name == STORED:
            title: QWidget = QLabel(info.title)
        else:
            title = self.switch = TickBox(info.title)
            title.setToolTip(f"Do this step, or leave it out; its numbers stay. {info.words}")
            title.clicked.connect(lambda on: self.switched.emit(info.name, on))
        title.setFont(theme.title_font(self.font()))
        self._effect = QLabel()
        self._effect.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(title)
        head.addWidget(self._effect, 1)
        box.addLayout(head)
        self._words = QLabel(info.words)
        self._words.setWordWrap(True)
        self._words.setFont(small_font(self.font()))
        box.addWidget(self._words)
        self._body = QWidget()
        self._body.setCursor(Qt.CursorShape.ArrowCursor)
        self._form: ParameterForm | None = None
        self.path_line: QLineEdit | None = None
        self.button: QPushButton | None = None
        self._fill_body()
        box.addWidget(self._body)
        self._body.hide()
        self._colour()

    def set_settings(self, settings: CalibrationSettings) -> None:
        """Show these; nothing is emitted."""
        if self.switch is not None:
            self.switch.setChecked(self._does_something(settings))
        if self._form is not None:
            self._form.set_value(settings)
        if self.path_line is not None:
            path = getattr(settings, self.info.path)
            self.path_line.setText(path)
            self.path_line.setToolTip(path)

    def set_effect(self, text: str, grave: bool = False) -> None:
        """What the step did to the frame on screen, in a few words."""
        self._effect.setText(text)
        palette = self.palette()
        colour = theme.error_colour(palette) if grave else palette.color(QPalette.ColorRole.WindowText)
        own = self._effect.palette()
        own.setColor(QPalette.ColorRole.WindowText, colour)
        self._effect.setPalette(own)

    @property
    def effect(self) -> str:
        return self._effect.text()

    def set_chosen(self, chosen: bool) -> None:
        """Whether it is the one looked at."""
        self._is_chosen = chosen
        self._body.setVisible(chosen and self.info.name != STORED)
        self.update()

    def _does_something(self, settings: CalibrationSettings) -> bool:
        return not _only(settings, self.info).is_nothing

    def _fill_body(self) -> None:
        info = self.info
        box = QVBoxLayout(self._body)
        box.setContentsMargins(0, 4, 0, 2)
        box.setSpacing(6)
        if info.path:
            line = QHBoxLayout()
            self.path_line = QLineEdit()
            self.path_line.setPlaceholderText("no file")
            self.path_line.setAccessibleName(f"{info.title}: file")
            self.path_line.editingFinished.connect(self._path_edited)
            choose = QPushButton("Choose…")
            choose.setAutoDefault(False)
            choose.setToolTip("A picture of one number per pixel (NPY, HDF5, TIFF), or a run whose median is taken")
            choose.clicked.connect(lambda: self.file_wanted.emit(info.name))
            clear = QToolButton()
            clear.setIcon(icons.tool_icon("reset"))
            clear.setAutoRaise(True)
            clear.setToolTip("No file")
            clear.clicked.connect(lambda: self.edited.emit(info.name, {info.path: ""}))
            line.addWidget(self.path_line, 1)
            line.addWidget(choose)
            line.addWidget(clear)
            box.addLayout(line)
        if info.fields:
            without = [found.name for found in describe(CalibrationSettings) if found.name not in info.fields]
            self._form = ParameterForm(CalibrationSettings(), without=without)
            self._form.changed.connect(self._form_edited)
            box.addWidget(self._form)
        if info.button:
            line = QHBoxLayout()
            self.button = QPushButton(info.button)
            self.button.setAutoDefault(False)
            self.button.setToolTip(info.tip)
            self.button.clicked.connect(lambda: self.button_pressed.emit(info.name))
            line.addWidget(self.button)
            line.addStretch(1)
            box.addLayout(line)

    def _form_edited(self) -> None:
        assert self._form is not None
        value = self._form.value()
        self.edited.emit(self.info.name, {name: getattr(value, name) for name in self.info.fields})

    def _path_edited(self) -> None:
        assert self.path_line is not None
        self.edited.emit(self.info.name, {self.info.path: self.path_line.text().strip()})

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.info.name)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.info.name)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._colour()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        palette = self.palette()
        if self._is_chosen:
            painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
            painter.fillRect(QRectF(0, 0, 4, self.height()), palette.color(QPalette.ColorRole.Highlight))
        elif self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(self.rect().bottomLeft(), self.rect().bottomRight())
        painter.end()

    def _colour(self) -> None:
        if not hasattr(self, "_words"):
            return
        own = self._words.palette()
        faint = theme.faint_text(self.palette())
        if own.color(QPalette.ColorRole.WindowText) != faint:
            own.setColor(QPalette.ColorRole.WindowText, faint)
            self._words.setPalette(own)


def _only(settings: CalibrationSettings, info: StepInfo) -> CalibrationSettings:
    """Settings in which this step alone has its numbers."""
    names = [name for name in (info.switch, info.path, *info.fields) if name]
    kept: dict[str, Any] = {name: getattr(settings, name) for name in names}
    return dataclasses.replace(CalibrationSettings(), **kept)
