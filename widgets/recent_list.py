"""The list of runs opened before, in the welcome pane and beside an open run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from widgets import icons


@dataclass(frozen=True, slots=True)
class RecentRun:
    """A run opened before.

    Attributes:
        path: what opens it.
        name: short name.
        detail: a few words ("2 000 frames · 214 labels · yesterday").
        present: whether it is still there.
    """

    path: str
    name: str
    detail: str = ""
    present: bool = True


class RecentList(QListWidget):
    """As high as its rows, up to `most` of them; a missing run is greyed and cannot be chosen."""

    chosen = pyqtSignal(str)
    """path of a run: Enter, double click, or a click where `single_click` is set"""

    def __init__(self, most: int, single_click: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = most
        self.setAccessibleName("Recent runs")
        self.setAlternatingRowColors(True)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(14, 14))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        signal = self.itemClicked if single_click else self.itemActivated
        signal.connect(self._choose)

    def set_runs(self, runs: Sequence[RecentRun]) -> None:
        """Show these runs, newest first."""
        self.clear()
        row = self.fontMetrics().height() + 6
        for run in runs:
            words = run.detail if run.present else "missing"
            item = QListWidgetItem(icons.tool_icon("file"), f"{run.name}    {words}" if words else run.name)
            item.setData(Qt.ItemDataRole.UserRole, run.path)
            item.setToolTip(run.path if run.present else f"{run.path}\nis no longer there")
            if not run.present:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            # Rows are as wide as the list, however long their text: it is shortened and the tool tip has all of it.
            item.setSizeHint(QSize(0, row))
            self.addItem(item)
        self.setFixedHeight(min(self._most, len(runs)) * row + 2 * self.frameWidth())

    def _choose(self, item: QListWidgetItem) -> None:
        # A click on a disabled item is told like any other.
        if item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
