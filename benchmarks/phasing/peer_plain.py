"""The recipe that the literature describes, run by this project's own engine: what the recipe is worth, not the code.

Marchesini et al. (Phys. Rev. B 68, 140101, 2003): the first support is the pattern's autocorrelation above 4 % of its
largest value; HIO with β = 0.9; every 20 iterations the support becomes what lies above 20 % of the largest modulus
after a Gaussian whose width falls from 3 to 1.5 px; ER at the end. The best of several random starts is the one with
the smallest R factor. Missing pixels are left free in the modulus projection, and zero in the autocorrelation.
"""

from __future__ import annotations

import numpy as np

from benchmarks.phasing.judged import Found
from models.patterns import Pattern
from models.phasing.settings import PhasingSettings
from models.phasing.types import BoolArray

AUTOCORRELATION_SHARE = 0.04
SETTINGS = PhasingSettings(
    schedule="50*(20 HIO + SW) + 200 ER",
    object="complex",
    beta=0.9,
    first_support="given",
    threshold_of="max",
    threshold=0.2,
    blur_start_px=3.0,
    blur_end_px=1.5,
    held_out=0.0,
)


def autocorrelation_support(pattern: Pattern) -> BoolArray:
    """bool, centred, of the pattern's shape: where the autocorrelation of what was measured is large."""
    modulus = np.abs(np.fft.fftshift(np.fft.ifftn(np.fft.ifftshift(pattern.intensity))))
    large: BoolArray = modulus > AUTOCORRELATION_SHARE * modulus.max()
    return large


def run(pattern: Pattern, starts: int, seed: int) -> list[Found]:
    """So many random starts, judged by their R factors."""
    from models.phasing.solver import Solver

    support = autocorrelation_support(pattern)
    found = []
    for number in range(starts):
        solver = Solver(pattern, SETTINGS, seed * starts + number, support=support)
        solver.run(solver.total)
        start = solver.start()
        found.append(Found(start.object, start.r_factor))
    return found


def missing() -> str:
    """It is always there."""
    return ""
