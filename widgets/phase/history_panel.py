"""The results of this frame that are kept: choose, compare, rename, export, repeat, delete."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QStackedLayout,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.phase.narrow import shorten
from widgets.text import significant
from widgets.ticks import TickDelegate

_NAME, _WHEN, _R, _FREE, _PRTF, _STARTS = range(6)
HEADERS = ("Result", "When", "R factor", "Free LLK", "PRTF", "Starts")


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One kept result.

    Attributes:
        id: what the signals carry. name: the user's. when: in words. r_factor, free: of its best start.
        prtf: resolution in words, "" where it is not known. starts: "5 of 8". note: preset and schedule, for the
            tool tip.
    """

    id: str
    name: str
    when: str = ""
    r_factor: float = math.nan
    free: float = math.nan
    prtf: str = ""
    starts: str = ""
    note: str = ""


class HistoryPanel(QWidget):
    """The latest result on top. A click shows one; ticks choose two to compare."""

    chosen = pyqtSignal(str)
    """id of the result to show"""
    compared = pyqtSignal(object)
    """tuple of the ids ticked: none, one or two"""
    renamed = pyqtSignal(str, str)
    """id, new name"""
    export_wanted = pyqtSignal(str)
    repeat_wanted = pyqtSignal(str)
    delete_wanted = pyqtSignal(str)
    undo_wanted = pyqtSignal()
    """bring back what was deleted last"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ResultRow, ...] = ()
        self._ticked: tuple[str, ...] = ()
        self._list = QTreeWidget()
        self._list.setAccessibleName("Results of this frame")
        self._list.setHeaderLabels(list(HEADERS))
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setAlternatingRowColors(True)
        self._list.setItemDelegate(theme.RowDelegate(self._list))
        self._list.setItemDelegateForColumn(_NAME, TickDelegate(self._list))
        self._list.setEditTriggers(QTreeWidget.EditTrigger.EditKeyPressed)
        header = self._list.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._empty = EmptyState(
            "No results of this frame yet",
            "Every reconstruction that ends or is stopped is kept here with its recipe.",
        )
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._list)
        self.rename = _button("Rename", "pencil", "Give the result another name (F2)")
        self.export = _button("Export…", "file", "Write the result as CXI, NPY, PNG or TIFF")
        self.repeat = _button("Repeat", "refresh", "Run again with the same recipe and seed")
        self.delete = _button("Delete", "cross", "Take the result away; can be undone")
        self.undo = _button("Undo delete", "reset", "Bring back the result deleted last")
        self.undo.hide()
        self._buttons = (self.rename, self.export, self.repeat, self.delete, self.undo)
        self.setMinimumWidth(240)
        line = QHBoxLayout()
        line.setContentsMargins(4, 0, 4, 2)
        line.setSpacing(2)
        for button in self._buttons:
            line.addWidget(button)
        line.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(self._stack, 1)
        box.addLayout(line)
        self._list.itemClicked.connect(self._clicked)
        self._list.itemActivated.connect(self._clicked)
        self._list.itemChanged.connect(self._edited)
        self._list.currentItemChanged.connect(lambda *_: self._enable())
        self.rename.clicked.connect(self._begin_rename)
        self.export.clicked.connect(lambda: self.export_wanted.emit(self.current()))
        self.repeat.clicked.connect(lambda: self.repeat_wanted.emit(self.current()))
        self.delete.clicked.connect(lambda: self.delete_wanted.emit(self.current()))
        self.undo.clicked.connect(self.undo_wanted)
        self._enable()

    def set_results(self, rows: Sequence[ResultRow], shown: str = "") -> None:
        """List these, the latest first; `shown` is the id of the one on screen. Nothing is emitted."""
        self._rows = tuple(rows)
        present = {row.id for row in rows}
        self._ticked = tuple(one for one in self._ticked if one in present)
        with QSignalBlocker(self._list):
            self._list.clear()
            for row in self._rows:
                item = self._item(row)
                self._list.addTopLevelItem(item)
                if row.id == shown:
                    self._list.setCurrentItem(item)
        self._stack.setCurrentWidget(self._list if rows else self._empty)
        self._enable()

    def set_undo(self, name: str) -> None:
        """Offer to bring back the result of this name; "" offers nothing."""
        self.undo.setVisible(bool(name))
        self.undo.setToolTip(f"Bring back “{name}”")

    def current(self) -> str:
        """Id of the result the buttons act on, "" for none."""
        item = self._list.currentItem()
        return "" if item is None else str(item.data(_NAME, Qt.ItemDataRole.UserRole))

    def ticked(self) -> tuple[str, ...]:
        return self._ticked

    def list(self) -> QTreeWidget:
        return self._list

    def text(self) -> str:
        return self._empty.text() if self._stack.currentWidget() is self._empty else ""

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        shorten(self._buttons, self.width() < 460)

    def _item(self, row: ResultRow) -> QTreeWidgetItem:
        texts = (
            row.name, row.when, significant(row.r_factor, 3), significant(row.free, 4), row.prtf or "–", row.starts,
        )  # fmt: skip
        item = QTreeWidgetItem(list(texts))
        item.setData(_NAME, Qt.ItemDataRole.UserRole, row.id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(_NAME, Qt.CheckState.Checked if row.id in self._ticked else Qt.CheckState.Unchecked)
        for column in (_R, _FREE, _PRTF, _STARTS):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tip = f"{row.note}\nTick two results to compare them." if row.note else "Tick two results to compare them."
        for column in range(len(HEADERS)):
            item.setToolTip(column, tip)
        return item

    def _clicked(self, item: QTreeWidgetItem, column: int) -> None:
        self.chosen.emit(str(item.data(_NAME, Qt.ItemDataRole.UserRole)))

    def _begin_rename(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._list.editItem(item, _NAME)

    def _edited(self, item: QTreeWidgetItem, column: int) -> None:
        if column != _NAME:
            return
        result = str(item.data(_NAME, Qt.ItemDataRole.UserRole))
        row = next((row for row in self._rows if row.id == result), None)
        if row is None:
            return
        checked = item.checkState(_NAME) == Qt.CheckState.Checked
        if checked != (result in self._ticked):
            self._tick(result, checked)
        name = item.text(_NAME).strip()
        if name and name != row.name:
            self.renamed.emit(result, name)
        elif not name:
            with QSignalBlocker(self._list):
                item.setText(_NAME, row.name)

    def _tick(self, result: str, on: bool) -> None:
        rest = tuple(one for one in self._ticked if one != result)
        self._ticked = (*rest, result)[-2:] if on else rest
        with QSignalBlocker(self._list):
            for place in range(self._list.topLevelItemCount()):
                item = self._list.topLevelItem(place)
                assert item is not None
                on = item.data(_NAME, Qt.ItemDataRole.UserRole) in self._ticked
                item.setCheckState(_NAME, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.compared.emit(self._ticked)

    def _enable(self) -> None:
        for button in (self.rename, self.export, self.repeat, self.delete):
            button.setEnabled(bool(self.current()))


def _button(text: str, icon: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setIcon(icons.tool_icon(icon))
    button.setToolTip(tip)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAutoRaise(True)
    return button
