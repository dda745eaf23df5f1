"""Where the values of pixels without a photon lie: the lowest peak of groups of pixels, found in all groups at once.

Photons only add. So of the values of pixels that share an offset, the lowest peak is the offset, and what lies below
its middle tells the noise. From there on it is the usual estimate: the median of the values within three standard
deviations, found in a few rounds, so that single photons (five and more standard deviations up, in a detector that
counts them) have no say. The facility software of the CSPAD and the pnCCD does the same with a fixed threshold in
place of the noise (SLAC, "Common mode correction algorithms": peak of the histogram; median below a threshold).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

FEWEST = 12
"""pixels that a peak must have to be one"""
SMALLEST_SHARE = 0.05
"""share of a group's pixels that the peak must have"""
_STRAY = 3
_STRAY_SHARE = 0.05
"""pixels below the peak, and share of all, that are taken for cold pixels; with more it is the peak of one photon"""
_MANY, _UNUSUAL = 8, 4.0
"""from so many groups on, an offset so many times the scatter of all of them away is one to doubt"""
_ENOUGH_GROUPS = 512
"""are asked for the noise, where there are more"""
_WIDTH = 3.0
_ROUNDS = 5
_SETTLED = 0.03
_START, _STARTS_BELOW, _START_IN_SIGMA = 0.10, 0.02, 0.772
_QUARTER_IN_SIGMA = 0.6745
_CORE_SHARE = 0.5
"""of what lies within 3 σ, a Gauss peak has 68 % within 1 σ, and a plain 33 %"""


@dataclass(frozen=True)
class ZeroPeaks:
    """The lowest peak of each group.

    Attributes:
        position: (G,) float32, the values' unit; NaN where there is no peak.
        sigma: standard deviation of the noise about it, one number for all groups; NaN where no group has a peak.
        tried: groups with enough values to look for a peak.
    """

    position: FloatArray
    sigma: float
    tried: int = 0

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """(G,), True where the group has a peak."""
        there: npt.NDArray[np.bool_] = np.isfinite(self.position)
        return there


