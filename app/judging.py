"""What the service process does with labels: verdicts for every frame, the queue, and how far to trust them.

Qt-free. The functions are asked for by name; arrays of the run's length come back in shared memory.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
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


_judged: dict[MappedArray, Verdicts] = {}
"""the latest verdicts of the run that is open, for the queue"""


@lru_cache(maxsize=2)
def _vectors(where: MappedArray) -> tuple[Vectors, RunStatistics | None]:
    vectors = where.open()
    return vectors, run_statistics(vectors)


def judge(where: MappedArray, labelled: Labelled, settings: FewShotSettings, source: dict[str, Any]) -> Shown:
    """Verdicts for every frame from the labelled ones. Raises as `fit_head`."""
    vectors, statistics = _vectors(where)
    head = fit_head(vectors[labelled.frames], labelled.codes, labelled.names, settings, run=statistics, source=source)
    verdicts = head.verdicts(vectors)
    _judged.clear()
    _judged[where] = verdicts
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


def cover(where: MappedArray, labelled: Labelled, seed: int) -> Studied:
    """Before there are verdicts, the queue is a choice of frames that covers the run."""
    vectors, _ = _vectors(where)
    return Studied(suggest(None, vectors, labelled.done, QUEUE_LENGTH, seed))


def study(where: MappedArray, labelled: Labelled, settings: FewShotSettings, seed: int) -> Studied:
    """Queue and held-out verdicts that follow from the labels and the latest verdicts."""
    vectors, statistics = _vectors(where)
    queue = suggest(_judged.get(where), vectors, labelled.done, QUEUE_LENGTH, seed)
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


def operate(where: MappedArray, class_name: str, held_out: HeldOut | None) -> Operating:
    """Thresholds of one class, from the latest verdicts."""
    verdicts = _judged.get(where)
    if verdicts is None:
        raise FriedelError("There are no verdicts to choose a threshold for")
    return operating(verdicts, class_name, held_out)
