"""An object as the views show it, and how it becomes colours."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.phasing.types import Preview
from widgets.phase.array_canvas import Place
from widgets.text import significant

MODULUS, PHASE, COMPLEX = "modulus", "phase", "complex"
MODES = (MODULUS, PHASE, COMPLEX)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPicture:
    """A complex object, cropped and perhaps decimated, ready to be shown.

    Attributes:
        object: complex64 (h, w) or (d, h, w). support: bool of the same shape, None where there is none.
        corner: index of its first pixel in the whole array. step: array pixels per pixel of the crop.
        shape: of the whole array. pixel_nm: size of an array pixel along each axis; None where not known.
    """

    object: npt.NDArray[np.complex64]
    support: npt.NDArray[np.bool_] | None
    corner: tuple[int, ...]
    step: int
    shape: tuple[int, ...]
    pixel_nm: tuple[float, ...] | None = None
    _cuts: dict[tuple[int, int], ObjectPicture] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(preview: Preview, shape: tuple[int, ...], pixel_nm: tuple[float, ...] | None = None) -> ObjectPicture:
        """A preview of an array of this shape."""
        return ObjectPicture(preview.object, preview.support, preview.corner, preview.step, shape, pixel_nm)

    @property
    def is_volume(self) -> bool:
        return self.object.ndim == 3

    @property
    def largest(self) -> float:
        """Largest modulus, 0 for an empty picture."""
        return float(np.abs(self.object).max(initial=0.0))

    def place(self) -> Place:
        """Where a picture of two dimensions lies in its array."""
        return Place((self.corner[0], self.corner[1]), self.step, (self.shape[0], self.shape[1]))

    def plane(self, axis: int, index: int) -> ObjectPicture:
        """The plane through index `index` of the crop, across `axis`."""
        index = min(max(index, 0), self.object.shape[axis] - 1)
        support = None if self.support is None else np.ascontiguousarray(self.support.take(index, axis))
        return self._across(axis, np.ascontiguousarray(self.object.take(index, axis)), support)

    def projection(self, axis: int) -> ObjectPicture:
        """Sum along `axis`; the support is its shadow."""
        support = None if self.support is None else self.support.any(axis=axis)
        return self._across(axis, self.object.sum(axis=axis, dtype=np.complex64), support)

    def _across(
        self, axis: int, cut: npt.NDArray[np.complex64], support: npt.NDArray[np.bool_] | None
    ) -> ObjectPicture:
        rest = [other for other in range(3) if other != axis]
        nm = None if self.pixel_nm is None else tuple(self.pixel_nm[other] for other in rest)
        corner, shape = tuple(self.corner[other] for other in rest), tuple(self.shape[other] for other in rest)
        return ObjectPicture(cut, support, corner, self.step, shape, nm)

    def words_at(self, y: int, x: int) -> str:
        """Value of the pixel (y, x) of the crop, as the readout says it."""
        height, width = self.object.shape
        if not (0 <= y < height and 0 <= x < width):
            return ""
        value = complex(self.object[y, x])
        parts = [f"modulus {significant(abs(value))}"]
        inside = self.support is None or bool(self.support[y, x])
        if inside:
            parts.append(f"phase {significant(math.atan2(value.imag, value.real), 3)} rad")
        else:
            parts.append("outside the support")
        return "   ·   ".join(parts)
