"""How well the labels predict each other: the confusion matrix of held-out examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from models.embedding.few_shot.held_out import hold_out
from models.embedding.few_shot.settings import FewShotSettings
from models.embedding.few_shot.types import Confusion
from models.embedding.few_shot.unknown import RunStatistics


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

    The only example of a class is never held out: its class is listed in `untested`. Arguments and errors are those
    of `hold_out`, which also gives the probabilities behind the verdicts.
    """
    return hold_out(vectors, classes, class_names, settings, folds, run=run).confusion()
