"""Classical filters: from counts and exposure to a rate. Functions of arrays; `classical` makes methods of them.

All take the counts (H, W) float32 and how often each pixel was exposed (H, W) float32 (0 where not measured, 2 where
a pixel and its Friedel mate are summed), and give the rate for one exposure, (H, W) float32 ≥ 0, everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from models.denoising import anscombe
from models.denoising.types import BoolArray, FloatArray

_FILL_PX = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
_LEAST_WEIGHT = 0.05
_ROUGH_PX = 1.5


def mean_of_mates(counts: FloatArray, exposure: FloatArray) -> FloatArray:
    """Counts over exposure; holes from their surroundings."""
    return filled((counts / np.maximum(exposure, 1)).astype(np.float32), exposure > 0)


def radial_mean(counts: FloatArray, exposure: FloatArray, centre_px: tuple[float, float]) -> FloatArray:
    """The mean of each ring of one pixel, interpolated; rings without a measured pixel from their neighbours."""
    y, x = np.ogrid[: counts.shape[0], : counts.shape[1]]
    radius = np.hypot(y - centre_px[0], x - centre_px[1])
    ring = np.rint(radius).astype(np.intp)
    light = np.bincount(ring.ravel(), counts.ravel())
    seen = np.bincount(ring.ravel(), exposure.ravel())
    there = np.flatnonzero(seen > 0)
    if not len(there):
        return np.zeros_like(counts)
    return np.interp(radius, there, light[there] / seen[there]).astype(np.float32)


def gaussian(counts: FloatArray, exposure: FloatArray, sigma_px: float) -> FloatArray:
    """Blurred counts over blurred exposure, wider where a hole is wider than the blur."""
    from scipy.ndimage import gaussian_filter

    light = gaussian_filter(counts, sigma_px, mode="constant")
    seen = gaussian_filter(exposure, sigma_px, mode="constant")
    rate = (light / np.maximum(seen, 1e-6)).astype(np.float32)
    return filled(rate, seen > _LEAST_WEIGHT)


def total_variation(counts: FloatArray, exposure: FloatArray, weight: float) -> FloatArray:
    """Chambolle's total variation (J. Math. Imaging Vis. 20, 89, 2004) after Anscombe's transform."""
    from skimage import restoration

    chambolle: Any = restoration.denoise_tv_chambolle

    def smooth(values: FloatArray) -> FloatArray:
        found: FloatArray = chambolle(values, weight=weight, eps=1e-4, max_num_iter=100)
        return found

    return _stabilised(counts, exposure, smooth)


def non_local_means(
    counts: FloatArray, exposure: FloatArray, strength: float, patch_px: int, reach_px: int
) -> FloatArray:
    """Non-local means (Buades et al., CVPR 2005; fast: Darbon et al., ISBI 2008) after Anscombe's transform."""
    from skimage import restoration

    means: Any = restoration.denoise_nl_means

    def smooth(values: FloatArray) -> FloatArray:
        found: FloatArray = means(values, patch_size=patch_px, patch_distance=reach_px, h=strength, sigma=1.0)
        return found

    return _stabilised(counts, exposure, smooth)


def low_pass(counts: FloatArray, exposure: FloatArray, speckle_px: float, rounds: int) -> FloatArray:
    """What an object within a circle can scatter: nothing with a finer period than its fringes.

    The reference method of Bellisario et al., J. Appl. Cryst. 55, 122 (2022): the autocorrelation is empty beyond the
    object's diameter. Holes by the iteration of Papoulis (IEEE Trans. Circuits Syst. 22, 735, 1975) and Gerchberg.
    """
    import scipy.fft

    measured = exposure > 0
    rate = mean_of_mates(counts, exposure)
    h, w = rate.shape
    inside = np.hypot(scipy.fft.fftfreq(h)[:, None], scipy.fft.rfftfreq(w)[None, :]) * speckle_px <= 1
    smooth = rate
    for _ in range(1 if measured.all() else max(1, rounds)):
        smooth = scipy.fft.irfft2(scipy.fft.rfft2(rate) * inside, s=rate.shape).astype(np.float32)
        rate = np.where(measured, rate, np.maximum(smooth, 0))
    return np.maximum(smooth, 0)


def filled(rate: FloatArray, known: BoolArray) -> FloatArray:
    """The rate where it is known; elsewhere the mean around, over distances that double until there is any."""
    from scipy.ndimage import gaussian_filter

    left = ~known
    if not left.any():
        return rate
    light = np.where(left, np.float32(0), rate)
    out = light.copy()
    seen = known.astype(np.float32)
    for sigma in _FILL_PX:
        near = gaussian_filter(seen, sigma, mode="constant")
        now = left & (near > _LEAST_WEIGHT)
        out[now] = gaussian_filter(light, sigma, mode="constant")[now] / near[now]
        left &= ~now
        if not left.any():
            break
    return out


def _stabilised(counts: FloatArray, exposure: FloatArray, smooth: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Through Anscombe's transform, of the sum of the two exposures where there are two.

    A pixel that was exposed less often than others is brought level with them by a rough estimate of its rate: what
    it counted above or below that is kept.
    """
    most = np.float32(max(1.0, float(exposure.max(initial=0))))
    values = anscombe.stabilise(counts)
    less = exposure < most
    if less.any():
        rough = gaussian(counts, exposure, _ROUGH_PX)
        here, level = anscombe.expected(rough * exposure), anscombe.expected(rough * most)
        # Between most/exposure (single photons) and its root (many): how much the mean grows for what was counted.
        gain = (level - anscombe.ZERO + 1e-6) / (here - anscombe.ZERO + 1e-6)
        brought = np.where(exposure > 0, level + (values - here) * np.minimum(gain, most), level)
        values = np.where(less, brought, values).astype(np.float32)
    return (anscombe.rate(np.asarray(smooth(values), np.float32)) / most).astype(np.float32)
