"""Momentum transfer and resolution of detector pixels.

For a flat detector perpendicular to the beam, a pixel at distance r from the beam sees the scattering angle
2θ = atan(r/D); q = 4π sin θ/λ in nm⁻¹, and the full-period resolution is d = 2π/q in nm. Panels that lie before or
behind D have a `depth_m`, (H, W) metres along the beam, and their pixels see atan(r/(D + depth)). Pixel centres are
at whole numbers. Where the run does not say distance, pixel size or energy there is no answer (None) rather than a
guess.
"""

from __future__ import annotations

import math

import numpy as np

from models.runs.types import FloatImage, Geometry


def known(geometry: Geometry) -> bool:
    """True where q can be told: distance, pixel size and photon energy are there and positive."""
    numbers = (geometry.distance_m, geometry.photon_energy_eV, *(geometry.pixel_size_m or (None,)))
    return all(number is not None and math.isfinite(number) and number > 0 for number in numbers)


def centre_of(geometry: Geometry, shape: tuple[int, int]) -> tuple[float, float]:
    """(y, x) of the direct beam in pixels; the middle of the frame where the run does not say."""
    if geometry.centre_px is not None:
        return geometry.centre_px
    return (shape[0] - 1) / 2, (shape[1] - 1) / 2


def q_at(
    geometry: Geometry, shape: tuple[int, int], y: float, x: float, depth_m: FloatImage | None = None
) -> float | None:
    """q in nm⁻¹ at pixel position (y, x) of frames of `shape`; None where the geometry is not `known`."""
    scale = _scale(geometry)
    if scale is None:
        return None
    rows, columns, wavenumber = scale
    cy, cx = centre_of(geometry, shape)
    tangent = math.hypot((y - cy) * rows, (x - cx) * columns)
    if depth_m is not None and geometry.distance_m is not None:
        at = (min(max(round(y), 0), shape[0] - 1), min(max(round(x), 0), shape[1] - 1))
        tangent /= 1 + float(depth_m[at]) / geometry.distance_m
    return 2 * wavenumber * math.sin(math.atan(tangent) / 2)


def q_map(geometry: Geometry, shape: tuple[int, int], depth_m: FloatImage | None = None) -> FloatImage | None:
    """(H, W) float32 q in nm⁻¹ of every pixel; None where the geometry is not `known`."""
    scale = _scale(geometry)
    if scale is None:
        return None
    rows, columns, wavenumber = scale
    cy, cx = centre_of(geometry, shape)
    y = (np.arange(shape[0]) - cy) * rows
    x = (np.arange(shape[1]) - cx) * columns
    tangent = np.hypot(y[:, None], x[None, :])
    if depth_m is not None and geometry.distance_m is not None:
        tangent /= 1 + depth_m / geometry.distance_m
    q: FloatImage = (2 * wavenumber * np.sin(np.arctan(tangent) / 2)).astype(np.float32)
    return q


def resolution_nm(q: float) -> float:
    """Full-period resolution d = 2π/q in nm of q in nm⁻¹; infinite in the direct beam."""
    return 2 * math.pi / q if q > 0 else math.inf


def radius_map(shape: tuple[int, int], centre: tuple[float, float]) -> FloatImage:
    """(H, W) float32 distance of every pixel from `centre` (y, x), in pixels."""
    y = np.arange(shape[0], dtype=np.float32) - np.float32(centre[0])
    x = np.arange(shape[1], dtype=np.float32) - np.float32(centre[1])
    radius: FloatImage = np.hypot(y[:, None], x[None, :])
    return radius


def _scale(geometry: Geometry) -> tuple[float, float, float] | None:
    """Tangent of the angle per pixel along y and x, and the wavenumber 2π/λ in nm⁻¹."""
    wavelength, pixels, distance = geometry.wavelength_m, geometry.pixel_size_m, geometry.distance_m
    if not known(geometry) or wavelength is None or pixels is None or distance is None:
        return None
    return pixels[0] / distance, pixels[1] / distance, 2 * math.pi / (wavelength * 1e9)
