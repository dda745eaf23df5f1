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
        phase: any shape, radians; any branch.
        inside: bool of the same shape; False (outside the support) is drawn dark grey, not as a phase.

    Returns:
        (…, 4) uint8 RGBA. Phases that are not finite are drawn as outside.
    """
    values = np.asarray(phase, np.float32)
    finite = np.isfinite(values)
    colours: npt.NDArray[np.uint8] = _phase_table()[_phase_index(np.where(finite, values, 0))]
    drawn = finite if inside is None else finite & np.asarray(inside, np.bool_)
    colours[~drawn, :3] = _OUTSIDE
    return colours


def complex_colours(values: npt.ArrayLike, largest: float | None = None, gamma: float = 1.0) -> npt.NDArray[np.uint8]:
    """Complex numbers as colours: hue is the phase, perceived brightness grows evenly with the modulus.

    Args:
        values: any shape, complex.
        largest: the modulus drawn at full brightness; None for the largest finite one.
        gamma: brightness is (modulus / largest)^gamma; below 1 weak parts are lifted.

    Returns:
        (…, 4) uint8 RGBA; 0 is black, not finite is the grey of `phase_colours`.
    """
    array = np.asarray(values, np.complex64)
    finite = np.isfinite(array)
    array = np.where(finite, array, 0)
    modulus = np.abs(array)
    top = float(modulus.max(initial=0.0)) if largest is None else float(largest)
    share = np.clip(modulus / top, 0, 1) if top > 0 else np.zeros_like(modulus)
    if gamma != 1.0:
        share = share**gamma
    level = np.rint(share * (_LEVELS - 1)).astype(np.intp)
    colours: npt.NDArray[np.uint8] = _complex_table()[level, _phase_index(np.angle(array))]
    colours[~finite, :3] = _OUTSIDE
    return colours


def _phase_index(phase: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    index: npt.NDArray[np.intp] = np.rint(phase * (PHASES / (2 * np.pi))).astype(np.intp) % PHASES
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
