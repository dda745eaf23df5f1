"""From electrons to photons: solid angles, polarisation and the Thomson cross-section.

A pixel expects `fluence · r_e² · P · |F|² · ΔΩ` photons, with the amplitude F in electrons, the polarisation factor P
and the pixel's solid angle ΔΩ (Als-Nielsen & McMorrow, Elements of Modern X-ray Physics, ch. 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from models.simulation.settings import SimulationSettings

ELECTRON_RADIUS_NM = 2.8179403205e-6
"""classical electron radius (CODATA 2022)"""


def tangents(settings: SimulationSettings, offset_px: tuple[float, float], xp: Any = np, device: Any = None) -> Any:
    """((H, 1), (1, W)) float64 tan of the scattering angle in y and in x: lab position over distance."""
    cy, cx = settings.centre_px
    step = settings.pixel_size_m / settings.distance_m
    keep = {} if device is None else {"device": device}
    y = (xp.arange(settings.height, dtype=xp.float64, **keep) - cy - offset_px[0]) * step
    x = (xp.arange(settings.width, dtype=xp.float64, **keep) - cx - offset_px[1]) * step
    return y[:, None], x[None, :]


def solid_angle(
    settings: SimulationSettings, offset_px: tuple[float, float] = (0.0, 0.0), xp: Any = np, device: Any = None
) -> Any:
    """(H, W) float64 solid angle of every pixel, sr: (p/D)² cos³ 2θ, with the scattering angle 2θ at its centre."""
    y, x = tangents(settings, offset_px, xp, device)
    return (settings.pixel_size_m / settings.distance_m) ** 2 * (1 + y * y + x * x) ** -1.5


def polarisation(
    settings: SimulationSettings, offset_px: tuple[float, float] = (0.0, 0.0), xp: Any = np, device: Any = None
) -> Any:
    """(H, W) float64 polarisation factor: 1 − (x/r)² for a horizontal field, 1 − (y/r)² for a vertical one, their
    mean (1 + cos² 2θ)/2 for an unpolarised beam, 1 where `beam.polarisation` is ignored; r is the distance from
    particle to pixel."""
    y, x = tangents(settings, offset_px, xp, device)
    r2 = 1 + y * y + x * x
    kind = settings.beam.polarisation
    if kind == "horizontal":
        return 1 - x * x / r2
    if kind == "vertical":
        return 1 - y * y / r2
    if kind == "unpolarised":
        return 1 - (x * x + y * y) / (2 * r2)
    return xp.ones_like(r2)


def pixel_weights(
    settings: SimulationSettings, offset_px: tuple[float, float] = (0.0, 0.0), xp: Any = np, device: Any = None
) -> Any | None:
    """(H, W) float64 what |F|² is multiplied by on each pixel, in sr: polarisation factor and solid angle.

    None where the settings leave both out: then every pixel has the solid angle of the central one.
    """
    if settings.weighs_solid_angle:
        return solid_angle(settings, offset_px, xp, device) * polarisation(settings, offset_px, xp, device)
    if settings.beam.polarisation != "ignored":
        return polarisation(settings, offset_px, xp, device) * (settings.pixel_size_m / settings.distance_m) ** 2
    return None


def photons_per_pixel(weighted: Any, fluence_per_nm2: float) -> Any:
    """Expected photons from |F|² · P · ΔΩ (electrons² sr) at a fluence in photons/nm²."""
    return weighted * (fluence_per_nm2 * ELECTRON_RADIUS_NM**2)
