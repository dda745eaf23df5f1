"""Figures of merit, as plain functions of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RECALLS = np.round(np.arange(0.02, 1.001, 0.02), 2)
"""where precision is read off"""
BINS = 15
"""of confidence, equally wide, for the calibration error (Guo et al., ICML 2017)"""


def false_alarms(scores: npt.NDArray[Any], positive: npt.NDArray[np.bool_], recalls: Floats = RECALLS) -> Floats:
    """(R, n) bool-like: which negatives are at or above the threshold that finds each share of the positives.

    Ties count against the method: a negative that scores as high as the last positive needed is let through.
    """
    found = np.sort(np.asarray(scores, np.float64)[positive])[::-1]
    # 1e-9 so that 0.8 of 20 needs 16, not 17, whatever the rounding of 0.8.
    needed = np.ceil(np.asarray(recalls) * len(found) - 1e-9).astype(int).clip(1)
    thresholds = found[needed - 1]
    return (np.asarray(scores, np.float64)[~positive] >= thresholds[:, None]).astype(np.float64)


def precision(recalls: Floats, alarms: Mapping[str, Floats], shares: Mapping[str, float], wanted: str) -> Floats:
    """(R,) precision in a run where classes have given shares.

    Args:
        recalls: (R,) of the wanted class.
        alarms: false alarm rate of each other class at those recalls, (R,).
        shares: of every class in the run.
        wanted: the class that is sought.
    """
    true = shares[wanted] * np.asarray(recalls)
    false = sum(shares[name] * np.asarray(rate) for name, rate in alarms.items())
    return np.asarray(true / (true + false))


def area(recalls: Floats, precisions: Floats) -> float:
    """Area under the precision-recall curve: the mean precision over recalls 0 … 1."""
    x = np.concatenate([[0.0], recalls])
    y = np.concatenate([precisions[:1], precisions])
    return float(np.trapezoid(y, x) / x[-1])


def auroc(known: npt.NDArray[Any], unknown: npt.NDArray[Any]) -> float:
    """Chance that an unknown scores higher than a known, ties counting half (Mann and Whitney)."""
    both = np.concatenate([known, unknown]).astype(np.float64)
    order = np.argsort(both, kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(1, len(both) + 1)
    values, where, sizes = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.bincount(where, ranks, len(values)) / sizes)[where]
    m, n = len(known), len(unknown)
    return float((ranks[m:].sum() - n * (n + 1) / 2) / (m * n))


def calibration_bins(confidence: npt.NDArray[Any], right: npt.NDArray[np.bool_], bins: int = BINS) -> Floats:
    """(3, bins): frames, summed confidence and right answers of each bin of confidence."""
    place = np.clip((np.asarray(confidence) * bins).astype(int), 0, bins - 1)
    return np.stack(
        [np.bincount(place, weight, bins) for weight in (np.ones(len(place)), confidence, right.astype(float))]
    )


def calibration_error(bins: Floats) -> float:
    """Expected calibration error of `calibration_bins`: mean |accuracy − confidence|, weighted by frames."""
    return float(np.abs(bins[2] - bins[1]).sum() / max(bins[0].sum(), 1))


def f1(confusion: npt.NDArray[Any], wanted: int = 0) -> float:
    """Harmonic mean of precision and recall of a class; rows are truth, columns answers."""
    hit = confusion[wanted, wanted]
    return float(2 * hit / max(confusion[wanted].sum() + confusion[:, wanted].sum(), 1))
