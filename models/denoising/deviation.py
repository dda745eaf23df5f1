"""How much of a rate is chance: its standard deviation, by setting photons aside at random.

Each of the n photons of a Poisson pixel goes to one part or the other by the toss of a coin; the parts are then
independent Poisson counts (binomial thinning; Krull et al., arXiv:2306.12321, use it for training). What a method
makes of a part differs from what it makes of the whole by chance alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.denoising.types import BoolArray, FloatArray

_WINDOW_PX = 5
_WIDER = 2
_KEPT = 2 / 3
_BLUR_PX = 1.0


def halves(counts: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Counts divided at random photon by photon; counts that are not whole are rounded in one half's favour.

    Only lit pixels are drawn for, in reading order: padding a frame changes nothing.
    """
    first = _drawn(counts, 0.5, rng)
    return first, np.maximum(counts - first, 0)


def split_deviation(
    rate_of: Callable[[FloatArray], FloatArray],
    counts: FloatArray,
    measured: BoolArray,
    rate: FloatArray,
    splits: int = 3,
    seed: int = 0,
) -> FloatArray:
    """Standard deviation of `rate`, photons: (H, W) float32 > 0.

    A third of the photons is set aside, the rest is denoised and scaled up. For a method that is linear in the counts
    the squared difference from `rate`, times 2, is an unbiased estimate of the variance of `rate`; for others nearly
    so. (Two halves held against each other do as well for linear methods, but total variation smooths half the
    photons more than all of them: on even light its halves gave half the true deviation, two thirds 97 %.) Squares
    are averaged over `splits` draws and, as a share of the rate, over 5 × 5 px. Where no light falls into that
    window, the deviation is one photon over the exposure of the smallest window (of doubled sides) that holds one, or
    of the whole frame: no photon does not mean no rate.

    It is the variance part alone: what another exposure of the same sample would change. A method's bias (fringes
    smoothed over, holes filled wrongly, mates averaged that differ) is not in it, and where it dominates, in
    unmeasured pixels and where the light is fainter than the method can follow, the true error is larger.

    Args:
        rate_of: (H, W) counts → (H, W) rate of these counts: the method with everything else decided.
        counts: (H, W) photons, 0 where not measured. measured: (H, W) bool.
        rate: `rate_of(counts)`.
        splits: how many draws to average over, one pass of the method each.
        seed: of the draws, which depend on the counts beside.
    """
    from scipy.ndimage import gaussian_filter, uniform_filter

    rng = _own_rng(counts, seed)
    squares = np.zeros(counts.shape, np.float64)
    for _ in range(splits):
        kept = _drawn(counts, _KEPT, rng)
        squares += (rate_of(kept).astype(np.float64) / _KEPT - rate) ** 2
    squares *= _KEPT / (1 - _KEPT) / max(splits, 1)
    level = gaussian_filter(rate.astype(np.float64), _BLUR_PX)
    around = uniform_filter(level, _WINDOW_PX, mode="constant")
    share = uniform_filter(squares, _WINDOW_PX, mode="constant") / np.maximum(around, 1e-12)
    found = np.sqrt(np.maximum(share * level, 0))
    whole: FloatArray = np.maximum(found, _darkness(counts, measured)).astype(np.float32)
    # A method may say exactly nothing where there are photons; it is no surer of that than of darkness.
    whole[whole <= 0] = 1 / max(int(measured.sum()), 1)
    return whole


def thinned(counts: FloatArray, share: float, seed: int = 0) -> FloatArray:
    """Counts of which each photon is kept with this chance, drawn by the seed and the counts themselves."""
    return _drawn(counts, share, _own_rng(counts, seed))


def _own_rng(counts: FloatArray, seed: int) -> np.random.Generator:
    """Of the counts' own: one stream for all frames of a run would err alike in all of them."""
    return np.random.default_rng([seed, zlib.crc32(counts[counts > 0].tobytes())])


def _drawn(counts: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    kept = np.zeros_like(counts)
    lit = counts > 0
    kept[lit] = rng.binomial(np.rint(counts[lit]).astype(np.int64), share)
    return kept


def _darkness(counts: FloatArray, measured: BoolArray) -> npt.NDArray[np.float64]:
    """One photon over the exposure around, where there is no photon around; 0 elsewhere. In photons per pixel."""
    from scipy.ndimage import uniform_filter

    out = np.zeros(counts.shape, np.float64)
    light, seen = counts.astype(np.float64), measured.astype(np.float64)
    if not seen.any():
        return out
    dark = np.ones(counts.shape, np.bool_)
    side, first = _WINDOW_PX, True
    while dark.any() and side < 4 * max(counts.shape):
        area = float(side) ** 2
        photons = uniform_filter(light, side, mode="constant") * area
        exposed = uniform_filter(seen, side, mode="constant") * area
        lit = photons > 0.5
        if not first:
            now = dark & lit & (exposed > 0.5)
            out[now] = 1 / exposed[now]
        dark &= ~lit
        side, first = side * _WIDER + 1, False
    out[dark] = 1 / seen.sum()
    return out
