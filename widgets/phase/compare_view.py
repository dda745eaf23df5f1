"""Two objects side by side, looked at in the same way: one zoom, one colouring."""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from widgets.empty import EmptyState
from widgets.frame.viewport import ViewBox
from widgets.phase.object_picture import ObjectPicture
from widgets.phase.object_view import ObjectView

HOW = "Tick two starts in the table, or two results in the history, to see them side by side with one zoom."


class CompareView(QWidget):
    """Two `ObjectView`s whose zoom, pan and colouring are linked."""

    mode_changed = pyqtSignal(str)
    """the user chose another way of colouring, for both"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sides = (ObjectView(), ObjectView())
        self._words = QLabel()
        self._words.setWordWrap(True)
        full = QWidget()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(2)
        for side in self.sides:
            self._box.addWidget(side, 1)
        outer = QVBoxLayout(full)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(self._box, 1)
        outer.addWidget(self._words)
        self._words.setContentsMargins(6, 0, 6, 4)
        self._full = full
        self._together = True
        self.setMinimumSize(280, 200)  # side by side they need more, but then they go one below the other
        self._empty = EmptyState("Nothing to compare yet", HOW)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        for own, other in ((0, 1), (1, 0)):
            self.sides[own].view_changed.connect(lambda view, other=other: self._follow(other, view))
            self.sides[own].mode_changed.connect(lambda mode, other=other: self._choose(other, mode))

    def show_message(self, text: str = HOW, title: str = "Nothing to compare yet") -> None:
        """There are no two to compare, and why."""
        self._empty.set_text(title, text)
        self._stack.setCurrentWidget(self._empty)

    def set_object(self, side: int, picture: ObjectPicture, title: str) -> None:
        """Show one object on the left (0) or the right (1)."""
        self.sides[side].set_object(picture)
        self.sides[side].set_title(title)
        self._stack.setCurrentWidget(self._full)
        if self._together:
            self._fit_both()

    def wait_for(self, side: int, title: str) -> None:
        """One side is still on its way."""
        self.sides[side].show_message("It is shown as soon as its picture is there.", title)
        self._stack.setCurrentWidget(self._full)

    def set_words(self, words: str) -> None:
        """What the figures of the two say."""
        self._words.setText(words)

    def set_mode(self, mode: str) -> None:
        """Colour both in this way; nothing is emitted."""
        for side in self.sides:
            side.set_mode(mode)

    def text(self) -> str:
        return self._empty.text() if self._stack.currentWidget() is self._empty else self._words.text()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        tall = self.height() > 1.2 * self.width()
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if tall else QBoxLayout.Direction.LeftToRight)
        if self._together:
            QTimer.singleShot(0, self._fit_both)

    def _follow(self, side: int, view: ViewBox | None) -> None:
        self._together = view is None
        if view is None:
            self._fit_both()
        else:
            self.sides[side].set_view(view)

    def _fit_both(self) -> None:
        """Until the user zooms, both sides show the part of the array that holds both crops, at one magnification."""
        shown = [side for side in self.sides if side.picture is not None and not side.picture.is_volume]
        if len(shown) < 2:
            return
        reach = [side.canvas.reach() for side in shown]
        top, left = min(r.top() for r in reach), min(r.left() for r in reach)
        bottom, right = max(r.bottom() for r in reach), max(r.right() for r in reach)
        scale = min(
            min(side.canvas.width() / (right - left), side.canvas.height() / (bottom - top)) for side in shown
        )
        for side in shown:
            side.set_view(ViewBox((top + bottom) / 2 - 0.5, (left + right) / 2 - 0.5, scale))

    def _choose(self, other: int, mode: str) -> None:
        self.sides[other].set_mode(mode)
        self.mode_changed.emit(mode)
