"""Masks grown and shrunk by whole or broken pixels, and the edges of panels."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.runs.types import BoolImage


def grown(covered: BoolImage, radius_px: float) -> BoolImage:
    """All pixels at most `radius_px` away from a covered one, centre to centre; (H, W) bool.

    Negative radii shrink: a pixel stays only if all pixels within the radius are covered; what lies beyond the frame
    takes nothing away.
    """
    if radius_px < 0:
        shrunk: BoolImage = ~grown(~covered, -radius_px)
        return shrunk
    reach = math.floor(radius_px)
    out = covered.copy()
    if reach == 0 or not covered.any():
        return out
    height, width = covered.shape
    # A running count along rows answers "is any of these covered" for every width at once.
    counts = np.zeros((height, width + 1), np.int32)
    np.cumsum(covered, axis=1, out=counts[:, 1:])
    places = np.arange(width)
    for dy in range(-min(reach, height - 1), min(reach, height - 1) + 1):
        half = math.isqrt(math.floor(radius_px * radius_px - dy * dy))
        wide = counts[:, np.minimum(places + half + 1, width)] > counts[:, np.maximum(places - half, 0)]
        if dy >= 0:
            out[dy:] |= wide[: height - dy]
        else:
            out[:dy] |= wide[-dy:]
    return out


def panel_edges(missing: BoolImage, width_px: int, module: tuple[int, int] | None = None) -> BoolImage:
    """The outermost `width_px` pixels of every panel: next to a gap, to the frame's border, or to another module.

    Args:
        missing: (H, W), True where no detector is.
        width_px: how many rows of pixels.
        module: (height, width) of the modules the frame is tiled with, where they touch; None where gaps part them.
    """
    edges = np.zeros(missing.shape, np.bool_)
    if width_px <= 0:
        return edges
    outside: npt.NDArray[np.bool_] = np.pad(missing, width_px, constant_values=True)
    for axis in (0, 1):
        for by in range(1, width_px + 1):
            near = np.roll(outside, by, axis) | np.roll(outside, -by, axis)
            edges |= near[width_px:-width_px, width_px:-width_px]
        if module is not None:
            within = np.arange(missing.shape[axis]) % module[axis]
            line = (within < width_px) | (within >= module[axis] - width_px)
            edges |= line[:, None] if axis == 0 else line[None, :]
    edges &= ~missing
    return edges
