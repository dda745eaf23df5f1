"""When is a frame none of the user's classes? When it is farther from their examples than their own frames would be.

For a frame x and class k let d_k be the Euclidean distance to the nearest example of k, and

    z = min over k of (ln d_k - mu_k) / sigma,   P(unknown | x) = 1 / (1 + exp(-q (z - q)))

with q the normal quantile of `unknown_quantile`. ln d_k of frames that do belong to k is taken as normal; beyond the
quantile a frame is likelier unknown than known, and the odds grow as those of a normal against a flat density do
there (their logarithm is (z^2 - q^2) / 2, whose tangent at q is q (z - q); the tangent stays monotonic below 0).

mu_k begins with the run: an example's crowd is the `CROWD_SHARE` of all frames that are nearest to it, labelled or
not, and the crowd's radius is what to expect of d_k while a class has one example. With more examples, the distances
from each to the nearest other one of its class take over: first as a correction common to all classes, then for class
k alone. An example whose fellows are all far beyond its own crowd is the only one of its kind: it says nothing about
distances within kinds, so that correction is bounded. sigma is common to all classes: 0.3 at first, then the scatter
of those distances about their mu. Because few examples may lie at the edge of their crowd, q sigma (sqrt(1 + 1/n_k) -
1) is added to mu_k of a class with n_k examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.discriminants import Array, IntArray
from models.embedding.few_shot.types import FloatArray

CROWD_SHARE = 0.05
"""Share of the run's frames that is taken to be alike an example, before other examples say more."""
_RUN_WEIGHT = 2.0
"""Examples that the crowds' radii count as, against distances between examples of all classes."""
_CLASSES_WEIGHT = 4.0
"""Examples that the correction common to all classes counts as, against a class's own."""
_FIRST_SPREAD = 0.3
_FREEDOM = 4.0
"""sigma before any distance between examples, and the distances that this counts as."""
_MOST_EXCESS = 0.2
"""Largest correction of ln d that one example may ask for."""
_LEAST_SPREAD = 0.1
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class RunStatistics:
    """A fair sample of a run's embedding, to see how far crowds of frames reach.

    Attributes:
        sample: (m, D) float32, finite.
    """

    sample: FloatArray

    def crowd_radii(self, vectors: Array, share: float = CROWD_SHARE) -> Array:
        """(n,) distance from each of (n, D) vectors to the sampled frame that ends the nearest `share` of them."""
        distances = _distances(vectors, self.sample.astype(np.float64))
        last = min(len(self.sample) - 1, max(1, round(share * len(self.sample))))
        return np.asarray(np.partition(distances, last, axis=1)[:, last], np.float64)


def run_statistics(vectors: npt.NDArray[Any], *, sample: int = 1024, seed: int = 0) -> RunStatistics | None:
    """Sample a run's embedding once, for `fit_head(run=...)`.

    Args:
        vectors: (N, D) float; rows that are not finite are left out.
        sample: frames to draw.

    Returns:
        None where fewer than four finite frames were drawn.
    """
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(len(vectors), min(sample, len(vectors)), replace=False))
    chosen = np.asarray(vectors[drawn], np.float32)
    chosen = chosen[np.isfinite(chosen).all(axis=1)]
    return RunStatistics(chosen) if len(chosen) >= 4 else None


@dataclass(frozen=True)
class Boundary:
    """What "near enough" means for each class.

    Attributes:
        examples: (R, D) examples that distances are measured to, grouped by class.
        starts: (K,) first row of each class in `examples`.
        middle: (K,) mu, the ln(distance) that the class's own frames usually have.
        spread: sigma, standard deviation of the same about its class's mu.
        quantile: q, in standard deviations.
    """

    examples: Array
    starts: IntArray
    middle: Array
    spread: float
    quantile: float


