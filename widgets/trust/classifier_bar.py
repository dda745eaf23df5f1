"""The line that says which classifier the verdicts come from, and lets another one be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme


@dataclass(frozen=True, slots=True)
class ClassifierChoice:
    """One classifier of the list.

    Attributes:
        id: what the signals carry.
        title: its name.
        summary: one line on what it goes by.
        paper: where it was published, "" for none.
        group: neighbours of different groups are parted by a line.
    """

    id: str
    title: str
    summary: str = ""
    paper: str = ""
    group: str = ""


class ClassifierBar(QWidget):
    """A list of classifiers with a button for their settings, and below it, while that lasts, how far work is."""

    chosen = pyqtSignal(str)
    """id of the classifier the user wants"""
    settings_wanted = pyqtSignal()
    cancel_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices: tuple[ClassifierChoice, ...] = ()
        self._box = QComboBox()
        self._box.setAccessibleName("Classifier")
        self._box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._box.setMinimumContentsLength(14)
        self._box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        label = QLabel("Sorted by")
        label.setBuddy(self._box)
        self._settings = QToolButton()
        self._settings.setText("Settings…")
        self._settings.setToolTip("What this classifier goes by, the paper it comes from, and its settings")
        self._settings.setAutoRaise(True)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(6)
        self._cancel = QToolButton()
        self._cancel.setObjectName("stop")
        self._cancel.setIcon(icons.tool_icon("cross"))
        self._cancel.setToolTip("Stop, and keep the verdicts shown")
        self._cancel.setAccessibleName("Stop the classifier")
        self._cancel.setAutoRaise(True)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(label)
        line.addWidget(self._box, 1)
        line.addWidget(self._settings)
        self._at_work = QWidget()
        self._at_work.setObjectName("at_work")
        work = QHBoxLayout(self._at_work)
        work.setContentsMargins(0, 0, 0, 0)
        work.setSpacing(6)
        work.addWidget(self._words, 2)
        work.addWidget(self._progress, 1)
        work.addWidget(self._cancel)
        box = QVBoxLayout(self)
        box.setContentsMargins(6, 4, 6, 2)
        box.setSpacing(2)
        box.addLayout(line)
        box.addWidget(self._at_work)
        self._box.activated.connect(lambda _place: self.chosen.emit(str(self._box.currentData())))
        self._settings.clicked.connect(self.settings_wanted)
        self._cancel.clicked.connect(self.cancel_wanted)
        self.set_idle()

    def set_choices(self, choices: Sequence[ClassifierChoice]) -> None:
        """Offer these classifiers."""
        if tuple(choices) == self._choices:
            return
        self._choices = tuple(choices)
        self._box.clear()
        group = self._choices[0].group if self._choices else ""
        for choice in self._choices:
            if choice.group != group:
                self._box.insertSeparator(self._box.count())
                group = choice.group
            self._box.addItem(choice.title, choice.id)
            tip = "\n".join(part for part in (choice.summary, choice.paper) if part)
            self._box.setItemData(self._box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def set_chosen(self, choice_id: str) -> None:
        """Show this one as chosen; nothing is emitted."""
        self._box.setCurrentIndex(self._box.findData(choice_id))
        found = next((choice for choice in self._choices if choice.id == choice_id), None)
        self._box.setToolTip("" if found is None else "\n".join(p for p in (found.summary, found.paper) if p))

    def chosen_id(self) -> str:
        return str(self._box.currentData() or "")

    def choose(self, choice_id: str) -> None:
        """Choose as the user would."""
        self.set_chosen(choice_id)
        self.chosen.emit(choice_id)

    def set_idle(self, words: str = "") -> None:
        """Nothing is going on; `words` are shown where there is something to say."""
        self._words.setText(words)
        self._at_work.setVisible(bool(words))
        self._progress.hide()
        self._cancel.hide()

    def set_busy(self, words: str, fraction: float | None) -> None:
        """Something is being computed: what, and how far, None where that is not known."""
        self._words.setText(words)
        self._progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self._progress.setValue(round(1000 * fraction))
        self._at_work.show()
        self._progress.show()
        self._cancel.show()

    def words(self) -> str:
        """What is said below the list."""
        return self._words.text()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            colours = self._words.palette()
            faint = theme.faint_text(self.palette())
            if colours.color(QPalette.ColorRole.WindowText) != faint:
                colours.setColor(QPalette.ColorRole.WindowText, faint)
                self._words.setPalette(colours)
