"""Anscombe's transform, which makes Poisson noise nearly Gaussian of unit variance, and its exact unbiased inverse.

Anscombe, Biometrika 35, 246 (1948); Mäkitalo & Foi, IEEE Trans. Image Process. 20, 99 (2011), for the closed form of
the inverse.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

FloatLike = npt.NDArray[np.floating[Any]]

ZERO = 2 * math.sqrt(3 / 8)
"""What no photons become. Below it the inverse is 0: its terms in 1/D² and 1/D³ would otherwise explode."""


def stabilise(counts: FloatLike) -> FloatLike:
    """2 √(n + 3/8), of the same shape and dtype; negative counts as 0."""
    return 2 * np.sqrt(np.maximum(counts, 0) + counts.dtype.type(0.375))


def rate(stabilised: FloatLike) -> FloatLike:
    """The rate λ ≥ 0 whose counts have this mean after `stabilise`; of the same shape and dtype."""
    d = np.maximum(stabilised, stabilised.dtype.type(ZERO))
    root = math.sqrt(1.5)
    found = d * d / 4 + root / (4 * d) - 11 / (8 * d * d) + 5 * root / (8 * d**3) - 1 / 8
    return np.where(stabilised <= ZERO, 0, np.maximum(found, 0)).astype(stabilised.dtype, copy=False)


def expected(rates: FloatLike) -> FloatLike:
    """The mean of `stabilise` over counts of these rates: the inverse of `rate`; of the same shape and dtype.

    It lies below `stabilise(rates)`, at few photons by far: pixels without counts have to be given this value to be
    level with their neighbours.
    """
    wanted = np.maximum(rates, 0)
    # Monotone in √λ and nearly straight there, so the table can be coarse.
    found = np.interp(np.sqrt(wanted), _ROOTS, _MEANS)
    large = wanted > _LARGEST
    if large.any():
        found[large] = 2 * np.sqrt(wanted[large] + 0.125)
    return found.astype(rates.dtype, copy=False)


_LARGEST = 1e4
_MEANS = ZERO + np.linspace(0, 2 * math.sqrt(_LARGEST + 1) - ZERO, 20_001)
_ROOTS = np.sqrt(rate(_MEANS))
