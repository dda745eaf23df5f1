"""What few-shot classification gives back: a verdict for every frame, and how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

UNKNOWN = -1
"""Value of `Verdicts.label` for frames that belong to none of the classes."""


@dataclass(frozen=True)
class Verdicts:
    """Class probabilities of every frame of a run.

    Attributes:
        classes: names of the K classes that have examples, in the order of the columns.
        probabilities: (N, K) float32, calibrated; a row sums to 1 - unknown.
        unknown: (N,) float32, probability that the frame belongs to none of the classes.
        label: (N,) int16, index into `classes`; `UNKNOWN` (-1) where none fits or the frame has no embedding.
        confidence: (N,) float32, probability of the label shown (`unknown` where that is "unknown"); 0 where missing.
        missing: (N,) bool, True where the frame has no finite embedding: all probabilities 0, unknown 1.
        provenance: what the verdicts came from: head kind, settings, examples per class, temperature, operating
            threshold of "unknown", and what the caller said of model and labels.
    """

    classes: tuple[str, ...]
    probabilities: FloatArray
    unknown: FloatArray
    label: npt.NDArray[np.int16]
    confidence: FloatArray
    missing: BoolArray
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.label)

    @classmethod
    def empty(cls, n: int, classes: Sequence[str]) -> Verdicts:
        """Room for `n` frames, every one missing until it is filled."""
        return cls(
            classes=tuple(classes),
            probabilities=np.zeros((n, len(classes)), np.float32),
            unknown=np.ones(n, np.float32),
            label=np.full(n, UNKNOWN, np.int16),
            confidence=np.zeros(n, np.float32),
            missing=np.ones(n, np.bool_),
        )

    def counts(self) -> dict[str, int]:
        """Frames per class, in class order, then "unknown" under the key "" (frames without embedding left out)."""
        known = np.bincount(self.label[self.label >= 0], minlength=len(self.classes))
        found = {name: int(n) for name, n in zip(self.classes, known, strict=True)}
        found[""] = int(np.count_nonzero((self.label < 0) & ~self.missing))
        return found


@dataclass(frozen=True)
class Confusion:
    """Labels against what the head says of each example while it is held out.

    Attributes:
        classes: names of the K classes.
        matrix: (K, K + 1) int64; row = the user's label, column = verdict, the last column is "unknown".
        untested: classes with a single example: holding it out would leave nothing to compare with, so it is only
            trained on, and its row is zero.
        folds: number of parts the examples were held out in (as many as examples: leave-one-out).
    """

    classes: tuple[str, ...]
    matrix: npt.NDArray[np.int64]
    untested: tuple[str, ...] = ()
    folds: int = 0

    @property
    def n_examples(self) -> int:
        """Examples held out and judged."""
        return int(self.matrix.sum())

    @property
    def examples(self) -> npt.NDArray[np.int64]:
        """(K,) judged examples per class."""
        return np.asarray(self.matrix.sum(axis=1), np.int64)

    @property
    def called(self) -> npt.NDArray[np.int64]:
        """(K,) how often each class was the verdict."""
        return np.asarray(self.matrix[:, :-1].sum(axis=0), np.int64)

    @property
    def correct(self) -> npt.NDArray[np.int64]:
        """(K,) how often the verdict agreed with the label."""
        return np.asarray(np.diagonal(self.matrix), np.int64)

    @property
    def recall(self) -> npt.NDArray[np.float64]:
        """(K,) correct / judged examples (an example called unknown is not found); NaN where none was judged."""
        return _ratio(self.correct, self.examples)

    @property
    def precision(self) -> npt.NDArray[np.float64]:
        """(K,) correct / verdicts for the class; NaN where it never was the verdict.

        This is the precision among the labelled frames: in a run where the class is rarer it is lower.
        """
        return _ratio(self.correct, self.called)

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over the classes that were judged; NaN where none was."""
        recall = self.recall[self.examples > 0]
        return float(recall.mean()) if recall.size else float("nan")


def _ratio(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    result = np.full(len(whole), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
