"""At which radii resolution rings are drawn, what is written at them, and q and resolution of a pixel."""

from __future__ import annotations

import math
from collections.abc import Callable

from models.detector import geometry
from models.runs.types import FloatImage, Geometry, Run

N_RINGS = 4


def depth_of(run: Run) -> FloatImage | None:
    """(H, W) metres that each pixel lies behind the run's distance; None for a flat detector."""
    found: FloatImage | None = getattr(run, "depth_m", None)
    return found


def readout_for(
    g: Geometry, shape: tuple[int, int], depth_m: FloatImage | None = None
) -> Callable[[float, float], tuple[float | None, float | None]] | None:
    """What gives q in nm⁻¹ and full-period resolution in nm at (y, x); None where the geometry is not known."""
    if not geometry.known(g):
        return None

    def at(y: float, x: float) -> tuple[float | None, float | None]:
        q = geometry.q_at(g, shape, y, x, depth_m)
        return q, None if q is None else geometry.resolution_nm(q)

    return at


def rings_of(run: Run) -> tuple[list[tuple[float, str]], tuple[float, float]]:
    """The rings of a run's frames: see `rings_for`."""
    return rings_for(run.geometry, run.shape)


def rings_for(g: Geometry, shape: tuple[int, int]) -> tuple[list[tuple[float, str]], tuple[float, float]]:
    """Rings as (radius in pixels, text) and the beam centre (y, x) in pixels, for frames of `shape`.

    Radii are chosen so that the full-period resolution at them is a round number of nanometres; without distance,
    pixel size and energy they are round numbers of pixels, and say so.
    """
    centre = geometry.centre_of(g, shape)
    reach = max(centre[0], shape[0] - 1 - centre[0], centre[1], shape[1] - 1 - centre[1])
    if not geometry.known(g):
        step = _round_down(reach / N_RINGS)
        return [(step * n, f"{step * n:g} px") for n in range(1, N_RINGS + 1) if step * n <= reach], centre
    assert g.pixel_size_m is not None
    assert g.distance_m is not None
    assert g.wavelength_m is not None
    pixel_m = g.pixel_size_m[1]
    rings: list[tuple[float, str]] = []
    for n in range(1, N_RINGS + 1):
        radius_m = reach * n / N_RINGS * pixel_m
        angle = math.atan(radius_m / g.distance_m)
        resolution_m = g.wavelength_m / (2.0 * math.sin(angle / 2.0))
        d_nm = _round_up(resolution_m * 1e9)
        sine = g.wavelength_m / (2.0 * d_nm * 1e-9)
        if sine >= math.sqrt(0.5):
            continue
        radius_px = g.distance_m * math.tan(2.0 * math.asin(sine)) / pixel_m
        text = f"{d_nm:g} nm"
        if all(text != known for _, known in rings):
            rings.append((radius_px, text))
    return rings, centre


def _round_down(value: float) -> float:
    """The largest number with one significant digit of 1, 2 or 5 that is not above `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= value * (1 + 1e-9))


def _round_up(value: float) -> float:
    """`value` with two significant digits, not below it."""
    power = 10.0 ** (math.floor(math.log10(value)) - 1)
    return round(math.ceil(value / power - 1e-9) * power, 12)
