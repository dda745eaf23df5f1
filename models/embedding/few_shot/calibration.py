"""From scores to probabilities: one temperature, from examples the head had not seen."""

from __future__ import annotations

import numpy as np

from models.embedding.few_shot.discriminants import Array, IntArray

_GRID = np.linspace(-6.0, 6.0, 121)


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
        # A score's gap is largest at the same class for every temperature, so one maximum serves them all.
        top = gap.max(axis=1, keepdims=True)
        inverse = np.exp(-_GRID)[:, None, None]
        total = np.exp((gap - top) * inverse).sum(axis=2)
        cost += (np.log(total) + top[:, 0] * inverse[:, :, 0]) @ weight
    at = int(np.argmin(cost))
    if 0 < at < len(_GRID) - 1:
        left, middle, right = cost[at - 1 : at + 2]
        curvature = left - 2.0 * middle + right
        offset = 0.5 * (left - right) / curvature if curvature > 0 else 0.0
    else:
        offset = 0.0
    return float(np.exp(_GRID[at] + offset * (_GRID[1] - _GRID[0])))
