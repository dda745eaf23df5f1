"""Hot, noisy, stuck and dead pixels, found by comparing each with its neighbours over a run.

Scattering varies from pixel to pixel by much more than a fixed threshold allows, but a pixel's mean over a run lies
close to that of its neighbours. Compared are square roots of means, in which counting noise is the same at all levels
(Bartlett 1936; Anscombe, Biometrika 35, 246, 1948). The scale of what is usual is robust, too, and the largest of
three: the spread among neighbours (edges of a beam stop), the scatter of all pixels of the same level, and counting
noise, 1/(2√N) over N frames. A pixel that never saw a photon is dead where its neighbours' share p of lit frames
makes that improbable: (1 − p)^N.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.parameters import parameter
from models.progress import Progress
from models.runs.types import BoolImage, FloatImage

if TYPE_CHECKING:
    from models.statistics.types import PixelStatistics

KINDS = ("hot", "noisy", "stuck", "dead")
_BLOCK_VALUES = 8_000_000
_LEVELS = 48
_FEWEST_NEIGHBOURS = 6
_SIGMA_OF_IQR = 1.349
"""interquartile range of a normal distribution in standard deviations"""
_SIGMA_OF_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class HotDeadSettings:
    """How far a pixel must be from its neighbours to be masked."""

    hot_sigma: float = parameter(
        8.0,
        "A pixel is hot where the square root of its mean is this far above its neighbours'.",
        unit="σ",
        low=2,
        high=1000,
        title="Hot from",
    )
    noisy_sigma: float = parameter(
        8.0,
        "A pixel is noisy where it varies this much more than its neighbours do.",
        unit="σ",
        low=2,
        high=1000,
        title="Noisy from",
    )
    dead_sigma: float = parameter(
        6.0,
        "A pixel that was never lit is dead where chance does that as rarely as this many standard deviations.",
        unit="σ",
        low=2,
        high=30,
        title="Dead from",
    )
    most_frames: int = parameter(
        2000, "How many frames are looked at, spread evenly over the run; 0 for all.", low=0, title="Frames at most"
    )
    reach_px: int = parameter(
        2, "How far neighbours are looked for.", unit="px", low=1, high=6, title="Neighbourhood"
    )


@dataclass(frozen=True)
class HotDead:
    """Pixels that were found, (H, W) bool each; none is of two kinds.

    Attributes:
        hot: brighter than their neighbours. noisy: varying more. stuck: one value, never another, where neighbours
            vary. dead: never lit where neighbours are.
        frames: how many frames were looked at.
    """

    hot: BoolImage
    noisy: BoolImage
    stuck: BoolImage
    dead: BoolImage
    frames: int

    def of(self, kind: str) -> BoolImage:
        """One of `KINDS`."""
        found: BoolImage = getattr(self, kind)
        return found

    @property
    def counts(self) -> dict[str, int]:
        """Pixels of each kind."""
        return {kind: int(np.count_nonzero(self.of(kind))) for kind in KINDS}

    @property
    def any(self) -> BoolImage:
        """All of them, (H, W)."""
        return self.hot | self.noisy | self.stuck | self.dead


def find_hot_dead(
    statistics: PixelStatistics, settings: HotDeadSettings | None = None
) -> Generator[Progress, None, HotDead]:
    """Compare every pixel of a run with its neighbours.

    Args:
        statistics: over as many frames as there are; hundreds are needed where frames are dim. Pixels that were valid
            in no frame are neither judged nor compared with.
        settings: thresholds.
    """
    settings = settings or HotDeadSettings()
    valid = (statistics.count > 0) & np.isfinite(statistics.mean) & np.isfinite(statistics.variance)
    frames = max(1, statistics.frames)
    steps = 3 * _blocks(valid.shape, settings.reach_px)

    reach, third = settings.reach_px, steps // 3
    root = _rooted(statistics.mean, valid)
    around = yield from _around(root, valid, reach, True, 0, steps, "comparing brightness")
    floor = 0.5 / math.sqrt(frames) if _counts(statistics.maximum[valid]) else 0.0
    hot = _beyond(root, around, valid, settings.hot_sigma, floor)
    # The standard deviation of sparse counts is the square root of their mean, and scatters as that does.
    deviation = np.sqrt(np.clip(np.where(valid, statistics.variance, 0.0), 0.0, None)).astype(np.float32)
    around = yield from _around(deviation, valid, reach, True, third, steps, "comparing noise")
    noisy = _beyond(deviation, around, valid, settings.noisy_sigma, floor) & ~hot
    vary = np.nan_to_num(around.usual) > 0

    lit = np.where(valid, statistics.lit_fraction, 0.0).astype(np.float32)
    around = yield from _around(lit, valid, reach, False, 2 * third, steps, "looking for dead pixels")
    # The lower quartile: in the shadow's edge of a beam stop half of the neighbours are lit.
    share = np.clip(np.nan_to_num(around.low), 0.0, 1.0 - 1e-7)
    never = valid & (lit == 0)
    chance = frames * np.log1p(-share.astype(np.float64))
    dead = never & (chance < math.log(0.5 * math.erfc(settings.dead_sigma / math.sqrt(2))))
    stuck = valid & ~never & (statistics.variance == 0) & vary & (frames >= 3) & ~hot
    return HotDead(hot, noisy & ~dead & ~stuck, stuck & ~dead, dead & ~hot, statistics.frames)


def _counts(maxima: npt.NDArray[np.floating]) -> bool:
    """Whether values are photons: no pixel's largest is below zero or broken."""
    return bool(maxima.size) and float(maxima.min()) >= 0 and bool(np.all(maxima == np.floor(maxima)))


