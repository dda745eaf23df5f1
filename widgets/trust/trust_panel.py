"""How far the stated confidence can be taken at its word: the reliability diagram with what it says in words."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from widgets import theme
from widgets.empty import EmptyState
from widgets.trust.reliability import ReliabilityBins, ReliabilityDiagram
from widgets.trust.words import said_and_found


class TrustPanel(QWidget):
    """Diagram beside (or above) its words; the words follow the bin under the mouse or the arrow keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bins: ReliabilityBins | None = None
        self.diagram = ReliabilityDiagram()
        self._headline = QLabel()
        self._headline.setFont(theme.title_font(self.font()))
        self._judgement = QLabel()
        self._bin = QLabel()
        words = QVBoxLayout()
        words.setSpacing(6)
        for label in (self._headline, self._judgement, self._bin):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            words.addWidget(label)
        words.addStretch(1)
        full = QWidget()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, full)
        self._box.setContentsMargins(4, 4, 8, 4)
        self._box.setSpacing(8)
        self._box.addWidget(self.diagram, 3)
        self._box.addLayout(words, 2)
        self._empty = EmptyState("Nothing to check yet", "")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self._full = full
        self.diagram.bin_changed.connect(self._say_bin)

    def clear(self, reason: str) -> None:
        """There is nothing to show, and why."""
        self._bins = None
        self.diagram.set_bins(None)
        self._empty.set_text("Nothing to check yet", reason)
        self._stack.setCurrentWidget(self._empty)

    def set_calibration(self, bins: ReliabilityBins, headline: str, judgement: str) -> None:
        """Show these bins, with a headline (the calibration error) and a sentence or two on what follows from it."""
        self._bins = bins
        self.diagram.set_bins(bins)
        self._headline.setText(headline)
        self._judgement.setText(judgement)
        self._say_bin(self.diagram.current)
        self._stack.setCurrentWidget(self._full)

    def words(self) -> str:
        """All that is said, for who reads it aloud."""
        if self._stack.currentWidget() is self._empty:
            return self._empty.text()
        return " ".join(label.text() for label in (self._headline, self._judgement, self._bin))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        tall = self.height() > 1.1 * self.width()
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if tall else QBoxLayout.Direction.LeftToRight)

    def _say_bin(self, k: int) -> None:
        bins = self._bins
        if bins is None:
            return
        filled = bins.filled()
        if not filled:
            self._bin.clear()
            return
        if k not in filled:
            k = filled[-1]  # the frames one would keep are those the classifier is surest of
        said = (float(bins.edges_low[k]), float(bins.edges_high[k]))
        between = (float(bins.low[k]), float(bins.high[k]))
        self._bin.setText(said_and_found(said, float(bins.found[k]), between, int(bins.count[k])))
