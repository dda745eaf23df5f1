"""The steps of the user's mask, in order: to look at, to switch off, to delete."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QPalette
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from widgets import theme
from widgets.detector.mask_facts import StepRow
from widgets.ticks import TickDelegate

_SHOWN, _TITLE, _NOTE = range(3)


class MaskSteps(QWidget):
    """A list with a tick for each step."""

    hidden_changed = pyqtSignal(int, bool)
    """place, and whether the step is without effect"""
    delete_wanted = pyqtSignal(int)
    chosen = pyqtSignal(int)
    """place, −1 for none"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(3)
        self.list.setUniformRowHeights(True)
        self.list.setItemDelegate(TickDelegate(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setAccessibleName("Steps of your mask")
        self.list.setToolTip("Ticked steps work, one after the other; Delete removes the one chosen")
        self.list.setMinimumHeight(5 * theme.line_height())
        self.list.setMaximumHeight(9 * theme.line_height())
        header = self.list.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_SHOWN, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_TITLE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_NOTE, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemChanged.connect(self._ticked)
        self.list.currentItemChanged.connect(lambda _now, _before: self.chosen.emit(self.current))
        self.list.installEventFilter(self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.list)

    def set_steps(self, steps: Sequence[StepRow], chosen: int = -1) -> None:
        """Show these; nothing is emitted."""
        self.list.blockSignals(True)
        # Rows are changed in place: one of them may be telling of its tick at this moment.
        while self.list.topLevelItemCount() > len(steps):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        while self.list.topLevelItemCount() < len(steps):
            self.list.addTopLevelItem(QTreeWidgetItem())
        for place, step in enumerate(steps):
            self._show(self.list.topLevelItem(place), step)
        self.list.blockSignals(False)
        self.choose(chosen)

    def _show(self, item: QTreeWidgetItem | None, step: StepRow) -> None:
        assert item is not None
        faint = theme.faint_text(self.palette())
        text = self.palette().color(QPalette.ColorRole.Text)
        item.setText(_TITLE, f"{'+ use' if step.use else '− mask'}  {step.title}")
        item.setText(_NOTE, step.note)
        item.setCheckState(_SHOWN, Qt.CheckState.Unchecked if step.hidden else Qt.CheckState.Checked)
        item.setToolTip(_TITLE, step.title)
        item.setForeground(_TITLE, faint if step.hidden else text)
        item.setForeground(_NOTE, faint)
        item.setTextAlignment(_NOTE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def choose(self, place: int) -> None:
        """Mark one step; nothing is emitted."""
        self.list.blockSignals(True)
        item = self.list.topLevelItem(place) if place >= 0 else None
        self.list.setCurrentItem(item)
        if item is not None:
            self.list.scrollToItem(item)
        self.list.blockSignals(False)

    @property
    def current(self) -> int:
        """Place of the step chosen, −1 for none."""
        item = self.list.currentItem()
        return -1 if item is None else self.list.indexOfTopLevelItem(item)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        pressed = watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if pressed and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.current >= 0:
            self.delete_wanted.emit(self.current)
            return True
        return super().eventFilter(watched, event)

    def _ticked(self, item: QTreeWidgetItem, column: int) -> None:
        if column == _SHOWN:
            hidden = item.checkState(_SHOWN) == Qt.CheckState.Unchecked
            self.hidden_changed.emit(self.list.indexOfTopLevelItem(item), hidden)
