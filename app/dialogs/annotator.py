"""Under whose name labels are given."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget


class AnnotatorDialog(QDialog):
    """Emits `chosen` with a name that is not empty."""

    chosen = pyqtSignal(str)

    def __init__(self, present: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotator")
        self.setWindowTitle("Your name")
        words = QLabel(
            "Labels are kept with the name of who gave them, each annotator's in a file of their own. "
            "Undo takes back only your own."
        )
        words.setWordWrap(True)
        self._field = QLineEdit(present)
        self._field.setMaxLength(64)
        self._field.selectAll()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box = QVBoxLayout(self)
        box.addWidget(words)
        box.addWidget(self._field)
        box.addWidget(self._buttons)
        self.setMinimumWidth(360)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def accept(self) -> None:
        name = self._field.text().strip()
        if name:
            self.chosen.emit(name)
            super().accept()
