"""Which method, what it is good for, and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.frame.lettering import small_font
from widgets.parameter_form import ParameterForm
from widgets.phase.narrow import scrolled


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """A method of the list: its name, its title, when to take it, and where it was published."""

    name: str
    title: str
    when: str
    paper: str
    learned: bool = False


class MethodPanel(QWidget):
    """Shows a method with its parameters and lets both be changed."""

    method_chosen = pyqtSignal(str)
    """name of another method"""
    settings_changed = pyqtSignal(object)
    """the method's parameters as the user changed them"""
    undo_wanted = pyqtSignal()
    """method and parameters as they were before the last change"""
    defaults_wanted = pyqtSignal()
    counting_changed = pyqtSignal(object)
    """how values become counts, as the user changed it"""
    photon_wanted = pyqtSignal()
    """the value of one photon is to be found"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices: dict[str, MethodChoice] = {}
        self._form: ParameterForm | None = None
        self._kind: type[Any] | None = None
        self._counting: ParameterForm | None = None
        self._not_asked: tuple[str, ...] = ()
        self.method = QComboBox()
        self.method.setAccessibleName("Method")
        self.method.setToolTip("What the frame is denoised with")
        self._when, self._paper = QLabel(), QLabel()
        for label in (self._when, self._paper):
            label.setWordWrap(True)
        self._paper.setFont(small_font(self.font()))
        self.undo = QPushButton("Undo change")
        self.undo.setToolTip("Method and parameters as they were before the last change")
        self.defaults = QPushButton("Defaults")
        self.defaults.setToolTip("All parameters of this method as they are at first")
        for button in (self.undo, self.defaults):
            button.setAutoDefault(False)
        inside = QWidget()
        self._inside = QVBoxLayout(inside)
        self._inside.setContentsMargins(8, 6, 8, 8)
        self._inside.setSpacing(6)
        for widget in (self.method, self._when, self._paper):
            self._inside.addWidget(widget)
        self._inside.addSpacing(4)
        self._at = self._inside.count()
        line = QHBoxLayout()
        line.addWidget(self.undo)
        line.addWidget(self.defaults)
        line.addStretch(1)
        self._inside.addLayout(line)
        self._inside.addSpacing(8)
        caption = QLabel("From values to counts")
        caption.setFont(theme.title_font(self.font()))
        self._inside.addWidget(caption)
        self.find = QPushButton("Find the value of a photon")
        self.find.setAutoDefault(False)
        self.find.setToolTip("From the single-photon peak in the histogram of this frame")
        self._inside.addWidget(self.find, 0, Qt.AlignmentFlag.AlignLeft)
        self._inside.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self._scroll = scrolled(inside)
        box.addWidget(self._scroll)
        self.method.activated.connect(lambda row: self.method_chosen.emit(self.method.itemData(row)))
        self.undo.clicked.connect(self.undo_wanted)
        self.defaults.clicked.connect(self.defaults_wanted)
        self.find.clicked.connect(self.photon_wanted)
        self._follow_palette()

    def set_methods(self, choices: Sequence[MethodChoice]) -> None:
        """What there is to choose from."""
        self._choices = {choice.name: choice for choice in choices}
        self.method.clear()
        learned = [choice for choice in choices if choice.learned]
        for choice in choices:
            if learned and choice is next((c for c in choices if not c.learned), None):
                self.method.insertSeparator(self.method.count())
            self.method.addItem(choice.title, choice.name)

    def set_recipe(self, name: str, settings: Any, can_undo: bool) -> None:
        """Show this method with these parameters; nothing is emitted."""
        self.method.setCurrentIndex(self.method.findData(name))
        choice = self._choices.get(name)
        self._when.setText("" if choice is None else choice.when)
        self._paper.setText("" if choice is None else choice.paper)
        self._paper.setVisible(bool(self._paper.text()))
        if self._form is None or self._kind is not type(settings):
            if self._form is not None:
                self._form.hide()
                self._form.deleteLater()
            self._kind = type(settings)
            form = self._form = ParameterForm(settings, sliders=True)
            form.changed.connect(lambda: self.settings_changed.emit(form.value()))
            for layout in form.findChildren(QFormLayout):
                layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
            self._inside.insertWidget(self._at, form)
            self._scroll.updateGeometry()
        elif self._form.value() != settings:
            self._form.set_value(settings)
        self.undo.setEnabled(can_undo)
        self.defaults.setEnabled(settings != type(settings)())

    def set_counting(self, settings: Any, without: Sequence[str] = ()) -> None:
        """Show how values become counts, save the parameters named; nothing is emitted."""
        if self._counting is None or self._not_asked != tuple(without):
            if self._counting is not None:
                self._counting.hide()
                self._counting.deleteLater()
            self._not_asked = tuple(without)
            form = self._counting = ParameterForm(settings, without=without)
            form.changed.connect(lambda: self.counting_changed.emit(form.value()))
            for field in form.findChildren(QLineEdit):
                field.setPlaceholderText("not given")
            self._inside.insertWidget(self._inside.indexOf(self.find), form)
            self._scroll.updateGeometry()
        else:
            self._counting.set_value(settings)
        self.find.setVisible(not without)

    def form(self) -> ParameterForm | None:
        """The form of the parameters, None before there are any."""
        return self._form

    def text(self) -> str:
        """What is said of the method."""
        return f"{self._when.text()} {self._paper.text()}".strip()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_paper"):
            self._follow_palette()

    def _follow_palette(self) -> None:
        colours = QPalette(self.palette())
        colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
        self._paper.setPalette(colours)
