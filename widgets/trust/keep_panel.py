"""Which frames to keep: precision against yield, the threshold over the whole run, and what is to be expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy.typing as npt
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QResizeEvent
from PyQt6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.text import counted
from widgets.theme import ClassStyle
from widgets.trust.curve import KeepCurve, PrecisionRecallPlot
from widgets.trust.threshold import ThresholdHistogram
from widgets.trust.words import kept_frames

_ON_LABELS = (
    "Expected from the stated probabilities, corrected by your labelled frames, each judged while it is held out. "
    "Frames labelled from the queue are the hard ones, so the run usually fares better than this; label some frames "
    "by chance (R) for a figure without that bias."
)


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """The operating point as it is shown; what is not known is None.

    Attributes:
        threshold: lowest P(class) of the frames kept.
        kept, frames: how many those are, and of how many.
        precision, low, high: expected share of them that is of the class, and its interval.
        found, found_low, found_high: expected share of the class's frames that are kept, and its interval.
        note: a few words to add, on what the figures rest.
    """

    threshold: float
    kept: int
    frames: int
    precision: float | None = None
    low: float | None = None
    high: float | None = None
    found: float | None = None
    found_low: float | None = None
    found_high: float | None = None
    note: str = ""

    @property
    def between(self) -> tuple[float, float] | None:
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def found_between(self) -> tuple[float, float] | None:
        return None if self.found_low is None or self.found_high is None else (self.found_low, self.found_high)


class KeepPanel(QWidget):
    """Choose a class, move the threshold in either plot or aim at a precision, and select what is kept."""

    class_chosen = pyqtSignal(str)
    """class id"""
    threshold_moved = pyqtSignal(float)
    precision_wanted = pyqtSignal(float)
    """the lowest threshold with at least this expected precision should be found"""
    select_wanted = pyqtSignal()
    """the kept frames should become the selection"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self.curve = PrecisionRecallPlot()
        self.histogram = ThresholdHistogram()
        self._class_box = QComboBox()
        self._class_box.setAccessibleName("Class to keep")
        keep = QLabel("Keep")
        keep.setBuddy(self._class_box)
        self._aim = QDoubleSpinBox()
        self._aim.setRange(0.05, 1.0)
        self._aim.setSingleStep(0.05)
        self._aim.setDecimals(2)
        self._aim.setValue(0.90)
        self._aim.setAccessibleName("Precision to aim at")
        self._find = QPushButton("Precision ≥")
        self._find.setAutoDefault(False)
        self._find.setToolTip("Move to the lowest threshold from which the expected precision is at least this")
        self._select = QPushButton("Select kept")
        self._select.setAutoDefault(False)
        self._words = QLabel()
        self._words.setWordWrap(True)
        # Room for two lines from the beginning: the plots must not jump while the threshold is dragged.
        self._words.setMinimumHeight(2 * theme.line_height())
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._words.setToolTip(_ON_LABELS)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._note = QLabel()
        self._note.setWordWrap(True)
        line = QHBoxLayout()
        line.setSpacing(6)
        for widget in (keep, self._class_box, self._find, self._aim):
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(self._select)
        self._plots = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._plots.setSpacing(4)
        self._plots.addWidget(self.curve, 1)
        self._plots.addWidget(self.histogram, 1)
        full = QWidget()
        box = QVBoxLayout(full)
        box.setContentsMargins(6, 4, 6, 4)
        box.setSpacing(4)
        box.addLayout(line)
        box.addLayout(self._plots, 1)
        box.addWidget(self._words)
        box.addWidget(self._note)
        self._empty = EmptyState("No operating point yet", "")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self._full = full
        self._class_box.activated.connect(lambda _place: self.class_chosen.emit(str(self._class_box.currentData())))
        self.curve.threshold_moved.connect(self.threshold_moved)
        self.histogram.threshold_moved.connect(self.threshold_moved)
        self._find.clicked.connect(lambda: self.precision_wanted.emit(self._aim.value()))
        self._select.clicked.connect(self.select_wanted)

    def clear(self, reason: str) -> None:
        """There is nothing to keep by, and why."""
        self.curve.set_curve(None)
        self.histogram.set_threshold(None)
        self._empty.set_text("No operating point yet", reason)
        self._stack.setCurrentWidget(self._empty)

    def set_classes(self, classes: Sequence[ClassStyle], chosen: str) -> None:
        """Offer these classes, of which the one with the id `chosen` is shown."""
        self._class_box.clear()
        for style in classes:
            self._class_box.addItem(icons.marker_icon(style.marker, QColor(style.colour), 13), style.name, style.id)
        place = self._class_box.findData(chosen)
        self._class_box.setCurrentIndex(place)
        self._name = self._class_box.currentText() if place >= 0 else ""

    def set_class_data(
        self,
        curve: KeepCurve | None,
        counts: npt.ArrayLike,
        own: npt.ArrayLike,
        others: npt.ArrayLike,
        colour: str,
    ) -> None:
        """Show the data of the chosen class.

        Args:
            curve: what is to be expected of every threshold; None where nothing can be said yet.
            counts: (bins,) frames of the run in equal bins of P(class).
            own, others: P(class) of held-out examples of the class, and of the others.
            colour: the class's.
        """
        self.curve.set_curve(curve, self._name, colour)
        self.histogram.set_counts(counts, self._name, colour)
        self.histogram.set_examples(own, others)
        if curve is not None:
            self.histogram.set_thresholds(curve.thresholds)
        self._stack.setCurrentWidget(self._full)

    def set_point(self, point: ShownPoint) -> None:
        """Put the operating point here, in both plots and in words."""
        self.curve.set_point(point.threshold, point.found, point.precision, point.between)
        self.histogram.set_threshold(point.threshold)
        words = kept_frames(
            self._name,
            point.threshold,
            point.kept,
            point.frames,
            (point.precision, point.between),
            (point.found, point.found_between),
        )
        self._words.setText(words)
        self._note.setText(point.note)
        self._note.setVisible(bool(point.note))
        self._select.setEnabled(point.kept > 0)
        self._select.setToolTip(f"Select {counted(point.kept, 'frame')} in the whole window; then export as usual")

    def words(self) -> str:
        """What is said about the operating point, or why there is none."""
        return self._empty.text() if self._stack.currentWidget() is self._empty else self._words.text()

    def chosen_class(self) -> str:
        return str(self._class_box.currentData() or "")

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        tall = self.height() > 1.15 * self.width()
        self._plots.setDirection(QBoxLayout.Direction.TopToBottom if tall else QBoxLayout.Direction.LeftToRight)
