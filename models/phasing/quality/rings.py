"""Distances from the beam, for everything that is said by ring."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def distance(shape: Sequence[int], steps: Sequence[float] | None = None) -> npt.NDArray[np.float32]:
    """Distance of every pixel from the beam at index n // 2.

    Args:
        shape: of the pattern. steps: size of a pixel along each axis, 1 where not given.

    Returns:
        float32 of that shape, in units of `steps`.
    """
    squared = np.zeros((), np.float32)
    for axis, n in enumerate(shape):
        away = (np.arange(n, dtype=np.float32) - n // 2) * np.float32(1.0 if steps is None else steps[axis])
        along = [1] * len(shape)
        along[axis] = n
        squared = squared + (away**2).reshape(along)
    found: npt.NDArray[np.float32] = np.sqrt(squared)
    return found


def ring_index(shape: Sequence[int]) -> npt.NDArray[np.intp]:
    """Distance from the beam in whole pixels, rounded."""
    return np.rint(distance(shape)).astype(np.intp)
