"""Whether a frame is like those a network was trained on, in words where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.denoising.remembering import remembered
from models.denoising.types import BoolArray

if TYPE_CHECKING:
    from models.denoising.friedel import Folded
    from models.denoising.pipeline import Scene

_SPECKLE_MARGIN = 1.5
"""How much a frame's own estimate of its speckle size may be off."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What was in the frames of a training.

    Attributes:
        photons: fewest and most on the measured pixels. speckle_px: finest and widest fringe spacing.
        measured: least share of measured pixels. hole_px: widest hole with measured pixels all around.
    """

    photons: tuple[float, float]
    speckle_px: tuple[float, float]
    measured: float
    hole_px: float

    @classmethod
    def of(cls, provenance: Mapping[str, Any]) -> Limits | None:
        """The limits of a training by what is stored beside its weights; None where that says nothing."""
        from models.denoising.training.exposures import LEAST_MEASURED, WIDEST_HOLE_PX
        from models.denoising.training.pool import speckle_px

        settings = provenance.get("settings")
        if not isinstance(settings, Mapping):
            return None
        try:
            photons = float(settings["photons_low"]), float(settings["photons_high"])
            largest, smallest = float(settings["diameter_high_nm"]), float(settings["diameter_low_nm"])
        except (KeyError, TypeError, ValueError):
            return None
        return cls(photons, (speckle_px(largest), speckle_px(smallest)), LEAST_MEASURED, WIDEST_HOLE_PX)


def beyond(
    limits: Limits | None, folded: Folded, scene: Scene, *, photons: float, summed: int = 1
) -> tuple[str, ...]:
    """Sentences on how a frame lies outside what a network was trained on.

    Args:
        limits: of the training. folded: the counts as the network gets them.
        scene: what is known of the frame. photons: of the frame, measured. summed: pixels to one, along each axis.
    """
    if limits is None:
        return ("it is not known what the network was trained on: its weights come without a description",)
    words = []
    low, high = limits.photons
    if photons > high:
        words.append(
            f"{photons:.2g} photons, and the network was trained on at most {high:.2g}: it is shown so many of them, "
            "and bright pixels are nearly their own counts"
        )
    elif photons < low:
        words.append(f"{photons:.3g} photons, and the network was trained on at least {low:.3g}")
    if scene.speckle_px is not None:
        size = scene.speckle_px / summed
        fine, wide = limits.speckle_px
        # A lower bound says nothing against speckles of the right size.
        if (size < fine / _SPECKLE_MARGIN and not scene.speckle_at_least) or size > wide * _SPECKLE_MARGIN:
            words.append(
                f"speckles of {size:.1f} px, and the network was trained on {fine:.1f} to {wide:.1f} px: "
                f"fringes may be {'smoothed over' if size < fine else 'invented'}"
            )
    seen = folded.exposure > 0
    share = float(seen.mean())
    if share < limits.measured:
        words.append(
            f"{100 * share:.0f} % of the pixels are measured, and in training at least {100 * limits.measured:.0f} %"
        )
    most = summed * limits.hole_px
    if (widest := _widest_hole(seen)) > most:
        words.append(
            f"a hole of {widest:.0f} px, and in training of at most {most:.0f} px: what fills it is hardly more than "
            "its rim continued"
        )
    return tuple(words)


@remembered
def _widest_hole(seen: BoolArray) -> float:
    """Diameter in px of the widest disc without a seen pixel, among holes that do not reach the frame's edge."""
    from scipy.ndimage import distance_transform_edt, label

    if seen.all():
        return 0.0
    parts, _ = label(~seen)
    outer = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    inner = ~seen & ~np.isin(parts, outer)
    if not inner.any():
        return 0.0
    return 2 * float(distance_transform_edt(inner).max())
