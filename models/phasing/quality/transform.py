"""The Fourier transform between centred arrays, as everything here needs it; imported inside functions (scipy)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft  # noqa: TID253 (this module is only imported inside functions)


def to_fourier(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Orthonormal FFT of a centred array, centred: Σ|F|² = Σ|f|². Single precision stays single."""
    return np.fft.fftshift(scipy.fft.fftn(np.fft.ifftshift(values), norm="ortho"))


def to_object(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The inverse of `to_fourier`."""
    return np.fft.fftshift(scipy.fft.ifftn(np.fft.ifftshift(values), norm="ortho"))
