"""What stored pixels need to become a picture of intensities: put in place, and numbers made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.runs.stack import native

_REAL = ("real", "re", "r")
_IMAGINARY = ("imag", "imaginary", "im", "i")


@dataclass(frozen=True, slots=True)
class Picture:
    """How stored pixels become a picture.

    Attributes:
        shape: (H, W) in which the stored pixels follow each other, where the file declares another; else None.
        shifted: the zero frequency is stored at index 0: quadrants are exchanged.
        squared: amplitudes are stored: intensities are their squares.
    """

    shape: tuple[int, int] | None = None
    shifted: bool = False
    squared: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self.shape is not None or self.shifted or self.squared

    @property
    def moves(self) -> bool:
        """Whether pixels change their places."""
        return self.shape is not None or self.shifted

    def place(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(H, W) with every pixel where it belongs; for frames and their masks alike."""
        if self.shape is not None:
            stored = np.ascontiguousarray(stored).reshape(self.shape)
        return np.fft.fftshift(stored) if self.shifted else stored

    def values(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(H, W) intensities in native byte order, every pixel where it belongs."""
        values = native(self.place(as_numbers(stored)))
        if self.squared:
            if values.dtype.kind != "f":
                values = values.astype(np.float64)
            with np.errstate(over="ignore", invalid="ignore"):  # what the type cannot hold becomes infinite
                values = np.square(values)
        return values


AS_STORED = Picture()
"""Nothing to do but what `models.runs.stack.native` does."""


def number_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type as numbers: a pair of real and imaginary part, as MATLAB writes it, is complex; others stay."""
    names = dtype.names
    if names is not None and len(names) == 2 and names[0].lower() in _REAL and names[1].lower() in _IMAGINARY:
        parts = [dtype[name] for name in names]
        if all(part.kind == "f" and part.subdtype is None for part in parts):
            return np.dtype(np.complex64 if max(part.itemsize for part in parts) <= 4 else np.complex128)
    return dtype


def as_numbers(stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array with pairs of real and imaginary part as complex numbers; any other uncopied."""
    kind = number_type(stored.dtype)
    if kind == stored.dtype:
        return stored
    real, imaginary = stored.dtype.names or ("", "")
    numbers = np.empty(stored.shape, kind)
    numbers.real = stored[real]
    numbers.imag = stored[imaginary]
    return numbers
