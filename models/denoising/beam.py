"""Where the beam is on a frame of few photons, for averaging mates and rings."""

from __future__ import annotations

from models.denoising.remembering import remembered
from models.denoising.types import BoolArray, FloatArray
from models.denoising.window import around
from models.errors import BadParameter

_BLUR_PX = 2.0
_CLEAR = 0.5
"""Below this correlation with its mirror image a blurred frame does not say where the beam is."""


def half_pixel(centre_px: tuple[float, float]) -> tuple[float, float]:
    """The nearest position about which pixels have pixels for mates."""
    return round(2 * centre_px[0]) / 2, round(2 * centre_px[1]) / 2


@remembered
def estimate_beam(counts: FloatArray, measured: BoolArray) -> tuple[tuple[float, float], str, bool]:
    """The centre of symmetry of a frame, to the nearest half pixel.

    Single photons have no mirror images, so the frame is blurred by 2 px before `models.detector.symmetry` looks.

    Args:
        counts: (H, W) photons, 0 where not measured. measured: (H, W) bool, some of it True.

    Returns:
        (y, x) in px, a sentence on it, and whether it is to be trusted; the middle of what is measured where the
        frame does not say.
    """
    from models.denoising.filters import gaussian
    from models.detector.symmetry import estimate_centre

    window = around(measured)
    light, seen = window.cut(counts), window.cut(measured, False)
    try:
        found = estimate_centre(gaussian(light, seen.astype(light.dtype), _BLUR_PX), seen)
    except BadParameter:
        found = None
    if found is None or found.correlation < _CLEAR:
        middle = half_pixel((window.top + (window.height - 1) / 2, window.left + (window.width - 1) / 2))
        return middle, f"the beam is not known: the middle of the detector, {_at(middle)}, is taken for it", False
    y, x = half_pixel((found.centre_px[0] + window.top, found.centre_px[1] + window.left))
    return (y, x), f"beam at {_at((y, x))}, found by symmetry (correlation {found.correlation:.2f})", True


def _at(centre_px: tuple[float, float]) -> str:
    return f"({centre_px[0]:.1f}, {centre_px[1]:.1f}) px"
