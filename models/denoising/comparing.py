"""A frame beside what was made of it: what was taken away, averages over rings, and power spectra. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.types import BoolArray, ByteArray, FloatArray, Rests
from models.runs.types import Geometry

Array = npt.NDArray[np.float64]

_LEAST_RATE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Removed:
    """What a denoised frame takes for noise.

    Attributes:
        sigmas: (H, W) float32 difference of counts and rate in standard deviations of counting noise (the signed
            root of the Poisson deviance, which is nearly normal where a Pearson residual of few photons is not:
            McCullagh & Nelder, Generalized Linear Models, 1989, section 2.4); NaN where not measured.
        share: Σ (counts − rate)² over Σ rate, measured pixels. Counting noise alone gives 1; a rate that follows the
            very photons it is held against gives less, structure that was smoothed away gives more. NaN without
            light.
    """

    sigmas: FloatArray
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Averages over rings about the beam, arrays (n,), NaN where a ring has no such pixel.

    Attributes:
        position: middle of each ring, px; `q_per_nm` the same in nm⁻¹, None without geometry.
        counted, rate: means over the measured pixels, photons per pixel.
        filled: mean rate over the pixels that were not measured. pixels: how many were measured.
    """

    position: FloatArray
    q_per_nm: FloatArray | None
    counted: FloatArray
    rate: FloatArray
    filled: FloatArray
    pixels: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Azimuthally averaged power spectrum.

    Attributes:
        frequency: (n,) cycles per pixel, above 0 and up to 0.5.
        power: (n,) mean of |Fourier transform|² in each ring of frequencies, over the photons: counting noise alone
            is white, and 1.
    """

    frequency: Array
    power: Array


def removed(counts: npt.NDArray[Any], rate: FloatArray, measured: BoolArray) -> Removed:
    """What lies between a frame and its rate.

    Args:
        counts: (H, W) photons, anything where not measured. rate: (H, W) photons. measured: (H, W) bool.
    """
    # In double precision: of bright pixels the terms are nearly equal.
    n = np.where(measured, counts, 0).astype(np.float64)
    r = np.maximum(rate.astype(np.float64), _LEAST_RATE)
    deviance = r - n
    lit = n > 0
    deviance[lit] += n[lit] * np.log(n[lit] / r[lit])
    sigmas = np.copysign(np.sqrt(np.maximum(2 * deviance, 0)), n - r).astype(np.float32)
    sigmas[~measured] = np.nan
    light = float(rate[measured].sum(dtype=np.float64))
    noise = float(np.square(n[measured] - rate[measured]).sum())
    return Removed(sigmas, noise / light if light > 0 else float("nan"))


def rings(
    counts: npt.NDArray[Any],
    rate: FloatArray,
    measured: BoolArray,
    centre_px: tuple[float, float],
    geometry: Geometry | None = None,
) -> Rings:
    """Counts and rate averaged over rings one pixel wide; arguments as in `removed`.

    Args:
        centre_px: (y, x) of the beam. geometry: for q, with this beam in place of its own.
    """
    from models.detector.geometry import q_at, radius_map
    from models.detector.radial import radial_average

    radius = radius_map((counts.shape[0], counts.shape[1]), centre_px)
    of_counts = radial_average(counts, measured, radius)
    of_rate = radial_average(rate, measured, radius, rings=len(of_counts.mean))
    of_filled = radial_average(rate, ~measured, radius, rings=len(of_counts.mean))
    q = None
    if geometry is not None:
        here = Geometry(geometry.distance_m, geometry.pixel_size_m, geometry.photon_energy_eV, (0.0, 0.0))
        found = [q_at(here, (1, 1), 0.0, float(x)) for x in of_counts.position]
        q = None if found[0] is None else np.array(found, np.float32)
    return Rings(of_counts.position, q, of_counts.mean, of_rate.mean, of_filled.mean, of_counts.pixels)


def power_spectrum(values: npt.NDArray[Any], measured: BoolArray, photons: float) -> Spectrum:
    """The power spectrum of the measured part of a picture.

    What was not measured is 0 in both pictures that are compared, so that the edges of gaps are in both alike.

    Args:
        values: (H, W) counts or rates. measured: (H, W) bool. photons: what the power is divided by; the photons
            counted.
    """
    import scipy.fft

    height, width = values.shape
    shown = np.where(measured, values, 0).astype(np.float32)
    power = np.square(np.abs(scipy.fft.rfft2(shown)), dtype=np.float32)
    weight = np.full(power.shape[1], 2.0)
    weight[0] = 1.0
    if width % 2 == 0:
        weight[-1] = 1.0
    fy, fx = scipy.fft.fftfreq(height)[:, None], scipy.fft.rfftfreq(width)[None, :]
    n = max(height, width)
    ring = np.rint(np.hypot(fy, fx) * n).astype(np.intp).ravel()
    weights = np.broadcast_to(weight, power.shape).ravel()
    total = np.bincount(ring, weights * power.ravel())
    number = np.bincount(ring, weights)
    kept = np.arange(1, n // 2 + 1)
    kept = kept[number[kept] > 0]
    return Spectrum(kept / n, total[kept] / number[kept] / max(photons, 1e-12))


def length_of(frequency: Array, geometry: Geometry | None) -> Array | None:
    """Distance in the object, nm, whose fringes on the detector have these frequencies (cycles per pixel).

    Two points x apart give fringes λ·z/x wide at small angles. None where the geometry is not known.
    """
    if geometry is None or not geometry.distance_m or not geometry.wavelength_m or geometry.pixel_size_m is None:
        return None
    pitch = float(np.sqrt(geometry.pixel_size_m[0] * geometry.pixel_size_m[1]))
    length: Array = frequency * geometry.wavelength_m * geometry.distance_m / pitch * 1e9
    return length


def rests_counted(validity: ByteArray) -> dict[Rests, int]:
    """How many pixels rest on what."""
    found = np.bincount(validity.ravel(), minlength=len(Rests))
    return {rest: int(found[rest.value]) for rest in Rests}
