"""Small pictures of frames for the filmstrip and the map's hover card."""

from __future__ import annotations

import numpy as np

from models.display.picture import Indices, prepare
from models.display.pooling import max_pool, sum_pool
from models.display.scaling import Scaling
from models.display.settings import DisplaySettings
from models.runs.types import FlagImage, Frame, PixelFlag

_NO_VALUE = PixelFlag.MASKED | PixelFlag.USER | PixelFlag.MISSING | PixelFlag.SENTINEL | PixelFlag.NONFINITE


def thumbnail(frame: Frame, size: int) -> Indices:
    """The frame in at most `size` × `size` pixels, for the same colour table as `Picture.indices`.

    Pixels are summed in blocks (so that isolated photons count), scaled by the square root and levelled for
    themselves; a block without any usable pixel is drawn masked or missing.

    Args:
        size: longest side in pixels, at least 1.

    Returns:
        (h, w) uint8.
    """
    factor = max(1, -(-max(frame.raw.shape) // size))
    usable = (frame.flags & np.uint8(_NO_VALUE)) == 0
    if frame.raw.dtype.kind == "f":
        usable &= np.isfinite(frame.raw)
    small = sum_pool(frame.raw, usable, factor)
    some_usable = max_pool(usable, factor)
    # with the sign turned, the largest is the least severe: a block is missing only if all of it is
    missing = (frame.flags & np.uint8(PixelFlag.MISSING | PixelFlag.SENTINEL)) != 0
    all_missing = ~max_pool(~missing, factor)
    flags: FlagImage = np.zeros(small.shape, np.uint8)
    flags[~some_usable] = PixelFlag.MASKED
    flags[~some_usable & all_missing] = PixelFlag.MISSING
    return prepare(Frame(frame.index, small, flags), DisplaySettings(scaling=Scaling.SQRT)).indices
