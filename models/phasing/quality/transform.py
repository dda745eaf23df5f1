"""The Fourier transform between centred arrays, as everything here needs it; imported inside functions (scipy)."""

from __future__ import annotations

import math
from collections.abc import Generator
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


_PIECE = 1 << 20
"""elements transformed at a time: some hundredths of a second"""


def in_pieces(values: npt.NDArray[Any], *, inverse: bool = False) -> Generator[None, None, npt.NDArray[Any]]:
    """`to_fourier`, or `to_object`, a part of the rows at a time, so that it can be left in between."""
    done = np.fft.ifftshift(values)
    done = done.astype(np.result_type(done.dtype, np.complex64), copy=False)
    transform = scipy.fft.ifft if inverse else scipy.fft.fft
    for axis in range(done.ndim):
        yield
        across = 1 if axis == 0 else 0
        size = max(1, math.ceil(done.shape[across] * _PIECE / done.size))
        for first in range(0, done.shape[across], size):
            part = np.moveaxis(done, across, 0)[first : first + size]
            # The axis that is transformed keeps its place but for 0, which comes after the one in front of it.
            part[...] = transform(part, axis=1 if axis == 0 else axis, norm="ortho")
            yield
    return np.fft.fftshift(done)
