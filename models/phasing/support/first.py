"""First supports: a disc, the autocorrelation's, or one that is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.phasing.support.autocorrelation import autocorrelation, estimate_area
from models.phasing.support.shapes import ellipse

if TYPE_CHECKING:
    from models.patterns import Pattern
    from models.phasing.settings import PhasingSettings

BoolArray = npt.NDArray[np.bool_]


def first_support(
    pattern: Pattern,
    settings: PhasingSettings,
    rng: np.random.Generator,
    given: BoolArray | None = None,
) -> BoolArray:
    """Where the object may be at first; bool, the pattern's shape, middle at index n // 2, never empty.

    The area of a disc, and the share of the autocorrelation kept, is drawn by `rng` between `area_low` and
    `area_high` in equal ratios, so that several starts try several sizes.

    Raises:
        BadParameter: where a given support is missing, empty or of another shape.
    """
    if settings.first_support == "given":
        return _checked(given, pattern.shape)
    low, high = sorted((settings.area_low, settings.area_high))
    area = float(low * (high / low) ** rng.random())
    if settings.first_support == "disc":
        return disc(pattern.shape, area)
    return autocorrelation_support(pattern, area)


def disc(shape: tuple[int, ...], area: float) -> BoolArray:
    """The disc, ellipse or ellipsoid in the middle that covers a share `area` of the array, at least one pixel.

    Its half axes are in the ratio of the array's sides: the same extent in nm where the pattern's pixels are square.
    """
    ndim = len(shape)
    unit_volume = np.pi if ndim == 2 else 4 * np.pi / 3
    relative = (area / unit_volume) ** (1 / ndim)
    centre = [n // 2 for n in shape]
    return ellipse(shape, centre, [max(relative * n, 0.5) for n in shape])


def autocorrelation_support(pattern: Pattern, area: float) -> BoolArray:
    """The brightest part of the autocorrelation at half its size, covering a share `area` of the array.

    Half the extent of the autocorrelation is the extent of the object (for a convex object exactly, for others never
    less than it), so that the autocorrelation is cut at 2^d times the area and shrunk to half.
    """
    from models.phasing.support.update import blur

    values = blur(autocorrelation(pattern), 1.0)
    halved = values[tuple(_half_steps(n) for n in values.shape)]
    padded = np.full(values.shape, -np.inf, np.float32)
    padded[
        tuple(slice(n // 2 - h // 2, n // 2 - h // 2 + h) for n, h in zip(values.shape, halved.shape, strict=True))
    ] = halved
    count = min(max(1, round(area * values.size)), halved.size)
    cut = np.partition(padded.ravel(), padded.size - count)[padded.size - count]
    found: BoolArray = padded >= cut
    return found


def _half_steps(n: int) -> slice:
    """Every second pixel, through the middle."""
    return slice((n // 2) % 2, None, 2)


def _checked(given: BoolArray | None, shape: tuple[int, ...]) -> BoolArray:
    if given is None:
        raise BadParameter(
            "There is no support to begin with", cause="a given support was asked for", hint="draw one"
        )
    support = np.asarray(given, dtype=bool)
    if support.shape != tuple(shape):
        raise BadParameter(
            f"The given support is {' × '.join(map(str, support.shape))}",
            cause=f"the pattern is {' × '.join(map(str, shape))}",
        )
    if not support.any():
        raise BadParameter("The given support is empty", hint="draw one, or begin with a disc")
    return support


__all__ = ["autocorrelation", "autocorrelation_support", "disc", "estimate_area", "first_support"]
