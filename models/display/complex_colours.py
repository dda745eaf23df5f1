"""Complex numbers and phases as colours: hue is the phase, brightness the modulus.

The hues lie on a circle of one lightness and one chroma in Oklab (B. Ottosson, 2020, "A perceptual color space for
image processing"), so that no phase looks brighter than another and equal steps of phase look equal; the circle is
as wide as sRGB allows at that lightness. Phase 0 is red, +2π/3 green-ish, −2π/3 blue-ish: the usual wheel.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.display.colour_tables import ColourTable

PHASES = 256
"""Colours of the phase table; the last is followed by the first."""
_LEVELS = 256
_LIGHTNESS = 0.75
"""Oklab lightness of the phase circle: where the widest circle of hues fits into sRGB."""
_CHROMA = 0.1275
"""Its chroma: any more and the blues leave sRGB."""
_RED = np.deg2rad(29.23)
"""Oklab hue of sRGB red."""
_OUTSIDE = (40, 43, 50)
"""Pixels without a phase, in a picture of phases: a dark neutral grey, which no phase has."""

_K1, _K2 = 0.206, 0.03
_K3 = (1 + _K1) / (1 + _K2)

# Oklab → cone responses → linear sRGB, the published matrices.
_TO_CONES = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]]
)
_TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def phase_table() -> ColourTable:
    """(256, 4) uint8 RGBA: entry k is the colour of phase 2π·k/256; cyclic; read-only."""
    return _phase_table()


def phase_colours(phase: npt.ArrayLike, inside: npt.ArrayLike | None = None) -> npt.NDArray[np.uint8]:
    """Phases as colours.

    Args:
        phase: any shape, a single number too; radians; any branch.
        inside: bool of the same shape; False (outside the support) is drawn dark grey, not as a phase.

    Returns:
        (…, 4) uint8 RGBA. Phases that are not finite are drawn as outside.
    """
    values = np.asarray(phase)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    drawn = np.isfinite(values)
    if not drawn.all():
        values = np.where(drawn, values, 0)
    if inside is not None:
        drawn = drawn & np.asarray(inside, np.bool_)
    return _drawn(_phase_table(), _phase_index(values), drawn)


def complex_colours(values: npt.ArrayLike, largest: float | None = None, gamma: float = 1.0) -> npt.NDArray[np.uint8]:
    """Complex numbers as colours: hue is the phase, perceived brightness grows evenly with the modulus.

    Args:
        values: any shape, a single number too; complex.
        largest: the modulus drawn at full brightness; None (or not a number) for the largest finite one.
        gamma: brightness is (modulus / largest)^gamma; below 1 weak parts are lifted.

    Returns:
        (…, 4) uint8 RGBA; 0 is black, not finite is the grey of `phase_colours`.
    """
    array = np.asarray(values)
    if array.dtype not in (np.complex64, np.complex128):
        array = array.astype(np.complex128)
    finite = np.isfinite(array)
    if not finite.all():
        array = np.where(finite, array, 0)
    kind = np.finfo(array.dtype)
    with np.errstate(over="ignore", under="ignore"):
        # Both parts may be numbers of this precision and their modulus none.
        modulus = np.minimum(np.abs(array), kind.max)
        top = float(modulus.max(initial=0.0)) if largest is None or np.isnan(largest) else float(largest)
        share = modulus
        if top > 0:
            share = np.minimum(modulus / array.real.dtype.type(max(top, float(kind.smallest_subnormal))), 1)
        if gamma != 1.0:
            share = share**gamma
    level = (share * (_LEVELS - 1) + 0.5).astype(np.intp) if top > 0 else np.zeros(array.shape, np.intp)
    level *= PHASES
    level += _phase_index(np.angle(array))
    return _drawn(_complex_table(), level, finite)


def _drawn(table: ColourTable, index: npt.NDArray[np.intp], drawn: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The table's colours at an index into all of its entries; dark grey where nothing is drawn."""
    whole = table.reshape(-1, 4).view(np.uint32)[:, 0]  # one number a pixel, taken in one go
    colours = np.asarray(whole.take(index))
    if not drawn.all():
        outside = np.array([(*_OUTSIDE, 255)], np.uint8).view(np.uint32)[0, 0]
        colours = np.where(drawn, colours, outside)
    found: npt.NDArray[np.uint8] = np.ascontiguousarray(colours)[..., None].view(np.uint8)
    return found.reshape(*index.shape, 4)


def _phase_index(phase: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """Entry of the phase table, of finite phases."""
    turns = phase * phase.dtype.type(1 / (2 * np.pi))
    turns -= np.floor(turns)  # before it becomes whole numbers, of which there may be too few
    index: npt.NDArray[np.intp] = np.asarray(turns * PHASES + 0.5).astype(np.intp)
    index &= PHASES - 1
    return index


@lru_cache(maxsize=1)
def _phase_table() -> ColourTable:
    table = _rgba(np.full(PHASES, _LIGHTNESS), np.full(PHASES, _CHROMA), _hues())
    table.setflags(write=False)
    return table


@lru_cache(maxsize=1)
def _complex_table() -> npt.NDArray[np.uint8]:
    """(levels, phases, 4): lightness and chroma fall together, so that the hue stays to the black end."""
    share = _from_toe(np.linspace(0, _toe(_LIGHTNESS), _LEVELS))[:, None] / _LIGHTNESS * np.ones(PHASES)
    table = _rgba(_LIGHTNESS * share, _CHROMA * share, np.broadcast_to(_hues(), share.shape))
    table.setflags(write=False)
    return table


def _toe(lightness: float) -> float:
    """Oklab's lightness on the scale of CIELAB's, which is even down to black (Ottosson 2021, "Okhsv and Okhsl")."""
    a = _K3 * lightness - _K1
    return float((a + np.sqrt(a * a + 4 * _K2 * _K3 * lightness)) / 2)


def _from_toe(even: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = even * (even + _K1) / (_K3 * (even + _K2))
    return found


def _hues() -> npt.NDArray[np.float64]:
    hues: npt.NDArray[np.float64] = _RED + np.arange(PHASES) * (2 * np.pi / PHASES)
    return hues


def _rgba(
    lightness: npt.NDArray[np.float64], chroma: npt.NDArray[np.float64], hue: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    lab = np.stack((lightness, chroma * np.cos(hue), chroma * np.sin(hue)), axis=-1)
    linear = np.clip((lab @ _TO_CONES.T) ** 3 @ _TO_LINEAR.T, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    alpha = np.ones((*srgb.shape[:-1], 1))
    table: npt.NDArray[np.uint8] = np.rint(np.concatenate((srgb, alpha), axis=-1) * 255).astype(np.uint8)
    return table
