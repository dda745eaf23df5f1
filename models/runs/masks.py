"""Masks as producers write them, turned into `PixelFlag` bits, and a record of how they were read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.runs.mask_bits import (
    ALL_BITS,
    CXI_MISSING,
    CXI_SATURATED,
    Convention,
    bit_name,
    unusable_bits,
)
from models.runs.types import FlagImage, PixelFlag

__all__ = [
    "AS_READ",
    "MASK_NAMES",
    "Convention",
    "MaskBit",
    "MaskFault",
    "MaskOverride",
    "MaskReading",
    "decide",
    "read_mask",
    "to_flags",
]

MASK_NAMES = (
    "mask",
    "mask_shared",
    "pixel_mask",
    "pixelmask",
    "good_pixels",
    "bad_pixels",
    "badpixels",
    "mask_shared_max",
)
"""Dataset names that hold masks, the one to prefer first."""


@dataclass(frozen=True, slots=True)
class MaskOverride:
    """How the user wants the file's masks read; the default is as Friedel reads them.

    Attributes:
        inverted: good and bad are swapped. In a mask of bits, 0 then is bad and everything else good.
        ignored_bits: bits that do not mask although the convention says so.
        used_bits: bits that mask although the convention does not say so.
        dataset: path of the one mask this is meant for; "" for all masks of the file.
    """

    inverted: bool = False
    ignored_bits: int = 0
    used_bits: int = 0
    dataset: str = ""

    def of(self, path: str) -> MaskOverride:
        """What of it holds for the mask at `path`."""
        return self if self.dataset in ("", path) else MaskOverride()


AS_READ = MaskOverride()
"""No override."""


@dataclass(frozen=True, slots=True)
class MaskBit:
    """One bit that a mask has set somewhere.

    Attributes:
        value: 1, 2, 4 …
        name: what it means.
        pixels: pixels that have it (of the first frame, where each frame has its own mask).
        masks: whether those pixels are left out.
    """

    value: int
    name: str
    pixels: int
    masks: bool


@dataclass(frozen=True, slots=True)
class MaskReading:
    """How one mask of the file was read.

    Attributes:
        dataset: its path.
        convention: what its numbers were taken to mean, before an override.
        guessed: the convention was decided by the mask's values and not by the file's word.
        inverted: good and bad were swapped by the user.
        per_frame: each frame has its own; the counts are those of the first.
        bits: the bits that occur, for conventions that have bits.
        masked: pixels that are left out.
        pixels: pixels in all.
    """

    dataset: str
    convention: Convention
    guessed: bool
    inverted: bool
    per_frame: bool
    bits: tuple[MaskBit, ...]
    masked: int
    pixels: int


def read_mask(
    mask: npt.NDArray[Any],
    dataset: str,
    convention: Convention,
    override: MaskOverride = AS_READ,
    *,
    guessed: bool = False,
    per_frame: bool = False,
) -> tuple[FlagImage, MaskReading]:
    """The flags of a mask, and the record of how it was read.

    Args:
        mask: (H, W), as stored.
        dataset: its path in the file.
        convention: what its numbers mean.
        override: what the user wants otherwise.
        guessed: the convention was decided by the values.
        per_frame: `mask` is that of the first frame.

    Raises:
        MaskFault: not numbers, or fractional ones.
    """
    override = override.of(dataset)
    flags = to_flags(mask, convention, override)
    bits: tuple[MaskBit, ...] = ()
    if convention.has_bits:
        bits = _bits_in(_whole(mask), convention, override)
    reading = MaskReading(
        dataset=dataset,
        convention=convention,
        guessed=guessed,
        inverted=override.inverted,
        per_frame=per_frame,
        bits=bits,
        masked=int(np.count_nonzero(flags)),
        pixels=int(flags.size),
    )
    return flags, reading


def _bits_in(values: npt.NDArray[Any], convention: Convention, override: MaskOverride) -> tuple[MaskBit, ...]:
    bits = values.astype(np.int64) & ALL_BITS
    present = int(np.bitwise_or.reduce(bits, axis=None)) if bits.size else 0
    masking = _masking_bits(convention, override)
    found = []
    for place in range(32):
        bit = 1 << place
        if present & bit:
            name = bit_name(bit, convention, words_of_16_bits=values.dtype.itemsize == 2)
            count = int(np.count_nonzero(bits & bit))
            found.append(MaskBit(bit, name, count, masks=bool(masking & bit) and not override.inverted))
    return tuple(found)


def _masking_bits(convention: Convention, override: MaskOverride) -> int:
    return (unusable_bits(convention) & ~override.ignored_bits) | override.used_bits


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
    if name.startswith("bad") or name == "pixelmask":
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


def to_flags(mask: npt.NDArray[Any], convention: Convention, override: MaskOverride = AS_READ) -> FlagImage:
    """`PixelFlag` bits, uint8, of a mask's shape.

    Args:
        mask: the mask as stored, any shape.
        convention: what its numbers mean.
        override: what the user wants otherwise; its `dataset` is not looked at.

    Raises:
        MaskFault: not numbers, or fractional ones.
    """
    values = _whole(mask)
    flags = np.zeros(values.shape, np.uint8)
    if (convention is Convention.GOOD_IS_ONE) != override.inverted:
        flags[values == 0] = PixelFlag.MASKED
        return flags
    if not convention.has_bits:
        flags[values != 0] = PixelFlag.MASKED
        return flags
    bits = values.astype(np.uint32)  # of wider and of negative numbers the lowest 32 bits
    lost = bits == np.uint32(ALL_BITS) if convention is Convention.EUXFEL_BITS else None
    bits &= np.uint32(_masking_bits(convention, override) & ALL_BITS)
    if not bits.any():
        return flags
    if convention is Convention.CXI_BITS:
        missing = (bits & np.uint32(CXI_MISSING)) != 0
        flags[(bits & np.uint32(ALL_BITS & ~(CXI_MISSING | CXI_SATURATED))) != 0] = PixelFlag.MASKED
        flags[(bits & np.uint32(CXI_SATURATED)) != 0] |= np.uint8(PixelFlag.SATURATED)
    elif convention is Convention.DRAGONFLY_BITS:
        flags[bits != 0] = PixelFlag.MASKED
        return flags
    elif lost is not None:
        missing = lost
        flags = (bits != 0).astype(np.uint8) * np.uint8(PixelFlag.MASKED)
    else:
        missing = (bits & np.uint32(1)) != 0
        flags[(bits & np.uint32(ALL_BITS & ~1)) != 0] = PixelFlag.MASKED
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
