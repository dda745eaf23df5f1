"""The three candidate heads. Each is linear: a frame's score for class k is `x @ weights[:, k] + bias[k]`.

All work on a few labelled examples in float64, treat the classes as equally likely (which frames a user labels says
little about how common they are), and do not change when all vectors are multiplied by one number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.descent import minimise

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
    weights, bias = _logistic(vectors, classes, n_classes, strength, np.ones((1, len(vectors)), np.bool_))
    return Discriminant(weights[0], bias[0])


def logistic_held_out(vectors: Array, classes: IntArray, n_classes: int, strength: float, fold: IntArray) -> Array:
    """(n, K) scores of every example by `logistic` fitted without its fold (-1: never held out, scores 0).

    All fits are done at once, in the space the examples span.
    """
    scores = np.zeros((len(classes), n_classes))
    parts = np.unique(fold[fold >= 0])
    if not len(parts):
        return scores
    # Distances and products are all that counts, so n coordinates do for n examples.
    coordinates = vectors
    if len(vectors) < vectors.shape[1]:
        left, size, _ = np.linalg.svd(vectors, full_matrices=False)
        coordinates = left * size
    weights, bias = _logistic(coordinates, classes, n_classes, strength, fold[None] != parts[:, None])
    for part, table, offset in zip(parts, weights, bias, strict=True):
        held = fold == part
        scores[held] = coordinates[held] @ table + offset
    return scores


def _logistic(
    vectors: Array, classes: IntArray, n_classes: int, strength: float, use: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """(F, D, K) weights and (F, K) biases of F fits, each to the examples of one row of `use` (F, n)."""
    target = np.zeros((len(vectors), n_classes))
    target[np.arange(len(vectors)), classes] = 1.0
    used = use.astype(np.float64)
    sizes = used @ target
    n = sizes.sum(axis=1)
    member = target.T[None] * used[:, None] / sizes[:, :, None]
    centre = (member @ vectors).mean(axis=1)
    centred = vectors[None] - centre[:, None]
    scale = np.sqrt((used * (centred**2).sum(axis=2)).sum(axis=1) / n)
    scale[scale == 0.0] = 1.0
    design = np.concatenate([centred / scale[:, None, None], np.ones((*use.shape, 1))], axis=2)
    across = np.ascontiguousarray(design.swapaxes(1, 2))
    weight = used * (n[:, None] / (n_classes * sizes))[:, classes]
    rows, own = np.arange(len(vectors)), classes

    def objective(flat: Array, among: IntArray) -> tuple[Array, Array]:
        table = flat.reshape(len(flat), -1, n_classes)
        score = design[among] @ table
        score -= score.max(axis=2, keepdims=True)
        chance = np.exp(score)
        total = chance.sum(axis=2)
        loss = (weight[among] * (np.log(total) - score[:, rows, own])).sum(axis=1)
        chance /= total[:, :, None]
        chance -= target
        chance *= weight[among][:, :, None]
        slope = across[among] @ chance
        loss += 0.5 * strength * (table[:, :-1] ** 2).sum(axis=(1, 2))
        slope[:, :-1] += strength * table[:, :-1]
        return loss, slope.reshape(len(flat), -1)

    table = minimise(objective, np.zeros((len(use), design.shape[2] * n_classes)))
    table = table.reshape(len(use), -1, n_classes)
    weights = table[:, :-1] / scale[:, None, None]
    return weights, table[:, -1] - (centre[:, None] @ weights)[:, 0]


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
