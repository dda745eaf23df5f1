"""Every example judged by heads that were fitted without it: what all statements about trust are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.head import fit_parts
from models.embedding.few_shot.settings import FewShotSettings
from models.embedding.few_shot.types import UNKNOWN, Confusion, FloatArray
from models.embedding.few_shot.unknown import RunStatistics
from models.errors import NotEnoughExamples

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The labelled frames and what the head says of each while it is held out.

    Attributes:
        classes: names of the K classes that have examples, in the order of the user's list.
        labels: (n,) int64, the user's label of each judged example as index into `classes`.
        probabilities: (n, K) float32, calibrated without the example itself; a row sums to 1 - unknown.
        unknown: (n,) float32, probability of belonging to none of the classes.
        rows: (n,) int64, which of the examples that were handed in each one is (those without embedding, and the
            only example of a class, are not judged).
        weights: (n,) float64 with mean 1: how much each example counts for statements about the run, where classes
            are not as common as among the labels. An example weighs its class's share of the run over the class's
            share of the labels.
        threshold: probability of "unknown" from which a frame is shown as unknown.
        untested: classes whose only example could not be held out.
        folds: parts the examples were held out in (as many as examples: one by one).
    """

    classes: tuple[str, ...]
    labels: IntArray
    probabilities: FloatArray
    unknown: FloatArray
    rows: IntArray
    weights: Array
    threshold: float = 0.5
    untested: tuple[str, ...] = ()
    folds: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def verdict(self) -> IntArray:
        """(n,) index into `classes` of the class shown; `UNKNOWN` (-1) where none fits."""
        return np.where(self.unknown >= self.threshold, UNKNOWN, self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> FloatArray:
        """(n,) probability of the class shown, or of "unknown" where that is shown."""
        verdict = self.verdict
        shown = np.take_along_axis(self.probabilities, verdict.clip(0)[:, None], axis=1)[:, 0]
        return np.asarray(np.where(verdict < 0, self.unknown, shown), np.float32)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the class shown is the user's label."""
        return np.asarray(self.verdict == self.labels, np.bool_)

    def confusion(self) -> Confusion:
        """Labels against verdicts."""
        matrix = np.zeros((len(self.classes), len(self.classes) + 1), np.int64)
        np.add.at(matrix, (self.labels, self.verdict), 1)  # -1, unknown, is the last column
        return Confusion(classes=self.classes, matrix=matrix, untested=self.untested, folds=self.folds)


def hold_out(
    vectors: npt.NDArray[Any],
    classes: npt.NDArray[Any] | Sequence[int],
    class_names: Sequence[str],
    settings: FewShotSettings | None = None,
    folds: int = 5,
    *,
    run: RunStatistics | None = None,
) -> HeldOut:
    """Hold every example out once and judge it by a head fitted and calibrated on the others.

    Up to 24 examples are held out one by one; more are split into `folds` parts, each class spread over all of them.

    Args:
        vectors: (n, D) embeddings of the examples; rows that are not finite are left out.
        classes: (n,) index into `class_names`.
        class_names: all the user's classes; the result has those with examples, in this order.
        run: statistics of the whole run, as for `fit_head`.

    Raises:
        NotEnoughExamples: no class has two examples with embeddings.
        BadParameter: as `fit_head`.
    """
    head, fitted, usable = fit_parts(vectors, classes, class_names, settings, run=run, folds=folds)
    tested = fitted.fold >= 0
    if not tested.any():
        raise NotEnoughExamples(
            "the labels cannot be checked against each other",
            cause="no class has two examples",
            hint="label a second frame of a class",
        )
    choice = fitted.settings
    shares = np.asarray(head.shares)
    scores = np.zeros_like(fitted.held_out)
    unknown = np.zeros(len(scores))
    for part in fitted.parts:
        held = np.flatnonzero(fitted.fold == part)
        others = fitted.fold != part
        scores[held] = fitted.held_out[held] / fitted.temperature(without=int(part))
        boundary = fitted.boundary.fit(choice.unknown_quantile, choice.compared_examples, others)
        unknown[held] = fitted.boundary.unknown(boundary, held, others)
    scores += np.log(shares)
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances *= ((1.0 - unknown) / chances.sum(axis=1))[:, None]
    labels = fitted.classes[tested]
    counts = np.bincount(fitted.classes, minlength=len(head.classes))
    weights = (shares / np.bincount(labels, minlength=len(head.classes)).clip(1))[labels]
    return HeldOut(
        classes=head.classes,
        labels=labels,
        probabilities=chances[tested].astype(np.float32),
        unknown=unknown[tested].astype(np.float32),
        rows=usable[tested],
        weights=weights / weights.mean(),
        threshold=choice.unknown_threshold,
        untested=tuple(name for name, n in zip(head.classes, counts, strict=True) if n == 1),
        folds=len(fitted.parts),
    )
