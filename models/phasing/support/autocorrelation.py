"""The autocorrelation of the object from a pattern whose centre is missing, and what it says of the object's area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.patterns import Pattern

FloatArray = npt.NDArray[np.float32]


def autocorrelation(pattern: Pattern) -> FloatArray:
    """Real part of the object's autocorrelation, 1 at no shift, middle at index n // 2."""
    import scipy.fft

    values = scipy.fft.fftshift(scipy.fft.fftn(scipy.fft.ifftshift(pattern.intensity))).real
    top = values.max()
    result: FloatArray = (values / (top if top > 0 else 1)).astype(np.float32)
    return result


def estimate_area(pattern: Pattern) -> tuple[float, float]:
    """Range for the share of the array that the object covers."""
    return 0.01, 0.1
