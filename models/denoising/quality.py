"""How far to believe a denoised frame, without knowing the truth: tests on photons the method did not see.

The photons are divided at random into two halves (`deviation.halves`), which are independent counts of half the rate.
Each half is denoised; what the method made of one is held against the other. If the method only took noise away, the
difference is Poisson noise and the chance in the method's own result, and nothing else: as large as that everywhere
(reduced χ²), without likeness between neighbours, and without likeness between Friedel mates (positive where
structure was smoothed away on both sides, negative where mates that differ were averaged). What the method's own
chance adds is taken off by the difference of the two denoised halves.

How fine the structure is that the photons carry at all is read from the Fourier ring correlation of the halves as
counted (Saxton & Baumeister, J. Microsc. 127, 127, 1982; half-bit threshold of van Heel & Schatz, J. Struct. Biol.
151, 250, 2005).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.beam import half_pixel
from models.denoising.checking import check_counts
from models.denoising.deviation import halves
from models.denoising.friedel import mate
from models.denoising.types import BoolArray, Denoiser, FloatArray

Array = npt.NDArray[np.float64]

CLEAR_SIGMAS = 4.0
"""A test speaks against the result from here on."""
_LEAST_PHOTONS = 20.0
_RING_PX = 4.0


@dataclass(frozen=True, slots=True)
class ResidualTest:
    """One test of what was removed.

    Attributes:
        value: what was found; `expected` where only noise was removed.
        sigmas: how many standard deviations of counting noise lie between.
        expected: 1 for a reduced χ², 0 for correlations.
    """

    value: float
    sigmas: float
    expected: float

    @property
    def passed(self) -> bool:
        return abs(self.sigmas) < CLEAR_SIGMAS


@dataclass(frozen=True, slots=True, eq=False)
class RingTests:
    """Reduced χ² by distance from the beam.

    Attributes:
        radius_px: middle of each ring. value, sigmas: as in `ResidualTest`, NaN where a ring has no light.
    """

    radius_px: Array
    value: Array
    sigmas: Array


@dataclass(frozen=True, slots=True, eq=False)
class RingCorrelation:
    """Fourier ring correlation of two pictures.

    Attributes:
        frequency: of each ring, cycles per pixel, 0 … 0.5. correlation: −1 … 1. threshold: the half-bit curve.
        finest_px: period at which the correlation first falls below it; None where it does so at once.
    """

    frequency: Array
    correlation: Array
    threshold: Array
    finest_px: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the tests say of one denoised frame.

    Attributes:
        chi_square, rings: size of what was removed, overall and by ring.
        neighbours, mates: likeness of what was removed, as a correlation.
        kept_noise: variance of the rate as a share of the counts': 1 where nothing was averaged.
        photons_carry: correlation of the two halves as counted: what structure there is to be seen.
        sentences: all of it in words, the gravest first.
    """

    chi_square: ResidualTest
    rings: RingTests
    neighbours: ResidualTest
    mates: ResidualTest | None
    kept_noise: float
    photons_carry: RingCorrelation
    sentences: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """No test speaks against the result."""
        return not self.against

    @property
    def against(self) -> tuple[str, ...]:
        """The sentences of tests that speak against the result."""
        tests = (self.chi_square, self.neighbours, self.mates)
        return self.sentences[: sum(not test.passed for test in tests if test is not None)]


def judge(
    counts: npt.NDArray[Any],
    measured: npt.NDArray[Any],
    denoiser: Denoiser,
    centre_px: tuple[float, float] | None = None,
    seed: int = 0,
) -> Verdict | None:
    """Test a method on one frame; it is run twice. None where there are too few photons (under 20) to test anything.

    Args:
        counts, measured, centre_px: as `Denoiser.predict` takes them.
        denoiser: the method; one that gives no deviation is faster.
        seed: of the division.

    Raises:
        BadPattern: the arrays are no frame and its mask.
    """
    frame = check_counts(counts, measured)
    if float(frame.counts.sum(dtype=np.float64)) < _LEAST_PHOTONS:
        return None
    a, b = halves(frame.counts, np.random.default_rng(seed))
    made = [denoiser.predict(half, frame.measured, centre_px) for half in (a, b)]
    about = centre_px or made[0].centre_px
    return judge_halves(a, b, made[0].rate, made[1].rate, frame.measured, about)


