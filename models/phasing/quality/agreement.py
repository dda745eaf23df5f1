"""How far independent starts agree, pixel by pixel and as a whole; and which of them are averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.phasing.quality.comparison import CLEARLY
from models.phasing.types import BoolArray, ComplexArray

SAME_OBJECT = 0.85
"""Correlation (over the measured pixels, aligned) from which two starts show the same object. On Hawk's measured ring
nine starts that all show the ring agree to 0.87 … 0.97, and with three that do not to 0.45 … 0.57. Simulated starts
within 0.3 of the truth agree to 0.92 or more (256², 10⁵ and 10⁶ photons, stop of 3 px)."""
AS_GOOD = 1.3
"""Ratio of R factors up to which a start that agrees is averaged. On a measured pattern with a beam stop good starts
spread by 1.14 and bad ones began at 1.39 times the best."""
NEARLY_AS_GOOD = 1.07
"""The same for starts that also predict held-out pixels clearly worse. The starts that show Hawk's ring spread by
1.065; simulated ones that agree with a good one and are none began at 1.085."""


def agreement_map(objects: Sequence[ComplexArray], support: BoolArray) -> npt.NDArray[np.float32]:
    """Where the starts agree.

    The mean over all pairs i ≠ j of Re(conj(o_i)·o_j), in units of the mean |o|², at each pixel: 1 where all are
    equal, 0 on average where they have nothing in common, however few they are; below 0 is shown as 0.

    Args:
        objects: aligned, n of them. support: where to say anything.

    Returns:
        float32 0 … 1; 0 outside the support and where all objects are 0. NaN inside it for a single object, which
        agrees with nothing.
    """
    n = len(objects)
    total = np.zeros(support.shape, np.complex128)
    power = np.zeros(support.shape)
    for each in objects:
        total += each
        power += each.real.astype(np.float64) ** 2 + each.imag.astype(np.float64) ** 2
    found = np.zeros(support.shape, np.float32)
    if n < 2:
        found[support] = np.nan
        return found
    some = support & (power > 0)
    pairs = np.abs(total[some]) ** 2 - power[some]
    found[some] = np.clip(pairs / ((n - 1) * power[some]), 0, 1)
    return found


def mean_agreement(objects: Sequence[ComplexArray], mean: ComplexArray, support: BoolArray) -> float:
    """Mean of |⟨object, mean⟩| / (‖object‖·‖mean‖) over the support, 0 … 1; NaN for a single object."""
    if len(objects) < 2:
        return math.nan
    middle = mean[support].astype(np.complex128)
    found = []
    for each in objects:
        inside = each[support].astype(np.complex128)
        norms = float(np.linalg.norm(inside) * np.linalg.norm(middle))
        found.append(abs(complex(np.vdot(middle, inside))) / norms if norms > 0 else 0.0)
    return min(1.0, float(np.mean(found)))


def choose_kept(
    r_factors: Sequence[float], agreements: Sequence[float], ended: Sequence[str], worse: Sequence[float]
) -> list[int]:
    """The starts to average: those that show the same object as the best and fit about as well.

    Args:
        r_factors: of each start, best start first.
        agreements: correlation of each with the first, 0 … 1.
        ended: how each ended; hopeless ones are left out.
        worse: by how many standard errors each predicts held-out pixels worse than the first (`how_much_worse`).

    Returns:
        Their places, the best one (0) always the first.
    """
    kept = [0]
    for place in range(1, len(r_factors)):
        limit = r_factors[0] * (NEARLY_AS_GOOD if worse[place] > CLEARLY else AS_GOOD)
        fits = r_factors[place] <= limit or math.isnan(limit)
        if fits and agreements[place] >= SAME_OBJECT and ended[place] != "hopeless":
            kept.append(place)
    return kept
