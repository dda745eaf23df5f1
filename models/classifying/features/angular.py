"""Radial profile and angular correlations: what stays the same when a particle turns about the beam.

The angular part is the conversion `ang_corr_normed` of Dragonfly's classifier (Ayyer et al., J. Appl. Cryst. 49,
1320, 2016), built from its description: polar bins of 10° folded to half a turn; from each ring its mean is taken
off, it is scaled to unit norm, and the moduli of its harmonics 1 … 9 are kept. Sectors that are missing are left out
of the ring's autocorrelation, which is divided by the number of pairs that are there.
"""

from __future__ import annotations

import numpy as np

from models.classifying.features.grid import to_grid
from models.classifying.features.polar import Cells, to_cells
from models.classifying.types import Array, BoolArray, FloatArray

RINGS = 20
SECTORS = 18
HARMONICS = 9


def radial_angular(frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None) -> FloatArray:
    """(n, 20 + 180) float32: roots of the ring means over their mean, then harmonics 1 … 9 of every ring."""
    grid = to_grid(frames, valid, centre_px=centre_px)
    cells = to_cells(grid, RINGS, SECTORS)
    profile = np.sqrt(cells.ring_means())
    level = profile.mean(1, keepdims=True)
    profile /= np.where(level > 0, level, 1.0)
    rows = np.concatenate([profile, harmonics(cells).reshape(len(profile), -1)], axis=1)
    rows[~grid.seen] = np.nan
    return np.asarray(rows, np.float32)


def harmonics(cells: Cells, orders: int = HARMONICS) -> Array:
    """(n, R, orders) moduli of the angular harmonics of every ring, mean removed and of unit norm.

    Harmonic m repeats every 180°/m, because opposite sectors are folded. Rings that are flat, or of which less than
    half is seen, give 0.
    """
    sectors = cells.counts.shape[2]
    there = cells.seen.astype(np.float64)
    n_there = there.sum(2, keepdims=True)
    values = np.sqrt(np.divide(cells.counts, cells.area, out=np.zeros_like(cells.counts), where=cells.seen))
    values = (values - values.sum(2, keepdims=True) / np.maximum(n_there, 1)) * there
    power = np.abs(np.fft.rfft(values, axis=2)) ** 2
    pairs = np.fft.irfft(np.abs(np.fft.rfft(there, axis=2)) ** 2, sectors, axis=2)
    correlation = np.fft.irfft(power, sectors, axis=2) / np.maximum(np.rint(pairs), 1)
    norm = correlation[:, :, :1]
    usable = (norm > 1e-12) & (2 * n_there >= sectors)
    correlation = np.divide(correlation, norm, out=np.zeros_like(correlation), where=usable)
    spectrum = np.fft.rfft(correlation, axis=2).real / sectors
    return np.asarray(np.sqrt(np.maximum(spectrum[:, :, 1 : orders + 1], 0.0)), np.float64)