def _rooted(values: npt.NDArray[np.floating], valid: BoolImage) -> FloatImage:
    """Signed square roots: a pedestal that was taken off leaves means on both sides of zero."""
    plain = np.where(valid, values, 0.0)
    rooted: FloatImage = (np.sign(plain) * np.sqrt(np.abs(plain))).astype(np.float32)
    return rooted


def _blocks(shape: tuple[int, ...], reach: int) -> int:
    return math.ceil(shape[0] / _block_rows(shape[1], reach))


def _block_rows(width: int, reach: int) -> int:
    return max(1, _BLOCK_VALUES // (((2 * reach + 1) ** 2 - 1) * max(1, width)))


@dataclass(frozen=True)
class _Around:
    """What lies round each pixel, (H, W) float32 each; not-a-number where too little is known.

    Attributes:
        usual: median. spread: interquartile range as a standard deviation. low: lower quartile.
    """

    usual: FloatImage
    spread: FloatImage
    low: FloatImage


def _around(
    values: FloatImage, valid: BoolImage, reach: int, pairs: bool, done: int, total: int, message: str
) -> Generator[Progress, None, _Around]:
    """Quartiles of the valid neighbours of every pixel, which itself is left out: it must not speak for itself.

    Means of opposite neighbours (`pairs`) know nothing of slopes. Where there are too few (borders, gaps) the
    neighbours themselves are asked.
    """
    height, width = values.shape
    padded = np.pad(np.where(valid, values, np.float32(np.nan)), reach, constant_values=np.float32(np.nan))
    every = [(dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1) if (dy, dx) != (0, 0)]
    found = np.full((3, height, width), np.nan, np.float32)
    rows = _block_rows(width, reach)
    for place, top in enumerate(range(0, height, rows)):
        yield Progress(done=done + place, total=total, unit="steps", message=message)
        bottom = min(height, top + rows)
        y, x = slice(top + reach, bottom + reach), slice(reach, reach + width)
        if pairs:
            half = [
                (_shifted(padded, y, x, dy, dx) + _shifted(padded, y, x, -dy, -dx)) / 2
                for dy, dx in every
                if (dy, dx) > (0, 0)
            ]
            block = _quartiles(np.stack(half, axis=-1))
            lacking = np.argwhere(~np.isfinite(block[0]))
            if len(lacking):
                rest = [padded[lacking[:, 0] + top + reach + dy, lacking[:, 1] + reach + dx] for dy, dx in every]
                block[:, lacking[:, 0], lacking[:, 1]] = _quartiles(np.stack(rest, axis=-1))
        else:
            block = _quartiles(np.stack([_shifted(padded, y, x, dy, dx) for dy, dx in every], axis=-1))
        found[:, top:bottom] = block
    low, middle, high = found
    return _Around(middle, (high - low) / np.float32(_SIGMA_OF_IQR), low)


def _shifted(padded: FloatImage, y: slice, x: slice, dy: int, dx: int) -> FloatImage:
    return padded[y.start + dy : y.stop + dy, x.start + dx : x.stop + dx]


def _quartiles(around: FloatImage) -> FloatImage:
    """(3, …) quartiles along the last axis of what is known; not-a-number with fewer than six."""
    around.sort(axis=-1)  # not-a-number comes last
    known = np.count_nonzero(np.isfinite(around), axis=-1)
    quartiles = np.stack([_quantile(around, known, share) for share in (0.25, 0.5, 0.75)])
    quartiles[:, known < _FEWEST_NEIGHBOURS] = np.nan
    return quartiles


def _quantile(ordered: FloatImage, known: npt.NDArray[np.intp], share: float) -> FloatImage:
    """Between the two nearest of the first `known` values along the last axis."""
    at = share * np.maximum(known - 1, 0)
    below = np.floor(at).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(known - 1, 0))
    part = (at - below).astype(np.float32)
    first = np.take_along_axis(ordered, below[..., None], axis=-1)[..., 0]
    second = np.take_along_axis(ordered, above[..., None], axis=-1)[..., 0]
    between: FloatImage = first + part * (second - first)
    return between


def _beyond(values: FloatImage, around: _Around, valid: BoolImage, sigmas: float, floor: float) -> BoolImage:
    """Where a value exceeds its neighbours' by more than so many of the largest of the scales."""
    judged = valid & np.isfinite(around.usual)
    out = np.zeros(valid.shape, np.bool_)
    if not judged.any():
        return out
    level = around.usual[judged]
    above = values[judged] - level
    scale = np.maximum(np.maximum(around.spread[judged], _scatter_at(level, above)), floor)
    out[judged] = above > sigmas * scale
    return out


def _scatter_at(level: npt.NDArray[np.float32], residual: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Robust scatter of the residuals of pixels of about the same level, for each of them."""
    edges = np.unique(np.quantile(level, np.linspace(0, 1, min(_LEVELS, max(1, len(level) // 200)) + 1)))
    if len(edges) < 2:
        return np.full(len(level), _SIGMA_OF_MAD * np.median(np.abs(residual)), np.float32)
    bins = np.clip(np.searchsorted(edges, level, side="right") - 1, 0, len(edges) - 2)
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], np.arange(len(edges)))
    scatter = np.zeros(len(edges) - 1, np.float32)
    for place in range(len(edges) - 1):
        here = residual[order[starts[place] : starts[place + 1]]]
        if here.size:
            scatter[place] = _SIGMA_OF_MAD * float(np.median(np.abs(here)))
    return scatter[bins]
