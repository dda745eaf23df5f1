"""Which frames to label next: those the head is least sure of, but never ten of the same kind.

Uncertainty alone proposes near-duplicates, and diversity alone proposes frames that are long settled. So a bounded
pool of doubtful frames is drawn (least confident ones, frames of no known class, and some at random), and from it
frames are taken one by one: always the one with the largest product of doubt and distance to everything labelled or
taken before: the greedy k-centre method (Gonzalez 1985; for active learning Sener and Savarese, ICLR 2018), weighted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.types import BoolArray, FloatArray, Verdicts

IntArray = npt.NDArray[np.int64]

_LEAST_DOUBT = 0.05
_DRAWN = 128
_MOST_LABELLED = 1024
_ISOLATED_SHARE = 0.05
_COMPANIONS = 4


def suggest(
    verdicts: Verdicts | None,
    vectors: npt.NDArray[Any],
    labelled: BoolArray | IntArray,
    n: int,
    seed: int = 0,
    *,
    pool: int = 1024,
) -> IntArray:
    """The frames whose labels would teach most, most useful first.

    Args:
        verdicts: of the present head; None before the first label, when frames are chosen to cover the run.
        vectors: (N, D) embeddings, may be memory-mapped; frames whose row is not finite are never suggested.
        labelled: (N,) bool, True for frames that have a label, or the indices of those frames: they are never
            suggested, and what looks just like them comes last.
        n: how many.
        seed: the same arguments and seed give the same frames.
        pool: candidates that are compared with each other; the work grows with pool x (n + labelled frames).

    Returns:
        (m,) int64 frame indices, m <= n, without repetition; fewer where the run has fewer unlabelled frames.
    """
    rng = np.random.default_rng(seed)
    if n < 1 or len(vectors) == 0:
        return np.zeros(0, np.int64)
    pool = max(pool, 4 * n)
    done = _mask(labelled, len(vectors))
    candidates = _random_unlabelled(done, pool, rng) if verdicts is None else _doubtful(verdicts, done, pool, rng)
    points = np.asarray(vectors[candidates], np.float32)
    finite = np.isfinite(points).all(axis=1)
    candidates, points = candidates[finite], points[finite]
    if len(candidates) == 0:
        return np.zeros(0, np.int64)
    known = _known_points(vectors, done, rng)
    worth = _companionship(points) if verdicts is None else np.maximum(_doubt(verdicts, candidates), _LEAST_DOUBT)
    return candidates[_spread_out(points, worth, known, n)]


def _mask(labelled: BoolArray | IntArray, n: int) -> BoolArray:
    mask = np.zeros(n, np.bool_)
    mask[labelled] = True
    return mask


def _doubt(verdicts: Verdicts, frames: IntArray) -> FloatArray:
    """How little is settled about frames: one minus the margin between the two likeliest answers, or unknown-ness.

    Unknown counts as an answer for the margin; and a frame that certainly is none of the classes is as much worth a
    label as one that sits between two.
    """
    unknown = verdicts.unknown[frames]
    answers = np.sort(np.column_stack([verdicts.probabilities[frames], unknown]), axis=1)
    margin = answers[:, -1] - answers[:, -2]
    return np.asarray(np.maximum(1.0 - margin, unknown), np.float32)


def _doubtful(verdicts: Verdicts, labelled: BoolArray, pool: int, rng: np.random.Generator) -> IntArray:
    """Up to `pool` unlabelled frames, a quarter each: the least confident, the least confident of a random tenth or
    less (in a long run the least confident ones may all lie on one border), of no known class, and random ones."""
    # A labelled frame, or one without embedding, is moved to the end of the order rather than filtered out:
    # that is one pass over the run instead of several.
    order: FloatArray = verdicts.confidence + np.where(labelled | verdicts.missing, np.float32(2.0), np.float32(0.0))
    quarter = pool // 4
    drawn = _random_unlabelled(labelled, min(_DRAWN * quarter, max(quarter, len(order) // 10)), rng)
    strange = np.flatnonzero((verdicts.label < 0) & (order < 2.0))
    if len(strange) > quarter:
        strange = rng.choice(strange, quarter, replace=False, shuffle=False)
    random = _random_unlabelled(labelled, quarter, rng)
    together = np.unique(
        np.concatenate([_lowest(order, quarter), drawn[_lowest(order[drawn], quarter)], strange, random])
    )
    return np.asarray(together[order[together] < 2.0], np.int64)


def _lowest(values: FloatArray, n: int) -> IntArray:
    if n >= len(values):
        return np.arange(len(values))
    return np.argpartition(values, n)[:n]


def _random_unlabelled(labelled: BoolArray, size: int, rng: np.random.Generator) -> IntArray:
    """Up to `size` different unlabelled frames, in rising order."""
    if len(labelled) > 16 * size:
        drawn = np.unique(rng.integers(0, len(labelled), 2 * size))
        drawn = drawn[~labelled[drawn]]
        if len(drawn) >= size:
            return np.sort(rng.permutation(drawn)[:size]).astype(np.int64)
    free = np.flatnonzero(~labelled)
    if len(free) > size:
        free = np.sort(rng.choice(free, size, replace=False))
    return free.astype(np.int64)


def _known_points(vectors: npt.NDArray[Any], labelled: BoolArray, rng: np.random.Generator) -> FloatArray:
    rows = np.flatnonzero(labelled)
    if len(rows) > _MOST_LABELLED:
        rows = np.sort(rng.choice(rows, _MOST_LABELLED, replace=False))
    points = np.asarray(vectors[rows], np.float32).reshape(len(rows), vectors.shape[1])
    return points[np.isfinite(points).all(axis=1)]


def _companionship(points: FloatArray) -> FloatArray:
    """1 for frames with others near them, 0 for the most isolated few, which would otherwise be taken first."""
    if len(points) <= 4 * _COMPANIONS:
        return np.ones(len(points), np.float32)
    distances = _squared_distances(points, points)
    isolation = np.partition(distances, _COMPANIONS, axis=1)[:, _COMPANIONS]
    return (isolation <= np.quantile(isolation, 1.0 - _ISOLATED_SHARE)).astype(np.float32)


def _spread_out(points: FloatArray, worth: FloatArray, known: FloatArray, n: int) -> IntArray:
    """Rows of up to `n` points, greedily by worth x distance to the known and to those taken before."""
    if len(known):
        nearest = _squared_distances(points, known).min(axis=1)
    else:
        # The first one has nothing to be far from: take the one most like all the others.
        central = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
        nearest = np.where(np.arange(len(points)) == np.argmin(np.where(worth > 0, central, np.inf)), np.inf, 1.0)
        nearest = nearest.astype(np.float32)
    taken: list[int] = []
    free = np.ones(len(points), np.bool_)
    for _ in range(min(n, len(points))):
        gain = np.where(worth > 0, worth * np.sqrt(nearest), 0.0)
        best = int(np.argmax(np.where(free, gain, -1.0)))
        taken.append(best)
        free[best] = False
        distance = ((points - points[best]) ** 2).sum(axis=1)
        nearest = distance if not len(known) and len(taken) == 1 else np.minimum(nearest, distance)
    return np.array(taken, np.int64)


def _squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * (a @ b.T)
    # Rounding leaves duplicates a little apart, or less than nothing; they must count as the same.
    floor = np.float32(4e-6) * max(float((a**2).sum(axis=1).max(initial=0.0)), 1e-30)
    return np.asarray(np.where(squares > floor, squares, 0.0), np.float32)
