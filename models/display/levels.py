"""Levels and histogram of one frame, from its finite, unmasked pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.display.scaling import LARGEST_LEVEL, Levels, Scaling, from_unit, to_unit
from models.runs.types import Frame

SAMPLED_PIXELS = 32768
"""`auto_levels` looks at about this many pixels: percentiles to a tenth of a percent need no more."""

_PERCENTILES = {
    Scaling.LINEAR: (1.0, 99.5),
    Scaling.SQRT: (1.0, 99.9),
    Scaling.LOG: (1.0, 99.98),
    Scaling.ARCSINH: (1.0, 99.98),
}


def auto_levels(frame: Frame, scaling: Scaling = Scaling.LINEAR) -> Levels:
    """Percentiles of the finite, unflagged pixels: 1 % to 99.5 % (linear), 99.9 % (sqrt), 99.98 % (log, arcsinh).

    Where the percentiles coincide (sparse photons), the largest valid value is the upper level, so that the few
    pixels with photons are seen; a constant frame gets one unit above its value; a frame without a valid pixel 0 … 1.
    """
    sample = _finite(_sampled(frame, SAMPLED_PIXELS))
    if sample.size == 0:
        sample = _finite(frame.raw[frame.valid])
        if sample.size == 0:
            return Levels(0.0, 1.0)
    low_percent, high_percent = _PERCENTILES[scaling]
    last = sample.size - 1
    places = [round(last * low_percent / 100), round(last * high_percent / 100)]
    ordered = np.partition(sample, places)
    low, high = float(ordered[places[0]]), float(ordered[places[1]])
    if not high > low:
        everything = _finite(frame.raw[frame.valid])
        high = float(everything.max())
        low = min(low, float(everything.min())) if not high > low else low
    low, high = (min(max(level, -LARGEST_LEVEL), LARGEST_LEVEL * (1 - 1e-5)) for level in (low, high))
    if not high > low:
        high = low + max(1.0, abs(low) * 1e-6)
    return Levels(low, high)


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often values occur, in bins of equal width on the colour bar.

    Attributes:
        places: (n + 1,) float64 bin edges on the colour bar, 0 at the low level and 1 at the high one.
        edges: (n + 1,) float64 the same edges as values.
        counts: (n,) int64 valid pixels per bin.
        below, above: valid pixels outside the edges.
        sampled: every how many pixels one was looked at; 1 is all of them.
    """

    places: npt.NDArray[np.float64]
    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    below: int
    above: int
    sampled: int


@np.errstate(over="ignore")
def histogram(
    frame: Frame,
    levels: Levels,
    scaling: Scaling,
    *,
    bins: int = 200,
    reach: tuple[float, float] = (0.0, 1.0),
    max_pixels: int | None = None,
) -> Histogram:
    """Histogram of the finite, unflagged pixels, binned evenly as the colour bar shows them.

    Args:
        levels, scaling: what the colour bar shows.
        bins: number of bins.
        reach: first and last place on the colour bar; (0, 1) is from level to level.
        max_pixels: look at no more than about this many pixels (for a window that must not wait); None is all.
    """
    total = frame.raw.size
    sampled = 1 if max_pixels is None else max(1, math.ceil(total / max_pixels))
    values = _finite(_sampled(frame, max_pixels or total))
    places = np.linspace(reach[0], reach[1], bins + 1)
    floats = values.astype(np.float32) if values.dtype.itemsize <= 4 else values
    bin_of = (to_unit(floats, levels, scaling) - reach[0]) * (bins / (reach[1] - reach[0]))
    numbers = np.clip(np.floor(bin_of), -1, bins).astype(np.int64) + 1
    counts = np.bincount(numbers, minlength=bins + 2)
    return Histogram(
        places=places,
        edges=np.asarray(from_unit(places, levels, scaling), np.float64),
        counts=counts[1:-1],
        below=int(counts[0]),
        above=int(counts[-1]),
        sampled=sampled,
    )


def _sampled(frame: Frame, at_most: int) -> npt.NDArray[Any]:
    """Valid values of about `at_most` pixels spread over the frame."""
    step = max(1, math.ceil(frame.raw.size / at_most))
    if step > 1:
        # a step sharing a factor with the width would look at a few columns only
        while math.gcd(step, frame.raw.shape[1]) > 1:
            step += 1
    values: npt.NDArray[Any] = frame.raw.reshape(-1)[::step]
    flags = frame.flags.reshape(-1)[::step]
    kept: npt.NDArray[Any] = values[flags == 0]
    return kept


def _finite(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Without NaN and infinities; integers as they are."""
    if values.dtype.kind != "f":
        return values
    good = np.isfinite(values)
    return values if bool(good.all()) else values[good]
