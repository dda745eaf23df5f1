"""How well the labels predict each other: the confusion matrix of held-out examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.folds import stratified_folds
from models.embedding.few_shot.head import FewShotSettings, fit_head
from models.embedding.few_shot.types import Confusion
from models.embedding.few_shot.unknown import RunStatistics
from models.errors import NotEnoughExamples


def cross_validate(
    vectors: npt.NDArray[Any],
    classes: npt.NDArray[Any] | Sequence[int],
    class_names: Sequence[str],
    settings: FewShotSettings | None = None,
    folds: int = 5,
    *,
    run: RunStatistics | None = None,
) -> Confusion:
    """Hold every example out once, fit the head on the others, and compare its verdict with the label.

    Up to 24 examples are held out one by one; more are split into `folds` parts, each class spread over all of them.
    The only example of a class is never held out: its class is listed in `untested`.

    Args:
        vectors: (n, D) embeddings of the examples; rows that are not finite are left out.
        classes: (n,) index into `class_names`.
        class_names: all the user's classes; the confusion has those with examples, in this order.
        run: statistics of the whole run, as for `fit_head`.

    Raises:
        NotEnoughExamples: no class has two examples with embeddings.
        BadParameter: as `fit_head`.
    """
    numbers = np.asarray(classes, np.int64)
    head = fit_head(vectors, numbers, class_names, settings, run=run, calibrated=False)
    examples = np.asarray(vectors, np.float32)
    usable = np.isfinite(examples).all(axis=1)
    examples = examples[usable]
    present, numbers = np.unique(numbers[usable], return_inverse=True)
    fold = stratified_folds(numbers.astype(np.int64), folds)
    if not (fold >= 0).any():
        raise NotEnoughExamples(
            "the labels cannot be checked against each other",
            cause="no class has two examples",
            hint="label a second frame of a class",
        )
    matrix = np.zeros((len(head.classes), len(head.classes) + 1), np.int64)
    parts = np.unique(fold[fold >= 0])
    for part in parts:
        held = fold == part
        # Every class keeps an example, so the columns of this head are those of the one above.
        partial = fit_head(examples[~held], numbers[~held], head.classes, settings, run=run, calibrated=False)
        label = partial.verdicts(examples[held], threads=1).label
        np.add.at(matrix, (numbers[held], label), 1)  # -1, unknown, is the last column
    alone = np.bincount(numbers, minlength=len(present)) == 1
    untested = tuple(name for name, single in zip(head.classes, alone, strict=True) if single)
    return Confusion(classes=head.classes, matrix=matrix, untested=untested, folds=len(parts))