def fit_boundary(
    vectors: Array,
    classes: IntArray,
    n_classes: int,
    *,
    run: RunStatistics | None,
    accepted: float,
    most_examples: int,
) -> Boundary:
    """Learn the distances that frames of each class have to its examples.

    Args:
        vectors: (n, D) finite examples.
        classes: (n,) their class, 0 … K-1, each present.
        run: statistics of the whole run; without it the prior comes from the distances between classes.
        accepted: share of a class's own frames that should not be called unknown.
        most_examples: examples to keep, shared out among the classes; of larger classes those that cover them best.
    """
    members = [np.flatnonzero(classes == k) for k in range(n_classes)]
    room = _shares([len(rows) for rows in members], max(most_examples, n_classes))
    kept = [rows[_cover(vectors[rows], size)] for rows, size in zip(members, room, strict=True)]
    logs = [_own_distances(vectors, rows, size) for rows, size in zip(members, room, strict=True)]
    expected = _between_classes(vectors, classes, members) if run is None else _crowds(vectors, members, run)
    most = np.inf if run is None else _MOST_EXCESS
    excess = [np.minimum(own - first, most) for own, first in zip(logs, expected, strict=True)]
    pooled = np.concatenate(excess)
    common = pooled.sum() / (_RUN_WEIGHT + len(pooled))
    shift = np.array([(_CLASSES_WEIGHT * common + own.sum()) / (_CLASSES_WEIGHT + len(own)) for own in excess])
    middle = expected + shift
    scatter = sum(float(((own - usual) ** 2).sum()) for own, usual in zip(excess, shift, strict=True))
    spread = np.sqrt((_FREEDOM * _FIRST_SPREAD**2 + scatter) / (_FREEDOM + len(pooled)))
    spread = max(float(spread), _LEAST_SPREAD)
    quantile = NormalDist().inv_cdf(accepted)
    # One example may lie anywhere in its crowd: the fewer there are, the farther out its fellows may be.
    sizes = np.array([len(rows) for rows in members])
    middle = middle + quantile * spread * (np.sqrt(1.0 + 1.0 / sizes) - 1.0)
    return Boundary(
        examples=vectors[np.concatenate(kept)],
        starts=np.concatenate([[0], np.cumsum([len(rows) for rows in kept])[:-1]]).astype(np.int64),
        middle=middle,
        spread=spread,
        quantile=quantile,
    )


def _crowds(vectors: Array, members: list[IntArray], run: RunStatistics) -> Array:
    """(K,) mean ln radius of the crowds about each class's examples."""
    radii = np.log(np.maximum(run.crowd_radii(vectors), _TINY))
    return np.array([radii[rows].mean() for rows in members])


def _between_classes(vectors: Array, classes: IntArray, members: list[IntArray]) -> Array:
    """(K,) what stands in for it without a look at the run: ln of half the distance between the classes."""
    distances = _distances(vectors, vectors)
    between = distances[(classes[:, None] != classes) & (distances > 0.0)]
    scale = float(np.median(between)) if between.size else float(np.sqrt((vectors**2).sum(axis=1).mean()))
    return np.full(len(members), np.log(0.5 * scale) if scale > 0.0 else 0.0)


def _own_distances(vectors: Array, rows: IntArray, room: int) -> Array:
    """ln of the distance from each example of a class to the nearest of up to `room` others of it."""
    if len(rows) <= room:
        distances = _distances(vectors[rows], vectors[rows])
        np.fill_diagonal(distances, np.inf)
        return _logs(distances.min(axis=1, initial=np.inf))
    # Those that were not chosen to cover the class are near the chosen ones by construction, and would promise too
    # little: so one half is measured against what covers the other half.
    halves = (rows[::2], rows[1::2])
    logs = []
    for held, seen in (halves, halves[::-1]):
        cover = seen[_cover(vectors[seen], room)]
        logs.append(_logs(_distances(vectors[held], vectors[cover]).min(axis=1)))
    return np.concatenate(logs)


def _logs(distances: Array) -> Array:
    # A duplicate among the examples says nothing about how far apart the class is.
    return np.asarray(np.log(distances[np.isfinite(distances) & (distances > 0.0)]), np.float64)


def _distances(a: Array, b: Array) -> Array:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
    floor = _TINY * max(float((a**2).max(initial=0.0)), _TINY)
    return np.asarray(np.sqrt(np.where(squares > floor, squares, 0.0)), np.float64)


def _shares(sizes: list[int], room: int) -> list[int]:
    """Split `room` evenly among the classes; what small ones do not need goes to the others."""
    result = [0] * len(sizes)
    left = room
    order = sorted(range(len(sizes)), key=lambda k: sizes[k])
    for place, k in enumerate(order):
        result[k] = min(sizes[k], left // (len(sizes) - place))
        left -= result[k]
    return result


def _cover(vectors: Array, size: int) -> IntArray:
    """Rows of `size` vectors that cover all: the most central, then always the farthest from those chosen."""
    if size >= len(vectors):
        return np.arange(len(vectors))
    chosen = [int(np.argmin(((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1)))]
    nearest = ((vectors - vectors[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < size:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, ((vectors - vectors[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen, np.int64)
