"""The part of a frame in which methods work: what is measured, with the beam in its middle where mates are used.

So a frame padded with pixels that are not measured gives the very same rates, and turning by 180° is a flip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.types import BoolArray


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle on the frame's pixel grid, which may reach beyond the frame.

    Attributes:
        top, left: of its first pixel, in pixels of the frame; negative beyond its edge.
        height, width: px.
    """

    top: int
    left: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def cut(self, values: npt.NDArray[Any], fill: float | bool = 0) -> npt.NDArray[Any]:
        """The (height, width) part of (H, W) values; `fill` beyond the frame."""
        out = np.full(self.shape, fill, values.dtype)
        inner, outer = self._overlap(values.shape)
        out[inner] = values[outer]
        return out

    def put(self, part: npt.NDArray[Any], into: npt.NDArray[Any]) -> None:
        """Write a (height, width) part into the (H, W) array it was cut from."""
        inner, outer = self._overlap(into.shape)
        into[outer] = part[inner]

    def _overlap(self, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        inner, outer = [], []
        for first, length, n in zip((self.top, self.left), self.shape, shape, strict=True):
            low, high = max(0, first), min(n, first + length)
            outer.append(slice(low, high))
            inner.append(slice(low - first, high - first))
        return (inner[0], inner[1]), (outer[0], outer[1])


def around(measured: BoolArray, centre_px: tuple[float, float] | None = None) -> Window:
    """The smallest window that holds every measured pixel, and its Friedel mate where `centre_px` is given.

    With a centre (taken to the nearest half pixel) the window is symmetric about it. At least one pixel must be
    measured.
    """
    edges = []
    for axis in (0, 1):
        lit = np.flatnonzero(measured.any(axis=1 - axis))
        low, high = int(lit[0]), int(lit[-1])
        if centre_px is not None:
            total = round(2 * centre_px[axis])
            low, high = min(low, total - high), max(high, total - low)
        edges.append((low, high - low + 1))
    (top, height), (left, width) = edges
    return Window(top, left, height, width)
