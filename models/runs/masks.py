"""Masks as producers write them, turned into `PixelFlag` bits.

Bits and their meaning: CXI 1.6 specification (mask bits of the Detector class); European XFEL "BadPixels"; NeXus
NXdetector `pixel_mask`. The bits that make a pixel unusable are those that Owl, the CXI viewer, masks by default.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

import numpy as np
import numpy.typing as npt

from models.runs.types import FlagImage, PixelFlag

CXI_SATURATED = 0x2
CXI_MISSING = 0x200
CXI_UNUSABLE = 0x8000 | 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x80 | 0x200 | 0x400
"""All CXI bits that forbid using a pixel. Not among them: peak mask, resolution limits, corrected pixels, found peaks
and inside-support, which say something about good pixels; 0x1000 means opposite things to different producers."""

EUXFEL_INFORMATIVE = 1 << 22
"""European XFEL: a pixel of double width. Its value is good."""

MASK_NAMES = (
    "mask",
    "mask_shared",
    "pixel_mask",
    "good_pixels",
    "bad_pixels",
    "badpixels",
    "mask_shared_max",
)
"""Dataset names that hold masks, the one to prefer first."""


class Convention(Enum):
    """What the numbers in a mask mean."""

    CXI_BITS = auto()
    EUXFEL_BITS = auto()
    NEXUS_BITS = auto()
    GOOD_IS_ONE = auto()
    BAD_IS_ONE = auto()


class MaskFault(ValueError):
    """An array cannot be used as a mask; the text says why."""


def decide(mask: npt.NDArray[Any], name: str, default: Convention = Convention.CXI_BITS) -> tuple[Convention, str]:
    """Which convention a mask follows, and a sentence for the user where that had to be guessed ("" otherwise).

    Producers write both polarities under the same path (psocake's static mask has 1 for good where CXI has 0), so a
    mask of ones and zeros is decided by what most of its pixels say.

    Args:
        mask: the mask, or one frame of it.
        name: the dataset's name.
        default: the convention to take where the values do not speak against it.

    Raises:
        MaskFault: not numbers, or fractional ones.
    """
    name = name.lower()
    values = _whole(mask)
    if name == "pixel_mask":
        return Convention.NEXUS_BITS, ""
    if name.startswith("good"):
        return Convention.GOOD_IS_ONE, ""
    if name.startswith("bad"):
        return Convention.BAD_IS_ONE, ""
    if values.size and int(values.min()) >= 0 and int(values.max()) == 1:
        share = float(np.count_nonzero(values)) / values.size
        if share > 0.5:
            return Convention.GOOD_IS_ONE, (
                f"the mask '{name}' is 1 on {100 * share:.3g} % of the pixels: 1 is taken as good, 0 as bad "
                "(CXI means the opposite)"
            )
        return Convention.BAD_IS_ONE, ""
    return default, ""


def to_flags(mask: npt.NDArray[Any], convention: Convention) -> FlagImage:
    """`PixelFlag` bits, uint8, of a mask's shape.

    Raises:
        MaskFault: not numbers, or fractional ones.
    """
    values = _whole(mask)
    flags = np.zeros(values.shape, np.uint8)
    if convention is Convention.GOOD_IS_ONE:
        flags[values == 0] = PixelFlag.MASKED
        return flags
    if convention is Convention.BAD_IS_ONE:
        flags[values != 0] = PixelFlag.MASKED
        return flags
    bits = values.astype(np.int64) & 0xFFFFFFFF
    if not bits.any():
        return flags
    if convention is Convention.CXI_BITS:
        missing = (bits & CXI_MISSING) != 0
        flags[(bits & (CXI_UNUSABLE & ~(CXI_MISSING | CXI_SATURATED))) != 0] = PixelFlag.MASKED
        flags[(bits & CXI_SATURATED) != 0] |= np.uint8(PixelFlag.SATURATED)
    elif convention is Convention.EUXFEL_BITS:
        missing = bits == 0xFFFFFFFF
        flags[(bits & ~EUXFEL_INFORMATIVE) != 0] = PixelFlag.MASKED
    else:
        missing = (bits & 1) != 0
        flags[(bits & ~1) != 0] = PixelFlag.MASKED
    # A missing pixel has no value that further bits could speak about.
    flags[missing] = PixelFlag.MISSING
    return flags


def _whole(mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if mask.dtype.kind == "b":
        return mask.astype(np.uint8)
    if mask.dtype.kind in "iu":
        return mask
    if mask.dtype.kind == "f":
        if not np.isfinite(mask).all():
            raise MaskFault("it holds NaN or infinite values")
        whole = mask.astype(np.int64)
        if not np.array_equal(whole, mask):
            raise MaskFault("it holds fractions, and a mask must hold whole numbers")
        return whole
    raise MaskFault(f"its type {mask.dtype} is not a number")
