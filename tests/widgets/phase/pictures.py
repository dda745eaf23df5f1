"""Objects made up for the tests of the views."""

from __future__ import annotations

import numpy as np

from widgets.phase.object_picture import ObjectPicture


def disc(side: int = 32, radius: float = 9.0, pixel_nm: float | None = None) -> ObjectPicture:
    """A disc with a phase ramp, cropped out of an array of 64 × 80 at (16, 24)."""
    y, x = np.mgrid[:side, :side] - side // 2
    support = np.hypot(y, x) < radius
    values = (support * np.exp(1j * x / 5.0)).astype(np.complex64)
    nm = None if pixel_nm is None else (pixel_nm, pixel_nm)
    return ObjectPicture(values, support, (16, 24), 1, (64, 80), nm)


def ball(side: int = 16) -> ObjectPicture:
    """A ball whose modulus grows along z, in the middle of 32³."""
    z, y, x = np.mgrid[:side, :side, :side] - side // 2
    support = z**2 + y**2 + x**2 < 30
    values = (support * (10 + z)).astype(np.complex64)
    return ObjectPicture(values, support, (8, 8, 8), 1, (32, 32, 32), None)
