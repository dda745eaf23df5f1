"""The embeddings of a run side by side, and which of them is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from app.embeddings import EmbeddingChoice
from widgets import theme
from widgets.text import counted

RECOGNISED = (
    "Frames recognised",
    "Share of this run's frames that are nearest to themselves, among others, when exposed a second time. "
    "Needs no labels.",
)
SIMULATED = (
    "Simulated particles",
    "Balanced accuracy of single against multi from 5 labels each, on simulated particles never trained on, seen by "
    "this run's detector at its doses. Needs no labels.",
)


class EmbeddingsDialog(QDialog):
    """A line for each embedding with its figures; `chosen` is emitted when another one is to be used."""

    chosen = pyqtSignal(str)
    """key of the embedding"""

    def __init__(
        self,
        choices: Sequence[EmbeddingChoice],
        present: str,
        labels: int,
        suggested: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("embeddings")
        self.setWindowTitle("Embeddings of this run")
        self._present = present
        self._labels = labels
        self._buttons: dict[str, QRadioButton] = {}
        self._accuracies: dict[str, QLabel] = {}
        words = QLabel(
            "All are kept. Arrows lead from the figure before adaptation to the figure after it, on the same frames."
        )
        words.setWordWrap(True)
        table = QGridLayout()
        table.setHorizontalSpacing(20)
        table.setVerticalSpacing(6)
        own = (
            f"Your {counted(labels, 'label')}",
            "Balanced accuracy on your labels, each judged while it is held out",
        )
        for column, (title, tip) in enumerate((("Embedding", ""), SIMULATED, RECOGNISED, own)):
            head = QLabel(title)
            head.setFont(theme.title_font(self.font()))
            head.setToolTip(tip)
            table.addWidget(head, 0, column)
        for row, choice in enumerate(choices, 1):
            self._add_row(table, row, choice)
        note = QLabel(
            "With few labels small differences mean nothing; a network that has learned from labels does better on "
            "them than on other frames."
        )
        note.setWordWrap(True)
        buttons = QDialogButtonBox()
        self._use = buttons.addButton("Use it for this run", QDialogButtonBox.ButtonRole.AcceptRole)
        keep = buttons.addButton("Keep the present one", QDialogButtonBox.ButtonRole.RejectRole)
        if keep is not None:
            keep.setDefault(True)  # Enter never changes which embedding is used
        box = QVBoxLayout(self)
        box.setSpacing(10)
        box.addWidget(words)
        box.addLayout(table)
        box.addWidget(note)
        box.addWidget(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self._picked()))
        wanted = suggested if suggested in self._buttons else present
        if wanted in self._buttons:
            self._buttons[wanted].setChecked(True)
        self._update_button()

    def pick(self, key: str) -> None:
        """Mark an embedding as the user would."""
        self._buttons[key].setChecked(True)

    def set_accuracies(self, by_key: dict[str, float]) -> None:
        """Balanced accuracy on the labels of each embedding that has vectors."""
        for key, label in self._accuracies.items():
            label.setText(f"{by_key[key]:.2f}" if key in by_key else "–")
            label.setToolTip("" if key in by_key else "Needs two labels of two classes, and the run embedded with it")

    def text(self) -> str:
        """All that is shown, for tests and for who reads it aloud."""
        return " ".join(label.text() for label in self.findChildren(QLabel))

    def _add_row(self, table: QGridLayout, row: int, choice: EmbeddingChoice) -> None:
        used = " (in use)" if choice.key == self._present else ""
        button = QRadioButton(f"{choice.title}{used}")
        button.toggled.connect(self._update_button)
        self._buttons[choice.key] = button
        table.addWidget(button, row, 0)
        figures = (
            _figure(choice.about, "simulated_balanced_accuracy"),
            _figure(choice.about, "frames_recognised"),
            "…" if self._labels else "–",
        )
        for column, figure in enumerate(figures, 1):
            label = QLabel(figure)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            table.addWidget(label, row, column)
        self._accuracies[choice.key] = label
        learned = int(choice.about.get("frames_labelled", 0))
        if learned:
            button.setToolTip(f"Has learned from {counted(learned, 'label')}")
            button.setText(f"{button.text()}, with {counted(learned, 'label')}")

    def _picked(self) -> str:
        return next((key for key, button in self._buttons.items() if button.isChecked()), self._present)

    def _update_button(self) -> None:
        if hasattr(self, "_use") and self._use is not None:
            self._use.setEnabled(self._picked() != self._present)


def _figure(about: dict[str, Any], name: str) -> str:
    """ "0.91 → 0.94", "–" where it was not measured."""
    before, after = (about.get(when, {}).get(name) for when in ("before", "after"))
    return f"{before:.2f} → {after:.2f}" if isinstance(before, float) and isinstance(after, float) else "–"
