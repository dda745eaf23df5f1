"""The bits of masks: what they mean with each producer, and which of them forbid using a pixel.

Bits and their meaning: CXI 1.6 specification (mask bits of the Detector class); European XFEL "BadPixels"; NeXus
NXdetector `pixel_mask`. The bits that make a pixel unusable are those that Owl, the CXI viewer, masks by default.
"""

from __future__ import annotations

from enum import Enum, auto

CXI_SATURATED = 0x2
CXI_MISSING = 0x200
CXI_UNUSABLE = 0x8000 | 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x80 | 0x200 | 0x400
"""All CXI bits that forbid using a pixel. Not among them: peak mask, resolution limits, corrected pixels, found peaks
and inside-support, which say something about good pixels; 0x1000 means opposite things to different producers."""

ALL_BITS = 0xFFFFFFFF

EUXFEL_INFORMATIVE = 1 << 22
"""European XFEL: a pixel of double width. Its value is good."""


class Convention(Enum):
    """What the numbers in a mask mean."""

    CXI_BITS = auto()
    EUXFEL_BITS = auto()
    NEXUS_BITS = auto()
    DRAGONFLY_BITS = auto()
    GOOD_IS_ONE = auto()
    BAD_IS_ONE = auto()

    @property
    def has_bits(self) -> bool:
        """Whether single bits of the numbers have a meaning of their own."""
        return self not in (Convention.GOOD_IS_ONE, Convention.BAD_IS_ONE)

    @property
    def words(self) -> str:
        """For the user: what the convention says."""
        return _CONVENTION_WORDS[self]


_CONVENTION_WORDS = {
    Convention.CXI_BITS: "CXI bits, 0 is good",
    Convention.EUXFEL_BITS: "European XFEL bits, 0 is good",
    Convention.NEXUS_BITS: "NeXus bits, 0 is good",
    Convention.DRAGONFLY_BITS: "Dragonfly's, 0 and 1 are good",
    Convention.GOOD_IS_ONE: "1 is good",
    Convention.BAD_IS_ONE: "0 is good, anything else bad",
}

_CXI_BIT_NAMES = {
    0x1: "invalid",
    0x2: "saturated",
    0x4: "hot",
    0x8: "dead",
    0x10: "shadowed",
    0x20: "in the peak mask",
    0x40: "to be ignored",
    0x80: "bad",
    0x100: "out of resolution limits",
    0x200: "missing",
    0x400: "noisy",
    0x800: "artifact corrected",
    0x1000: "has signal",
    0x2000: "peak for the hit finder",
    0x4000: "photon background corrected",
    0x8000: "in the jet",
    0x10000: "inside the support",
}
_CHEETAH_BIT_NAMES = {0x1000: "artifact correction failed"}
"""Cheetah and Condor write 16 bits and gave this one its meaning before the specification gave it another."""

_EUXFEL_BIT_NAMES = {
    0: "offset out of threshold",
    1: "noise out of threshold",
    2: "offset or noise could not be evaluated",
    3: "no dark data",
    4: "gain of charge injection out of threshold",
    5: "charge injection deviates from a line",
    6: "charge injection could not be evaluated",
    7: "flat-field gain could not be evaluated",
    8: "flat-field gain deviates",
    9: "no flat-field entries",
    10: "second charge injection could not be evaluated",
    11: "value is NaN",
    12: "value out of range",
    13: "gain thresholding failed",
    14: "standard deviation is zero",
    15: "the ASIC's standard deviation is below its noise",
    16: "interpolated",
    17: "noisy converter",
    18: "overscan",
    19: "not sensitive",
    20: "response not linear",
    21: "wrong gain value",
    22: "of another size",
    23: "set by an expert",
    30: "user 1",
    31: "user 2",
}
_NEXUS_BIT_NAMES = {
    0: "gap",
    1: "dead",
    2: "under-responding",
    3: "over-responding",
    4: "noisy",
    6: "in a cluster of bad pixels",
    8: "masked by the user",
    31: "virtual pixel",
}
_DRAGONFLY_BIT_NAMES = {0: "not used for orientation", 1: "bad"}
DRAGONFLY_UNORIENTED = 0x1
"""Dragonfly: a good pixel that orientations are not found with."""


def bit_name(bit: int, convention: Convention, *, words_of_16_bits: bool = False) -> str:
    """What a bit means, in words.

    Args:
        bit: the value of the bit (1, 2, 4 …).
        convention: what the mask follows.
        words_of_16_bits: the mask is stored in 16 bits, as Cheetah does.
    """
    place = bit.bit_length() - 1
    name: str | None = None
    if convention is Convention.CXI_BITS:
        name = (_CHEETAH_BIT_NAMES.get(bit) if words_of_16_bits else None) or _CXI_BIT_NAMES.get(bit)
    elif convention is Convention.EUXFEL_BITS:
        name = _EUXFEL_BIT_NAMES.get(place)
    elif convention is Convention.NEXUS_BITS:
        name = _NEXUS_BIT_NAMES.get(place)
    elif convention is Convention.DRAGONFLY_BITS:
        name = _DRAGONFLY_BIT_NAMES.get(place)
    return name or f"bit {place}"


def unusable_bits(convention: Convention) -> int:
    """The bits that forbid using a pixel, unless the user says otherwise."""
    if convention is Convention.CXI_BITS:
        return CXI_UNUSABLE
    if convention is Convention.EUXFEL_BITS:
        return ALL_BITS & ~EUXFEL_INFORMATIVE
    if convention is Convention.DRAGONFLY_BITS:
        return ALL_BITS & ~DRAGONFLY_UNORIENTED
    return ALL_BITS
