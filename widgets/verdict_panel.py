"""How far the verdicts can be trusted: their confidence, and a cross-validated confusion table of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPalette, QResizeEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QSplitter,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.histogram import ConfidenceHistogram
from widgets.text import counted, grouped
from widgets.theme import ClassStyle

BINS = 20
UNKNOWN = "unknown"
"""id and name of what the classifier refuses to name"""


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


def confidence_counts(
    codes: npt.NDArray[np.integer], confidence: npt.ArrayLike, classes: int
) -> npt.NDArray[np.int64]:
    """Frames per class and bin of confidence, (classes, BINS) int64.

    Args:
        codes: (N,) the class of each frame, 0 … classes−1; others are left out.
        confidence: (N,) 0..1; frames where it is not finite are left out.
    """
    sure = np.asarray(confidence, dtype=np.float32)
    use = (codes >= 0) & (codes < classes) & np.isfinite(sure)
    place = np.clip((sure[use] * BINS).astype(np.int64), 0, BINS - 1)
    flat = codes[use].astype(np.int64) * BINS + place
    return np.bincount(flat, minlength=classes * BINS).reshape(classes, BINS)


class VerdictPanel(QWidget):
    """Histogram of confidence beside (or above) the confusion table; both can be clicked to select frames."""

    frames_chosen = pyqtSignal(object)
    """a `FrameCriteria`"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassStyle, ...] = ()
        self._matrix: npt.NDArray[np.int64] | None = None
        self._empty = EmptyState(
            "No verdicts yet",
            "Label at least two frames in each of two classes: every frame of the run then gets a class.",
        )
        self._histogram = ConfidenceHistogram()
        self._confusion = _ConfusionTable()
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
        if balanced_accuracy is None:
            rows = table.sum(axis=1)
            recalls = np.diagonal(table)[rows > 0] / rows[rows > 0]
            balanced_accuracy = float(recalls.mean()) if recalls.size else float("nan")
        how = f", {folds}-fold cross-validation" if folds else ""
        labels = counted(int(table.sum()), "label")
        self._caption.setText(f"<b>Balanced accuracy {balanced_accuracy:.2f}</b> on {labels}{how}")
        self._stack.setCurrentWidget(self._full)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        wide = self.width() > 1.35 * self.height()
        self._splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)


class _ConfusionTable(QTableWidget):
    """Rows are labels, columns verdicts; precision and recall along the edges."""

    pair_clicked = pyqtSignal(str, str)
    """label id, verdict id"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassStyle, ...] = ()
        self._matrix: npt.NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self.setAccessibleName("Confusion table: rows are labels, columns are verdicts")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setIconSize(QSize(13, 13))
        self.setMinimumHeight(90)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            assert header is not None
            header.setMinimumSectionSize(18)
            header.setHighlightSections(False)
        across = self.horizontalHeader()
        down = self.verticalHeader()
        assert across is not None
        assert down is not None
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(theme.line_height() + 6)
        self.cellClicked.connect(self._clicked)
        self.cellActivated.connect(self._clicked)

    def set_matrix(self, classes: tuple[ClassStyle, ...], matrix: npt.NDArray[np.int64]) -> None:
        self._classes, self._matrix = classes, matrix
        rows, columns = matrix.shape
        self.setRowCount(rows + 1)
        self.setColumnCount(columns + 1)
        for place, style in enumerate(classes):
            self.setHorizontalHeaderItem(place, self._head(style, f"Verdict: {style.name}"))
            self.setVerticalHeaderItem(place, self._head(style, f"Label: {style.name}"))
        if columns > rows:
            self.setHorizontalHeaderItem(rows, QTableWidgetItem("?"))
            unknown = self.horizontalHeaderItem(rows)
            assert unknown is not None
            unknown.setToolTip("Verdict: unknown (too unlike every labelled frame, or too close to call)")
        self.setHorizontalHeaderItem(columns, QTableWidgetItem("recall"))
        self.setVerticalHeaderItem(rows, QTableWidgetItem("precision"))
        per_label, per_verdict = matrix.sum(axis=1), matrix.sum(axis=0)
        for row in range(rows):
            for column in range(columns):
                self.setItem(row, column, self._count(row, column, int(per_label[row])))
            recall = matrix[row, row] / per_label[row] if per_label[row] else None
            self.setItem(row, columns, self._rate(recall, f"of {counted(int(per_label[row]), 'label')}"))
        for column in range(columns):
            if column < rows:
                precision = matrix[column, column] / per_verdict[column] if per_verdict[column] else None
                item = self._rate(precision, f"of {counted(int(per_verdict[column]), 'verdict')}")
            else:
                item = self._rate(None, "")
            self.setItem(rows, column, item)
        self.setItem(rows, columns, self._rate(None, ""))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self._matrix.size:
            self.set_matrix(self._classes, self._matrix)

    def _head(self, style: ClassStyle, tip: str) -> QTableWidgetItem:
        item = QTableWidgetItem(icons.marker_icon(style.marker, QColor(style.colour), 13), style.name)
        item.setToolTip(tip)
        return item

    def _count(self, row: int, column: int, total: int) -> QTableWidgetItem:
        count = int(self._matrix[row, column])
        item = QTableWidgetItem(grouped(count) if count else "·")
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        palette = self.palette()
        right = row == column
        tint = theme.good_colour(palette) if right else theme.warning_colour(palette)
        share = count / total if total else 0.0
        base = palette.color(QPalette.ColorRole.Base)
        item.setBackground(theme.mixed(base, tint, 0.5 * share if count else 0.0))
        label = self._classes[row].name
        verdict = self._classes[column].name if column < len(self._classes) else UNKNOWN
        says = f"{counted(count, 'frame')} labelled {label}, verdict {verdict}"
        item.setToolTip(says + ("\nClick to select them" if count else ""))
        return item

    def _rate(self, rate: float | None, tip: str) -> QTableWidgetItem:
        item = QTableWidgetItem("" if rate is None else f"{rate:.2f}")
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        item.setToolTip(tip)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        item.setBackground(self.palette().color(QPalette.ColorRole.AlternateBase))
        return item

    def _clicked(self, row: int, column: int) -> None:
        rows, columns = self._matrix.shape
        if row < rows and column < columns and self._matrix[row, column]:
            verdict = self._classes[column].id if column < rows else UNKNOWN
            self.pair_clicked.emit(self._classes[row].id, verdict)
