"""Frames themselves as features: by ring and sector for templates, and as small pictures for networks."""

from __future__ import annotations

import numpy as np

from models.classifying.features.grid import to_grid
from models.classifying.features.polar import to_cells
from models.classifying.types import Array, BoolArray, FloatArray

RINGS = 16
SECTORS = 24

SIDE_PX = 48
MISSING = -1.0
"""What a missing pixel of a small picture holds; photons are never negative."""


def polar_counts(frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None) -> FloatArray:
    """(n, 2 · 16 · 24) float32: photons in every cell, then the cells' valid area in grid pixels (0 = missing)."""
    grid = to_grid(frames, valid, centre_px=centre_px)
    cells = to_cells(grid, RINGS, SECTORS)
    area = np.where(cells.seen, cells.area, 0.0)
    counts = np.where(cells.seen, cells.counts, 0.0)
    rows = np.concatenate([counts.reshape(len(counts), -1), area.reshape(len(area), -1)], axis=1)
    rows[~grid.seen] = np.nan
    return np.asarray(rows, np.float32)


def split_polar(rows: FloatArray) -> tuple[Array, Array]:
    """Rows of `polar_counts` back to (n, R, A) photons and areas."""
    parts = np.asarray(rows, np.float64).reshape(len(rows), 2, RINGS, SECTORS)
    return parts[:, 0], parts[:, 1]


def small_pictures(frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None) -> FloatArray:
    """(n, 48 · 48) float32 photons per pixel of a square picture, `MISSING` where masked or beyond the frame.

    Frames keep their proportions and lie in the middle; smaller ones keep their sampling. `centre_px` is not used.
    """
    grid = to_grid(frames, valid, SIDE_PX)
    n, height, width = grid.counts.shape
    out = np.full((n, SIDE_PX, SIDE_PX), MISSING, np.float32)
    top, left = (SIDE_PX - height) // 2, (SIDE_PX - width) // 2
    inside = out[:, top : top + height, left : left + width]
    inside[...] = np.where(grid.share > 0, grid.counts, np.float32(MISSING))
    rows = out.reshape(n, -1)
    rows[~grid.seen] = np.nan
    return rows


def join_pictures(rows: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Rows of `small_pictures` back to (n, 48, 48) photons (0 where missing) and which pixels are there."""
    pictures = np.asarray(rows, np.float32).reshape(len(rows), SIDE_PX, SIDE_PX)
    there = pictures >= 0
    return np.where(there, pictures, np.float32(0)), there
