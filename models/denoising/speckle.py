"""How large a speckle is: the spacing of the finest fringes a frame shows.

An object of diameter D has fringes 2π/D apart in q, and its diffracted intensity no detail finer than that (its
autocorrelation ends at D; Miao et al., J. Opt. Soc. Am. A 15, 1662, 1998). The intensity's own autocorrelation has a
central peak as wide as a speckle, and can be had from few photons: counting noise is not correlated from pixel to
pixel, so that it adds at lag zero only, and there a known amount.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.denoising.remembering import remembered
from models.denoising.types import BoolArray, FloatArray
from models.runs.types import Geometry

_LEAST_PHOTONS = 20.0
_LEAST_SIGMAS = 4.0
_NEAR_PX = 2.5
_SPECKLES_PER_HALF_WIDTH = 1 / 0.84
"""A sphere's central speckle is nearly exp(−(qD)²/20), its autocorrelation exp(−(qD)²/40), which falls to half at
qD = 0.84 · 2π: the half width at half maximum is 0.84 fringe spacings."""


@dataclass(frozen=True, slots=True)
class Speckle:
    """The size of a speckle.

    Attributes:
        size_px: fringe spacing on the detector.
        size_per_nm: the same in q, nm⁻¹; None where the geometry is not known.
        diameter_nm: of the object that scatters so, 2π over that; None likewise.
        at_least: True where pixels beside the brightest place were not measured. Behind a beam stop the central peak
            is that of the first rings, which are narrower: the size is then a lower bound, often a half of the truth.
    """

    size_px: float
    size_per_nm: float | None = None
    diameter_nm: float | None = None
    at_least: bool = False

    def words(self) -> str:
        text = f"speckles of {'at least ' if self.at_least else ''}{self.size_px:.1f} px"
        if self.size_per_nm is not None and self.diameter_nm is not None:
            most = "at most " if self.at_least else ""
            text += f" ({self.size_per_nm:.3g} nm⁻¹, of an object of {most}{self.diameter_nm:.3g} nm)"
        return text


@remembered
def find_speckle(counts: FloatArray, measured: BoolArray, geometry: Geometry | None = None) -> Speckle | None:
    """The speckle size of a frame; None where there is no light, or none that is not spread evenly.

    Args:
        counts: (H, W) photons, 0 where not measured. measured: (H, W) bool.
        geometry: for the size in nm⁻¹, at small angles.
    """
    total = float(counts.sum(dtype=np.float64))
    if total < _LEAST_PHOTONS:
        return None
    lag, excess, pairs = _correlation(counts, measured)
    level = total * total / max(float(measured.sum()), 1.0) ** 2
    near = lag <= _NEAR_PX
    # Ordered pairs of photons so close to each other, against what even light would give.
    found, even = float((excess * pairs)[near].sum()), level * float(pairs[near].sum())
    if found < _LEAST_SIGMAS * math.sqrt(2 * max(even, 1.0)):
        return None
    peak = float(np.interp(0.0, lag[:2], excess[:2]))
    top = max(peak, float(excess[:3].max()))
    below = np.flatnonzero(excess < top / 2)
    if not len(below):
        return None
    at = int(below[0])
    if at == 0:
        half = float(lag[0])
    else:
        (r0, r1), (g0, g1) = lag[at - 1 : at + 1], excess[at - 1 : at + 1]
        half = float(r0 + (g0 - top / 2) / max(g0 - g1, 1e-30) * (r1 - r0))
    size = max(half, 0.5) * _SPECKLES_PER_HALF_WIDTH
    return in_units(size, geometry, at_least=_beside_a_hole(counts, measured, size))


def in_units(size_px: float, geometry: Geometry | None, *, at_least: bool = False) -> Speckle:
    """A speckle of this size, in q as well where the geometry is known; at small angles."""
    if geometry is None or not geometry.distance_m or not geometry.wavelength_m or geometry.pixel_size_m is None:
        return Speckle(size_px, at_least=at_least)
    pitch = math.sqrt(geometry.pixel_size_m[0] * geometry.pixel_size_m[1])
    q = 2 * math.pi * pitch * size_px / (geometry.wavelength_m * geometry.distance_m) * 1e-9
    return Speckle(size_px, q, 2 * math.pi / q, at_least)


def _beside_a_hole(counts: FloatArray, measured: BoolArray, size_px: float) -> bool:
    """Whether a pixel within a speckle of the brightest place was not measured."""
    from scipy.ndimage import gaussian_filter

    light = gaussian_filter(counts, max(size_px / 4, 0.5), mode="constant")
    seen = gaussian_filter(measured.astype(np.float32), max(size_px / 4, 0.5), mode="constant")
    y, x = np.unravel_index(int(np.argmax(np.where(measured, light / np.maximum(seen, 0.05), 0))), counts.shape)
    rows, columns = np.ogrid[: counts.shape[0], : counts.shape[1]]
    return bool((~measured & (np.hypot(rows - y, columns - x) <= size_px)).any())


def _correlation(
    counts: FloatArray, measured: BoolArray
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """By rings of lag: its mean (px), mean product of two pixels' rates less the even level, and pairs of pixels."""
    import scipy.fft

    h, w = counts.shape
    size = (scipy.fft.next_fast_len(2 * h), scipy.fft.next_fast_len(2 * w, real=True))
    light, seen = (scipy.fft.rfft2(np.asarray(x, np.float64), size) for x in (counts, measured))
    products = scipy.fft.irfft2(np.abs(light) ** 2, size)
    overlaps = np.rint(scipy.fft.irfft2(np.abs(seen) ** 2, size))
    products[0, 0] -= float(counts.sum(dtype=np.float64))
    y, x = (np.minimum(np.arange(n), n - np.arange(n)) for n in size)
    radius = np.hypot(y[:, None], x[None, :])
    inside = (radius < min(h, w) / 2) & (overlaps > 0)
    ring = np.rint(radius[inside]).astype(np.intp)
    pairs = np.bincount(ring, overlaps[inside]).astype(np.float64)
    held = pairs > 0
    some = np.maximum(pairs, 1)
    lag = np.bincount(ring, radius[inside] * overlaps[inside]) / some
    mean = np.bincount(ring, products[inside]) / some
    level = (float(counts.sum(dtype=np.float64)) / max(float(measured.sum()), 1.0)) ** 2
    return lag[held], mean[held] - level, pairs[held]
