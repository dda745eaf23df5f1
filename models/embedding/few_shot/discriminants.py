"""The three candidate heads. Each is linear: a frame's score for class k is `x @ weights[:, k] + bias[k]`.

All work on a few labelled examples in float64, treat the classes as equally likely (which frames a user labels says
little about how common they are), and do not change when all vectors are multiplied by one number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Discriminant:
    """A linear score per class.

    Attributes:
        weights: (D, K).
        bias: (K,).
    """

    weights: Array
    bias: Array

    def scores(self, vectors: Array) -> Array:
        """(n, D) vectors to (n, K) scores; differences between classes are log odds before calibration."""
        return vectors @ self.weights + self.bias


def class_means(vectors: Array, classes: IntArray, n_classes: int) -> Array:
    """(K, D) mean vector of every class; every class must have an example."""
    members = np.zeros((n_classes, len(classes)))
    members[classes, np.arange(len(classes))] = 1.0
    return np.asarray((members @ vectors) / members.sum(axis=1, keepdims=True), np.float64)


def prototype(vectors: Array, classes: IntArray, n_classes: int, strength: float) -> Discriminant:
    """Nearest class mean: score -|x - mean|^2 / (2 variance), with one variance per dimension for all classes.

    The variance is that of `_variance`; `strength` is its weight in examples (the score's scale only).
    Prototypical networks: Snell et al., NeurIPS 2017.
    """
    means = class_means(vectors, classes, n_classes)
    variance = _variance(vectors, classes, means, strength)
    return Discriminant(means.T / variance, -0.5 * (means**2).sum(axis=1) / variance)


def shrinkage(vectors: Array, classes: IntArray, n_classes: int, strength: float) -> Discriminant:
    """Linear discriminant analysis with the shared covariance shrunk to a multiple of the identity.

    The share of the identity is Ledoit and Wolf's (J. Multivar. Anal. 88:365, 2004), but at least
    strength / (strength + n - K), so that a covariance from a handful of frames is hardly trusted.
    """
    means = class_means(vectors, classes, n_classes)
    variance = _variance(vectors, classes, means, strength)
    residuals = vectors - means[classes]
    freedom = len(vectors) - n_classes
    if freedom < 1 or not residuals.any():
        return Discriminant(means.T / variance, -0.5 * (means**2).sum(axis=1) / variance)
    share = max(_ledoit_wolf(residuals), strength / (strength + freedom))
    covariance = residuals.T @ residuals * ((1.0 - share) / freedom)
    covariance[np.diag_indices_from(covariance)] += share * variance
    weights = np.asarray(np.linalg.solve(covariance, means.T), np.float64)
    return Discriminant(weights, -0.5 * (means.T * weights).sum(axis=0))


def logistic(vectors: Array, classes: IntArray, n_classes: int, strength: float) -> Discriminant:
    """Multinomial logistic regression with an L2 penalty, the classes weighted equally.

    Vectors are centred on the mean of the class means and scaled to unit mean square before the penalty
    strength / 2 * |weights|^2 is applied to the summed, weighted log loss. The bias is not penalised.
    """
    centre = class_means(vectors, classes, n_classes).mean(axis=0)
    centred = vectors - centre
    scale = float(np.sqrt(np.mean((centred**2).sum(axis=1)))) or 1.0
    design = np.hstack([centred / scale, np.ones((len(vectors), 1))])
    target = np.zeros((len(vectors), n_classes))
    target[np.arange(len(vectors)), classes] = 1.0
    sizes = target.sum(axis=0)
    weight = (len(vectors) / (n_classes * sizes))[classes][:, None]

    def objective(flat: Array) -> tuple[float, Array]:
        table = flat.reshape(-1, n_classes)
        score = design @ table
        score -= score.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(score).sum(axis=1, keepdims=True))
        loss = float((weight * target * (log_total - score)).sum())
        slope = design.T @ (weight * (np.exp(score - log_total) - target))
        loss += 0.5 * strength * float((table[:-1] ** 2).sum())
        slope[:-1] += strength * table[:-1]
        return loss, slope.ravel()

    table = _minimise(objective, np.zeros(design.shape[1] * n_classes)).reshape(-1, n_classes)
    weights = table[:-1] / scale
    return Discriminant(weights, table[-1] - centre @ weights)


HEADS: dict[str, Callable[[Array, IntArray, int, float], Discriminant]] = {
    "prototype": prototype,
    "shrinkage": shrinkage,
    "logistic": logistic,
}


def _variance(vectors: Array, classes: IntArray, means: Array, strength: float) -> float:
    """Variance per dimension within classes, leaning on the scatter of everything while examples are few."""
    total = vectors - means.mean(axis=0)
    dimension = vectors.shape[1]
    prior = float((total**2).sum()) / (len(vectors) * dimension)
    if prior == 0.0:
        return 1.0
    within = float(((vectors - means[classes]) ** 2).sum()) / dimension
    freedom = len(vectors) - len(means)
    return float((within + strength * prior) / (freedom + strength))


def _ledoit_wolf(residuals: Array) -> float:
    """Ledoit and Wolf's shrinkage intensity for centred (n, D) data, in 0..1."""
    n, dimension = residuals.shape
    gram = residuals @ residuals.T / n
    mean = float(np.trace(gram)) / dimension
    squares = float((gram**2).sum())
    dispersion = squares / dimension - mean**2
    if dispersion <= 0.0:
        return 1.0
    noise = (float((np.diag(gram) ** 2).sum()) - squares / n) / dimension
    return float(np.clip(noise / dispersion, 0.0, 1.0))


def _minimise(objective: Callable[[Array], tuple[float, Array]], start: Array, memory: int = 12) -> Array:
    """Limited-memory BFGS (Nocedal, Math. Comp. 35:773, 1980) with backtracking, for a smooth convex objective."""
    point = start
    value, slope = objective(point)
    floor = 1e-4 * max(1.0, float(np.linalg.norm(slope)))
    steps: list[tuple[Array, Array, float]] = []
    for _ in range(200):
        if float(np.linalg.norm(slope)) <= floor:
            break
        direction = -slope
        kept = []
        for step, change, inverse in reversed(steps):
            factor = inverse * float(step @ direction)
            kept.append(factor)
            direction = direction - factor * change
        if steps:
            step, change, inverse = steps[-1]
            direction = direction / (inverse * float(change @ change))
        else:
            direction = direction / max(1.0, float(np.linalg.norm(slope)))
        for (step, change, inverse), factor in zip(steps, reversed(kept), strict=True):
            direction = direction + (factor - inverse * float(change @ direction)) * step
        descent = float(slope @ direction)
        length = 1.0
        while True:
            trial = point + length * direction
            trial_value, trial_slope = objective(trial)
            if trial_value <= value + 1e-4 * length * descent or length < 1e-8:
                break
            length *= 0.5
        step, change = trial - point, trial_slope - slope
        curvature = float(step @ change)
        if curvature > 1e-12:
            steps = [*steps[1 - memory :], (step, change, 1.0 / curvature)]
        point, value, slope = trial, trial_value, trial_slope
    return point