def judge_halves(
    a: FloatArray,
    b: FloatArray,
    rate_a: FloatArray,
    rate_b: FloatArray,
    measured: BoolArray,
    centre_px: tuple[float, float] | None = None,
) -> Verdict:
    """The tests on two halves of a frame's photons and what was made of them, all (H, W); arguments as in `judge`."""
    rates = [np.asarray(rate, np.float64) for rate in (rate_a, rate_b)]
    left = [b - rates[0], a - rates[1]]
    own = (rates[0] - rates[1]) / math.sqrt(2)
    chi_square, rings = _sizes(left, rates, own, measured, centre_px)
    neighbours = _likeness(left, rates, own, [_beside(axis) for axis in (0, 1)], measured)
    mates = None
    if centre_px is not None:
        about = half_pixel(centre_px)
        mates = _likeness(left, rates, own, [lambda x: mate(x, about)], measured)
    light = float((rates[0] + rates[1])[measured].sum())
    kept = float((2 * own**2)[measured].sum()) / light if light > 0 else 0.0
    carry = ring_correlation(a, b, measured)
    words = _sentences(chi_square, rings, neighbours, mates, kept, carry)
    return Verdict(chi_square, rings, neighbours, mates, kept, carry, words)


def ring_correlation(first: FloatArray, second: FloatArray, measured: BoolArray) -> RingCorrelation:
    """Fourier ring correlation of two (H, W) pictures, rings one frequency sample of the shorter side wide."""
    import scipy.fft

    n = min(first.shape)
    f, g = (scipy.fft.rfft2(np.where(measured, x, 0).astype(np.float64)) for x in (first, second))
    y, x = scipy.fft.fftfreq(first.shape[0])[:, None], scipy.fft.rfftfreq(first.shape[1])[None, :]
    frequency = np.hypot(y, x)
    ring = np.rint(frequency * n).astype(np.intp).ravel()
    # Columns between the first and the last stand for two samples each; those two for one.
    weight = np.full(f.shape, 2.0)
    weight[:, 0] = 1
    if first.shape[1] % 2 == 0:
        weight[:, -1] = 1
    last = n // 2 + 1
    cross, own, other, samples = (
        np.bincount(ring, (weight * part).ravel(), last)[:last]
        for part in ((f * g.conj()).real, np.abs(f) ** 2, np.abs(g) ** 2, np.ones(f.shape))
    )
    correlation = cross / np.maximum(np.sqrt(own * other), 1e-30)
    root = np.sqrt(np.maximum(samples / 2, 1))
    threshold = (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)
    where = np.arange(last) / n
    below = np.flatnonzero((correlation < threshold)[1:]) + 1
    finest = 2.0 if not len(below) else (float(1 / where[below[0] - 1]) if below[0] > 1 else None)
    return RingCorrelation(where, correlation, threshold, finest)


