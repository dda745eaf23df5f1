"""A level as a number that can be typed."""

from __future__ import annotations

import math

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QLineEdit, QWidget

from models.display import LARGEST_LEVEL, format_value
from widgets.frame.lettering import small_font


class LevelField(QLineEdit):
    """Shows a level; takes the keyboard only when clicked and gives it back with Enter or Escape."""

    chosen = pyqtSignal(float)
    """the number typed, within what a level may be"""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(f"{name}: type a number and press Enter")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFont(small_font(self.font()))
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("-1.234e10") + 10)
        self._value = 0.0
        self.editingFinished.connect(self._finished)

    def show_value(self, value: float) -> None:
        """Show a level, unless one is being typed."""
        if self.hasFocus() and self.isModified():
            return
        self._value = value
        text = format_value(float(f"{value:.4g}"))
        if text != self.text():
            self.setText(text)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.setModified(False)
            self.show_value(self._value)
            self.clearFocus()
            return
        super().keyPressEvent(event)
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()

    def _finished(self) -> None:
        if not self.isModified():
            return
        self.setModified(False)
        try:
            value = float(self.text().replace(",", "."))
        except ValueError:
            value = math.nan
        if abs(value) <= LARGEST_LEVEL:
            self.chosen.emit(value)
        else:
            self.show_value(self._value)
