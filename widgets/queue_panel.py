"""The queue: frames whose label would teach the classifier most, each with the reason it was picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.text import counted, grouped, percent
from widgets.theme import ClassStyle

REASONS = {
    "uncertain": "uncertain",
    "unlike": "unlike anything labelled",
    "random": "random",
}
_TIPS = {
    "uncertain": "The classifier hesitates between two classes here.",
    "unlike": "No labelled frame looks like this one.",
    "random": "Picked blindly, so that what the classifier wrongly believes is found too.",
}
_FRAME, _VERDICT, _SURE, _WHY = range(4)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One frame of the queue.

    Attributes:
        index: the frame.
        reason: one of `REASONS`, or any other words.
        verdict: the class the classifier gives it, None while there is none.
        confidence: of the verdict, 0..1; None while there is none.
        labelled: whether the user has given it a label since.
    """

    index: int
    reason: str
    verdict: ClassStyle | None = None
    confidence: float | None = None
    labelled: bool = False


class QueuePanel(QWidget):
    """Lists the suggestions; a click goes to the frame."""

    frame_chosen = pyqtSignal(int)
    """index of the frame to show"""
    refresh_requested = pyqtSignal()
    """the user wants other suggestions"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue: tuple[Suggestion, ...] = ()
        self._current = -1
        self._list = QTreeWidget()
        self._list.setAccessibleName("Frames to look at next")
        self._list.setHeaderLabels(["Frame", "Verdict", "Sure", "Because"])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setItemDelegate(theme.RowDelegate(self._list))
        self._list.setAlternatingRowColors(True)
        self._list.setIconSize(QSize(14, 14))
        header = self._list.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._empty = EmptyState(
            "No suggestions yet",
            "Once frames of two classes are labelled, the frames whose label would teach most are listed here. "
            "Space goes to the next one.",
        )
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._list)
        self._caption = QLabel()
        self._refresh = QToolButton()
        self._refresh.setIcon(icons.tool_icon("refresh"))
        self._refresh.setText("Suggest others")
        self._refresh.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._refresh.setAutoRaise(True)
        self._refresh.setToolTip("Pick other frames")
        line = QHBoxLayout()
        line.addWidget(self._caption)
        line.addStretch(1)
        line.addWidget(self._refresh)
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 4, 4, 4)
        box.setSpacing(4)
        box.addLayout(line)
        box.addLayout(self._stack, 1)
        self._list.itemClicked.connect(self._chosen)
        self._list.itemActivated.connect(self._chosen)
        self._refresh.clicked.connect(self.refresh_requested)
        self.set_queue(())

    def set_queue(self, queue: Sequence[Suggestion]) -> None:
        """Show these suggestions, best first."""
        if queue and tuple(queue) == self._queue and self._list.topLevelItemCount():
            return
        self._queue = tuple(queue)
        self._list.clear()
        for suggestion in self._queue:
            self._list.addTopLevelItem(self._item(suggestion))
        self._stack.setCurrentWidget(self._list if self._queue else self._empty)
        waiting = sum(not suggestion.labelled for suggestion in self._queue)
        self._caption.setText(f"{counted(waiting, 'frame')} to look at" if self._queue else "")
        self.set_current(self._current)

    def set_current(self, index: int) -> None:
        """Mark the row of the frame on screen, where it has one."""
        self._current = index
        self._list.setCurrentItem(None)
        for place, suggestion in enumerate(self._queue):
            if suggestion.index == index:
                item = self._list.topLevelItem(place)
                self._list.setCurrentItem(item)
                self._list.scrollToItem(item)

    def set_refreshable(self, possible: bool) -> None:
        """Whether other suggestions can be asked for now."""
        self._refresh.setEnabled(possible)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            queue, self._queue = self._queue, ()
            self.set_queue(queue)

    def _item(self, suggestion: Suggestion) -> QTreeWidgetItem:
        item = QTreeWidgetItem()
        item.setData(_FRAME, Qt.ItemDataRole.UserRole, suggestion.index)
        item.setText(_FRAME, grouped(suggestion.index))
        item.setTextAlignment(_FRAME, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if suggestion.verdict is not None:
            item.setText(_VERDICT, suggestion.verdict.name)
            colour = QColor(suggestion.verdict.colour)
            item.setIcon(_VERDICT, icons.marker_icon(suggestion.verdict.marker, colour, 14))
        item.setText(_SURE, percent(suggestion.confidence))
        item.setTextAlignment(_SURE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setText(_WHY, "labelled" if suggestion.labelled else REASONS.get(suggestion.reason, suggestion.reason))
        item.setToolTip(_WHY, _TIPS.get(suggestion.reason, ""))
        if suggestion.labelled:
            faint = theme.faint_text(self.palette())
            for column in range(4):
                item.setForeground(column, faint)
        return item

    def _chosen(self, item: QTreeWidgetItem) -> None:
        self.frame_chosen.emit(item.data(_FRAME, Qt.ItemDataRole.UserRole))
