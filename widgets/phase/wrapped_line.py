"""A line of text that is shown whole: where it is too long for the room, it wraps."""

from __future__ import annotations

from PyQt6.QtCore import QMimeData, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent, QTextCursor, QTextOption
from PyQt6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

_MOST_LINES = 5


class WrappedLine(QPlainTextEdit):
    """As a `QLineEdit`: Enter ends editing, Tab goes on, and what is pasted stays one line."""

    edited = pyqtSignal(str)
    """the text as the user changed it"""
    editing_finished = pyqtSignal()
    """Enter was pressed, or the keyboard went elsewhere"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        document = self.document()
        assert document is not None
        document.setDocumentMargin(3)
        layout = document.documentLayout()
        assert layout is not None
        layout.documentSizeChanged.connect(lambda _size: self._fit())
        self._setting = False
        self.textChanged.connect(self._changed)

    def text(self) -> str:
        return self.toPlainText()

    def setText(self, text: str) -> None:
        """Show another text; nothing is emitted."""
        self._setting = True
        self.setPlainText(text)
        self._setting = False

    def sizeHint(self) -> QSize:
        """As many lines as the text takes at the present width."""
        document = self.document()
        assert document is not None
        lines = min(_MOST_LINES, max(1, round(document.size().height())))
        margins = 2 * (round(document.documentMargin()) + self.frameWidth())
        return QSize(120, lines * self.fontMetrics().lineSpacing() + margins + 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def insertFromMimeData(self, source: QMimeData | None) -> None:
        if source is not None:
            self.insertPlainText(" ".join(source.text().split()))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.editing_finished.emit()
            event.accept()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        super().focusOutEvent(event)
        cursor = self.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.Start)
        self.setTextCursor(cursor)
        self.editing_finished.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit()

    def _changed(self) -> None:
        if not self._setting:
            self.edited.emit(self.text())

    def _fit(self) -> None:
        height = self.sizeHint().height()
        if height != self.height():
            self.setFixedHeight(height)