def _sizes(
    left: list[Array],
    rates: list[Array],
    own: Array,
    measured: BoolArray,
    centre_px: tuple[float, float] | None,
) -> tuple[ResidualTest, RingTests]:
    """Squares of what is left over against its Poisson variance, overall and by ring."""
    cy, cx = centre_px or tuple((n - 1) / 2 for n in measured.shape)
    y, x = np.ogrid[: measured.shape[0], : measured.shape[1]]
    ring = (np.hypot(y - cy, x - cx) / _RING_PX).astype(np.intp)[measured]
    n = int(ring.max(initial=0)) + 1

    def by_ring(values: Array) -> Array:
        return np.asarray(np.bincount(ring, values[measured], n), np.float64)

    light = by_ring(rates[0] + rates[1])
    excess = by_ring(left[0] ** 2 + left[1] ** 2 - 2 * own**2) - light
    spread = by_ring(sum(rate + 2 * (rate + own**2) ** 2 for rate in rates))  # type: ignore[arg-type]
    whole = float(light.sum())
    overall = ResidualTest(1.0, 0.0, 1.0)
    if whole > 0:
        sigmas = float(excess.sum()) / math.sqrt(max(float(spread.sum()), 1e-30))
        overall = ResidualTest(1 + float(excess.sum()) / whole, sigmas, 1.0)
    lit = light > 1
    value: Array = np.full(n, np.nan)
    sigmas_of: Array = np.full(n, np.nan)
    value[lit] = 1 + excess[lit] / light[lit]
    sigmas_of[lit] = excess[lit] / np.sqrt(spread[lit])
    return overall, RingTests(np.asarray((np.arange(n) + 0.5) * _RING_PX, np.float64), value, sigmas_of)


def _beside(axis: int) -> Any:
    """A function that gives each pixel its neighbour's value, 0 beyond the last."""

    def moved(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        out = np.zeros_like(values)
        inner = [slice(None), slice(None)]
        outer = [slice(None), slice(None)]
        inner[axis], outer[axis] = slice(0, -1), slice(1, None)
        out[tuple(inner)] = values[tuple(outer)]
        return out

    return moved


def _likeness(
    left: list[Array], rates: list[Array], own: Array, partners: list[Any], measured: BoolArray
) -> ResidualTest:
    """Correlation of what is left over with that of each pixel's partner, over measured pairs."""
    product = level = noise = 0.0
    for partner in partners:
        both = measured & partner(measured)
        for residual, rate in zip(left, rates, strict=True):
            product += float((residual * partner(residual) - own * partner(own))[both].sum())
            level += float(np.sqrt(np.maximum(rate * partner(rate), 0))[both].sum())
            spread = rate + own**2
            noise += float((spread * partner(spread))[both].sum())
    if level <= 0 or noise <= 0:
        return ResidualTest(0.0, 0.0, 0.0)
    return ResidualTest(product / level, product / math.sqrt(noise), 0.0)


def _sentences(
    chi_square: ResidualTest,
    rings: RingTests,
    neighbours: ResidualTest,
    mates: ResidualTest | None,
    kept: float,
    carry: RingCorrelation,
) -> tuple[str, ...]:
    bad, good = [], []
    size = f"reduced χ² {chi_square.value:.3g} on photons not used ({chi_square.sigmas:+.1f} σ)"
    if chi_square.passed:
        good.append(f"what was removed is as large as counting noise: {size}")
    else:
        sigmas = np.where(np.isfinite(rings.sigmas), rings.sigmas, 0)
        worst = int(np.argmax(np.abs(sigmas)))
        bad.append(f"more than counting noise was removed: {size}, most at {rings.radius_px[worst]:.0f} px")
    size = f"correlation of neighbours {neighbours.value:+.2g} ({neighbours.sigmas:+.1f} σ)"
    if neighbours.passed:
        good.append(f"what was removed has no structure: {size}")
    else:
        bad.append(f"structure was removed with the noise: {size}")
    if mates is not None and not mates.passed:
        size = f"correlation {mates.value:+.2g} ({mates.sigmas:+.1f} σ)"
        if mates.sigmas < 0:
            bad.append(f"Friedel mates were averaged that differ: {size}")
        else:
            bad.append(f"structure that both Friedel mates have was removed: {size}")
    if carry.finest_px is None:
        good.append("the photons carry no structure that two halves of them agree on")
    else:
        good.append(f"two halves of the photons agree on structure down to {carry.finest_px:.1f} px")
    good.append(f"{100 * min(kept, 1):.0f} % of the counting noise is left in the rate")
    return tuple(bad + good)
