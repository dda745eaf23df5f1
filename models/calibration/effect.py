"""What a step of the calibration does to the values of a frame: histograms and a few numbers, for looking at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration.chain import Stage, usable
from models.calibration.zero_peak import zero_peak

_BINS = 320
_LEFT_SIGMAS, _RIGHT_SIGMAS = 8.0, 40.0
_PHOTONS_SHOWN = 4.6
_COARSE = 1_000_000


@dataclass(frozen=True)
class Histogram:
    """Counts of values in bins of one width.

    Attributes:
        edges: (n + 1,) float64, ascending, the values' unit. counts: (n,) int64.
        outside: values below the first or beyond the last edge.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    outside: int


@dataclass(frozen=True)
class StageFigures:
    """Numbers of a frame after one step.

    Attributes:
        zero: where the values of pixels without a photon lie, in the stage's unit; None where that cannot be seen.
        sigma: standard deviation of the noise about it, the stage's unit; None likewise.
        photons: sum of the usable values above zero, in photons; None while the value of one is not known.
        pixels: usable ones.
    """

    zero: float | None
    sigma: float | None
    photons: float | None
    pixels: int


def usable_values(stage: Stage) -> npt.NDArray[np.float32]:
    """The values of the pixels that may be used."""
    values: npt.NDArray[np.float32] = stage.values[usable(stage.values, stage.flags)]
    return values


def stage_figures(stage: Stage, adu_per_photon: float | None = None) -> StageFigures:
    """The numbers of one stage; its values count as photons where its unit says so, or by `adu_per_photon`."""
    values = usable_values(stage)
    peak = zero_peak(_thinned(values)) if values.size else None
    zero, sigma = peak if peak is not None else (None, None)
    one = 1.0 if stage.unit == "photons" else adu_per_photon
    photons = None
    if one:
        photons = float(values.sum(dtype=np.float64) - values.size * (zero or 0.0)) / one
    return StageFigures(zero, sigma, photons, int(values.size))


def peak_range(figures: StageFigures, one_photon: float | None) -> tuple[float, float] | None:
    """The part of a histogram where the peaks of no, one and a few photons lie; None where no zero is seen."""
    if figures.zero is None or figures.sigma is None:
        return None
    sigma = figures.sigma if figures.sigma > 0 else 0.1 * (one_photon or 1.0)
    right = _PHOTONS_SHOWN * one_photon if one_photon else _RIGHT_SIGMAS * sigma
    return figures.zero - _LEFT_SIGMAS * sigma, figures.zero + max(right, 12 * sigma)


def whole_range(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """From the smallest to the largest value, widened so that both show; (0, 1) without values."""
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room


def value_histogram(values: npt.NDArray[np.float32], low: float, high: float, bins: int = _BINS) -> Histogram:
    """The histogram of finite `values` between `low` and `high`; whole numbers get bins of whole width."""
    if not high > low:
        low, high = low - 0.5, low + 0.5
    width = (high - low) / bins
    sample = values[: min(values.size, 4096)]
    if sample.size and not (sample % 1).any():
        width = float(max(1, round(width)))
        low = np.floor(low) - 0.5
    edges = (low + width * np.arange(int(np.ceil((high - low) / width)) + 1)).astype(np.float64)
    counts = np.histogram(values, edges)[0].astype(np.int64)
    return Histogram(edges, counts, int(values.size - counts.sum()))


def _thinned(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """At most a million of them, evenly spread: enough for a peak."""
    return values[:: max(1, -(-values.size // _COARSE))]
