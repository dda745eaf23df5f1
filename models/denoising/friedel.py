"""Friedel's law as a denoiser: I(q) = I(−q) for weak scatterers at small angles, so mates are two counts of one rate.

Whether it holds is asked of the frame itself: under it, of the n photons in a pair of mates each fell on either side
with equal chance, whatever the object is (the conditional test of two Poisson rates, Przyborowski & Wilenski,
Biometrika 31, 313, 1940).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.types import BoolArray, FloatArray

FALSE_ALARM = 1e-3
"""Chance at which `check_symmetry` contradicts Friedel's law for a frame that follows it."""
_BLOCKS_PX = (1, 2, 4, 8)
_LEAST_PHOTONS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A frame laid over its own rotation by 180° about the beam.

    Attributes:
        counts: (H, W) float32, of a pixel and its mate, whatever of them was measured.
        exposure: (H, W) float32, how many of the two were: 0, 1 or 2. The pixel under the beam itself, where there
            is one, is its own mate and counts once.
    """

    counts: FloatArray
    exposure: FloatArray


@dataclass(frozen=True, slots=True)
class SymmetryTest:
    """How far a frame contradicts Friedel's law.

    Attributes:
        excess: of the squared difference of mates over what counting noise makes, as a share of the squared rate; the
            square of the relative difference of mates, without noise. 0 is exact symmetry.
        chance: of so large an excess, or a larger one, at the scale looked at or any other, if the law holds.
        scale_px: side of the blocks in which it was found most significant.
        pairs: of blocks with light in them; 0 where there were too few photons in pairs to say anything.
    """

    excess: float
    chance: float
    scale_px: int
    pairs: int

    @property
    def holds(self) -> bool:
        """Nothing in the frame speaks against averaging mates."""
        return self.chance > FALSE_ALARM


def mate(values: npt.NDArray[Any], centre_px: tuple[float, float], fill: float | bool = 0) -> npt.NDArray[Any]:
    """(..., H, W) values at −q: turned by 180° about the beam, which is taken to the nearest half pixel.

    Pixels whose mate lies off the frame become `fill`.
    """
    out = np.full_like(values, fill)
    take, put = [], []
    for n, c in zip(values.shape[-2:], centre_px, strict=True):
        total = round(2 * c)
        low, high = max(0, total - n + 1), min(n - 1, total)
        put.append(slice(low, high + 1))
        take.append(slice(total - low, total - high - 1 if total - high - 1 >= 0 else None, -1))
    if all(part.stop > part.start for part in put):
        out[..., put[0], put[1]] = values[..., take[0], take[1]]
    return out


def fold(counts: FloatArray, measured: BoolArray, centre_px: tuple[float, float]) -> Folded:
    """Counts and exposure of every pixel and its mate together; both symmetric about the beam where both exist."""
    seen = np.where(measured, counts, 0).astype(np.float32)
    exposure = measured.astype(np.float32)
    other, both = mate(seen, centre_px), mate(exposure, centre_px)
    own = tuple(round(2 * c) for c in centre_px)
    if all(total % 2 == 0 and 0 <= total // 2 < n for total, n in zip(own, counts.shape, strict=True)):
        beam = own[0] // 2, own[1] // 2
        other[beam] = both[beam] = 0
    return Folded(seen + other, exposure + both)


def check_symmetry(counts: FloatArray, measured: BoolArray, centre_px: tuple[float, float]) -> SymmetryTest:
    """Whether pixels and their mates count the same rate.

    Of a pair of blocks with a and b photons, n = a + b, under the law a is binomial with ½ given n, and the statistic
    (a − b)² − n has mean 0, variance 2n(n−1) and third moment 8n(n−1)(n−2); with rates λ ≠ μ its mean is (λ − μ)².
    Its sum over pairs, as it is and over n, is compared with the gamma distribution of these three moments (which is
    nearly exact for one bright pair, and Gaussian for many faint ones). As it is, bright pairs decide; over n, all
    alike, and with them the faint fringes far out, where the curvature of the Ewald sphere shows first. Blocks of 1,
    2, 4 and 8 px are looked at, since faint differences of broad speckles show in their sums only; the chance is
    corrected for all eight looks.

    Args:
        counts: (H, W) photons; 0 or anything where not measured.
        measured: (H, W) bool. centre_px: (y, x) of the beam.
    """
    from scipy.special import gammaincc

    both = measured & mate(measured, centre_px, fill=False)
    a = np.where(both, counts, 0).astype(np.float64)
    b = mate(a, centre_px)
    half = _one_of_each(both.shape, centre_px)
    best, looked = SymmetryTest(0.0, 1.0, 1, 0), 0
    for side in _BLOCKS_PX:
        p, q = (_blocks(np.where(half, x, 0), side, centre_px) for x in (a, b))
        light = p + q > 1
        n = (p + q)[light]
        if n.sum() < _LEAST_PHOTONS:
            continue
        difference, pairs = (p - q)[light] ** 2 - n, n * (n - 1)
        for weight in (1.0, 1 / n):
            looked += 1
            statistic = float((weight * difference).sum())
            spread = math.sqrt(2 * (weight**2 * pairs).sum())
            skewness = 8 * float((weight**3 * pairs * (n - 2)).sum()) / spread**3
            shape = 4 / max(skewness, 1e-3) ** 2
            chance = float(gammaincc(shape, max(0.0, shape + statistic / spread * math.sqrt(shape))))
            if best.pairs == 0 or chance < best.chance:
                best = SymmetryTest(max(0.0, statistic / float((weight * pairs).sum())), chance, side, len(n))
    if not looked:
        return best
    whole = 1 - (1 - best.chance) ** looked if best.chance > 1e-9 else best.chance * looked
    return SymmetryTest(best.excess, min(1.0, whole), best.scale_px, best.pairs)


def _one_of_each(shape: tuple[int, ...], centre_px: tuple[float, float]) -> BoolArray:
    """True for one pixel of every pair; the pixel under the beam belongs to none."""
    y, x = (np.arange(n) * 2 - round(2 * c) for n, c in zip(shape, centre_px, strict=True))
    chosen: BoolArray = (y[:, None] < 0) | ((y[:, None] == 0) & (x[None, :] < 0))
    return chosen


def _blocks(values: npt.NDArray[np.float64], side: int, centre_px: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Sums over side × side blocks, counted from the beam so that padding a frame moves none."""
    pads = []
    for n, c in zip(values.shape, centre_px, strict=True):
        before = -((round(2 * c) + 1) // 2) % side
        pads.append((before, -(n + before) % side))
    padded = np.pad(values, pads)
    h, w = (n // side for n in padded.shape)
    sums: npt.NDArray[np.float64] = padded.reshape(h, side, w, side).sum((1, 3))
    return sums
