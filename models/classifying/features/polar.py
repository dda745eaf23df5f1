"""Frames in rings and sectors about the beam, with the missing area of every cell known.

Opposite sectors are put together (Friedel's law, I(q) = I(−q) at small angles), so a sector missing on one side is
still seen on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from models.classifying.features.grid import Grid
from models.classifying.types import Array, BoolArray

_SPLIT = 4
"""Each pixel is shared out among cells by this many points squared."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Frames by ring and sector.

    Attributes:
        counts: (n, R, A) photons counted in each cell.
        area: (n, R, A) valid area of each cell in grid pixels.
        full: (R, A) area the cell would have without any mask, on an endless detector.
    """

    counts: Array
    area: Array
    full: Array

    @property
    def seen(self) -> BoolArray:
        """(n, R, A) cells of which at least a quarter is valid."""
        return np.asarray(self.area >= 0.25 * self.full, np.bool_)

    def ring_means(self) -> Array:
        """(n, R) photons per pixel of each ring; rings that are not seen take their neighbours' values."""
        counts, area = self.counts.sum(2), self.area.sum(2)
        known = area >= 0.1 * self.full.sum(1)
        means: Array = np.divide(counts, area, out=np.zeros_like(counts), where=known)
        place = np.arange(counts.shape[1])
        for row in np.flatnonzero(~known.all(1) & known.any(1)):
            there = known[row]
            means[row, ~there] = np.interp(place[~there], place[there], means[row, there])
        return means

    def means(self) -> Array:
        """(n, R, A) photons per pixel of each cell; cells that are not seen take their ring's mean."""
        rings = np.repeat(self.ring_means()[:, :, None], self.counts.shape[2], axis=2)
        return np.divide(self.counts, self.area, out=rings, where=self.seen)


def to_cells(grid: Grid, rings: int, sectors: int, inner: float = 0.03) -> Cells:
    """Sort a grid's photons into rings and sectors.

    Args:
        grid: the frames.
        rings: equally wide rings from `inner` to half the long side.
        sectors: equally wide sectors of half a turn.
        inner: radius of the innermost ring's inner edge, as a part of the long side.
    """
    n, height, width = grid.counts.shape
    y, x = grid.centre_px
    shared, full = _cell_shares(height, width, round(y, 2), round(x, 2), rings, sectors, inner)
    counts = (shared @ grid.photons.reshape(n, -1).T).T.reshape(n, rings, sectors)
    area = (shared @ grid.share.reshape(n, -1).T).T.reshape(n, rings, sectors)
    return Cells(np.ascontiguousarray(counts, np.float64), np.ascontiguousarray(area, np.float64), full)


@lru_cache(maxsize=16)
def _cell_shares(
    height: int, width: int, centre_y: float, centre_x: float, rings: int, sectors: int, inner: float
) -> tuple[Any, Array]:
    """(R·A, h·w) sparse share of each pixel in each cell, and (R, A) full area of the cells."""
    from scipy.sparse import csr_array

    side = max(height, width)
    edges = np.linspace(inner * side, 0.5 * side, rings + 1)
    offset = (np.arange(_SPLIT) + 0.5) / _SPLIT - 0.5
    y = (np.arange(height)[:, None] + offset).ravel() - centre_y
    x = (np.arange(width)[:, None] + offset).ravel() - centre_x
    ring = np.searchsorted(edges, np.hypot(y[:, None], x[None, :]), side="right") - 1
    turn = np.arctan2(y[:, None], x[None, :]) / np.pi % 1.0
    # A hair back, so that rounding cannot put mirror images on different sides of an edge.
    sector = np.floor(turn * sectors + 1e-9).astype(np.int64) % sectors
    pixel = (np.arange(height * _SPLIT)[:, None] // _SPLIT) * width + np.arange(width * _SPLIT)[None, :] // _SPLIT
    inside = (ring >= 0) & (ring < rings)
    cell = ring[inside] * sectors + sector[inside]
    share = np.full(cell.size, 1 / _SPLIT**2, np.float32)
    matrix = csr_array((share, (cell, pixel[inside])), shape=(rings * sectors, height * width))
    area = np.pi * np.diff(edges**2) / sectors
    return matrix, np.repeat(area[:, None], sectors, axis=1)
