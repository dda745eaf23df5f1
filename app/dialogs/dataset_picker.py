"""Which of several datasets holds the frames?"""

from __future__ import annotations

from collections.abc import Sequence

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

from models.errors import DatasetCandidate


class DatasetPicker(QDialog):
    """Lists the candidates, best first, with what speaks for or against each."""

    def __init__(self, file_name: str, candidates: Sequence[DatasetCandidate], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dataset_picker")
        self.setWindowTitle("Choose the frames")
        self._list = QTreeWidget()
        self._list.setHeaderLabels(["Dataset", "Shape", "Type", "Why"])
        self._list.setRootIsDecorated(False)
        self._list.setAlternatingRowColors(True)
        for candidate in candidates:
            shape = " × ".join(str(size) for size in candidate.shape)
            self._list.addTopLevelItem(QTreeWidgetItem([candidate.path, shape, candidate.dtype, candidate.why]))
        header = self._list.header()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        if candidates:
            self._list.setCurrentItem(self._list.topLevelItem(0))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._list.itemActivated.connect(lambda _item: self.accept())
        words = QLabel(f"Several datasets of {file_name} might hold the frames. Which one is it?")
        words.setWordWrap(True)
        box = QVBoxLayout(self)
        box.addWidget(words)
        box.addWidget(self._list)
        box.addWidget(buttons)
        self.resize(760, 320)

    def dataset(self) -> str:
        """Path of the chosen dataset, "" for none."""
        item = self._list.currentItem()
        return item.text(0) if item is not None else ""
