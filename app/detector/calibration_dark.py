"""Asks which frames a pedestal is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from models.calibration.dark import LOWEST, MEDIAN, DarkSettings
from widgets.parameter_form import ParameterForm
from widgets.text import counted

THIS, LABELLED, OTHER = "this", "labelled", "other"
EXPLAINS = (
    "A pedestal is what each pixel shows without light. Best is a run taken in the dark with the same readout: the "
    "median of its frames. Without one, frames with few photons do: the lowest peak of each pixel's values, where "
    "pixels that are lit in most frames lean on their neighbours in the row."
)


class DarkDialog(QDialog):
    """`source()`, `label()`, `other()` and `settings()` hold once it is accepted."""

    def __init__(self, frames: int, labels: Mapping[str, int], parent: QWidget | None = None) -> None:
        """`frames` of the open run; `labels`: how many of them carry each class."""
        super().__init__(parent)
        self.setObjectName("dark")
        self.setWindowTitle("Make a pedestal")
        box = QVBoxLayout(self)
        box.setSpacing(8)
        words = QLabel(EXPLAINS)
        words.setWordWrap(True)
        box.addWidget(words)
        self._group = QButtonGroup(self)
        self.other_run = QRadioButton("Another run, taken in the dark:")
        self.labelled = QRadioButton("Frames of this run labelled")
        self.this_run = QRadioButton(f"All {counted(frames, 'frame')} of this run")
        for button in (self.other_run, self.labelled, self.this_run):
            self._group.addButton(button)
            button.toggled.connect(self._chosen)
        self.path = QLineEdit()
        self.path.setPlaceholderText("file or folder")
        self.path.setAccessibleName("The run taken in the dark")
        self.path.textChanged.connect(self._chosen)
        file, folder = QPushButton("File…"), QPushButton("Folder…")
        for choose in (file, folder):
            choose.setAutoDefault(False)
        file.clicked.connect(self._choose_file)
        folder.clicked.connect(self._choose_folder)
        line = QHBoxLayout()
        line.addWidget(self.path, 1)
        line.addWidget(file)
        line.addWidget(folder)
        self.classes = QComboBox()
        self.classes.setAccessibleName("Class")
        for name, number in labels.items():
            if number:
                self.classes.addItem(f"{name} ({counted(number, 'frame')})", name)
        blank = next((at for at in range(self.classes.count()) if "blank" in self.classes.itemText(at).lower()), 0)
        self.classes.setCurrentIndex(blank)
        with_class = QHBoxLayout()
        with_class.addWidget(self.labelled)
        with_class.addWidget(self.classes, 1)
        self.labelled.setEnabled(self.classes.count() > 0)
        box.addWidget(self.other_run)
        box.addLayout(line)
        box.addLayout(with_class)
        box.addWidget(self.this_run)
        self._form = ParameterForm(DarkSettings())
        box.addWidget(self._form)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = self._buttons.addButton("Make", QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        box.addWidget(self._buttons)
        self.setMinimumWidth(520)
        (self.labelled if self.classes.count() else self.this_run).setChecked(True)

    def source(self) -> str:
        """`OTHER`, `LABELLED` or `THIS`."""
        return OTHER if self.other_run.isChecked() else LABELLED if self.labelled.isChecked() else THIS

    def label(self) -> str:
        """The class whose frames are taken."""
        return str(self.classes.currentData() or "")

    def other(self) -> Path:
        return Path(self.path.text().strip()).expanduser()

    def settings(self) -> DarkSettings:
        found: DarkSettings = self._form.value()
        return found

    def _chosen(self) -> None:
        lit = self.this_run.isChecked()
        settings = self.settings()
        if self.sender() in (self.this_run, self.other_run, self.labelled):
            self._form.set_value(replace(settings, statistic=LOWEST if lit else MEDIAN))
        self.path.setEnabled(self.other_run.isChecked())
        if self.start is not None:
            self.start.setEnabled(not self.other_run.isChecked() or bool(self.path.text().strip()))

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "A run taken in the dark")
        self._take(path)

    def _choose_folder(self) -> None:
        self._take(QFileDialog.getExistingDirectory(self, "A run taken in the dark"))

    def _take(self, path: str) -> None:
        if path:
            self.path.setText(path)
            self.other_run.setChecked(True)
