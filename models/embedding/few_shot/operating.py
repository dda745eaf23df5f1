"""Which frames to keep: every threshold on P(class), what precision to expect of the frames kept, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.held_out import HeldOut
from models.embedding.few_shot.types import Verdicts
from models.errors import BadParameter

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OperatingPoint:
    """Keep the frames with P(class) >= threshold: what to expect of them.

    Attributes:
        class_name: the class kept.
        threshold: 0 … 1.
        precision: expected share of the kept frames that are of the class; low and high limit its 90 % interval.
        recall: expected share of the class's frames that are kept; low and high as for the precision.
        frames_kept: frames of the run at or above the threshold.
        frames_expected: how many of them are expected to be of the class.
    """

    class_name: str
    threshold: float
    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float
    frames_kept: int
    frames_expected: float


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision, recall and yield of one class at M thresholds.

    Attributes:
        class_name: the class kept.
        thresholds: (M,) on P(class), rising from 0, finer towards 0 and 1.
        precision, precision_low, precision_high: (M,) expected, and the limits of its 90 % interval.
        recall, recall_low, recall_high: (M,) expected, and the limits of its 90 % interval.
        frames_kept: (M,) int64, frames of the run with P(class) >= threshold.
        frames_of_class: frames of the class expected in the whole run.
        average_precision: area under precision over recall; low and high limit its 90 % interval.
        examples: held-out examples the figures were corrected with; none: they rest on the head's own probabilities.
    """

    class_name: str
    thresholds: Array
    precision: Array
    precision_low: Array
    precision_high: Array
    recall: Array
    recall_low: Array
    recall_high: Array
    frames_kept: IntArray
    frames_of_class: float
    average_precision: float
    average_precision_low: float
    average_precision_high: float
    examples: int = 0

    def at(self, threshold: float) -> OperatingPoint:
        """The operating point at the largest listed threshold that is not above `threshold`."""
        return self.point(max(0, int(np.searchsorted(self.thresholds, threshold + 1e-9, side="right")) - 1))

    def for_recall(self, recall: float) -> OperatingPoint:
        """The highest threshold that is expected to keep at least this share of the class."""
        enough = np.flatnonzero(self.recall >= recall)
        return self.point(int(enough[-1]) if len(enough) else 0)

    def for_precision(self, precision: float) -> OperatingPoint | None:
        """The lowest threshold from which the expected precision stays at least this high; None where it never is."""
        short = np.flatnonzero((self.precision < precision) & (self.frames_kept > 0))
        first = int(short[-1]) + 1 if len(short) else 0
        if first >= len(self.thresholds) or self.frames_kept[first] == 0:
            return None
        return self.point(first)

    def point(self, place: int) -> OperatingPoint:
        """The operating point of threshold number `place`."""
        kept = int(self.frames_kept[place])
        return OperatingPoint(
            class_name=self.class_name,
            threshold=float(self.thresholds[place]),
            precision=float(self.precision[place]),
            precision_low=float(self.precision_low[place]),
            precision_high=float(self.precision_high[place]),
            recall=float(self.recall[place]),
            recall_low=float(self.recall_low[place]),
            recall_high=float(self.recall_high[place]),
            frames_kept=kept,
            frames_expected=kept * float(self.precision[place]),
        )


_LOGITS = np.linspace(-7.0, 7.0, 281)
"""Thresholds, as ln p / (1 - p)."""
_DRAWS = 300
_TAIL = 0.05
_SHIFT_SPREAD = 1.3
_SLOPE_SPREAD = 0.25
"""Spread of the correction's shift and slope over simulated runs, before any example was held out."""
_SHARE_SHIFT = 0.5
"""Part of the difference between the run's class shares and the head's that the correction begins with."""


