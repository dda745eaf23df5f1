"""From complex numbers to colours: modulus, phase on a cyclic map, or both at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.display import colours_at
from models.display.complex_colours import complex_colours, phase_colours
from widgets.phase.object_picture import COMPLEX, MODULUS, PHASE

Rgba = npt.NDArray[np.uint8]

MODULUS_MAP = "inferno"


def coloured(
    values: npt.NDArray[np.complexfloating], support: npt.NDArray[np.bool_] | None, mode: str, largest: float
) -> Rgba:
    """(h, w, 4) RGBA, C-contiguous, of a complex picture.

    Args:
        support: where the phase means something; elsewhere `PHASE` is drawn as nothing. None: everywhere.
        mode: `MODULUS`, `PHASE` or `COMPLEX`.
        largest: the modulus that is brightest.
    """
    if mode == PHASE:
        return np.ascontiguousarray(phase_colours(np.angle(values), support))
    if mode == COMPLEX:
        return np.ascontiguousarray(complex_colours(values, largest if largest > 0 else None))
    assert mode == MODULUS
    bright = np.abs(values)
    bright *= 255.0 / largest if largest > 0 else 0.0
    np.clip(np.nan_to_num(bright, copy=False), 0.0, 255.0, out=bright)
    return modulus_colours()[bright.astype(np.uint8)]


@lru_cache(maxsize=1)
def modulus_colours() -> Rgba:
    """(256, 4) from nothing to the largest modulus."""
    return colours_at(MODULUS_MAP, np.linspace(0, 1, 256))
