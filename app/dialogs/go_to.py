"""Ask for a frame by index or event identifier, and say what was understood while it is typed."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.navigation import FrameFinder
from widgets.text import grouped


class GoToDialog(QDialog):
    """Emits `chosen` with a frame's index; stays open while nothing fits."""

    chosen = pyqtSignal(int)

    def __init__(self, count: int, events: Sequence[str] | None, present: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("go_to")
        self.setWindowTitle("Go to a frame")
        self._events = events
        self._finder = FrameFinder(events, count)
        self._field = QLineEdit(str(present))
        self._field.setObjectName("go_to_field")
        self._field.selectAll()
        what = f"Index 0 … {grouped(count - 1)}"
        what += "" if events is None else ", or an event identifier or a part of one only it has"
        self._field.setPlaceholderText("index" if events is None else "index or event")
        self._found = QLabel()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box = QVBoxLayout(self)
        question = QLabel(what + ":")
        question.setBuddy(self._field)
        box.addWidget(question)
        box.addWidget(self._field)
        box.addWidget(self._found)
        box.addWidget(self._buttons)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._field.textChanged.connect(self._typed)
        self._typed(self._field.text())
        self.setMinimumWidth(380)

    def accept(self) -> None:
        index = self._finder.find(self._field.text())
        if index is not None:
            self.chosen.emit(index)
            super().accept()

    def _typed(self, text: str) -> None:
        index = self._finder.find(text)
        go = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        if go is not None:
            go.setEnabled(index is not None)
        if index is None:
            self._found.setText("No such frame, or more than one." if text.strip() else " ")
            return
        event = "" if self._events is None else f", event {self._events[index]}"
        self._found.setText(f"Frame {grouped(index)}{event}")
