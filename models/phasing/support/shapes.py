"""Supports drawn by hand: polygons and ellipses become bool arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter

BoolArray = npt.NDArray[np.bool_]


def polygon(shape: tuple[int, int], corners: Sequence[tuple[float, float]]) -> BoolArray:
    """Pixels whose centres lie in a polygon (even-odd rule, so that a line crossing itself leaves holes).

    Args:
        shape: (H, W) of the array. corners: (y, x) in pixels, pixel centres at whole numbers, at least three.

    Raises:
        BadParameter: for fewer than three corners or positions that are not finite.
    """
    points = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    if len(points) < 3 or not np.isfinite(points).all():
        raise BadParameter("The drawn support is no area", cause=f"it has {len(points)} corners, 3 are needed")
    y = np.arange(shape[0], dtype=np.float64)[:, None]
    x = np.arange(shape[1], dtype=np.float64)[None, :]
    inside = np.zeros(shape, bool)
    for (y0, x0), (y1, x1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside


def ellipse(
    shape: tuple[int, ...], centre: Sequence[float], radii: Sequence[float], angle_rad: float = 0.0
) -> BoolArray:
    """Pixels whose centres lie in an ellipse, or in an ellipsoid with its axes along the array's.

    Args:
        shape: (H, W) or (D, H, W). centre: index per axis. radii: half axes in pixels per axis, > 0.
        angle_rad: turns a 2-D ellipse from the first axis (y) towards the second (x).

    Raises:
        BadParameter: for half axes that are not above 0, other numbers of axes, or an angle in 3-D.
    """
    if not len(shape) == len(centre) == len(radii):
        raise BadParameter(
            "The drawn support does not fit the array",
            cause=f"{len(centre)} coordinates and {len(radii)} half axes for {len(shape)} axes",
        )
    if not all(np.isfinite(r) and r > 0 for r in radii):
        raise BadParameter("The drawn support is no area", cause=f"its half axes are {tuple(radii)} px")
    if angle_rad and len(shape) != 2:
        raise BadParameter("An ellipsoid cannot be turned", cause="an angle is understood in two dimensions only")
    offsets = [g - c for g, c in zip(np.ogrid[tuple(slice(n) for n in shape)], centre, strict=True)]
    if angle_rad:
        y, x = offsets
        cos, sin = np.cos(angle_rad), np.sin(angle_rad)
        offsets = [cos * y + sin * x, cos * x - sin * y]
    total = sum((offset / radius) ** 2 for offset, radius in zip(offsets, radii, strict=True))
    inside: BoolArray = np.broadcast_to(total <= 1.0, shape).copy()
    return inside
