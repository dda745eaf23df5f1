"""The table of starts, ranked by free log-likelihood: which is watched, which are compared, which are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QResizeEvent
from PyQt6.QtWidgets import QHeaderView, QStackedLayout, QTableView, QVBoxLayout, QWidget

from widgets import theme
from widgets.empty import EmptyState
from widgets.text import THIN_SPACE, grouped, significant
from widgets.ticks import TickDelegate

COLUMNS = ("", "#", "Seed", "Free LLK", "R factor", "State", "Iteration", "Support")
_TIPS = {
    "": "Tick two starts to see them side by side",
    "#": "Rank by free log-likelihood, the best first; of those it cannot tell apart the smallest R factor leads",
    "Seed": "The random number this start was drawn from",
    "State": "What it is doing; kept starts are averaged at the end",
    "Iteration": "Iterations done",
    "R factor": "Sum of |calculated − measured| amplitude over the sum of the measured, on measured pixels",
    "Free LLK": "Free log-likelihood: Poisson deviance per held-out pixel; smaller is better, 1 is ideal",
    "Support": "Pixels of the support, and their share of the array",
}
_COMPARE, _RANK, _SEED, _FREE, _R, _STATE, _ITERATION, _SUPPORT = range(len(COLUMNS))


@dataclass(frozen=True, slots=True)
class StartRow:
    """One start as the table shows it; NaN where a figure is not known.

    Attributes:
        seed: which. state: "waiting", "RAAR", "finished", "given up" … iteration: how many are done.
        r_factor, free: figures on measured and on held-out pixels. support_pixels, support_share: its area.
        kept: whether it is (or would be) part of the average.
    """

    seed: int
    state: str
    iteration: int = 0
    r_factor: float = math.nan
    free: float = math.nan
    support_pixels: int = 0
    support_share: float = math.nan
    kept: bool = False


class _Starts(QAbstractTableModel):
    ticked_changed = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[StartRow, ...] = ()
        self.watched: int | None = None
        self.short = False
        self.ticked: tuple[int, ...] = ()

    def show(self, rows: Sequence[StartRow], watched: int | None) -> None:
        rows = tuple(rows)
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows, self.watched = rows, watched
            self.endResetModel()
        elif rows != self.rows or watched != self.watched:
            self.rows, self.watched = rows, watched
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))
        present = {row.seed for row in rows}
        if not present.issuperset(self.ticked):
            self.ticked = tuple(seed for seed in self.ticked if seed in present)
            self.ticked_changed.emit()

    def set_short(self, short: bool) -> None:
        """Whether the last column has to do with little room."""
        if short != self.short:
            self.short = short
            if self.rows:
                self.dataChanged.emit(self.index(0, _SUPPORT), self.index(len(self.rows) - 1, _SUPPORT))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[COLUMNS[section]]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        own = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return own | Qt.ItemFlag.ItemIsUserCheckable if index.column() == _COMPARE else own

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if column == _SUPPORT:
                return _support_words(row, self.short)
            return self._text(row, column, index.row())
        if role == Qt.ItemDataRole.CheckStateRole and column == _COMPARE:
            return Qt.CheckState.Checked if row.seed in self.ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column in (_COMPARE, _STATE) else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and row.seed == self.watched:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Qt.ItemDataRole.ToolTipRole and column == _SUPPORT:
            return _support_words(row, False)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "The start shown" if row.seed == self.watched else "Click to watch this start"
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != _COMPARE:
            return False
        self.toggle(self.rows[index.row()].seed)
        return True

    def toggle(self, seed: int) -> None:
        """Tick a start or not; of three the oldest tick goes."""
        if seed in self.ticked:
            self.ticked = tuple(other for other in self.ticked if other != seed)
        else:
            self.ticked = (*self.ticked, seed)[-2:]
        self.dataChanged.emit(self.index(0, _COMPARE), self.index(len(self.rows) - 1, _COMPARE))
        self.ticked_changed.emit()

    @staticmethod
    def _text(row: StartRow, column: int, place: int) -> str:
        if column == _RANK:
            return f"{place + 1}"
        if column == _SEED:
            return f"{row.seed}"
        if column == _STATE:
            return f"{row.state} · kept" if row.kept else row.state
        if column == _ITERATION:
            return grouped(row.iteration)
        if column == _R:
            return _figure(row.r_factor)
        if column == _FREE:
            return _figure(row.free)
        return ""


def _support_words(row: StartRow, short: bool) -> str:
    """Pixels and share of the array; the share alone where there is little room."""
    if not row.support_pixels:
        return "–"
    pixels = f"{grouped(row.support_pixels)}{THIN_SPACE}px"
    if not math.isfinite(row.support_share):
        return pixels
    share = f"{100 * row.support_share:.2g}{THIN_SPACE}%"
    return share if short else f"{pixels} · {share}"


def _figure(value: float) -> str:
    """With as many decimals in every row, so that a column can be read down."""
    return f"{value:.3f}" if math.isfinite(value) and abs(value) < 1000 else significant(value, 4)


class StartsTable(QWidget):
    """All starts, best first, as they are told; a click watches one, two can be ticked to be compared."""

    watch_wanted = pyqtSignal(int)
    """seed of the start to show"""
    compared = pyqtSignal(object)
    """tuple of the seeds ticked: none, one or two"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Starts(self)
        self._table = QTableView()
        self._table.setModel(self._model)
        self._table.setAccessibleName("Starts")
        self._table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self._table.setShowGrid(False)
        self._table.setAlternatingRowColors(True)
        self._table.setWordWrap(False)
        self._table.setItemDelegate(theme.RowDelegate(self._table))
        self._table.setItemDelegateForColumn(_COMPARE, TickDelegate(self._table))
        rows, header = self._table.verticalHeader(), self._table.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        rows.setDefaultSectionSize(theme.line_height() + 6)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        wide = self._table.fontMetrics()
        samples = ("0", "00", "0000", "00.000", "0.0000", "finished · kept", "00 000")
        paddings = (18, 10, 10, 10, 10, 8, 8)
        for column, (sample, padding) in enumerate(zip(samples, paddings, strict=True)):
            title = wide.horizontalAdvance(COLUMNS[column]) + 10
            self._table.setColumnWidth(column, max(title, wide.horizontalAdvance(sample) + padding))
        # The last one is stretched over what is left.
        self._table.setColumnWidth(_SUPPORT, wide.horizontalAdvance(COLUMNS[_SUPPORT]) + 10)
        self._support_px = wide.horizontalAdvance("00 000 px · 00 %") + 8
        self._empty = EmptyState("No starts yet", "Run the reconstruction: every random start gets a line here.")
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._table)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(self._stack)
        self._table.clicked.connect(self._clicked)
        self._table.activated.connect(self._clicked)
        self._model.ticked_changed.connect(lambda: self.compared.emit(self._model.ticked))

    def set_rows(self, rows: Sequence[StartRow], watched: int | None) -> None:
        """Show these starts, best first; nothing is emitted, unless a ticked start is gone."""
        self._model.show(rows, watched)
        self._stack.setCurrentWidget(self._table if rows else self._empty)
        place = next((at for at, row in enumerate(rows) if row.seed == watched), -1)
        selection = self._table.selectionModel()
        if selection is not None and place < 0:
            selection.clearSelection()
        elif selection is not None:
            how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            selection.select(self._model.index(place, 0), how)

    def ticked(self) -> tuple[int, ...]:
        """Seeds to be compared."""
        return self._model.ticked

    def cell(self, row: int, column: str) -> str:
        """Text of a cell, for tests and screen readers."""
        return str(self._model.data(self._model.index(row, COLUMNS.index(column))) or "")

    def table(self) -> QTableView:
        return self._table

    def text(self) -> str:
        """What stands in place of the table, "" while it is shown."""
        return self._empty.text() if self._stack.currentWidget() is self._empty else ""

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        columns = range(_SUPPORT)
        room = self.width() - sum(self._table.columnWidth(column) for column in columns) - 20
        self._model.set_short(room < self._support_px)

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() != _COMPARE and index.isValid():
            self.watch_wanted.emit(self._model.rows[index.row()].seed)
