"""UMAP of a run's embedding: long work that shows itself while it moves, and can be stopped at any moment.

The method is that of McInnes, Healy and Melville (arXiv:1802.03426) with its usual constants: a fuzzy graph of
nearest neighbours, laid out by stochastic gradient descent from the PCA map, so that the picture on screen unfolds
rather than jumps. It runs in a worker process: it takes seconds to minutes and compiles code on first use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.layout.neighbour_graph import FloatArray, Neighbours, fuzzy_graph, nearest
from models.embedding.layout.principal import pca
from models.parameters import parameter, validate
from models.progress import Progress

IntArray = npt.NDArray[np.int64]

_EXTENT = 10.0
"""Largest coordinate of the map that the descent starts from."""
_PLACING_NEIGHBOURS = 5
_PLACING_PROBES = 6
_RECORD_EVERY_S = 0.25


@dataclass(frozen=True)
class UmapSettings:
    """How the neighbour map is drawn."""

    n_neighbors: int = parameter(
        15,
        "Frames counted as one neighbourhood, itself included: few show fine structure, many the coarse one",
        unit="frames",
        low=2,
        high=500,
        title="Neighbours",
    )
    min_dist: float = parameter(
        0.1,
        "How close frames may lie to each other, in units of the map: small packs crowds tightly",
        low=0.0,
        high=1.0,
        title="Least distance",
    )
    epochs: int = parameter(300, "Passes over all pairs of neighbours", unit="epochs", low=1, high=10_000)
    seed: int = parameter(0, "The map is a function of this number, the embedding and the settings", low=0)
    max_frames: int = parameter(
        100_000,
        "Frames laid out by UMAP itself; of a longer run a random sample of this many, and every other frame is put "
        "among its nearest neighbours in the sample",
        unit="frames",
        low=4,
        high=100_000_000,
        title="Sample at most",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutProgress(Progress):
    """How far a layout has come, and what it looks like by now.

    Attributes:
        layout: (N, 2) float32 positions of all frames so far (NaN where a frame has no embedding); None in records
            that come before or between new positions. Each record has an array of its own.
        sampled: frames that UMAP itself lays out; the others with an embedding are placed among them.
        placed: frames with an embedding: sampled + those placed among them.
    """

    layout: FloatArray | None = None
    sampled: int = 0
    placed: int = 0


def umap_layout(
    vectors: npt.NDArray[Any], settings: UmapSettings | None = None
) -> Generator[LayoutProgress, None, FloatArray]:
    """Lay a run out so that frames with similar embeddings are near each other.

    Args:
        vectors: (N, D) floats, may be memory-mapped; rows that are not finite get no place.
        settings: defaults where None.

    Returns:
        (N, 2) float32, about -20 … 20, NaN for rows that are not finite. Where there is nothing to lay out (fewer
        than four finite frames, or all alike) it is the PCA map.

    Raises:
        BadParameter: settings out of range.
    """
    settings = validate(settings or UmapSettings())
    start = pca(vectors)
    finite = np.flatnonzero(np.isfinite(start[:, 0]))
    if len(finite) < 4 or not np.ptp(start[finite], axis=0).any():
        yield LayoutProgress(
            done=1, total=1, message="nothing to lay out", layout=start, sampled=len(finite), placed=len(finite)
        )
        return start.copy()
    sample, others = _split(finite, settings)
    preparing = max(1, settings.epochs // 2)
    picture = _Picture(start, sample, others)

    def record(done: float, message: str, layout: FloatArray | None = None) -> LayoutProgress:
        return LayoutProgress(
            done=int(done),
            total=preparing + settings.epochs,
            message=message,
            layout=layout,
            sampled=len(sample),
            placed=len(finite),
        )

    yield record(0, "finding neighbours", picture.layout())
    base = np.ascontiguousarray(vectors[sample], np.float32)
    k = min(settings.n_neighbors, len(sample)) - 1
    own_share = preparing / (1.0 + 0.5 * len(others) / len(sample))
    search = nearest(base, np.arange(len(base)), base, k, itself=True, seed=settings.seed)
    found = yield from _watched(search, lambda share: record(own_share * share, "finding neighbours"))
    if len(others):
        most = min(_PLACING_NEIGHBOURS, len(sample))
        search = nearest(vectors, others, base, most, probes=_PLACING_PROBES, seed=settings.seed)
        placing = preparing - own_share
        picture.place(
            *(yield from _watched(search, lambda share: record(own_share + placing * share, "placing the others")))
        )
    yield record(preparing, "weighing neighbours", picture.layout())

    from models.embedding.layout.descent import Descent

    descent = Descent(picture.positions, fuzzy_graph(*found), settings.min_dist, settings.epochs, settings.seed)
    at_once = 1
    while descent.done < settings.epochs:
        began = time.monotonic()
        descent.advance(at_once)
        took = max(time.monotonic() - began, 1e-4)
        at_once = max(1, round(at_once * min(4.0, _RECORD_EVERY_S / took)))
        yield record(preparing + descent.done, f"epoch {descent.done} of {settings.epochs}", layout=picture.layout())
    return picture.layout()


class _Picture:
    """All positions: those that UMAP moves, and the others among their nearest neighbours in the sample."""

    def __init__(self, start: FloatArray, sample: IntArray, others: IntArray) -> None:
        self._all = start * np.float32(_EXTENT / np.abs(start[sample]).max())
        self._sample = sample
        self._others = others
        self._neighbours: Neighbours | None = None
        # Frames with equal embeddings start apart, or nothing would ever part them.
        jitter = np.random.default_rng(len(sample)).normal(0.0, 1e-4 * _EXTENT, (len(sample), 2))
        self.positions = np.ascontiguousarray(self._all[sample] + jitter, np.float32)

    def place(self, indices: npt.NDArray[np.int32], distances: FloatArray) -> None:
        """Tie every other frame to its neighbours, the nearer the stronger."""
        weights = 1.0 / (distances + np.float32(1e-6) + distances.mean(axis=1, keepdims=True) * np.float32(1e-3))
        self._neighbours = indices, weights / weights.sum(axis=1, keepdims=True)

    def layout(self) -> FloatArray:
        """(N, 2) as it is now."""
        result = self._all.copy()
        result[self._sample] = self.positions
        if self._neighbours is not None:
            indices, weights = self._neighbours
            placed = np.zeros((len(self._others), 2), np.float32)
            for i in range(indices.shape[1]):
                placed += self.positions[indices[:, i]] * weights[:, i, None]
            result[self._others] = placed
        return result


def _split(finite: IntArray, settings: UmapSettings) -> tuple[IntArray, IntArray]:
    if len(finite) <= settings.max_frames:
        return finite, finite[:0]
    rng = np.random.default_rng(settings.seed)
    chosen = np.zeros(len(finite), np.bool_)
    chosen[rng.choice(len(finite), settings.max_frames, replace=False)] = True
    return finite[chosen], finite[~chosen]


def _watched(
    search: Generator[float, None, Neighbours], record: Callable[[float], LayoutProgress]
) -> Generator[LayoutProgress, None, Neighbours]:
    """The search's result, with a record every now and then."""
    last = time.monotonic()
    while True:
        try:
            share = next(search)
        except StopIteration as stop:
            found: Neighbours = stop.value
            return found
        if time.monotonic() - last > _RECORD_EVERY_S:
            last = time.monotonic()
            yield record(share)
