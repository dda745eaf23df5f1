"""What a pane shows while it has nothing to show: what will appear there, and how to get it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from widgets import theme


class EmptyState(QWidget):
    """A title and a sentence, centred and quiet."""

    def __init__(self, title: str = "", text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel()
        self._text = QLabel()
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        self._title.setFont(theme.title_font(self.font()))
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(4)
        box.addStretch(1)
        box.addWidget(self._title)
        box.addWidget(self._text)
        box.addStretch(1)
        self.set_text(title, text)
        self._colour()

    def set_text(self, title: str, text: str) -> None:
        """Replace both lines."""
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._text.setText(text)

    def text(self) -> str:
        """Title and text, as read aloud."""
        return f"{self._title.text()} {self._text.text()}".strip()

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._colour()
        super().changeEvent(event)

    def _colour(self) -> None:
        faint = theme.faint_text(self.palette())
        if self._text.palette().color(QPalette.ColorRole.WindowText) == faint:
            return
        for label in (self._title, self._text):
            colours = label.palette()
            colours.setColor(QPalette.ColorRole.WindowText, faint)
            label.setPalette(colours)
