"""The runs of a folder as a Qt model: rows that arrive in any order, sorted and filtered as the user wants."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette

from models.runs.run_table import RunRow, RunState
from widgets import icons, theme
from widgets.text import THIN_SPACE, grouped

COLUMNS = ("Run", "Written", "Frames", "Size", "Type", "On disk", "Labels", "Hits", "Status")
_TIPS = {
    "Run": "Where the run is inside the folder",
    "Written": "When the run was last written to, local time",
    "Frames": "Number of frames",
    "Size": "Height × width of a frame, pixels",
    "Type": "How a pixel is stored",
    "On disk": "Size of the file, or of all files of the run",
    "Labels": "Frames that have a class by anybody's label",
    "Hits": "Share of the sorted frames whose verdict is a class other than blank and contaminant; "
    "empty until the run was sorted and closed",
    "Status": "Whether the run can be opened, and what is odd about it",
}
RUN, WRITTEN, FRAMES, SIZE, TYPE, DISK, LABELS, HITS, STATUS = range(len(COLUMNS))
_RIGHT = frozenset({FRAMES, SIZE, DISK, LABELS, HITS})
_NUMBERS = frozenset({WRITTEN, FRAMES, SIZE, DISK, LABELS, HITS})
_AIR = "\u2002"
"""Keeps numbers on the right of their column off the words on the left of the next."""
STATE_WORDS = {
    RunState.COMPLETE: "complete",
    RunState.WRITTEN: "being written",
    RunState.CHOICE: "needs a choice",
    RunState.UNREADABLE: "unreadable",
}
_SIGNS = {
    RunState.COMPLETE: "done",
    RunState.WRITTEN: "pencil",
    RunState.CHOICE: "info",
    RunState.UNREADABLE: "failed",
}


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts names as people count: r2 before r10."""
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for letter in f"{text.lower()}\0":
        if letter.isascii() and letter.isdigit():
            digits += letter
            continue
        if digits:
            parts.append((0, int(digits), ""))
            digits = ""
        parts.append((1, 0, letter))
    return tuple(parts)


