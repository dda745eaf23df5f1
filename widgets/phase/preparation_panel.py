"""From the frame to the pattern: what was done, step by step, with the centre and the settings that decide it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from models.patterns.types import Step
from widgets import theme
from widgets.parameter_form import ParameterForm
from widgets.phase.narrow import scrolled

NUDGES = (0.1, 0.5, 1.0)
_UNKNOWN = -100_000.0
_ARROWS = {
    (-1, 0): (Qt.ArrowType.UpArrow, 0, 1, "Centre up"),
    (1, 0): (Qt.ArrowType.DownArrow, 2, 1, "Centre down"),
    (0, -1): (Qt.ArrowType.LeftArrow, 1, 0, "Centre left"),
    (0, 1): (Qt.ArrowType.RightArrow, 1, 2, "Centre right"),
}


class PreparationPanel(QWidget):
    """The steps as they were done, the beam centre to be nudged or typed, and the settings of all steps."""

    centre_chosen = pyqtSignal(float, float)
    """(y, x) of the beam in pixels of the frame, typed or nudged"""
    centre_search_wanted = pyqtSignal()
    """find the centre by itself again"""
    settings_changed = pyqtSignal(object)
    """the settings of the preparation (the dataclass given to `set_settings`) as the user changed them"""
    prepare_wanted = pyqtSignal()
    """prepare the pattern now, to look at it before anything is run"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form: ParameterForm | None = None
        self._hidden: tuple[str, ...] = ()
        self.y = _coordinate("Beam, row")
        self.x = _coordinate("Beam, column")
        self.by = QToolButton()
        self.by.setToolTip("How far an arrow moves the centre; click to change")
        self._nudge = 0
        self.by.clicked.connect(self._next_nudge)
        self.search = QPushButton("Find centre")
        self.search.setAutoDefault(False)
        self.search.setToolTip("Find the beam by Friedel symmetry of the measured pixels, I(q) = I(−q)")
        self.prepare = QPushButton("Prepare")
        self.prepare.setAutoDefault(False)
        self.prepare.setToolTip("Prepare the pattern of the present frame and show it under Amplitudes")
        arrows = QGridLayout()
        arrows.setSpacing(0)
        self.arrows: dict[tuple[int, int], QToolButton] = {}
        for step, (arrow, row, column, name) in _ARROWS.items():
            button = QToolButton()
            button.setArrowType(arrow)
            button.setAutoRaise(True)
            button.setAutoRepeat(True)
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.clicked.connect(lambda _on, step=step: self._move(*step))
            arrows.addWidget(button, row, column)
            self.arrows[step] = button
        arrows.addWidget(self.by, 1, 1)
        fields = QGridLayout()
        fields.addWidget(QLabel("Row y"), 0, 0)
        fields.addWidget(self.y, 0, 1)
        fields.addWidget(QLabel("Column x"), 1, 0)
        fields.addWidget(self.x, 1, 1)
        fields.addWidget(self.search, 2, 0, 1, 2)
        centre = QHBoxLayout()
        centre.addLayout(fields)
        centre.addLayout(arrows)
        centre.addStretch(1)
        self._steps = QVBoxLayout()
        self._steps.setSpacing(4)
        self._step_words: list[tuple[str, str]] = []
        self._note = QLabel()
        self._note.setWordWrap(True)
        inside = QWidget()
        self._inside = QVBoxLayout(inside)
        self._inside.setContentsMargins(8, 6, 8, 6)
        self._inside.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(_caption("Steps from the frame"), 1)
        head.addWidget(self.prepare)
        self._inside.addLayout(head)
        self._inside.addLayout(self._steps)
        self._inside.addWidget(self._note)
        self._inside.addWidget(_caption("Beam centre"))
        self._inside.addLayout(centre)
        self._inside.addWidget(_caption("Settings"))
        self._at = self._inside.count()
        self._inside.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self._scroll = scrolled(inside)
        box.addWidget(self._scroll)
        self.y.valueChanged.connect(self._typed)
        self.x.valueChanged.connect(self._typed)
        self.search.clicked.connect(self.centre_search_wanted)
        self.prepare.clicked.connect(self.prepare_wanted)
        self._show_nudge()
        self._enable_arrows()
        self.set_steps(())

    def set_steps(self, steps: Sequence[Step], note: str = "") -> None:
        """Show what was done, in order; `note` says why there is nothing, or what went wrong."""
        while (item := self._steps.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._step_words = [(step.name, step.words) for step in steps]
        for number, (name, words) in enumerate(self._step_words, 1):
            self._steps.addWidget(_StepLine(number, name, words))
        if not steps and not note:
            note = "Nothing was prepared yet. Every step will stand here with its numbers."
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self._follow_palette()

    def set_centre(self, y: float, x: float) -> None:
        """Show the centre that was used; nothing is emitted."""
        for field, value in ((self.y, y), (self.x, x)):
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)
        self._enable_arrows()

    def set_settings(self, settings: Any, without: Sequence[str] = ()) -> None:
        """Show these settings of the preparation; nothing is emitted."""
        if self._form is None or self._hidden != tuple(without):
            if self._form is not None:
                self._form.deleteLater()
            self._hidden = tuple(without)
            self._form = ParameterForm(settings, without=without)
            self._form.changed.connect(lambda: self.settings_changed.emit(self._form.value()))  # type: ignore[union-attr]
            for layout in self._form.findChildren(QFormLayout):
                layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
            self._inside.insertWidget(self._at, self._form)
            self._scroll.updateGeometry()  # the form may need more room across
        else:
            self._form.set_value(settings)

    def form(self) -> ParameterForm | None:
        """The form of the settings, None before there are any."""
        return self._form

    def text(self) -> str:
        """All steps in words."""
        lines = [f"{number}. {name}: {words}" for number, (name, words) in enumerate(self._step_words, 1)]
        return " ".join((*lines, self._note.text())).strip()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_note"):
            self._follow_palette()

    def _follow_palette(self) -> None:
        colours = QPalette(self.palette())
        colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
        self._note.setPalette(colours)

    def _move(self, down: int, right: int) -> None:
        by = NUDGES[self._nudge]
        self.set_centre(self.y.value() + down * by, self.x.value() + right * by)
        self._typed()

    def _typed(self) -> None:
        self._enable_arrows()
        if self._centre_known():
            self.centre_chosen.emit(self.y.value(), self.x.value())

    def _centre_known(self) -> bool:
        return self.y.value() > _UNKNOWN and self.x.value() > _UNKNOWN

    def _enable_arrows(self) -> None:
        for arrow in self.arrows.values():
            arrow.setEnabled(self._centre_known())

    def _next_nudge(self) -> None:
        self._nudge = (self._nudge + 1) % len(NUDGES)
        self._show_nudge()

    def _show_nudge(self) -> None:
        self.by.setText(f"{NUDGES[self._nudge]:g} px")


class _StepLine(QWidget):
    """Number and name of a step, and below it what it did."""

    def __init__(self, number: int, name: str, words: str) -> None:
        super().__init__()
        title, text = QLabel(f"{number}  {name[:1].upper()}{name[1:]}"), QLabel(words)
        title.setFont(theme.title_font(self.font()))
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(title)
        box.addWidget(text)


def _coordinate(name: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(_UNKNOWN, 100_000)
    field.setSpecialValueText("not known")
    field.setValue(_UNKNOWN)
    field.setDecimals(2)
    field.setSingleStep(0.5)
    field.setSuffix(" px")
    field.setKeyboardTracking(False)
    field.setAccessibleName(name)
    field.setFixedWidth(field.fontMetrics().horizontalAdvance("10000.00 px") + 32)
    return field


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.title_font(label.font()))
    return label
