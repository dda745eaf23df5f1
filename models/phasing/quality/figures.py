"""How well calculated and measured amplitudes agree, and how much of the answer was measured at all."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.phasing.quality.held_out import mates
from models.phasing.quality.rings import ring_index
from models.phasing.types import BoolArray

MODEL_FLOOR = 0.1
"""Photons. No model is trusted to exclude a photon altogether: below this the likelihood of one stray count would
decide everything (PyNX sets the same floor)."""
Array = npt.NDArray[np.floating]


def r_factor(calculated: Array, pattern: Pattern, used: BoolArray) -> float:
    """Σ||F| − √I| / Σ√I over the pixels `used`.

    Args:
        calculated: |F|, the pattern's shape, centred, in √unit of the pattern.
        pattern: what was measured.
        used: bool, pixels to compare; only measured ones count.

    Returns:
        0 is perfect; NaN where there is nothing to compare.
    """
    at = used & pattern.measured
    root = np.sqrt(pattern.intensity[at], dtype=np.float64)
    total = float(root.sum())
    return float(np.abs(calculated[at] - root).sum()) / total if total > 0 else math.nan


def free_log_likelihood(calculated: Array, pattern: Pattern, held_out: BoolArray) -> float:
    """How badly the held-out pixels were predicted.

    In photons: the Poisson deviance per pixel, mean of 2·(m − n + n·ln(n/m)) with the model m = |F|² (at least 0.1
    photons) and n counted photons (Favre-Nicolin et al. 2020, Sci. Rep. 10, 2664): about 1 for a perfect model of
    bright pixels, less where photons are rare. In arbitrary units no counting statistics are known: then it is the
    Gaussian form Σ(|F| − √I)² / ΣI, whose errors are equal on the scale of amplitudes; 0 is perfect.

    Args:
        calculated: |F|, the pattern's shape, centred.
        pattern: what was measured.
        held_out: bool; only measured pixels count.

    Returns:
        Lower is better; NaN where nothing was held out.
    """
    at = held_out & pattern.measured
    if not at.any():
        return math.nan
    measured = pattern.intensity[at].astype(np.float64)
    amplitude = calculated[at].astype(np.float64)
    if pattern.unit == "photons":
        return float(deviance(measured, amplitude**2).mean())
    total = float(measured.sum())
    return float(((amplitude - np.sqrt(measured)) ** 2).sum()) / total if total > 0 else math.nan


def deviance(photons: npt.NDArray[np.float64], model: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Poisson deviance of each pixel, 2·(m − n + n·ln(n/m)) with m at least `MODEL_FLOOR`; n may be fractional."""
    m = np.maximum(model, MODEL_FLOOR)
    ratio = np.where(photons > 0, photons, 1.0) / m
    found: npt.NDArray[np.float64] = 2 * (m - photons + photons * np.log(ratio))
    return found


def ring_prediction(pattern: Pattern, held_out: BoolArray) -> Array:
    """Amplitudes that know no more than the mean intensity of each ring, from measured pixels not held out.

    What a reconstruction has to beat on the held-out pixels before it has found anything. Rings without a measured
    pixel take the nearest ring's value.
    """
    ring = ring_index(pattern.shape)
    seen = pattern.measured & ~held_out
    counts = np.bincount(ring[seen], minlength=int(ring.max()) + 1)
    sums = np.bincount(ring[seen], weights=pattern.intensity[seen], minlength=len(counts))
    known = np.flatnonzero(counts)
    if not len(known):
        return np.zeros(pattern.shape)
    means = np.interp(np.arange(len(counts)), known, sums[known] / counts[known])
    predicted: Array = np.sqrt(means)[ring]
    return predicted


def masked_power(calculated: Array, pattern: Pattern) -> float:
    """Share of Σ|F|² in pixels that were not measured, 0 … 1; NaN for an object that is zero."""
    power = np.square(calculated, dtype=np.float64)
    total = float(power.sum())
    return float(power[~pattern.measured].sum()) / total if total > 0 else math.nan


def oversampling(pattern: Pattern, support: BoolArray, real: bool = False) -> float:
    """Measured pixels per pixel of the support: below 2 there are more unknowns than numbers (Miao et al. 1998,
    J. Opt. Soc. Am. A 15, 1662).

    A complex object has two unknown numbers in each pixel. A real one has one, but then Friedel mates measure the
    same number: every pair counts as two pixels if either of it was measured, so that 2 is the limit here, too.
    """
    size = int(np.count_nonzero(support))
    if size == 0:
        return math.nan
    measured = pattern.measured | mates(pattern.measured) if real else pattern.measured
    return int(np.count_nonzero(measured)) / size


def centre_modes(pattern: Pattern, support: BoolArray) -> float:
    """How many independent features of the object the unmeasured centre leaves free.

    An object in the support is known up to functions whose power lies in the gap around the beam: about
    |support|·|gap| / pixels of them (the Shannon number, Slepian 1964; the unconstrained modes of Thibault et al.
    2006, Acta Cryst. A 62, 248). Below 1 the surroundings fix the gap, which is then smaller than the central
    speckle.
    """
    from scipy.ndimage import label

    centre = tuple(n // 2 for n in pattern.shape)
    if pattern.measured[centre]:
        return 0.0
    parts, _ = label(~pattern.measured)
    gap = np.count_nonzero(parts == parts[centre])
    return float(gap) * float(np.count_nonzero(support)) / pattern.intensity.size
