"""First supports: a disc, the autocorrelation's, or one that is given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.phasing.support.autocorrelation import AutocorrelationFit, autocorrelation, fit_autocorrelation
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
    fit: AutocorrelationFit | None = None,
) -> BoolArray:
    """Where the object may be at first; bool, the pattern's shape, middle at index n // 2, never empty.

    The area of a disc, and the share of the autocorrelation kept, is drawn by `rng` between `area_low` and
    `area_high` in equal ratios, so that several starts try several sizes; within the autocorrelation's estimate where
    that is known.

    Args:
        given: the support for `first_support = "given"`, drawn or from a file.
        fit: of `fit_autocorrelation`, for starts that share it. Without it a disc's area is drawn from the settings
            alone, and an autocorrelation's fit is made here.

    Raises:
        BadParameter: where a given support is missing, empty or of another shape.
    """
    if settings.first_support == "given":
        return _checked(given, pattern.shape)
    if settings.first_support in ("autocorrelation", "search"):
        # A search belongs to many starts (`models.phasing.starts`); a start by itself has the next best.
        fit = fit or fit_autocorrelation(pattern)
    if fit is not None:
        settings = within_estimate(settings, fit)
    area = settings.area_low * (settings.area_high / settings.area_low) ** rng.random()
    if settings.first_support == "disc":
        return disc(pattern.shape, area)
    return autocorrelation_support(pattern, area, fit)


def within_estimate(settings: PhasingSettings, fit: AutocorrelationFit) -> PhasingSettings:
    """The settings with `area_low` and `area_high` narrowed to what the autocorrelation says of the object's area.

    As they are where it says nothing, or nothing within them.
    """
    low, high = fit.area_range
    low, high = max(low, settings.area_low), min(high, settings.area_high)
    if fit.note or low > high:
        return replace(settings, area_high=max(settings.area_low, settings.area_high))
    return replace(settings, area_low=low, area_high=high)


def disc(shape: tuple[int, ...], area: float) -> BoolArray:
    """The disc, ellipse or ellipsoid in the middle that covers a share `area` of the array, at least one pixel.

    Its half axes are in the ratio of the array's sides: the same extent in nm where the pattern's pixels are square.
    """
    ndim = len(shape)
    unit_volume = np.pi if ndim == 2 else 4 * np.pi / 3
    relative = (area / unit_volume) ** (1 / ndim)
    centre = [n // 2 for n in shape]
    return ellipse(shape, centre, [max(relative * n, 0.5) for n in shape])


def autocorrelation_support(pattern: Pattern, area: float, fit: AutocorrelationFit | None = None) -> BoolArray:
    """The brightest part of the autocorrelation at half its size, covering a share `area` of the array.

    Half the extent of the autocorrelation is as wide as the object in every direction (and its shape, where the
    object is convex and centrosymmetric). Missing pixels are fitted first, see `autocorrelation`.
    """
    fit = fit or fit_autocorrelation(pattern)
    values = autocorrelation(pattern, fit)
    shape = values.shape
    # The value at twice each pixel's distance from the middle; beyond the edge there is none.
    twice = [n // 2 + 2 * (np.arange(n) - n // 2) for n in shape]
    halved = values[np.ix_(*[at.clip(0, n - 1) for at, n in zip(twice, shape, strict=True)])]
    for axis, (at, n) in enumerate(zip(twice, shape, strict=True)):
        np.moveaxis(halved, axis, 0)[(at < 0) | (at >= n)] = 0
    offsets = np.ix_(*[(at - n // 2) / n for at, n in zip(twice, shape, strict=True)])
    # What lies outside half the extent comes last, and only where more than the extent is asked for.
    halved = np.where(fit.within(offsets), halved, 1e-6 * halved)
    count = min(max(1, round(area * halved.size)), int(np.count_nonzero(halved)) or 1)
    cut = np.partition(halved.ravel(), halved.size - count)[halved.size - count]
    found: BoolArray = halved >= cut
    return found


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
