"""What the values of one pixel over some frames say of its pedestal, for all pixels at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.runs.types import BoolImage, FloatImage

Values = npt.NDArray[np.float32]
Counts = npt.NDArray[np.intp]

_REACH_SIGMAS = 3.0
_SMALLEST_SHARE, _SHARE_BY_CHANCE = 0.5, 0.6
_FITS, _FAR = 3.0, 4.0
"""times the scatter among neighbours: a likely pedestal still fits, and a difference is a pixel's own"""
_NEIGHBOURS, _FEWEST_NEIGHBOURS = 32, 8


def ranked(values: Values, count: Counts, share: float) -> Values:
    """The quantile of each sorted row's first `count` values; NaN where there is none."""
    rows = np.arange(len(values))
    place = np.clip(share * count - 0.5, 0, np.maximum(count - 1, 0))  # Hazen's: fair for few values, too
    low = np.floor(place).astype(np.intp)
    high = np.minimum(np.ceil(place).astype(np.intp), np.maximum(count - 1, 0))
    part = (place - low).astype(np.float32)
    first = np.where(count > 0, values[rows, low], np.nan)
    second = np.where(count > 0, values[rows, high], np.nan)
    found: Values = (first * (1 - part) + second * part).astype(np.float32)
    return found


def lowest_peaks(values: Values, count: Counts) -> tuple[Values, Values]:
    """The lowest peak of each pixel's values where that is sure to be the one without photons, NaN elsewhere; and the
    likeliest place of it for every pixel.

    One pixel's few frames cannot tell its noise: it is that of the middle of all pixels.

    Args:
        values: (pixels, frames), each row sorted, +inf for what is missing. count: (pixels,) of the others.
    """
    start = ranked(values, count, 0.25)
    lower = ranked(values, count, 0.5) - start
    known = np.isfinite(lower)
    if not known.any():
        return start, start
    reach = np.float32(_REACH_SIGMAS * float(np.median(lower[known])) / 0.6745)
    middle, low, high = _climb(values, start, reach)
    # No peak but that of no photon can hold more than 37 % of the frames (Poisson's law): the rest is for chance.
    least = (_SMALLEST_SHARE + _SHARE_BY_CHANCE / np.sqrt(np.maximum(count, 1))) * count
    sure = (high - low >= np.maximum(3, least)) & (low <= 1 + 0.1 * count)
    likely, _, _ = _climb(values, ranked(values, count, 0.1), reach)
    return np.where(sure, middle, np.nan).astype(np.float32), np.where(sure, middle, likely).astype(np.float32)


def _climb(values: Values, start: Values, reach: np.float32) -> tuple[Values, Counts, Counts]:
    """From a start in each row to the median of what lies within reach; with the places between which that is."""
    middle = start
    for _ in range(3):
        with np.errstate(invalid="ignore"):
            low = np.count_nonzero(values < (middle - reach)[:, None], axis=1)
            high = np.count_nonzero(values <= (middle + reach)[:, None], axis=1)
        middle = _between(values, low, high)
    return middle, low, high


def _between(values: Values, low: Counts, high: Counts) -> Values:
    """The median of places low … high − 1 of each sorted row; NaN where there are none."""
    rows = np.arange(len(values))
    last = values.shape[1] - 1
    first, second = (low + high - 1) // 2, (low + high) // 2
    middle = (values[rows, np.clip(first, 0, last)] + values[rows, np.clip(second, 0, last)]) * np.float32(0.5)
    return np.where(high > low, middle, np.nan).astype(np.float32)


def lean_on_neighbours(
    pedestal: FloatImage, likely: FloatImage, noise: FloatImage, used: BoolImage, frames: int
) -> int:
    """Complete a pedestal from few frames with light, in place; how many pixels took that of their neighbours.

    A median of n frames is uncertain by 1.25 σ/√n. Where pixels differ from their neighbours in the row by little
    more than that, most of the difference is noise of those very frames, and taking it off would only add it to all
    others. So the differences shrink by the share of their variance that noise explains (as James and Stein's
    estimate does); those far beyond both stay whole. A used pixel that is not sure keeps its likeliest pedestal where
    neighbours differ by as much, else it takes theirs.

    Args:
        pedestal: (H, W), NaN where not sure. likely: (H, W). noise: (H, W). used: (H, W).
        frames: that the pedestal is of.
    """
    own = np.isfinite(pedestal)
    if not own.any():
        return 0
    fill = _of_neighbours(pedestal)
    apart = np.where(own, pedestal - fill, np.float32(0))
    seen = float(np.median(np.abs(apart[own]))) / 0.6745
    unsure = used & ~own
    with np.errstate(invalid="ignore"):
        fits = unsure & (np.abs(likely - fill) <= _FITS * seen)
    pedestal[fits] = likely[fits]
    missing = unsure & ~fits
    pedestal[missing] = fill[missing]
    known = own & np.isfinite(noise)
    if known.any() and seen > 0:
        uncertain = 1.2533 * float(np.median(noise[known])) / np.sqrt(frames)
        kept = max(0.0, 1.0 - (uncertain / seen) ** 2)
        apart[fits] = (likely - fill)[fits]
        small = (own | fits) & (np.abs(apart) <= _FAR * seen)
        pedestal[small] = (fill + np.float32(kept) * apart)[small]
    return int(np.count_nonzero(missing))


def _of_neighbours(pedestal: FloatImage) -> FloatImage:
    """The median of each pixel's part of the row; of the whole row, or of all, where too few are known."""
    width = pedestal.shape[1]
    fill = np.full(pedestal.shape, np.nanmedian(pedestal), np.float32)
    for columns in (slice(0, width), *(slice(at, at + _NEIGHBOURS) for at in range(0, width, _NEIGHBOURS))):
        part = pedestal[:, columns]
        part = np.sort(np.where(np.isfinite(part), part, np.float32("inf")), axis=1)
        count = np.count_nonzero(np.isfinite(part), axis=1)
        enough = count >= _FEWEST_NEIGHBOURS
        fill[enough, columns] = ranked(part[enough], count[enough], 0.5)[:, None]
    return fill
