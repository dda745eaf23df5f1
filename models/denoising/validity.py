"""What the rate of each pixel rests on."""

from __future__ import annotations

import numpy as np

from models.denoising.friedel import mate
from models.denoising.remembering import remembered
from models.denoising.types import BoolArray, ByteArray, Rests


@remembered
def find_validity(
    measured: BoolArray, speckle_px: float | None, mates_about_px: tuple[float, float] | None = None
) -> ByteArray:
    """(H, W) uint8 of `Rests`, not to be written to.

    Args:
        measured: (H, W) bool.
        speckle_px: speckle size; where it is None nothing is known of how far one pixel speaks for another.
        mates_about_px: the beam, where mates were used; None where they were not.
    """
    from scipy.ndimage import distance_transform_edt

    out = np.full(measured.shape, Rests.GUESSED, np.uint8)
    known = measured.copy()
    if mates_about_px is not None:
        by_mate = mate(measured, mates_about_px, fill=False) & ~measured
        known |= by_mate
        out[by_mate] = Rests.MATE
    if speckle_px is not None and known.any() and not known.all():
        near = distance_transform_edt(~known) <= speckle_px / 2
        out[near & ~known] = Rests.FILLED
    out[measured] = Rests.MEASURED
    out.flags.writeable = False
    return out
