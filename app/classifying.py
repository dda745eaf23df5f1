"""From labels to verdicts: the head is refitted after every label, off the GUI thread, and the latest labels win."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.threads import LatestWorker
from app.later import Later
from models.embedding.few_shot import (
    Confusion,
    FewShotSettings,
    RunStatistics,
    Verdicts,
    cross_validate,
    fit_head,
    run_statistics,
    suggest,
)
from models.errors import FriedelError, NotEnoughExamples
from widgets.verdict_panel import confidence_counts

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int16]
QUEUE_LENGTH = 24
CONFUSION_FOLDS = 5
REFIT_AFTER_MS = 10
"""the label is painted first"""


@dataclass(frozen=True)
class Judged:
    """Verdicts with the labels they came from, and what the views show of them: all worked out off the GUI thread.

    Attributes:
        verdicts: of every frame.
        labels: (N,) int16 label codes at that time.
        class_names: the user's classes at that time; all codes point into them.
        codes: (N,) int16 verdicts as places in `class_names`, −1 for none or unknown.
        confidence: (N,) float32, not-a-number for frames that were not embedded.
        counts: frames per class name.
        histogram: (K + 1, bins) int64 frames per class and bin of confidence; the last row is "unknown".
    """

    verdicts: Verdicts
    labels: Codes
    class_names: tuple[str, ...]
    codes: Codes
    confidence: npt.NDArray[np.float32]
    counts: dict[str, int]
    histogram: npt.NDArray[np.int64]


def as_shown(verdicts: Verdicts, labels: Codes, class_names: tuple[str, ...]) -> Judged:
    """Verdicts in terms of the user's classes."""
    # One more entry than classes, for the −1 of "unknown" to point at.
    places = [class_names.index(name) if name in class_names else -1 for name in verdicts.classes] + [-1]
    codes = np.take(np.asarray(places, np.int16), verdicts.label, mode="wrap")
    confidence = np.where(verdicts.missing, np.float32(np.nan), verdicts.confidence)
    last = np.int16(len(class_names))
    histogram = confidence_counts(np.where(codes < 0, last, codes), confidence, len(class_names) + 1)
    return Judged(verdicts, labels, class_names, codes, confidence, dict(verdicts.counts()), histogram)


@dataclass(frozen=True)
class Studied:
    """What takes longer than the verdicts: the queue and the confusion table.

    Attributes:
        queue: (n,) frames whose label would teach most, best first.
        confusion: cross-validated; None with too few examples.
    """

    queue: npt.NDArray[np.int64]
    confusion: Confusion | None


