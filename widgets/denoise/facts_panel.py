"""What is known of the frame and of the result: photons, speckles, what pixels rest on, notes, warnings, tests."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.phase.narrow import scrolled

Fact = tuple[str, str, str]
"""name, value with its unit, tool tip"""


class FactsPanel(QWidget):
    """Name and value a line, then sentences: the warnings first and in the colour of warnings."""

    test_wanted = pyqtSignal()
    """the result is to be tested on photons the method does not see"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said: list[str] = []
        self._grave: list[QLabel] = []
        self._faint: list[QLabel] = []
        self.test = QPushButton("Test the result")
        self.test.setAutoDefault(False)
        self.test.setToolTip(
            "Divides the photons at random into halves, denoises each, and holds it against the other: was only "
            "counting noise removed, or structure as well?"
        )
        inside = QWidget()
        box = QVBoxLayout(inside)
        box.setContentsMargins(8, 6, 8, 8)
        box.setSpacing(6)
        self._warnings, self._notes, self._tests = QVBoxLayout(), QVBoxLayout(), QVBoxLayout()
        self._table = QGridLayout()
        self._table.setHorizontalSpacing(10)
        self._table.setVerticalSpacing(3)
        self._table.setColumnStretch(1, 1)
        for layout in (self._warnings, self._table, self._notes):
            box.addLayout(layout)
        box.addSpacing(4)
        box.addWidget(self.test, 0, Qt.AlignmentFlag.AlignLeft)
        box.addLayout(self._tests)
        box.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inside))
        self.test.clicked.connect(self.test_wanted)

    def set_facts(self, facts: Sequence[Fact], warnings: Sequence[str], notes: Sequence[str]) -> None:
        """Show these in place of all before."""
        self._said, self._grave, self._faint = [], [], []
        for layout in (self._warnings, self._table, self._notes):
            _empty(layout)
        for sentence in warnings:
            self._warnings.addWidget(self._sentence(f"⚠ {sentence}", self._grave))
        for row, (name, value, tip) in enumerate(facts):
            label, text = QLabel(name), QLabel(value)
            self._faint.append(label)
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for widget in (label, text):
                widget.setToolTip(tip)
            self._table.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._table.addWidget(text, row, 1)
            self._said.append(f"{name}: {value}")
        for sentence in notes:
            self._notes.addWidget(self._sentence(sentence, self._faint))
        self._follow_palette()

    def set_tests(self, sentences: Sequence[str], sound: bool, running: bool, possible: bool) -> None:
        """What tests say; while they run nothing is said yet."""
        _empty(self._tests)
        self._grave = [label for label in self._grave if not label.property("test")]
        self.test.setEnabled(possible and not running)
        self.test.setText("Testing…" if running else "Test the result")
        for place, sentence in enumerate(sentences):
            grave = not sound and place == 0
            label = self._sentence(f"⚠ {sentence}" if grave else sentence, self._grave if grave else [])
            label.setProperty("test", True)
            self._tests.addWidget(label)
        self._follow_palette()

    def text(self) -> str:
        """Everything that is said."""
        labels = [
            layout.itemAt(at).widget()  # type: ignore[union-attr]
            for layout in (self._warnings, self._notes, self._tests)
            for at in range(layout.count())
        ]
        return " ".join([*self._said, *(label.text() for label in labels if isinstance(label, QLabel))])

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_grave"):
            self._follow_palette()

    def _sentence(self, text: str, kind: list[QLabel]) -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        kind.append(label)
        return label

    def _follow_palette(self) -> None:
        for labels, ink in ((self._grave, theme.warning_colour), (self._faint, theme.faint_text)):
            for label in labels:
                colours = QPalette(self.palette())
                colours.setColor(QPalette.ColorRole.WindowText, ink(self.palette()))
                label.setPalette(colours)


def _empty(layout: QVBoxLayout | QGridLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