def zero_peaks(values: FloatArray) -> ZeroPeaks:
    """The lowest peak of each row of `values`.

    A group in which nearly every pixel has a photon has no such peak: it is left without one, never given the next.

    Args:
        values: (G, n) float32, one group a row; +inf for pixels that must not take part. It is sorted in place.
    """
    none = np.full(len(values), np.nan, np.float32)
    if not values.size:
        return ZeroPeaks(none, float("nan"))
    values.sort(axis=1)
    sigma = None
    if len(values) > 2 * _ENOUGH_GROUPS:  # the noise is one number: some groups tell it
        sigma = _found(np.ascontiguousarray(values[:: len(values) // _ENOUGH_GROUPS])).sigma
    return _found(values, sigma if sigma is not None and np.isfinite(sigma) else None)


def _found(values: FloatArray, known_sigma: float | None = None) -> ZeroPeaks:
    """The peaks of sorted rows; with the noise known two rounds lead there."""
    none = np.full(len(values), np.nan, np.float32)
    counts = _rank(values, np.full(len(values), np.inf, np.float32), "left")
    flat, last = values.ravel(), np.maximum(counts - 1, 0)
    first = np.arange(len(values), dtype=np.intp) * values.shape[1]
    enough = counts >= FEWEST
    if not enough.any():
        return ZeroPeaks(none, float("nan"))

    def ranked(place: npt.NDArray[Any]) -> FloatArray:
        """The value at a place of each row, between two of them their mean; 0 where the row has no value."""
        low = np.minimum(np.maximum(place, 0).astype(np.intp), last)
        high = np.minimum(np.maximum(np.ceil(place), 0).astype(np.intp), last)
        found: FloatArray = (flat.take(first + low) + flat.take(first + high)) * np.float32(0.5)
        return np.where(counts > 0, found, np.float32(0))

    def halfway(low: Places, high: Places) -> FloatArray:
        """The median of the values from one place of each row up to another."""
        ends = low + high
        one, other = np.clip((ends - 1) >> 1, 0, last), np.minimum(ends >> 1, last)
        found: FloatArray = (flat.take(first + one) + flat.take(first + other)) * np.float32(0.5)
        return found

    middle = ranked(_START * (counts - 1))
    if known_sigma is None:
        spread: FloatArray = (middle - ranked(_STARTS_BELOW * (counts - 1))) / np.float32(_START_IN_SIGMA)
        sigma = max(float(np.median(spread[enough])), 0.0)
    else:
        sigma = known_sigma
    low = high = counts
    for turn in range(_ROUNDS):
        reach = np.float32(_WIDTH * sigma)
        low, high = _rank(values, middle - reach, "left"), _rank(values, middle + reach, "right")
        before, middle = sigma, halfway(low, high)
        if known_sigma is None:
            lower = middle - ranked(0.75 * low + 0.25 * high - 0.5)
            used = enough & (high - low >= FEWEST)
            if used.any():
                sigma = max(float(np.median(lower[used])) / _QUARTER_IN_SIGMA, 0.0)
        deeper = enough & (low >= FEWEST) & (low >= SMALLEST_SHARE * counts)
        if turn < _ROUNDS - 2 and deeper.any():  # a second peak below this one
            middle = np.where(deeper, halfway(np.zeros_like(low), low), middle)
        elif turn and abs(sigma - before) <= _SETTLED * before:
            break
    peaked = _are_peaks(values, middle, sigma, low, high, counts)
    tried = int(np.count_nonzero(enough))
    if not peaked.any():
        return ZeroPeaks(none, float("nan"), tried)
    return ZeroPeaks(np.where(peaked, middle, none).astype(np.float32), sigma, tried)


def _are_peaks(
    values: FloatArray, middle: FloatArray, sigma: float, low: Places, high: Places, counts: Places
) -> npt.NDArray[np.bool_]:
    """Whether what lies between two places of each row is the peak without photons."""
    inside = high - low
    core = _rank(values, middle + np.float32(sigma), "right") - _rank(values, middle - np.float32(sigma), "left")
    peaked = (counts >= FEWEST) & (inside >= FEWEST) & (inside >= SMALLEST_SHARE * counts)
    peaked &= core >= _CORE_SHARE * inside - 0.5 * np.sqrt(inside)
    peaked &= low <= np.maximum(_STRAY, _STRAY_SHARE * counts)  # else it has a photon in every pixel
    if np.count_nonzero(peaked) >= _MANY:
        # Groups whose offset is unlike all others' are lit ones, unless there is no doubt about their peak.
        offsets = middle[peaked]
        usual = float(np.median(offsets))
        apart = max(float(np.median(np.abs(offsets - usual))) / 0.6745, sigma)
        clear = (inside >= 0.5 * counts) & (core >= 0.55 * inside)
        peaked &= clear | (np.abs(middle - np.float32(usual)) <= _UNUSUAL * apart)
    return peaked


def zero_peak(values: FloatArray) -> tuple[float, float] | None:
    """Position and standard deviation of the lowest peak of all `values` (any shape, finite), or None."""
    found = zero_peaks(np.array(values, np.float32).reshape(1, -1))
    return (float(found.position[0]), found.sigma) if found.found[0] else None


def _rank(values: FloatArray, limit: FloatArray, side: str) -> npt.NDArray[np.intp]:
    """How many values of each sorted row are below its limit ("left"), or not above it ("right"): by bisection."""
    length = values.shape[1]
    flat = values.ravel()
    before = np.arange(len(values), dtype=np.intp) * length - 1
    found = np.zeros(len(values), np.intp)
    at, place = np.empty(len(values), np.float32), np.empty(len(values), np.intp)
    step = 1 << (length.bit_length() - 1)
    reached = 0
    while step:
        reached += step
        np.add(found, step, out=place)
        beyond = reached > length
        if beyond:
            outside = place > length
            np.minimum(place, length, out=place)
        place += before
        flat.take(place, out=at, mode="clip")
        more = (at < limit) if side == "left" else (at <= limit)
        if beyond:
            more &= ~outside
        found += step * more
        step >>= 1
    return found
