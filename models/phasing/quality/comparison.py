"""Whether the held-out pixels can tell two objects apart.

Figures alone do not say it: they rest on some hundred islands, a few of them bright. So the objects' errors are
compared island by island, as likelihoods of models are in Vuong's test (1989, Econometrica 57, 307).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.phasing.quality.figures import deviance
from models.phasing.types import BoolArray, ComplexArray

CLEARLY = 2.0
"""Standard errors from which a difference counts: 1 in 40 is by chance."""


class HeldOutErrors:
    """What objects predict in the held-out islands.

    Args:
        pattern: what was measured. held_out: bool.
    """

    def __init__(self, pattern: Pattern, held_out: BoolArray) -> None:
        from scipy.ndimage import label

        self._at = held_out & pattern.measured
        self._measured = pattern.intensity[self._at].astype(np.float64)
        self._photons = pattern.unit == "photons"
        self._island = label(self._at)[0][self._at]

    def of(self, values: ComplexArray) -> npt.NDArray[np.float64]:
        """Sum over each island of the deviance, or of the squared errors of the amplitudes in arbitrary units."""
        from models.phasing.quality.transform import to_fourier

        return self.of_spectrum(to_fourier(values))

    def of_spectrum(self, spectrum: ComplexArray) -> npt.NDArray[np.float64]:
        """The same of an object's centred transform."""
        amplitude = np.abs(spectrum[self._at]).astype(np.float64)
        if self._photons:
            errors = deviance(self._measured, amplitude**2)
        else:
            errors = (amplitude - np.sqrt(self._measured)) ** 2
        found: npt.NDArray[np.float64] = np.bincount(self._island, weights=errors).astype(np.float64)[1:]
        return found


def how_much_worse(best: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """By how many standard errors `other` predicts the islands worse than `best`.

    The larger of two tests on the islands' differences: of their mean (Vuong), which a few bright islands decide, and
    of their signed ranks (Wilcoxon 1945, Biometrics 1, 80), to which all say the same amount.

    Returns:
        Negative where `other` is the better; NaN for fewer than two islands.
    """
    from scipy.stats import rankdata

    if len(best) < 2:
        return math.nan
    difference = other - best
    spread = float(difference.std(ddof=1)) * math.sqrt(len(difference))
    total = float(difference.sum())
    # Less than this is rounding, whose spread is no measure of anything.
    if abs(total) <= 1e-4 * float(best.sum()) or spread == 0:
        return 0.0
    ranks = np.sign(difference) * rankdata(np.abs(difference))
    return max(total / spread, float(ranks.sum()) / float(np.linalg.norm(ranks)))
