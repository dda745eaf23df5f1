"""From scores to probabilities: one temperature, from examples the head had not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.discriminants import Array, Discriminant, IntArray
from models.embedding.few_shot.folds import stratified_folds

_GRID = np.linspace(-6.0, 6.0, 121)


def held_out_scores(
    vectors: Array, classes: IntArray, n_classes: int, fit: Callable[[Array, IntArray], Discriminant], folds: int
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Scores of every example by heads that were fitted without it.

    Returns:
        (n, K) scores and (n,) bool, False for examples that were never held out (the only one of their class).
    """
    fold = stratified_folds(classes, folds)
    scores = np.zeros((len(classes), n_classes))
    for part in range(int(fold.max(initial=-1)) + 1):
        held = fold == part
        if held.any():
            scores[held] = fit(vectors[~held], classes[~held]).scores(vectors[held])
    return scores, fold >= 0


def best_temperature(scores: Array, classes: IntArray, prior_log: float, prior_spread: float) -> float:
    """Temperature T for which softmax(scores / T) predicts held-out labels best (Guo et al., ICML 2017).

    Minimises the log loss, the classes weighted equally, plus (ln T - prior_log)^2 / (2 prior_spread^2): the prior
    decides while labels are few and gives way as they come. Without any scores it is the prior.
    """
    cost = (_GRID - prior_log) ** 2 / (2.0 * prior_spread**2)
    if len(scores):
        sizes = np.bincount(classes, minlength=scores.shape[1])
        present = np.count_nonzero(sizes)
        weight = len(classes) / (present * sizes[classes])
        gap = scores - scores[np.arange(len(classes)), classes][:, None]
        for i, log_temperature in enumerate(_GRID):
            scaled = gap / np.exp(log_temperature)
            top = scaled.max(axis=1)
            cost[i] += float(weight @ (top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))))
    at = int(np.argmin(cost))
    if 0 < at < len(_GRID) - 1:
        left, middle, right = cost[at - 1 : at + 2]
        curvature = left - 2.0 * middle + right
        offset = 0.5 * (left - right) / curvature if curvature > 0 else 0.0
    else:
        offset = 0.0
    return float(np.exp(_GRID[at] + offset * (_GRID[1] - _GRID[0])))
