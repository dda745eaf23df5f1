"""How bright a pattern is towards its edge, which decides what noise does to an algorithm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern

FloatArray = npt.NDArray[np.floating]

_OUTERMOST = 0.9
_BRIGHT_PHOTONS = 4.0


def bright_to_edge(pattern: Pattern) -> bool:
    """Whether every part of the pattern says something: more than four photons a pixel in its outermost tenth.

    False where that is not known, in other units.
    """
    return pattern.unit == "photons" and edge_photons(pattern, pattern.shape) > _BRIGHT_PHOTONS


def edge_photons(pattern: Pattern, sides: Sequence[int]) -> float:
    """Mean of the measured pixels in the outermost tenth of the middle of so many pixels; 0 where there are none."""
    away = from_middle(sides)
    part = middle(pattern.shape, sides)
    edge = pattern.measured[part] & (away > _OUTERMOST) & (away <= 1)
    intensity = pattern.intensity[part][edge]
    return float(intensity.mean()) if intensity.size else 0.0


def from_middle(sides: Sequence[int]) -> FloatArray:
    """Distance from the middle as share of the way to the edge along each axis, in the elliptic norm."""
    axes = np.ogrid[tuple(slice(0, n) for n in sides)]
    away: FloatArray = np.sqrt(sum(((at - n // 2) / (n / 2)) ** 2.0 for at, n in zip(axes, sides, strict=True)))
    return away


def middle(shape: Sequence[int], sides: Sequence[int]) -> tuple[slice, ...]:
    """Where the middle of so many pixels is in an array of this shape."""
    return tuple(slice(n // 2 - m // 2, n // 2 - m // 2 + m) for n, m in zip(shape, sides, strict=True))
