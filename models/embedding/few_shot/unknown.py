"""When is a frame none of the user's classes? When it is farther from their examples than their own frames would be.

Frames are compared where the run varies: on its `AXES` strongest principal axes, in units of the scatter within
classes (Mahalanobis' distance; what varies within a class counts less than what tells it from others), plus what the
axes leave out of a frame. With d(x) the distance of frame x to the nearest example, whatever its class, and l(x) a
linear discriminant between the run's near and far frames, whose standard deviation over near frames is 1,

    s = ln d + c l,   z = (s - mu) / sigma,   P(unknown | x) = 1 / (1 + exp(-q (z - q))).

The discriminant is what tells a crowd of strangers from the tail of a class: they lie on one side. mu and sigma
belong to frames that are of a class. They begin with the run: with the distances of the frames that lie closest to
the examples, and with the examples' crowds, an example's crowd being the `CROWD_SHARE` of all frames nearest to it,
labelled or not. As there are more examples, the distances from each to the nearest other one take over. An example
that is farther from all others than `_LONELY_SHARE` of the run is the only one of its kind, and says nothing about
distances within kinds. q is the quantile of Student's distribution that leaves the stated share of a class's own
frames beyond it, for as many examples as there are. Beyond it a frame is likelier unknown than known, and the odds
grow as those of a normal against a flat density do there (their logarithm is (z^2 - q^2) / 2, whose tangent at q is
q (z - q); the tangent stays monotonic below 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.discriminants import Array, IntArray
from models.embedding.few_shot.quantiles import student_quantile
from models.embedding.few_shot.types import FloatArray

AXES = 16
"""Principal axes of the run that distances are measured along."""
CROWD_SHARE = 0.05
"""Share of the run's frames that is taken to be alike an example, before other examples say more."""
_LONELY_SHARE = 0.15
_NEAR_SHARE = 0.75
_RUN_WEIGHT = 2.0
"""Examples that the crowds' radii count as, against distances between examples."""
_FIRST_SPREAD = 0.3
_FREEDOM = 6.0
"""sigma before any distance between examples, and the distances that this counts as."""
_LEAST_SPREAD = 0.1
_ROUND = 0.2
"""Share of a sphere in the scatter within classes."""
_REST = 1.0
"""What the usual length beyond the axes adds to a squared distance."""
_LEAN = 0.2
"""c for very many examples"""
_LEAN_FREEDOM = 30.0
"""examples with which c is half of that"""
_FAR = 1.5
"""Standard deviations from which a frame counts as far rather than near."""
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class RunStatistics:
    """A fair sample of a run's embedding, to see how far crowds of frames reach.

    Attributes:
        sample: (m, D) float32, finite.
    """

    sample: FloatArray

    @cached_property
    def middle(self) -> Array:
        """(D,) mean."""
        return np.asarray(self.sample.mean(axis=0, dtype=np.float64))

    @cached_property
    def axes(self) -> Array:
        """(D, r) orthonormal directions in which the run varies most."""
        return principal_axes(self.sample.astype(np.float64) - self.middle)

    @cached_property
    def places(self) -> Array:
        """(m, r) the sample along the axes."""
        return np.asarray((self.sample - self.middle) @ self.axes, np.float64)

    @cached_property
    def rest(self) -> float:
        """Mean square of what the axes leave out."""
        whole = float(((self.sample - self.middle) ** 2).sum(axis=1).mean())
        return float(max(whole - float((self.places**2).sum(axis=1).mean()), 1e-6 * whole, _TINY))

    @cached_property
    def stretch(self) -> Array:
        """(D, D) symmetric: lengthens directions the more the run varies along them, the strongest one by 1.

        Before a penalty on weights it is a prior that classes part where frames differ, not where they are alike but
        for noise: variances to the power 0.5 as the weights' prior variances.
        """
        variances = np.maximum((self.places**2).mean(axis=0), _TINY)
        dimension, r = self.axes.shape
        if variances.max() <= _TINY:
            return np.eye(dimension)  # a run of one frame over and over
        beyond = self.rest / max(dimension - r, 1)
        along, across = (variances / variances.max()) ** 0.25, min(beyond / variances.max(), 1.0) ** 0.25
        return np.asarray((self.axes * (along - across)) @ self.axes.T + across * np.eye(dimension), np.float64)


