"""Asks which dataset of a file holds the frames, when several might."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.text import grouped

if TYPE_CHECKING:
    from models.errors import DatasetCandidate


def _frames_and_size(shape: tuple[int, ...]) -> tuple[str, str]:
    if len(shape) < 3:
        return "1", " × ".join(str(length) for length in shape)
    return grouped(shape[0]), " × ".join(str(length) for length in shape[1:])


class DatasetPicker(QDialog):
    """Lists the candidates, likeliest first and already chosen; `chosen_path` is the answer after it was accepted."""

    def __init__(
        self,
        file_name: str,
        candidates: Sequence[DatasetCandidate],
        parent: QWidget | None = None,
        *,
        because: str = "",
    ) -> None:
        """`because` says why it has to be asked; without it, that several datasets might be the frames."""
        super().__init__(parent)
        self.setWindowTitle("Which dataset holds the frames?")
        self.resize(720, 340)
        why = because or "several datasets might hold the frames"
        words = QLabel(f"<b>{file_name}</b>: {why}. The likeliest is on top.")
        words.setWordWrap(True)
        self._list = QTreeWidget()
        self._list.setAccessibleName("Datasets")
        self._list.setHeaderLabels(["Dataset", "Frames", "Size (px)", "Type", "Because"])
        self._list.setRootIsDecorated(False)
        self._list.setAlternatingRowColors(True)
        self._list.setItemDelegate(theme.RowDelegate(self._list))
        for candidate in candidates:
            frames, size = _frames_and_size(candidate.shape)
            item = QTreeWidgetItem([candidate.path, frames, size, candidate.dtype, candidate.why])
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setToolTip(0, candidate.path)
            item.setToolTip(4, candidate.why)
            self._list.addTopLevelItem(item)
        header = self._list.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        box = QVBoxLayout(self)
        box.addWidget(words)
        box.addWidget(self._list, 1)
        box.addWidget(self._buttons)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._list.itemActivated.connect(lambda _item: self.accept())
        self._list.itemSelectionChanged.connect(self._enable)
        if candidates:
            self._list.setCurrentItem(self._list.topLevelItem(0))
        self._enable()
        self._list.setFocus()

    def chosen_path(self) -> str:
        """Path of the chosen dataset inside the file, "" for none."""
        items = self._list.selectedItems()
        return items[0].text(0) if items else ""

    def _enable(self) -> None:
        button = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        assert button is not None
        button.setEnabled(bool(self._list.selectedItems()))