def bytes_text(size: int) -> str:
    """A size on disk: 512 B, 3.4 MB, 1.2 TB."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f}{THIN_SPACE}{unit}" if unit == "B" or value >= 100 else f"{value:.3g}{THIN_SPACE}{unit}"


def cell_text(row: RunRow, column: int) -> str:
    """What a cell says; "" where it is not known."""
    texts: dict[int, Callable[[], str]] = {
        RUN: lambda: row.name,
        WRITTEN: lambda: datetime.fromtimestamp(row.modified_s).strftime("%Y-%m-%d %H:%M:%S"),
        FRAMES: lambda: "" if row.frames is None else grouped(row.frames),
        SIZE: lambda: "" if row.height is None else f"{row.height}{THIN_SPACE}×{THIN_SPACE}{row.width}",
        TYPE: lambda: row.dtype,
        DISK: lambda: bytes_text(row.bytes),
        LABELS: lambda: "" if row.labels is None else grouped(row.labels),
        HITS: lambda: "" if row.hit_rate is None else f"{100 * row.hit_rate:.1f}{THIN_SPACE}%",
        STATUS: lambda: f"{STATE_WORDS[row.state]}: {row.status}" if row.status else STATE_WORDS[row.state],
    }
    return texts[column]()


def _pixels(row: RunRow) -> int | None:
    return None if row.height is None or row.width is None else row.height * row.width


_SORTED_BY: dict[int, Callable[[RunRow], Any]] = {
    WRITTEN: lambda row: row.modified_s,
    FRAMES: lambda row: row.frames,
    SIZE: _pixels,
    TYPE: lambda row: row.dtype or None,
    DISK: lambda row: row.bytes,
    LABELS: lambda row: row.labels,
    HITS: lambda row: row.hit_rate,
    STATUS: lambda row: cell_text(row, STATUS),
}
"""What rows are compared by, besides their names; None where a row has nothing to compare."""


class RunTableModel(QAbstractTableModel):
    """Rows known by their path; those that pass the filter are shown, in order.

    Attributes:
        shown: the rows shown, in order.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shown: list[RunRow] = []
        self._rows: dict[str, RunRow] = {}
        self._name_keys: dict[str, tuple[tuple[int, int, str], ...]] = {}
        self._words: tuple[str, ...] = ()
        self._state: RunState | None = None
        self._column, self._descending = RUN, False

    @property
    def rows(self) -> tuple[RunRow, ...]:
        """All rows, also those that the filter hides."""
        return tuple(self._rows.values())

    def put(self, rows: Sequence[RunRow]) -> None:
        """Add rows, or replace those of the same path; selection and place stay."""
        changed = [row for row in rows if self._rows.get(row.path) != row]
        if not changed:
            return
        for row in changed:
            self._rows[row.path] = row
            self._name_keys[row.path] = natural(row.name)
        self._arrange()

    def keep_only(self, paths: Collection[str]) -> None:
        """Take all other rows away."""
        if gone := [path for path in self._rows if path not in paths]:
            for path in gone:
                del self._rows[path]
            self._arrange()

    def clear(self) -> None:
        self.keep_only(())

    def set_filter(self, text: str, state: RunState | None) -> None:
        """Show rows whose name, type or status has all words of `text`, in `state` (None for any)."""
        words = tuple(text.lower().split())
        if (words, state) != (self._words, self._state):
            self._words, self._state = words, state
            self._arrange()

    def place_of(self, path: str) -> int:
        """Row of a run among those shown, −1 where it is not."""
        return next((place for place, row in enumerate(self.shown) if row.path == path), -1)

    # -- Qt ----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section] + (" / px" if section == SIZE else "") + (_AIR if section in _RIGHT else "")
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[COLUMNS[section]]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.shown):
            return None
        row, column = self.shown[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(row, column) + (_AIR if column in _RIGHT else "")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join((cell_text(row, STATUS), *row.notes)) if column == STATUS else row.path
        if role == Qt.ItemDataRole.DecorationRole and column == STATUS:
            return icons.icon_pixmap(_SIGNS[row.state], _colour(row.state), 12, 2.0)
        if role == Qt.ItemDataRole.ForegroundRole and row.state is RunState.UNREADABLE and column != STATUS:
            return theme.faint_text(QGuiApplication.palette())
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        """Show what passes the filter, in order.

        The number of rows changes at the end only, and the order separately: so views stay where they are scrolled
        to, and what is selected stays selected.
        """
        rows = self._ordered([row for row in self._rows.values() if self._passes(row)])
        before, more = len(self.shown), len(rows) - len(self.shown)
        leaving: list[RunRow] = []
        if more > 0:
            self.beginInsertRows(QModelIndex(), before, len(rows) - 1)
            self.shown = self.shown + rows[-more:]
            self.endInsertRows()
        elif more < 0:
            staying = {row.path for row in rows}
            leaving = [row for row in self.shown if row.path not in staying][:-more]
        self.layoutAboutToBeChanged.emit()
        self._move(rows, leaving)
        self.layoutChanged.emit()
        if leaving:
            self.beginRemoveRows(QModelIndex(), len(rows), before - 1)
            self.shown = rows
            self.endRemoveRows()

    def _ordered(self, rows: Sequence[RunRow]) -> list[RunRow]:
        by_name = sorted(rows, key=lambda row: self._name_keys[row.path])
        if self._column == RUN:
            return by_name[::-1] if self._descending else by_name
        value = _SORTED_BY[self._column]
        known = [row for row in by_name if value(row) is not None]
        known.sort(key=value, reverse=self._descending)
        return known + [row for row in by_name if value(row) is None]

    def _move(self, rows: list[RunRow], leaving: Sequence[RunRow]) -> None:
        """Show `rows`, then those that leave at once; indices that views hold follow their run, or become invalid."""
        held = self.persistentIndexList()
        places = {row.path: place for place, row in enumerate(rows)}
        paths = [self.shown[index.row()].path for index in held]
        self.shown = [*rows, *leaving]
        self.changePersistentIndexList(
            held,
            [
                self.index(places[path], index.column()) if path in places else QModelIndex()
                for path, index in zip(paths, held, strict=True)
            ],
        )

    def _passes(self, row: RunRow) -> bool:
        if self._state is not None and row.state is not self._state:
            return False
        if not self._words:
            return True
        text = f"{row.name} {row.dtype} {cell_text(row, STATUS)}".lower()
        return all(word in text for word in self._words)


def first_order(column: int) -> Qt.SortOrder:
    """How a column is sorted when it is first clicked: numbers and dates from the highest."""
    return Qt.SortOrder.DescendingOrder if column in _NUMBERS else Qt.SortOrder.AscendingOrder


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _colour(state: RunState) -> QColor:
    palette: QPalette = QGuiApplication.palette()
    if state is RunState.COMPLETE:
        return theme.good_colour(palette)
    if state is RunState.UNREADABLE:
        return theme.error_colour(palette)
    return theme.warning_colour(palette)
