"""Keeps the pages about trust in step with the open run: calibration, and the frames to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject

from app.session import RunSession
from widgets.sorting_pane import SortingPane
from widgets.text import counted
from widgets.trust.curve import KeepCurve
from widgets.trust.keep_panel import ShownPoint
from widgets.trust.reliability import ReliabilityBins

if TYPE_CHECKING:
    from app.operating import Operating
    from models.embedding.few_shot import Calibration

FEW = 20
"""held-out examples below which any figure is coarse"""
FEW_OF_CLASS = 10
"""held-out labels of a class below which the expectation says on how few it rests"""
WORSE_THAN_CHANCE = 2.0
"""times the error that exact probabilities would show by chance, from which something is said to be wrong"""
NEEDS_LABELS = "Label at least two frames in each of two classes: each is then held out and judged by the others."


class TrustPresenter(QObject):
    """Shows one session in the pages about trust."""

    def __init__(self, pane: SortingPane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trust = pane.trust
        self._keep = pane.keep
        self._session: RunSession | None = None
        self._shown: Operating | None = None
        self._keep.class_chosen.connect(self._choose_class)
        self._keep.threshold_moved.connect(self._move_to)
        self._keep.precision_wanted.connect(self._aim_at)
        self._keep.select_wanted.connect(self.select_kept)

    def show_session(self, session: RunSession | None) -> None:
        self._session = session
        self._shown = None
        if session is None:
            self._trust.clear("Open a run first.")
            self._keep.clear("Open a run first.")
            return
        session.classifier.judged.connect(self._show_calibration)
        session.classifier.studied.connect(self._show_calibration)
        session.labels.classes_changed.connect(self._show_class)
        session.keeping.changed.connect(self._show_class)
        session.keeping.moved.connect(self._show_point)
        self._show_calibration()
        self._show_class()

    def select_kept(self) -> None:
        """The frames at or above the threshold become the selection."""
        session = self._session
        if session is None:
            return
        frames = session.keeping.kept()
        if not len(frames):
            session.tell("No frame is that sure to be kept: lower the threshold first.")
            return
        session.browser.select(frames)
        session.tell(f"{counted(len(frames), 'frame')} selected.")

    # -- from the session ------------------------------------------------------------------------------------------

    def _show_calibration(self) -> None:
        session = self._session
        if session is None:
            return
        found = session.classifier.calibration
        if session.classifier.verdicts is None:
            self._trust.clear(session.classifier.why_not)
        elif found is None or not found.n:
            self._trust.clear(NEEDS_LABELS)
        else:
            self._trust.set_calibration(_bins(found), f"Expected calibration error {found.error:.2f}", _words(found))

    def _show_class(self) -> None:
        session = self._session
        if session is None:
            return
        operating = session.keeping.operating
        styles = {style.name: style for style in session.labels.styles()}
        name = session.keeping.class_name
        if operating is None or name not in styles:
            self._keep.clear(session.classifier.why_not or NEEDS_LABELS)
            return
        self._keep.set_classes([styles[n] for n in session.keeping.classes() if n in styles], name)
        curve = operating.curve
        self._keep.set_class_data(
            KeepCurve(
                curve.thresholds, curve.precision, curve.precision_low, curve.precision_high, curve.recall,
                curve.frames_kept,
            ),
            operating.counts,
            operating.own,
            operating.others,
            styles[name].colour,
        )  # fmt: skip
        self._show_point()

    def _show_point(self) -> None:
        session = self._session
        if session is None or session.keeping.operating is None:
            return
        operating, point = session.keeping.operating, session.keeping.point
        if point is None:
            return
        any_kept = point.frames_kept > 0
        self._keep.set_point(
            ShownPoint(
                threshold=point.threshold,
                kept=point.frames_kept,
                frames=operating.frames,
                precision=point.precision if any_kept else None,
                low=point.precision_low if any_kept else None,
                high=point.precision_high if any_kept else None,
                found=point.recall,
                found_low=point.recall_low,
                found_high=point.recall_high,
                note=_rests_on(len(operating.own), len(operating.others)),
            )
        )

    # -- from the panels -------------------------------------------------------------------------------------------

    def _choose_class(self, name: str) -> None:
        if self._session is not None:
            self._session.keeping.choose_class(name)

    def _move_to(self, threshold: float) -> None:
        if self._session is not None:
            self._session.keeping.move_to(threshold)

    def _aim_at(self, precision: float) -> None:
        session = self._session
        if session is not None and not session.keeping.aim_at(precision):
            session.tell(f"No threshold is expected to reach a precision of {precision:.2f} with the present labels.")


def _bins(found: Calibration) -> ReliabilityBins:
    return ReliabilityBins(
        found.edges[:-1], found.edges[1:], found.confidence, found.right, found.low, found.high, found.frames
    )


def _words(found: Calibration) -> str:
    """What follows from the calibration error, given how many examples there are."""
    examples = counted(found.n, "held-out example")
    chance = f"{found.error_by_chance:.2f}"
    if found.error <= WORSE_THAN_CHANCE * found.error_by_chance:
        text = f"With {examples}, {chance} would come by chance alone: nothing speaks against the stated confidence."
    else:
        gap = float((found.confidence - found.right)[found.frames > 0] @ found.frames[found.frames > 0])
        way = "surer than it is right" if gap > 0 else "right more often than it is sure"
        text = f"With {examples}, {chance} would come by chance alone: the classifier is {way}."
    if found.n < FEW:
        text += " With so few examples, only gross errors would show."
    return text


def _rests_on(own: int, others: int) -> str:
    """What to say where the expectation rests on few labels, or on none."""
    if not own + others:
        return "Expected from the stated probabilities alone: no label could be held out yet."
    if own < FEW_OF_CLASS or others < FEW_OF_CLASS:
        return f"From only {counted(own, 'held-out label')} of the class and {others} of others."
    return ""
