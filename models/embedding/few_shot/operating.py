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
        thresholds: (M,) on P(class), rising from 0 to 1.
        precision, precision_low, precision_high: (M,) expected, and the limits of its 90 % interval.
        recall, recall_low, recall_high: (M,) expected, and the limits of its 90 % interval.
        frames_kept: (M,) int64, frames of the run with P(class) >= threshold.
        frames_of_class: frames of the class expected in the whole run.
        average_precision: area under precision over recall; low and high limit its 90 % interval.
        examples: examples of the class that were held out and judged; none: all figures rest on the head's own
            probabilities.
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


_STEPS = 200
_DRAWS = 300
_STRENGTH = 8.0
"""Examples that the head's own probabilities count as, against what held-out examples say."""
_TAIL = 0.05


def precision_recall(
    verdicts: Verdicts, class_name: str, held_out: HeldOut | None = None, *, seed: int = 0
) -> PrecisionRecall:
    """What to expect of the run's frames at every threshold on P(class).

    The share of each class's frames above a threshold is first what the run's calibrated probabilities say; held-out
    examples correct it (beta distributed, the probabilities counting as 8 examples), and how widely it may lie with
    so few examples gives the intervals. The number of frames kept is counted, not estimated.

    Raises:
        BadParameter: a class the verdicts do not have.
    """
    if class_name not in verdicts.classes:
        raise BadParameter(
            f"no precision for {class_name!r}", cause=f"the verdicts have {', '.join(verdicts.classes)}"
        )
    column = verdicts.classes.index(class_name)
    thresholds = np.linspace(0.0, 1.0, _STEPS + 1)
    mass, frames = _above(verdicts, column)
    n_groups = mass.shape[0]
    total = mass[:, 0]
    rates = mass / np.maximum(total, 1e-9)[:, None]
    hits, tried = np.zeros((n_groups, _STEPS + 1)), np.zeros(n_groups)
    if held_out is not None and held_out.classes == verdicts.classes:
        place = _bins(held_out.probabilities[:, column])
        found = np.zeros((n_groups, _STEPS + 1))
        np.add.at(found, (held_out.labels, place), 1.0)
        hits = found[:, ::-1].cumsum(axis=1)[:, ::-1]
        tried = found.sum(axis=1)
    first = _STRENGTH * rates + hits + 1e-3
    second = _STRENGTH * (1.0 - rates) + (tried[:, None] - hits) + 1e-3
    rng = np.random.default_rng(seed)
    drawn = rng.beta(first, second, (_DRAWS, *first.shape))
    middle = first / (first + second)
    precision, recall, average = _curves(middle[None], total, column)
    precisions, recalls, averages = _curves(drawn, total, column)
    low, high = np.quantile(precisions, [_TAIL, 1.0 - _TAIL], axis=0)
    recall_low, recall_high = np.quantile(recalls, [_TAIL, 1.0 - _TAIL], axis=0)
    average_low, average_high = np.quantile(averages, [_TAIL, 1.0 - _TAIL])
    return PrecisionRecall(
        class_name=class_name,
        thresholds=thresholds,
        precision=precision[0],
        precision_low=np.minimum(low, precision[0]),
        precision_high=np.maximum(high, precision[0]),
        recall=recall[0],
        recall_low=np.minimum(recall_low, recall[0]),
        recall_high=np.maximum(recall_high, recall[0]),
        frames_kept=frames,
        frames_of_class=float(total[column]),
        average_precision=float(average[0]),
        average_precision_low=float(average_low),
        average_precision_high=float(average_high),
        examples=int(tried[column]),
    )


def _bins(chances: npt.NDArray[Any]) -> IntArray:
    """The last threshold that each probability reaches."""
    return np.asarray(np.floor(np.asarray(chances, np.float64) * _STEPS + 1e-6).clip(0, _STEPS), np.int64)


def _above(verdicts: Verdicts, column: int) -> tuple[Array, IntArray]:
    """(K + 1, M) expected frames of each class (the last: of none) at or above each threshold; (M,) frames."""
    use = ~verdicts.missing
    chances = verdicts.probabilities[use]
    place = _bins(chances[:, column])
    rows = [*chances.T, verdicts.unknown[use]]
    mass = np.stack([np.bincount(place, row, _STEPS + 1) for row in rows])
    frames = np.bincount(place, minlength=_STEPS + 1)
    return mass[:, ::-1].cumsum(axis=1)[:, ::-1], frames[::-1].cumsum()[::-1].astype(np.int64)


def _curves(rates: Array, total: Array, column: int) -> tuple[Array, Array, Array]:
    """Precision and recall (draws, M) and average precision (draws,) from the rates (draws, K + 1, M)."""
    # Independent draws at every threshold would make ragged curves: rates never rise with the threshold.
    rates = np.minimum.accumulate(rates, axis=2)
    kept = (rates * total[:, None]).sum(axis=1)
    own = rates[:, column] * total[column]
    precision = np.where(kept > 0, own / np.maximum(kept, 1e-12), 1.0)
    recall = rates[:, column]
    steps = recall - np.concatenate([recall[:, 1:], np.zeros((len(recall), 1))], axis=1)
    return precision, recall, (precision * steps).sum(axis=1)
