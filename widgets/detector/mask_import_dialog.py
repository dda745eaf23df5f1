"""A mask from a file: which of its datasets, and what the numbers mean, seen on the frame before it is taken."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.choices import show_choices


class MaskImportDialog(QDialog):
    """Asks what a foreign mask means. It does not block the window: the mask is shown on the frame behind it."""

    dataset_chosen = pyqtSignal(str)
    meaning_chosen = pyqtSignal(str)

    def __init__(self, name: str, datasets: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mask_import")
        self.setWindowTitle("Import a mask")
        self.setMinimumWidth(420)
        self.dataset = QComboBox()
        show_choices(self.dataset, [(path, path) for path in datasets], datasets[0] if datasets else "")
        self.dataset.activated.connect(lambda row: self.dataset_chosen.emit(self.dataset.itemData(row)))
        form = QFormLayout()
        form.addRow("File", QLabel(name))
        if len(datasets) > 1:
            form.addRow("Dataset", self.dataset)
        elif datasets and datasets[0]:
            form.addRow("Dataset", QLabel(datasets[0]))
        self._assumed = QLabel()
        self._assumed.setWordWrap(True)
        colours = self._assumed.palette()
        colours.setColor(self._assumed.foregroundRole(), theme.warning_colour(self.palette()))
        self._assumed.setPalette(colours)
        question = QLabel("What do its numbers mean?")
        question.setFont(theme.title_font(self.font()))
        self._group = QButtonGroup(self)
        self.meanings: dict[str, QRadioButton] = {}
        self._choices = QVBoxLayout()
        self._said = QLabel()
        self._said.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.take = buttons.button(QDialogButtonBox.StandardButton.Ok)
        assert self.take is not None
        self.take.setText("Add to your mask")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addLayout(form)
        box.addWidget(question)
        box.addLayout(self._choices)
        box.addWidget(self._assumed)
        box.addWidget(self._said)
        box.addStretch(1)
        box.addWidget(buttons, 0, Qt.AlignmentFlag.AlignBottom)
        self.show_refusal("")

    def show_meanings(self, meanings: Sequence[tuple[str, str, str]], taken: str, assumed: str) -> None:
        """What the numbers can mean: (name, words, share that would be masked); one is taken, with how that came."""
        for button in self.meanings.values():
            self._group.removeButton(button)
            button.deleteLater()
        self.meanings.clear()
        for name, words, share in meanings:
            button = QRadioButton(f"{words}  —  masks {share}")
            button.clicked.connect(lambda _on, chosen=name: self.meaning_chosen.emit(chosen))
            self._group.addButton(button)
            self._choices.addWidget(button)
            self.meanings[name] = button
        self.meanings[taken].setChecked(True)
        self._assumed.setText(f"{assumed[:1].upper()}{assumed[1:]}." if assumed else "")
        self._assumed.setVisible(bool(assumed))
        self._said.hide()
        assert self.take is not None
        self.take.setEnabled(True)

    def show_refusal(self, sentence: str) -> None:
        """The dataset cannot be taken, and why."""
        self._said.setText(sentence)
        self._said.setVisible(bool(sentence))
        assert self.take is not None
        self.take.setEnabled(False)
