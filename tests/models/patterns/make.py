"""Patterns for tests: speckled objects of known width, with photons counted."""

from __future__ import annotations

import numpy as np

from models.patterns import Pattern
from models.runs import Frame


def speckle_object(n: int, width: float, seed: int = 0, ndim: int = 2) -> np.ndarray:
    """A complex-free ball of diameter `width` pixels with texture, in an array of n pixels a side."""
    rng = np.random.default_rng(seed)
    grids = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for _ in range(ndim))]
    ball = sum(np.square(grid) for grid in grids) < (width / 2) ** 2
    return np.asarray(ball * rng.uniform(0.2, 1.8, (n,) * ndim))


def intensities(obj: np.ndarray, photons: float) -> np.ndarray:
    """|FFT|² with the zero frequency at n // 2, of `photons` in all, without noise."""
    values = np.fft.fftshift(np.abs(np.fft.fftn(np.fft.ifftshift(obj))) ** 2)
    return values * (photons / values.sum())


def photon_pattern(n: int = 64, width: float = 16, photons: float = 1e6, seed: int = 0, stop: float = 0) -> Pattern:
    counts = np.random.default_rng(seed + 1).poisson(intensities(speckle_object(n, width, seed), photons))
    y, x = np.ogrid[-(n // 2) : n - n // 2, -(n // 2) : n - n // 2]
    measured = np.hypot(y, x) >= stop
    return Pattern(np.where(measured, counts, 0).astype(np.float32), measured)


def frame_of(values: np.ndarray, valid: np.ndarray | None = None) -> Frame:
    flags = np.zeros(values.shape, np.uint8) if valid is None else (~valid).astype(np.uint8)
    return Frame(0, values, flags)
