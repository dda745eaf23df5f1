"""From a pixel value to a place between 0 and 1 on the colour bar, and back.

Everything is relative to the levels, so that the same four scalings suit photons, ADU with an offset and normalised
intensities. Beyond the levels the scalings go on as odd functions: an axis can show a little more than the levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter

FloatArray = npt.NDArray[np.floating[Any]]

LARGEST_LEVEL = 1e150
"""Levels beyond ± this, which only fill values have, leave an axis around them no room in float64."""

_ARCSINH_SOFTENING = 100.0
_LOG_DECADES = 1000.0


class Scaling(Enum):
    """How brightness follows the value. With x = (value − low) / (high − low):

    linear x · sqrt √x · log ln(1 + a·x) / ln(1 + a), a = max(1000, high − low), so for counts it is the logarithm of
    1 + counts · arcsinh asinh(100·x) / asinh(100), linear in the lowest hundredth.
    """

    LINEAR = "linear"
    SQRT = "sqrt"
    LOG = "log"
    ARCSINH = "arcsinh"

    def next(self) -> Scaling:
        """The one that follows when a key cycles through them."""
        order = list(Scaling)
        return order[(order.index(self) + 1) % len(order)]


@dataclass(frozen=True, slots=True)
class Levels:
    """The values drawn as the first and the last colour.

    Raises:
        BadParameter: unless both lie within ± LARGEST_LEVEL and low < high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not -LARGEST_LEVEL <= self.low < self.high <= LARGEST_LEVEL:
            raise BadParameter(
                f"levels {self.low} … {self.high} cannot be shown",
                cause=f"both must lie within ±{LARGEST_LEVEL:g} and the lower one below the upper one",
            )

    @property
    def span(self) -> float:
        return self.high - self.low


@np.errstate(over="ignore")
def to_unit(values: npt.ArrayLike, levels: Levels, scaling: Scaling) -> FloatArray:
    """Place of `values` on the colour bar: 0 at `levels.low`, 1 at `levels.high`, not clipped (infinite far beyond).

    Args:
        values: any shape; float32 stays float32 if the levels allow, everything else becomes float64.
    """
    given = np.asarray(values)
    # beyond single precision's range the reciprocal of the span would be infinite or lost
    single = given.dtype == np.float32 and 1e-30 < levels.span < 1e30
    kind = np.float32 if single else np.float64
    x: FloatArray = np.atleast_1d(np.subtract(given, kind(levels.low), dtype=kind))
    if levels.span > 1e-300:
        x *= kind(1.0 / levels.span)
    else:
        x /= levels.span
    if scaling is Scaling.ARCSINH:
        x *= kind(_ARCSINH_SOFTENING)
        np.arcsinh(x, out=x)
        x *= kind(1.0 / math.asinh(_ARCSINH_SOFTENING))
    elif scaling is not Scaling.LINEAR:
        size = np.abs(x)
        if scaling is Scaling.SQRT:
            np.sqrt(size, out=size)
        else:
            depth = max(_LOG_DECADES, levels.span)
            size *= kind(depth)
            np.log1p(size, out=size)
            size *= kind(1.0 / math.log1p(depth))
        np.copysign(size, x, out=x)
    return x.reshape(given.shape)


def from_unit(places: npt.ArrayLike, levels: Levels, scaling: Scaling) -> FloatArray:
    """The values at `places` on the colour bar, float64: the inverse of `to_unit`."""
    t = np.asarray(places, dtype=np.float64)
    if scaling is Scaling.LINEAR:
        x = t
    elif scaling is Scaling.ARCSINH:
        x = np.sinh(t * math.asinh(_ARCSINH_SOFTENING)) / _ARCSINH_SOFTENING
    elif scaling is Scaling.SQRT:
        x = np.copysign(t * t, t)
    else:
        depth = max(_LOG_DECADES, levels.span)
        x = np.copysign(np.expm1(np.abs(t) * math.log1p(depth)) / depth, t)
    values: FloatArray = levels.low + x * levels.span
    return values