class Classifier(QObject):
    """Keeps verdicts, queue and confusion in step with the labels of one run.

    `vectors` is None until the run is embedded; until then, and while fewer than two classes have examples, there are
    no verdicts and `why_not` says why.
    """

    judged = pyqtSignal()
    """`verdicts` changed (also to None)"""
    studied = pyqtSignal()
    """`queue` and `confusion` changed"""

    def __init__(
        self, labels_now: Callable[[], tuple[Codes, tuple[str, ...]]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._labels_now = labels_now
        self.settings = FewShotSettings()
        self.vectors: Vectors | None = None
        self.verdicts: Verdicts | None = None
        self.shown: Judged | None = None
        self.queue: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.confusion: Confusion | None = None
        self.why_not = "The run has not been embedded yet."
        self.provenance: dict[str, Any] = {}
        self._statistics: tuple[Vectors, RunStatistics] | None = None
        self._spare: Verdicts | None = None
        self._seed = 0
        self._refit = Later(self._refit_now, REFIT_AFTER_MS, self)
        self._head_worker = LatestWorker("few-shot head")
        self._study_worker = LatestWorker("queue and confusion")

    @property
    def busy(self) -> bool:
        """Whether newer verdicts, or what follows from them, are on their way."""
        return self._refit.waiting or self._head_worker.busy or self._study_worker.busy

    def set_vectors(self, vectors: Vectors | None, provenance: dict[str, Any] | None = None) -> None:
        """The run's embedding, (N, D) float32, not-a-number where a frame has none; None takes it away."""
        self.vectors = vectors
        self.provenance = dict(provenance or {})
        self._spare = None
        self.refit()

    def refit(self) -> None:
        """Labels or embedding changed: judge all frames anew. Returns at once."""
        self._refit.ask()

    def _refit_now(self) -> None:
        codes, names = self._labels_now()
        given = np.unique(codes[codes >= 0])
        if self.vectors is None:
            self._drop("The run has not been embedded yet.")
            return
        vectors = self.vectors
        if len(given) < 2:
            missing = "two classes" if len(given) == 0 else "a second class"
            self._drop(f"Label at least one frame of {missing}: all others are then sorted by likeness.")
            self._study_worker.submit(lambda: self._cover(vectors, codes), self._studied, self._failed)
            return
        spare, source = self._spare, self.provenance
        self._spare = None

        def work() -> Judged:
            return self._judge(vectors, codes, names, spare, source)

        self._head_worker.submit(work, self._judged, self._failed)

    def suggest_others(self) -> None:
        """Other suggestions from the same verdicts."""
        self._seed += 1
        self.refit()

    def close(self) -> None:
        self._refit.forget()
        self._head_worker.close()
        self._study_worker.close()

    # -- on the worker threads -------------------------------------------------------------------------------------

    def _judge(
        self, vectors: Vectors, codes: Codes, names: tuple[str, ...], spare: Verdicts | None, source: dict[str, Any]
    ) -> Judged:
        labelled = np.flatnonzero(codes >= 0)
        statistics = self._statistics_of(vectors)
        head = fit_head(vectors[labelled], codes[labelled], names, self.settings, run=statistics, source=source)
        fits = spare is not None and spare.classes == head.classes and len(spare.label) == len(vectors)
        return as_shown(head.verdicts(vectors, out=spare if fits else None), codes, names)

    def _statistics_of(self, vectors: Vectors) -> RunStatistics:
        """Of exactly these vectors: a task begun with earlier ones may end after others have come."""
        known = self._statistics
        if known is None or known[0] is not vectors:
            self._statistics = known = (vectors, run_statistics(vectors))
        return known[1]

    def _cover(self, vectors: Vectors, codes: Codes) -> Studied:
        """Before there are verdicts, the queue is a choice of frames that covers the run."""
        return Studied(suggest(None, vectors, np.flatnonzero(codes != -1), QUEUE_LENGTH, self._seed), None)

    def _study(self, vectors: Vectors, judged: Judged) -> Studied:
        labelled = np.flatnonzero(judged.labels >= 0)
        done = np.flatnonzero(judged.labels != -1)
        queue = suggest(judged.verdicts, vectors, done, QUEUE_LENGTH, self._seed)
        try:
            confusion = cross_validate(
                vectors[labelled],
                judged.labels[labelled],
                judged.class_names,
                self.settings,
                run=self._statistics_of(vectors),
                folds=CONFUSION_FOLDS,
            )
        except NotEnoughExamples as error:
            log.debug("no confusion table: %s", error)
            confusion = None
        return Studied(queue, confusion)

    # -- back in the GUI thread ------------------------------------------------------------------------------------

    def _judged(self, judged: Judged) -> None:
        self._spare = self.verdicts
        self.verdicts, self.shown = judged.verdicts, judged
        self.why_not = ""
        self.judged.emit()
        vectors = self.vectors
        if vectors is not None:
            self._study_worker.submit(lambda: self._study(vectors, judged), self._studied, self._failed)

    def _studied(self, studied: Studied) -> None:
        self.queue, self.confusion = studied.queue, studied.confusion
        self.studied.emit()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, FriedelError):
            self._drop(error.sentence())
        else:
            log.error("verdicts failed", exc_info=error)
            self._drop(f"The verdicts could not be computed: {error}. The log has the details.")

    def _drop(self, why: str) -> None:
        """No verdicts, and why; outcomes of earlier labels that are still on their way are not wanted any more."""
        self._head_worker.forget()
        self._study_worker.forget()
        changed = self.verdicts is not None or self.why_not != why
        self.verdicts, self.shown, self.confusion, self.why_not = None, None, None, why
        if changed:
            self.judged.emit()
            self.studied.emit()
