"""Nearest neighbours of many frames, and the fuzzy graph that UMAP lays out."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FloatArray = npt.NDArray[np.float32]
IndexArray = npt.NDArray[np.int32]
Neighbours = tuple[IndexArray, FloatArray]

_EXACT_BELOW = 8192
_QUERIES = 2048
_CELL_SAMPLE = 32
_TINY = np.float32(4e-7)


def nearest(
    vectors: npt.NDArray[Any],
    rows: npt.NDArray[np.int64],
    base: FloatArray,
    k: int,
    *,
    itself: bool = False,
    probes: int = 12,
    seed: int = 0,
) -> Generator[float, None, Neighbours]:
    """The k nearest rows of `base` for `vectors[rows]`, giving the share done (0..1) as it goes.

    Up to 8192 base rows the search is exact. Beyond, the base is split into as many cells as the square root of its
    size, and a row looks through the `probes` cells nearest to its own (an inverted file; Jégou et al., IEEE Trans.
    PAMI 33:117, 2011): it finds nearly all neighbours where frames form crowds.

    Args:
        vectors: (N, D) floats, may be memory-mapped.
        rows: (n,) those to look for neighbours of; finite.
        base: (m, D) finite float32, m > k.
        k: neighbours of each.
        itself: True where `vectors[rows]` is the base: a row is then not its own neighbour.
        probes: cells looked through.

    Returns:
        (n, k) int32 rows of `base` and (n, k) float32 Euclidean distances, nearest first.
    """
    indices = np.empty((len(rows), k), np.int32)
    distances = np.empty((len(rows), k), np.float32)
    squares = np.einsum("ij,ij->i", base, base)
    if len(base) <= _EXACT_BELOW:
        everything = np.arange(len(base), dtype=np.int32)
        plan = [(np.arange(len(rows)), everything)]
    else:
        plan = _cells(None if itself else vectors, rows, base, k, probes, seed)
    done = 0
    for asking, candidates in plan:
        those, lengths = base[candidates], squares[candidates]
        for start in range(0, len(asking), _QUERIES):
            part = asking[start : start + _QUERIES]
            block = np.asarray(vectors[rows[part]], np.float32)
            own = np.einsum("ij,ij->i", block, block)
            table = block @ those.T
            table *= -2.0
            table += lengths
            if itself:
                table[part[:, None] == candidates] = np.inf
            near = np.argpartition(table, k - 1, axis=1)[:, :k]
            squared = np.take_along_axis(table, near, axis=1) + own[:, None]
            order = np.argsort(squared, axis=1)
            indices[part] = candidates[np.take_along_axis(near, order, axis=1)]
            squared = np.take_along_axis(squared, order, axis=1)
            # Rounding leaves equal rows a little apart, or less than nothing.
            squared[squared < _TINY * own[:, None]] = 0.0
            distances[part] = np.sqrt(squared)
            done += len(part)
            yield done / len(rows)
    return indices, distances


def _cells(
    vectors: npt.NDArray[Any] | None, rows: npt.NDArray[np.int64], base: FloatArray, k: int, probes: int, seed: int
) -> list[tuple[npt.NDArray[np.int64], IndexArray]]:
    """For every cell: places in `rows` that lie in it, and rows of `base` to look through for them.

    Without `vectors` it is the base itself that is looked up.
    """
    rng = np.random.default_rng(seed)
    n_cells = int(np.sqrt(len(base)))
    sample = base[rng.choice(len(base), min(len(base), _CELL_SAMPLE * n_cells), replace=False)]
    centres = sample[:n_cells].copy()
    for _ in range(4):
        cell = _nearest_centre(sample, np.arange(len(sample)), centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, cell, sample)
        sizes = np.bincount(cell, minlength=n_cells)
        centres[sizes > 0] = sums[sizes > 0] / sizes[sizes > 0, None]
    home = _nearest_centre(base, np.arange(len(base)), centres)
    members = np.split(
        np.argsort(home, kind="stable").astype(np.int32), np.cumsum(np.bincount(home, minlength=n_cells))[:-1]
    )
    sizes = np.array([len(cell) for cell in members])
    asked = home if vectors is None else _nearest_centre(vectors, rows, centres)
    order = np.argsort(asked, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(asked, minlength=n_cells))[:-1])
    lengths = np.einsum("ij,ij->i", centres, centres)
    closeness = np.argsort(lengths - 2.0 * centres @ centres.T, axis=1)
    plan = []
    for number, asking in enumerate(groups):
        if len(asking) == 0:
            continue
        enough = int(np.searchsorted(np.cumsum(sizes[closeness[number]]), k + 1)) + 1
        near = closeness[number][: max(probes, enough)]
        plan.append((asking, np.sort(np.concatenate([members[c] for c in near]))))
    return plan


def _nearest_centre(
    vectors: npt.NDArray[Any], rows: npt.NDArray[np.int64], centres: FloatArray
) -> npt.NDArray[np.int64]:
    half = 0.5 * np.einsum("ij,ij->i", centres, centres)
    result = np.empty(len(rows), np.int64)
    for start in range(0, len(rows), 4 * _QUERIES):
        block = np.asarray(vectors[rows[start : start + 4 * _QUERIES]], np.float32)
        result[start : start + 4 * _QUERIES] = (block @ centres.T - half).argmax(axis=1)
    return result


def fuzzy_graph(indices: IndexArray, distances: FloatArray) -> csr_matrix:
    """How strongly frames belong together: UMAP's fuzzy simplicial set (McInnes et al., arXiv:1802.03426).

    A frame's weight to its neighbours falls exponentially beyond the nearest one, at the rate that makes the weights
    add up to log2(k + 1); two directed weights become one by a + b - a b.

    Args:
        indices: (n, k) neighbours of each frame, without itself. distances: (n, k) to them, rising.

    Returns:
        (n, n) symmetric, float32.
    """
    from scipy.sparse import csr_matrix

    n, k = indices.shape
    gaps = np.maximum(distances - distances[:, :1], 0.0).astype(np.float32)
    target = np.float32(np.log2(k + 1))
    low, high = np.zeros(n, np.float32), np.full(n, np.inf, np.float32)
    # A frame among duplicates has no scale of its own; the run's mean distance is then the least.
    least = 1e-3 * np.maximum(distances.mean(axis=1), distances.mean()) + np.float32(1e-30)
    width = np.maximum(gaps.mean(axis=1), least)
    for _ in range(40):
        total = np.exp(-gaps / width[:, None]).sum(axis=1)
        over = total > target
        high = np.where(over, width, high)
        low = np.where(over, low, width)
        doubled = np.minimum(2.0 * width, np.float32(1e30))
        width = np.maximum(np.where(np.isinf(high), doubled, 0.5 * (low + np.minimum(high, 1e30))), least)
    weights = np.exp(-gaps / width[:, None])
    directed = csr_matrix((weights.ravel(), indices.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    other = directed.T.tocsr()
    return (directed + other - directed.multiply(other)).tocsr()