def precision_recall(
    verdicts: Verdicts, class_name: str, held_out: HeldOut | None = None, *, seed: int = 0
) -> PrecisionRecall:
    """What to expect of the run's frames at every threshold on P(class).

    A frame said to be of the class with probability p is expected to be with logit p' = a + b logit p. The correction
    (a, b) is uncertain: it begins near (0, 1), a lower for classes that are rarer in the run than the head takes them
    to be; held-out examples narrow it down (Platt, 1999, with a normal prior and Laplace's approximation). They may
    have been chosen because they were doubtful: that changes neither a nor b, but would change any share counted
    among them. The intervals hold that uncertainty, and that a run is a finite number of frames. How many frames a
    threshold keeps is counted, not estimated.

    Raises:
        BadParameter: a class the verdicts do not have.
    """
    if class_name not in verdicts.classes:
        raise BadParameter(
            f"no precision for {class_name!r}", cause=f"the verdicts have {', '.join(verdicts.classes)}"
        )
    column = verdicts.classes.index(class_name)
    logits, in_bin = _binned(verdicts.probabilities[~verdicts.missing, column])
    first = np.array([_SHARE_SHIFT * _rarer(verdicts, column), 1.0])
    x, y = np.zeros(0), np.zeros(0)
    if held_out is not None and held_out.classes == verdicts.classes:
        x = _logit(held_out.probabilities[:, column].astype(np.float64))
        y = (held_out.labels == column).astype(np.float64)
    middle, covariance = _correction(x, y, first)
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal(middle, covariance, _DRAWS)
    chance = 1.0 / (1.0 + np.exp(-(drawn[:, :1] + drawn[:, 1:] * logits)))
    own = chance * in_bin
    usual = own.mean(axis=0)[None]
    seen = rng.binomial(in_bin, chance).astype(np.float64)
    kept = in_bin[::-1].cumsum()[::-1]
    precision, recall, average = _curves(usual, kept)
    precisions, recalls, averages = _curves(seen, kept)
    low, high = np.quantile(precisions, [_TAIL, 1.0 - _TAIL], axis=0)
    recall_low, recall_high = np.quantile(recalls, [_TAIL, 1.0 - _TAIL], axis=0)
    average_low, average_high = np.quantile(averages, [_TAIL, 1.0 - _TAIL])
    return PrecisionRecall(
        class_name=class_name,
        thresholds=np.concatenate([[0.0], 1.0 / (1.0 + np.exp(-_LOGITS))]),
        precision=precision[0],
        precision_low=np.minimum(low, precision[0]),
        precision_high=np.maximum(high, precision[0]),
        recall=recall[0],
        recall_low=np.minimum(recall_low, recall[0]),
        recall_high=np.maximum(recall_high, recall[0]),
        frames_kept=kept,
        frames_of_class=float(usual.sum()),
        average_precision=float(average[0]),
        average_precision_low=min(float(average_low), float(average[0])),
        average_precision_high=max(float(average_high), float(average[0])),
        examples=len(x),
    )


def _logit(p: Array) -> Array:
    p = np.clip(p, 1e-4, 1.0 - 1e-4)
    return np.asarray(np.log(p / (1.0 - p)), np.float64)


def _binned(chances: npt.NDArray[Any]) -> tuple[Array, IntArray]:
    """Mean logit and number of the frames between a threshold and the next; the first bin is below all."""
    edges = (1.0 / (1.0 + np.exp(-_LOGITS))).astype(np.float32)
    place = np.searchsorted(edges, chances, side="right")
    number = np.bincount(place, minlength=len(edges) + 1).astype(np.int64)
    middle = np.concatenate([[_LOGITS[0]], 0.5 * (_LOGITS[:-1] + _LOGITS[1:]), [_LOGITS[-1]]])
    return middle, number


def _rarer(verdicts: Verdicts, column: int) -> float:
    """ln odds of the class's share of the run, as its probabilities have it, over the share the head gave it."""
    known = float(1.0 - verdicts.unknown.mean(dtype=np.float64))
    share = float(verdicts.probabilities[:, column].mean(dtype=np.float64)) / max(known, 1e-6)
    given = verdicts.provenance.get("class_shares", {}).get(verdicts.classes[column], 1.0 / len(verdicts.classes))
    share, given = (min(max(value, 1e-3), 1.0 - 1e-3) for value in (share, float(given)))
    return float(np.log(share / (1.0 - share)) - np.log(given / (1.0 - given)))


def _correction(x: Array, y: Array, first: Array) -> tuple[Array, Array]:
    """Mean and covariance of (a, b), by Newton's method: held-out logits x (n,), y (n,) 1 where of the class."""
    precision = np.diag([1.0 / _SHIFT_SPREAD**2, 1.0 / _SLOPE_SPREAD**2])
    design = np.column_stack([np.ones(len(x)), x])
    point, curvature = first.copy(), precision
    for _ in range(20):
        p = 1.0 / (1.0 + np.exp(-design @ point))
        slope = design.T @ (p - y) + precision @ (point - first)
        curvature = (design.T * (p * (1.0 - p))) @ design + precision
        step = np.linalg.solve(curvature, slope)
        point = point - step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-6:
            break
    return point, np.linalg.inv(curvature)


def _curves(own: Array, kept: IntArray) -> tuple[Array, Array, Array]:
    """Precision and recall (draws, M) and average precision (draws,) from frames of the class per bin (draws, M)."""
    above = own[:, ::-1].cumsum(axis=1)[:, ::-1]
    precision = np.where(kept > 0, above / np.maximum(kept, 1), 1.0)
    recall = above / np.maximum(above[:, :1], 1e-12)
    steps = own / np.maximum(above[:, :1], 1e-12)
    return precision, recall, (precision * steps).sum(axis=1)
