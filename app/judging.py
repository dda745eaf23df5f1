"""What the service process does with labels: verdicts for every frame, the queue, and how far to trust them.

Qt-free. The functions are asked for by name; arrays of the run's length come back in shared memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from app.jobs.arrays import MappedArray
from app.operating import Operating, operating
from models.embedding.few_shot import (
    Calibration,
    Confusion,
    FewShotSettings,
    HeldOut,
    RunStatistics,
    Verdicts,
    fit_head,
    held_out_calibration,
    hold_out,
    run_statistics,
    suggest,
)
from models.errors import FriedelError, NotEnoughExamples
from widgets.confidence import confidence_counts

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int16]
Rows = npt.NDArray[np.int64]
QUEUE_LENGTH = 24
CONFUSION_FOLDS = 5
_SQUARES_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Labelled:
    """The labels as they were when something was asked.

    Attributes:
        frames: (n,) int64 frames that have a class.
        codes: (n,) int16 their classes, places in `names`.
        done: (m,) int64 frames that were looked at, "unsure" included.
        names: the user's classes.
    """

    frames: Rows
    codes: Codes
    done: Rows
    names: tuple[str, ...]

    @classmethod
    def of(cls, codes: Codes, names: Sequence[str]) -> Labelled:
        """Of the (N,) label codes of a run: a class, −1 for none, less for "unsure"."""
        frames = np.flatnonzero(codes >= 0)
        return cls(frames, codes[frames], np.flatnonzero(codes != -1), tuple(names))


@dataclass(frozen=True)
class Shown:
    """Verdicts, and what the views show of them.

    Attributes:
        verdicts: of every frame.
        codes: (N,) int16 verdicts as places in the user's classes, −1 for none or unknown.
        confidence: (N,) float32, not-a-number for frames that were not embedded.
        counts: frames per class name.
        histogram: (K + 1, bins) int64 frames per class and bin of confidence; the last row is "unknown".
    """

    verdicts: Verdicts
    codes: Codes
    confidence: npt.NDArray[np.float32]
    counts: dict[str, int]
    histogram: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Studied:
    """What takes longer than the verdicts: the queue, and how far the labels bear the verdicts out.

    Attributes:
        queue: (n,) frames whose label would teach most, best first.
        held_out: the labelled frames, each judged without its own label; None with too few examples.
        confusion: labels against those verdicts; None with too few examples.
        calibration: stated confidence against how often it was right; None with too few examples.
    """

    queue: Rows
    held_out: HeldOut | None = None
    confusion: Confusion | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Stored:
    """A run's vectors, and how often they were looked at anew: while they are being made the same file grows."""

    where: MappedArray
    look: int


class Latest:
    """The latest verdicts of the run that is open, and the arrays of the ones before, to be written over.

    Fresh arrays of a million frames cost as much as a tenth of the arithmetic, page by page.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: Stored | None = None
        self._verdicts: Verdicts | None = None
        self._spare: Verdicts | None = None
        self._readers = 0

    def spare(self, frames: int, classes: tuple[str, ...]) -> Verdicts | None:
        """Arrays that nobody looks at, where there are some that fit."""
        with self._lock:
            spare, self._spare = self._spare, None
            fits = spare is not None and len(spare) == frames and spare.classes == classes
            return spare if fits and not self._readers else None

    def replace(self, stored: Stored, verdicts: Verdicts) -> None:
        with self._lock:
            self._spare, self._verdicts, self._of = self._verdicts, verdicts, stored

    @contextmanager
    def read(self, stored: Stored) -> Iterator[Verdicts | None]:
        """The latest verdicts of these vectors; they stay as they are until the end of the block."""
        with self._lock:
            self._readers += 1
            verdicts = self._verdicts if self._of == stored else None
        try:
            yield verdicts
        finally:
            with self._lock:
                self._readers -= 1

    def operate(self, stored: Stored, class_name: str, held_out: HeldOut | None) -> Operating:
        """Thresholds of one class. Raises FriedelError where there are no verdicts of these vectors."""
        with self.read(stored) as verdicts:
            if verdicts is None:
                raise FriedelError("There are no verdicts to choose a threshold for")
            return operating(verdicts, class_name, held_out)


_latest = Latest()


@lru_cache(maxsize=2)
def _vectors(stored: Stored) -> tuple[Vectors, RunStatistics | None]:
    vectors = stored.where.open()
    return vectors, run_statistics(vectors)


@lru_cache(maxsize=1)
def _squares(stored: Stored) -> npt.NDArray[np.float32]:
    """(N,) squared lengths: every judgement needs them, and no label changes them."""
    vectors, _ = _vectors(stored)
    squares = np.empty(len(vectors), np.float32)
    with np.errstate(invalid="ignore"):
        for start in range(0, len(vectors), _SQUARES_AT_ONCE):
            block = vectors[start : start + _SQUARES_AT_ONCE]
            np.vecdot(block, block, out=squares[start : start + len(block)])
    return squares


def judge(stored: Stored, labelled: Labelled, settings: FewShotSettings, source: dict[str, Any]) -> Shown:
    """Verdicts for every frame from the labelled ones. Raises as `fit_head`."""
    vectors, statistics = _vectors(stored)
    head = fit_head(vectors[labelled.frames], labelled.codes, labelled.names, settings, run=statistics, source=source)
    verdicts = head.verdicts(vectors, out=_latest.spare(len(vectors), head.classes), squares=_squares(stored))
    _latest.replace(stored, verdicts)
    return as_shown(verdicts, labelled.names)


def as_shown(verdicts: Verdicts, class_names: Sequence[str]) -> Shown:
    """Verdicts in terms of the user's classes."""
    names = list(class_names)
    # One more entry than classes, for the −1 of "unknown" to point at.
    places = [names.index(name) if name in names else -1 for name in verdicts.classes] + [-1]
    codes = np.take(np.asarray(places, np.int16), verdicts.label, mode="wrap")
    confidence = np.where(verdicts.missing, np.float32(np.nan), verdicts.confidence)
    last = np.int16(len(names))
    histogram = confidence_counts(np.where(codes < 0, last, codes), confidence, len(names) + 1)
    return Shown(verdicts, codes, confidence, dict(verdicts.counts()), histogram)


def cover(stored: Stored, labelled: Labelled, seed: int) -> Studied:
    """Before there are verdicts, the queue is a choice of frames that covers the run."""
    vectors, _ = _vectors(stored)
    return Studied(suggest(None, vectors, labelled.done, QUEUE_LENGTH, seed))


def study(stored: Stored, labelled: Labelled, settings: FewShotSettings, seed: int) -> Studied:
    """Queue and held-out verdicts that follow from the labels and the latest verdicts."""
    vectors, statistics = _vectors(stored)
    with _latest.read(stored) as verdicts:
        queue = suggest(verdicts, vectors, labelled.done, QUEUE_LENGTH, seed)
    try:
        held_out = hold_out(
            vectors[labelled.frames],
            labelled.codes,
            labelled.names,
            settings,
            run=statistics,
            folds=CONFUSION_FOLDS,
        )
    except NotEnoughExamples as error:
        log.debug("the labels cannot be checked against each other: %s", error)
        return Studied(queue)
    return Studied(queue, held_out, held_out.confusion(), held_out_calibration(held_out))


def operate(stored: Stored, class_name: str, held_out: HeldOut | None) -> Operating:
    """Thresholds of one class, from the latest verdicts."""
    return _latest.operate(stored, class_name, held_out)
