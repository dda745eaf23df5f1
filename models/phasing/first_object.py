"""The object a start begins from: measured amplitudes with random phases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.phasing.quality.rings import ring_index

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


def random_object(
    pattern: Pattern,
    fitted: BoolArray,
    support: BoolArray,
    rng: np.random.Generator,
    *,
    real: bool,
    fill: bool = True,
) -> npt.NDArray[Any]:
    """Amplitudes with uniformly random phases, transformed and cut off at the support.

    Args:
        pattern: what was measured. fitted: bool, its pixels that may be used (measured and not held out).
        support: bool. All three centred.
        real: give a real object; then the phases are those of the transform of a real noise.
        fill: give the other pixels the amplitude that is to be expected there (`expected_intensity`); otherwise 0.

    Returns:
        complex128 or float64, of the pattern's shape, in FFT order, with the power of the amplitudes it was made of.
    """
    axes = tuple(range(support.ndim))
    intensity = np.where(fitted, pattern.intensity, 0).astype(np.float64)
    if fill:
        intensity = np.where(fitted, intensity, expected_intensity(intensity, fitted, int(support.sum())))
    noise: npt.NDArray[Any] = rng.standard_normal(intensity.shape)
    if not real:
        noise = noise + 1j * rng.standard_normal(intensity.shape)
    wave = np.fft.fftn(noise, axes=axes)
    wave *= np.fft.ifftshift(np.sqrt(intensity)) / np.maximum(np.abs(wave), 1e-30)
    found: npt.NDArray[Any] = np.fft.ifftn(wave, norm="ortho", axes=axes)
    if real:
        found = found.real
    found = np.where(np.fft.ifftshift(support), found, 0)
    power = float(np.sum(np.abs(found) ** 2))
    result: npt.NDArray[Any] = found * math.sqrt(float(intensity.sum()) / power) if power > 0 else found
    return result


def expected_intensity(intensity: FloatArray, known: BoolArray, pixels: int) -> FloatArray:
    """Intensity by |q| alone: mean of the known pixels of each ring, continued where a ring has none.

    Inwards it is continued by the smooth course of a compact object's scattering: that of a disc (2-D) or a ball
    (3-D) without its fringes, 1/(1 + πx³/8) or 1/(1 + 2x⁴/9) with x the phase across its radius, which follows
    from the Airy pattern's and the ball's asymptotes (Guinier 1939, Porod 1951). Elsewhere from
    one known ring to the next.

    Args:
        intensity: (…,) centred, ≥ 0. known: bool, where it is known. pixels: of the support, for the radius.

    Returns:
        float64 of the same shape, all pixels.
    """
    # Pixels of the pattern are equal steps of q along every axis, however many there are.
    ring = ring_index(intensity.shape)
    count = np.bincount(ring[known], minlength=int(ring.max()) + 1)
    total = np.bincount(ring[known], weights=intensity[known], minlength=count.size)
    seen = np.nonzero(count)[0]
    mean = np.interp(np.arange(count.size), seen, total[seen] / count[seen])
    first = int(seen[0])
    if first > 0:
        # Over one fringe, for the course is that between its maxima and minima.
        radius = _radius(max(pixels, 1) / intensity.size, intensity.ndim)
        fringe = math.ceil(1 / (2 * radius))
        near = seen[seen < first + max(3, fringe)]
        course = _compact(np.arange(count.size), radius, intensity.ndim)
        scale = float(total[near].sum() / (count[near] * course[near]).sum())
        mean[:first] = scale * course[:first]
    expected: FloatArray = mean[ring]
    return expected


def _radius(area: float, ndim: int) -> float:
    """Of a disc or ball with this share of the array, as share of its sides."""
    if ndim == 2:
        return math.sqrt(area / math.pi)
    return float((3 * area / (4 * math.pi)) ** (1 / 3))


def _compact(ring: npt.NDArray[np.intp], radius: float, ndim: int) -> FloatArray:
    """Scattering of a disc or ball of such a radius without fringes, by pixels from the middle; 1 there."""
    factor, power = (np.pi / 8, 3.0) if ndim == 2 else (2 / 9, 4.0)
    course: FloatArray = 1 / (1 + factor * (2 * np.pi * ring * radius) ** power)
    return course
