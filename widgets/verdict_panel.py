"""How far the verdicts can be trusted: their confidence, and a cross-validated confusion table of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QLabel,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from widgets.confidence import BINS, confidence_counts
from widgets.confusion_table import UNKNOWN, ConfusionTable
from widgets.empty import EmptyState
from widgets.histogram import ConfidenceHistogram
from widgets.text import counted
from widgets.theme import ClassStyle

__all__ = ["BINS", "UNKNOWN", "FrameCriteria", "VerdictPanel", "confidence_counts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCriteria:
    """Which frames a click meant.

    Attributes:
        verdict: class id the classifier gives them, `UNKNOWN` included.
        label: class id the user gave them; None for frames with any label or none.
        low, high: range of confidence, low included.
    """

    verdict: str
    label: str | None = None
    low: float = 0.0
    high: float = 1.0


_ON_LABELS = (
    "How often a labelled frame gets its own class while it is held out. Frames labelled from the queue are the hard "
    "ones, so the run as a whole usually fares better than this."
)


class VerdictPanel(QWidget):
    """Histogram of confidence beside (or above) the confusion table; both can be clicked to select frames."""

    frames_chosen = pyqtSignal(object)
    """a `FrameCriteria`"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassStyle, ...] = ()
        self._matrix: npt.NDArray[np.int64] | None = None
        self._arranged_for = 0
        self._empty = EmptyState(
            "No verdicts yet",
            "Label at least two frames in each of two classes: every frame of the run then gets a class.",
        )
        self._histogram = ConfidenceHistogram()
        self._confusion = ConfusionTable()
        self._no_confusion = EmptyState(
            "No confusion table yet", "It needs at least two labels in each of two classes."
        )
        confusion = QWidget()
        self._confusion_stack = QStackedLayout(confusion)
        self._confusion_stack.addWidget(self._no_confusion)
        self._confusion_stack.addWidget(self._confusion)
        self._splitter = QSplitter()
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self._histogram)
        self._splitter.addWidget(confusion)
        self._caption = QLabel()
        self._caption.setWordWrap(True)
        full = QWidget()
        box = QVBoxLayout(full)
        box.setContentsMargins(4, 4, 4, 4)
        box.setSpacing(4)
        box.addWidget(self._caption)
        box.addWidget(self._splitter, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self._full = full
        self._histogram.part_clicked.connect(
            lambda verdict, low, high: self.frames_chosen.emit(FrameCriteria(verdict=verdict, low=low, high=high))
        )
        self._confusion.pair_clicked.connect(
            lambda label, verdict: self.frames_chosen.emit(FrameCriteria(label=label, verdict=verdict))
        )

    def clear(self, reason: str = "") -> None:
        """There are no verdicts; `reason` replaces the usual explanation."""
        self._matrix = None
        if reason:
            self._empty.set_text("No verdicts yet", reason)
        self._stack.setCurrentWidget(self._empty)

    def set_histogram(self, classes: Sequence[ClassStyle], counts: npt.ArrayLike) -> None:
        """Show frames per class and bin of confidence, (classes, bins); `confidence_counts` makes them."""
        self._classes = tuple(classes)
        self._histogram.set_counts(classes, counts)
        self._stack.setCurrentWidget(self._full)

    def set_confusion(
        self,
        classes: Sequence[ClassStyle],
        matrix: npt.ArrayLike | None,
        balanced_accuracy: float | None = None,
        folds: int = 0,
    ) -> None:
        """Show the cross-validated confusion of the labels.

        Args:
            classes: the classes, in the order of the matrix.
            matrix: (K, K) or, with a last column for "unknown", (K, K + 1) counts: rows are labels, columns verdicts;
                None where there are too few labels.
            balanced_accuracy: mean recall, 0..1; counted from the matrix where it is not given.
            folds: of the cross-validation, for the caption; 0 to leave it out.
        """
        if matrix is None:
            self._matrix = None
            self._confusion_stack.setCurrentWidget(self._no_confusion)
            self._caption.clear()
            return
        table = np.asarray(matrix, dtype=np.int64)
        if table.shape not in {(len(classes), len(classes)), (len(classes), len(classes) + 1)}:
            raise ValueError(f"a confusion of shape {table.shape} does not fit {len(classes)} classes")
        self._classes = tuple(classes)
        self._matrix = table
        self._confusion.set_matrix(self._classes, table)
        self._confusion_stack.setCurrentWidget(self._confusion)
        self._arrange()
        if balanced_accuracy is None:
            rows = table.sum(axis=1)
            recalls = np.diagonal(table)[rows > 0] / rows[rows > 0]
            balanced_accuracy = float(recalls.mean()) if recalls.size else float("nan")
        how = f", {folds}-fold cross-validation" if folds else ""
        labels = counted(int(table.sum()), "label")
        self._caption.setText(f"<b>Balanced accuracy {balanced_accuracy:.2f}</b> on {labels}{how}")
        self._caption.setToolTip(_ON_LABELS)
        self._stack.setCurrentWidget(self._full)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Side by side where both fit, else one above the other."""
        needed = self._confusion.needed_width() if self._matrix is not None else 160
        least = self._histogram.minimumSizeHint().width() + 12
        beside = self.width() >= needed + least and self.height() < 0.9 * self.width()
        orientation = Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical
        if beside:
            table = max(needed, round(0.45 * self.width()))
            sizes = [self.width() - table, table]
        else:
            sizes = [round(0.55 * self.height()), round(0.45 * self.height())]
        if orientation != self._splitter.orientation() or self._arranged_for != needed:
            self._arranged_for = needed
            self._splitter.setOrientation(orientation)
            self._splitter.setSizes(sizes)
