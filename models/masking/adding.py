"""Parts of a mask that are not drawn by hand: by value, at the edges of panels, round the beam, grown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.masking.growth import panel_edges
from models.masking.settings import MaskShape
from models.parameters import parameter
from models.runs.types import BoolImage, FlagImage, PixelFlag

FRAME, MEAN, MAXIMUM = "this frame", "mean of the run", "maximum of the run"


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """Pixels masked by their value."""

    source: str = parameter(FRAME, "Whose values are compared.", choices=(FRAME, MEAN, MAXIMUM), title="Values of")
    below: float | None = parameter(None, "Mask pixels whose value is below this; empty for none.", title="Below")
    above: float | None = parameter(None, "Mask pixels whose value is above this; empty for none.", title="Above")


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """The outermost pixels of every panel."""

    width_px: int = parameter(
        1, "How many rows of pixels along every edge.", unit="px", low=1, high=100, title="Width"
    )


@dataclass(frozen=True, slots=True)
class CircleSettings:
    """Everything near the beam."""

    radius_px: float = parameter(
        20.0, "Radius of the circle round the beam.", unit="px", low=0.5, high=1e5, title="Radius"
    )


@dataclass(frozen=True, slots=True)
class GrowSettings:
    """Your mask made larger or smaller."""

    by_px: float = parameter(
        1.0, "How far your mask grows on all sides; below zero it shrinks.", unit="px", low=-200, high=200, title="By"
    )


def beyond(values: npt.NDArray[Any], flags: FlagImage | None, settings: ThresholdSettings) -> BoolImage:
    """(H, W), True on pixels below or above the threshold; pixels without a value are never among them.

    Args:
        values: (H, W) of the frame, or of the run's statistics.
        flags: (H, W) `PixelFlag` bits; missing pixels are left alone. None for no flags.
        settings: the threshold.

    Raises:
        BadParameter: neither end of it is given.
    """
    if settings.below is None and settings.above is None:
        raise BadParameter("The threshold has no value", hint="Say below or above which value pixels are masked")
    found = np.zeros(values.shape, np.bool_)
    with np.errstate(invalid="ignore"):
        if settings.below is not None:
            found |= values < settings.below
        if settings.above is not None:
            found |= values > settings.above
    if flags is not None:
        found &= (flags & (PixelFlag.MISSING | PixelFlag.SENTINEL | PixelFlag.NONFINITE)) == 0
    return found


def threshold_name(settings: ThresholdSettings, unit: str) -> str:
    """For the list of steps: "mean of the run > 12 photons"."""
    parts = []
    tail = f" {unit}" if unit else ""
    if settings.below is not None:
        parts.append(f"< {settings.below:g}{tail}")
    if settings.above is not None:
        parts.append(f"> {settings.above:g}{tail}")
    return f"{settings.source} {' or '.join(parts)}"


def circle(settings: CircleSettings, centre: tuple[float, float], use: bool) -> MaskShape:
    """A circle round the beam at (y, x)."""
    points = (*centre, settings.radius_px, settings.radius_px)
    return MaskShape("ellipse", use, points, name=f"round the beam, {settings.radius_px:g} px")


def edges(flags: FlagImage, settings: EdgeSettings, slab: tuple[int, ...]) -> BoolImage:
    """(H, W), True on the edges of panels.

    Args:
        flags: (H, W) of a frame: gaps are its missing pixels.
        settings: how wide.
        slab: (modules, height, width) where the frame is tiled with modules that touch; another shape where not.
    """
    missing: BoolImage = (flags & (PixelFlag.MISSING | PixelFlag.SENTINEL)) != 0
    tiled = len(slab) == 3 and flags.shape[0] % slab[1] == 0 and flags.shape[1] % slab[2] == 0
    return panel_edges(missing, settings.width_px, (slab[1], slab[2]) if tiled else None)
