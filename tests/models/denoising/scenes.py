"""Patterns whose rates are known: a sphere's, and the counts drawn from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def sphere(
    n: int = 64, diameter: float = 12.0, photons: float = 2000.0, centre: tuple[float, float] | None = None
) -> Array:
    """(n, n) rates of a sphere in the Born approximation, exactly symmetric; fringes n/diameter px apart."""
    cy, cx = centre or ((n - 1) / 2, (n - 1) / 2)
    y, x = np.mgrid[:n, :n]
    u = np.maximum(np.pi * diameter / n * np.hypot(y - cy, x - cx), 1e-6)
    form = np.where(u < 1e-3, 1.0, 3 * (np.sin(u) - u * np.cos(u)) / u**3)
    rate: Array = form**2
    return rate * photons / rate.sum()


def counts(rate: Array, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).poisson(rate).astype(np.float32)


def gap_and_stop(n: int = 64, stop: float = 3.0, rows: int = 2) -> npt.NDArray[np.bool_]:
    """True = measured: a horizontal gap and a beam stop about the middle."""
    y, x = np.mgrid[:n, :n] - (n - 1) / 2
    return (np.hypot(y, x) >= stop) & (np.abs(y) > rows / 2)
