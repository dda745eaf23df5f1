"""Student's quantile without scipy, which takes too long to load for a label's moment."""

from __future__ import annotations

from statistics import NormalDist


def student_quantile(share: float, freedom: float) -> float:
    """The value below which `share` of Student's distribution with `freedom` degrees of freedom lies.

    Cornish and Fisher's expansion about the normal quantile (Abramowitz and Stegun 26.7.5), good to 1 % for shares up
    to 0.999 from five degrees of freedom on.
    """
    x = NormalDist().inv_cdf(share)
    first = (x**3 + x) / 4
    second = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    third = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    return x + first / freedom + second / freedom**2 + third / freedom**3
