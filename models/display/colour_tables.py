"""The colour maps, and the table of 256 colours a picture is painted with.

Each map is 33 control colours joined by straight lines in sRGB: within 5/255 of the published tables. Viridis,
inferno and magma are by S. van der Walt and N. Smith (CC0), cividis by J. Nuñez, C. Anderton and R. Renslow
(doi 10.1371/journal.pone.0199239), cubehelix is computed from D. Green's formula (Bull. Astron. Soc. India 39, 289).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.display.picture import (
    FIRST_VALUE,
    LAST_VALUE,
    MASKED,
    MASKED_HATCH,
    MISSING,
    MISSING_HATCH,
    NONFINITE,
    SATURATED,
)
from models.display.scaling import Levels, Scaling, from_unit, to_unit
from models.errors import BadParameter

ColourTable = npt.NDArray[np.uint8]

_CONTROL_COLOURS = {
    "viridis": (
        "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d 2f6b8e 2c728e 297a8e 26828e "
        "23898e 21908c 1f978b 1f9f88 21a685 27ad81 31b57b 3ebc74 4dc26c 5cc863 6ece58 82d34d 95d840 aadc32 c0df25 "
        "d5e21a eae51a fde725"
    ),
    "inferno": (
        "000004 040312 0b0724 150b37 210c4a 2f0a5b 3d0965 4a0c6b 56106e 63156e 70196e 7d1e6d 89226a 962766 a32c61 "
        "af315b bb3654 c63d4d d14545 da4f3c e35932 eb6529 f1721e f67f14 f98c0a fb9b06 fcaa0f fbba1f f9c932 f5d949 "
        "f2e865 f3f586 fcffa4"
    ),
    "magma": (
        "000004 030312 0a0822 130d34 1d1147 29115a 36106b 440f76 50127c 5d177f 691c81 762181 822681 8f2a81 9c2e7f "
        "a9337d b6367a c33b75 cf4070 db476a e65164 ee5c5e f46a5c f9785d fb8861 fd9668 fea571 feb47b fec287 fed194 "
        "fde0a1 fceeb0 fcfdbf"
    ),
    "cividis": (
        "00204d 00265a 002c69 00306f 05366e 1f3c6d 2d426c 38486b 414d6b 4a536b 52596c 595f6d 61646f 686a71 6f7073 "
        "767676 7c7c78 848179 8b8779 938e78 9b9477 a39a76 aca174 b4a872 bcaf6f c5b56c cebc68 d7c463 e0cb5e e9d358 "
        "f2da50 fbe248 ffea46"
    ),
    "grey": "000000 ffffff",
    "grey inverted": "ffffff 000000",
    "blue white red": (
        "0b2f66 1c4b8c 2f68ad 4b86c1 6ea3d2 95bfe0 bad5ea dbe7f0 f4f4f4 f6e3d8 f5cab4 eea98b e18567 cf6049 b63c33 "
        "94202a 6a0a22"
    ),
}


@dataclass(frozen=True)
class _Marks:
    """Colours for pixels without a value, chosen to occur nowhere in the map they go with."""

    masked: tuple[str, str]
    missing: tuple[str, str]
    nonfinite: str
    saturated: str


_GREY_HATCH = ("595d66", "858b96")
_DIM_HATCH = ("2b2f36", "3d424b")
_MARKS = {
    "viridis": _Marks(_GREY_HATCH, _DIM_HATCH, "ff4df0", "ff3b30"),
    "cividis": _Marks(("6e3b3b", "985757"), _DIM_HATCH, "ff4df0", "ff3b30"),
    "inferno": _Marks(("44566e", "6b84a3"), _DIM_HATCH, "3ddc84", "00d5ff"),
    "magma": _Marks(("3f5f5c", "66918c"), _DIM_HATCH, "3ddc84", "00d5ff"),
    "cubehelix": _Marks(("5c5c5c", "8a8a8a"), _DIM_HATCH, "ff4df0", "ff3b30"),
    "grey": _Marks(("2f4a78", "4a6ba6"), ("1b2740", "26355a"), "ff4df0", "ff3b30"),
    "blue white red": _Marks(_GREY_HATCH, _DIM_HATCH, "ff4df0", "1f8a3b"),
    "grey inverted": _Marks(("7d97c4", "a3b8dc"), ("c3cfe4", "d6dff0"), "d000c4", "e0281c"),
}
DIVERGING = "blue white red"
"""For differences, with 0 in the middle: of even lightness on either side of it."""
COLOUR_MAPS: tuple[str, ...] = tuple(name for name in _MARKS if name != DIVERGING)
"""Names of the colour maps, in the order a key cycles through them."""


def _rgb(text: str) -> list[int]:
    return [int(text[i : i + 2], 16) for i in (0, 2, 4)]


@lru_cache(maxsize=len(_MARKS))
def _control(name: str) -> npt.NDArray[np.float64]:
    """(n, 3) control colours, 0 … 255."""
    if name not in _MARKS:
        raise BadParameter(f"no colour map is called {name!r}", cause=f"there are {', '.join(COLOUR_MAPS)}")
    if name != "cubehelix":
        return np.array([_rgb(colour) for colour in _CONTROL_COLOURS[name].split()], np.float64)
    lightness = np.linspace(0, 1, 65)
    angle = 2 * np.pi * (0.5 / 3 + 1 - 1.5 * lightness)
    amplitude = 1.2 * lightness * (1 - lightness) / 2
    turn = np.array([[-0.14861, 1.78277], [-0.29227, -0.90649], [1.97294, 0.0]])
    swing = turn @ np.array([np.cos(angle), np.sin(angle)])
    colours: npt.NDArray[np.float64] = np.clip(lightness[:, None] + amplitude[:, None] * swing.T, 0, 1) * 255
    return colours


def colours_at(name: str, places: npt.ArrayLike) -> ColourTable:
    """(n, 4) RGBA of the map `name` at `places` between 0 and 1 (clipped).

    Raises:
        BadParameter: for a name that is not in COLOUR_MAPS.
    """
    control = _control(name)
    at = np.clip(np.asarray(places, np.float64), 0, 1) * (len(control) - 1)
    grid = np.arange(len(control))
    rgba = np.full((at.size, 4), 255, np.uint8)
    for channel in range(3):
        rgba[:, channel] = np.rint(np.interp(at, grid, control[:, channel]))
    return rgba


@lru_cache(maxsize=64)
def colour_table(
    name: str,
    prepared: tuple[Levels, Scaling] | None = None,
    wanted: tuple[Levels, Scaling] | None = None,
) -> ColourTable:
    """(256, 4) RGBA for `Picture.indices`, reserved entries included; read-only.

    With `prepared` (what the indices were made with) and `wanted` (what should be seen) the colours move instead of
    the indices: new levels or scaling show at once, in steps of the prepared picture, until a new one is there.

    Raises:
        BadParameter: for a name that is not in COLOUR_MAPS.
    """
    places = np.linspace(0, 1, LAST_VALUE - FIRST_VALUE + 1)
    if prepared is not None and wanted is not None and prepared != wanted:
        places = np.asarray(to_unit(from_unit(places, *prepared), *wanted), np.float64)
    table = np.full((256, 4), 255, np.uint8)
    table[FIRST_VALUE : LAST_VALUE + 1] = colours_at(name, places)
    marks = _MARKS[name]
    reserved = {
        MISSING: marks.missing[0],
        MISSING_HATCH: marks.missing[1],
        MASKED: marks.masked[0],
        MASKED_HATCH: marks.masked[1],
        NONFINITE: marks.nonfinite,
        SATURATED: marks.saturated,
    }
    for entry, colour in reserved.items():
        table[entry, :3] = _rgb(colour)
    table.setflags(write=False)
    return table