def principal_axes(centred: Array) -> Array:
    """(D, r) the strongest principal axes of (m, D) centred vectors, r <= `AXES`."""
    dimension = centred.shape[1]
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(axes[:, max(0, dimension - AXES) :], np.float64)


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
    """What "near enough" means. Places are along the axes; `white` takes them to units of the scatter within classes.

    Attributes:
        middle: (D,) origin of the places. axes: (D, r).
        white: (r, r): a place times this is in units of the scatter within classes.
        examples: (R, r) whitened places that distances are measured to.
        rest: weight of the squared length beyond the axes.
        lean, lean_at: (r,) and what to take away: c l of a whitened place.
        usual, spread, quantile: mu, sigma, q.
    """

    middle: Array
    axes: Array
    white: Array
    examples: Array
    rest: float
    lean: Array
    lean_at: float
    usual: float
    spread: float
    quantile: float


class BoundaryFit:
    """All that boundaries of the same examples, some of them held out, have in common."""

    def __init__(self, vectors: Array, classes: IntArray, n_classes: int, run: RunStatistics | None) -> None:
        """
        Args:
            vectors: (n, D) finite examples.
            classes: (n,) their class, 0 … K-1, each present.
            run: statistics of the whole run; without it the examples stand for it.
        """
        self.run = run or RunStatistics(np.asarray(vectors, np.float32))
        self.alone = run is None
        self.classes, self.n_classes = classes, n_classes
        offset = vectors - self.run.middle
        places = offset @ self.run.axes
        self.white = self._whitener(places)
        # Examples alone hardly reach beyond their own axes: there all directions count alike.
        self._rest = float(self.white[0, 0] ** 2) if self.alone else _REST / self.run.rest
        self._example_rest = self._rest * np.maximum((offset**2).sum(axis=1) - (places**2).sum(axis=1), 0.0)
        self.places, self.sample = places @ self.white, self.run.places @ self.white
        whole = ((self.run.sample - self.run.middle) ** 2).sum(axis=1) - (self.run.places**2).sum(axis=1)
        self._sample_rest = self._rest * np.maximum(whole, 0.0)
        self.between = _squares(self.places, self.places)
        np.fill_diagonal(self.between, np.inf)
        self.to_sample = _squares(self.sample, self.places)
        self.radii, self.lonely = self._crowds(classes, n_classes)

    def _whitener(self, places: Array) -> Array:
        """(r, r) from the scatter of the examples, and of the run's frames near them, about their class's mean."""
        means = np.stack([places[self.classes == k].mean(axis=0) for k in range(self.n_classes)])
        residuals = places - means[self.classes]
        r = places.shape[1]
        if self.alone:
            size = float((residuals**2).mean()) or float((places**2).mean())
            return np.asarray(np.eye(r) / np.sqrt(max(size, _TINY)), np.float64)
        squares = _squares(self.run.places, places)
        owner = squares.argmin(axis=1)
        end = min(len(squares) - 1, max(1, round(_LONELY_SHARE * len(squares))))
        nearest = squares.min(axis=1)
        if self.n_classes > 1:  # several classes are most of the run, a single one may be a small part of it
            near = nearest <= np.quantile(nearest, _NEAR_SHARE)
        else:
            near = nearest <= np.partition(squares, end, axis=0)[end][owner]
        owner = self.classes[owner[near]]
        frames = self.run.places[near]
        for k in range(self.n_classes):
            own = frames[owner == k]
            if len(own) > 1:
                residuals = np.concatenate([residuals, own - own.mean(axis=0)])
        scatter = residuals.T @ residuals / len(residuals)
        size = float(np.trace(scatter)) / r
        if size <= _TINY:
            return np.asarray(np.eye(r) / np.sqrt(max(float((self.run.places**2).mean()), _TINY)), np.float64)
        scatter = (1.0 - _ROUND) * scatter + _ROUND * size * np.eye(r)
        return np.asarray(np.linalg.cholesky(np.linalg.inv(scatter)), np.float64)

    def _crowds(self, classes: IntArray, n_classes: int) -> tuple[Array, Array]:
        """(n,) ln distance from each example to the end of its crowd, and to where it would be lonely."""
        if self.alone:
            # What stands in for it without a look at the run: half the distance between the classes.
            apart = self.between[(classes[:, None] != classes) & (self.between > _TINY)]
            scale = float(np.median(apart)) if apart.size else float(max((self.places**2).sum(axis=1).mean(), _TINY))
            crowd = np.full(len(classes), 0.5 * np.log(0.25 * scale))
            return crowd, np.full(len(classes), np.inf)
        squares = self.to_sample + self._sample_rest[:, None]
        m = len(squares)
        ends = [min(m - 1, max(1, round(share * m))) for share in (CROWD_SHARE, _LONELY_SHARE)]
        ordered = np.partition(squares, ends, axis=0)
        crowd, lonely = (0.5 * np.log(np.maximum(ordered[end], _TINY)) for end in ends)
        return crowd, lonely

    def fit(self, accepted: float, most_examples: int, use: npt.NDArray[np.bool_] | None = None) -> Boundary:
        """The boundary of these examples.

        Args:
            accepted: share of a class's own frames that should not be called unknown.
            most_examples: examples to keep, shared out among the classes; of larger classes those that cover them
                best.
            use: (n,) bool, the examples that are not held out; all without it.
        """
        rows = np.arange(len(self.classes)) if use is None else np.flatnonzero(use)
        kept = self._kept(rows, most_examples)
        logs, rows_told = self._own(rows, kept, most_examples)
        usual, spread, freedom = self._scale(logs, rows, kept)
        lean, lean_at = np.zeros(self.places.shape[1]), 0.0
        if not self.alone and len(self.sample) > 4 * self.places.shape[1]:
            nearest = 0.5 * np.log(np.maximum(self.to_sample[:, kept].min(axis=1) + self._sample_rest, _TINY))
            lean, lean_at = _discriminant(self.sample, (nearest - usual) / spread - _FAR)
            much = _LEAN * len(rows) / (len(rows) + _LEAN_FREEDOM)
            lean, lean_at = much * lean, much * lean_at
            logs = logs + self.places[rows_told] @ lean - lean_at
            usual, spread, freedom = self._scale(logs, rows, kept)
        quantile = student_quantile(accepted, freedom) * np.sqrt(1.0 + 1.0 / (len(logs) + _RUN_WEIGHT))
        return Boundary(
            middle=self.run.middle,
            axes=self.run.axes,
            white=self.white,
            examples=self.places[kept],
            rest=self._rest,
            lean=lean,
            lean_at=lean_at,
            usual=usual,
            spread=spread,
            quantile=quantile,
        )

    def unknown(self, boundary: Boundary, rows: IntArray, others: npt.NDArray[np.bool_]) -> Array:
        """Probability that examples `rows` are of no class, to a boundary of the `others` (n,)."""
        squares = self.between[np.ix_(rows, np.flatnonzero(others))].min(axis=1) + self._example_rest[rows]
        s = 0.5 * np.log(np.maximum(squares, _TINY)) + self.places[rows] @ boundary.lean - boundary.lean_at
        excess = (s - boundary.usual) / boundary.spread - boundary.quantile
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(-boundary.quantile * excess, -80.0, 80.0))), np.float64)

    def _scale(self, logs: Array, rows: IntArray, kept: IntArray) -> tuple[float, float, float]:
        """mu, sigma and the degrees of freedom of sigma."""
        first = float(self.radii[rows].mean()) if self.alone else self._first(kept)
        usual = (_RUN_WEIGHT * first + float(logs.sum())) / (_RUN_WEIGHT + len(logs))
        scatter = float(((logs - usual) ** 2).sum())
        freedom = _FREEDOM + len(logs)
        return usual, max(float(np.sqrt((_FREEDOM * _FIRST_SPREAD**2 + scatter) / freedom)), _LEAST_SPREAD), freedom

    def _first(self, kept: IntArray) -> float:
        """mu before any distance between examples: the middle ln distance of the run's frames that lie in a crowd."""
        squares = self.to_sample[:, kept]
        owner = squares.argmin(axis=1)
        logs = 0.5 * np.log(np.maximum(squares.min(axis=1) + self._sample_rest, _TINY))
        crowd = logs[logs <= self.lonely[kept][owner]]
        if not len(crowd):
            return float(self.radii[kept].mean())
        # From the lower quarter: strangers can only be among the farther ones.
        return 0.5 * (float(np.quantile(crowd, 0.25)) + 0.67 * _FIRST_SPREAD + float(self.radii[kept].mean()))

    def _kept(self, rows: IntArray, most: int) -> IntArray:
        members = [rows[self.classes[rows] == k] for k in range(self.n_classes)]
        room = _shares([len(own) for own in members], max(most, self.n_classes))
        return np.concatenate([own[_cover(self.places[own], size)] for own, size in zip(members, room, strict=True)])

    def _own(self, rows: IntArray, kept: IntArray, most: int) -> tuple[Array, IntArray]:
        """ln of the distance from each example to the nearest other one, where that tells something; and whose."""
        if len(kept) == len(rows):
            nearest = self.between[np.ix_(rows, rows)].min(axis=1)
            told = rows
        else:
            # Those that were not chosen to cover a class are near the chosen ones by construction, and would promise
            # too little: so one half is measured against what covers the other half.
            halves = (rows[::2], rows[1::2])
            parts = []
            for held, seen in (halves, halves[::-1]):
                parts.append(self.between[np.ix_(held, self._kept(seen, most))].min(axis=1))
            nearest, told = np.concatenate(parts), np.concatenate(halves)
        logs = 0.5 * np.log(np.maximum(nearest + self._example_rest[told], _TINY))
        # A duplicate among the examples says nothing about how far apart a class is.
        alone = np.bincount(self.classes[rows], minlength=self.n_classes)[self.classes[told]] < 2
        fine = np.isfinite(nearest) & (nearest > _TINY) & (logs <= self.lonely[told]) & ~alone
        return logs[fine], told[fine]


def _discriminant(places: Array, excess: Array) -> tuple[Array, float]:
    """Fisher's direction from near to far frames, with unit spread over the near ones, and its mean there."""
    far = 1.0 / (1.0 + np.exp(-np.clip(3.0 * excess, -30.0, 30.0)))
    near = 1.0 - far
    if far.sum() < 1.0 or near.sum() < 1.0:
        return np.zeros(places.shape[1]), 0.0
    middle_near, middle_far = near @ places / near.sum(), far @ places / far.sum()
    offset = places - middle_near
    r = places.shape[1]
    scatter = offset.T @ offset / len(offset)
    scatter = 0.9 * scatter + 0.1 * float(np.trace(scatter)) / r * np.eye(r)
    lean = np.linalg.solve(scatter, middle_far - middle_near)
    along = offset @ lean
    size = float(np.sqrt(near @ along**2 / near.sum()))
    if size <= _TINY:
        return np.zeros(r), 0.0
    return np.asarray(lean / size, np.float64), float(middle_near @ lean / size)


def _squares(a: Array, b: Array) -> Array:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
    floor = _TINY * max(float((a**2).max(initial=0.0)), _TINY)
    return np.asarray(np.where(squares > floor, squares, 0.0), np.float64)


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
