"""Which measured pixels are kept from the solver, so that a result can be judged by what it was never shown.

As in crystallography's free R factor (Brünger 1992, Nature 355, 472) and the free log-likelihood of coherent imaging
(Favre-Nicolin et al. 2020, Sci. Rep. 10, 2664). Three things make the test fair:

- Islands, not single pixels: an oversampled pattern is band-limited, so that a lone missing pixel follows from its
  neighbours whatever the object is. Radius 3 px and 5 % of the measured pixels are PyNX's choices.
- Nothing near the beam: there the few strongest speckles decide where and how large the object is.
- Friedel mates go together. A real object has |F(−q)| = |F(q)|: the mate would tell the answer. For a complex object
  this costs nothing, and the same pixels serve whatever the object is said to be.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.phasing.quality.rings import distance
from models.phasing.types import BoolArray

ISLAND_RADIUS_PX = 3.0
CENTRE_SHARE = 0.05
"""Radius around the beam in which nothing is held out, as share of the array's size along each axis."""
_FEWEST_ISLANDS = 24
"""Fewer islands would let a few speckles decide; small patterns get smaller islands instead."""


def held_out_pixels(pattern: Pattern, share: float, seed: int, *, island_radius_px: float | None = None) -> BoolArray:
    """The pixels to hold out.

    Args:
        pattern: what will be phased.
        share: of the measured pixels, 0 … 0.5; 0 holds out none.
        seed: the same pattern and seed give the same pixels.
        island_radius_px: None for 3 px, less where the pattern is so small that this gave fewer than 24 islands.

    Returns:
        bool of the pattern's shape, True = held out; always measured pixels, and never more than half of them. All
        False where the pattern is too small to spare any.
    """
    measured = pattern.measured
    held = np.zeros(measured.shape, np.bool_)
    wanted = int(min(max(share, 0.0), 0.5) * np.count_nonzero(measured))
    eligible = measured & _away_from_beam(measured.shape)
    candidates = np.flatnonzero(eligible)
    wanted = min(wanted, len(candidates) // 2)
    if wanted < 1:
        return held
    radius = _radius(wanted, measured.ndim) if island_radius_px is None else island_radius_px
    offsets = _ball(radius, measured.ndim)
    chance = np.random.default_rng(seed)
    shape = np.array(measured.shape)
    count = 0
    while count < wanted:
        # Islands with their mates cover up to twice the ball; half of what is missing at a time ends close to it.
        batch = max(1, (wanted - count) // (4 * len(offsets)))
        centres = candidates[chance.integers(len(candidates), size=batch)]
        at = np.stack(np.unravel_index(centres, measured.shape), axis=1)
        around = at[:, None, :] + offsets[None]
        inside = ((around >= 0) & (around < shape)).all(axis=-1)
        places = around[inside]
        held[tuple(places.T)] = True
        held[tuple(((2 * (shape // 2) - places) % shape).T)] = True
        held &= eligible
        count = int(np.count_nonzero(held))
    return held


def mates(values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The array mirrored at the beam (index n // 2): at q what was at −q."""
    flipped = values[(slice(None, None, -1),) * values.ndim]
    # Reversing takes index i to n − 1 − i; the mate of i is (2·(n // 2) − i) mod n, one further for even n.
    moves = tuple(1 if n % 2 == 0 else 0 for n in values.shape)
    return np.roll(flipped, moves, axis=tuple(range(values.ndim)))


def _away_from_beam(shape: tuple[int, ...]) -> BoolArray:
    away: BoolArray = distance(shape, [1 / n for n in shape]) > CENTRE_SHARE
    return away


def _radius(wanted: int, ndim: int) -> float:
    """3 px, or what gives enough islands of a ball's size."""
    size = wanted / _FEWEST_ISLANDS
    fitting = math.sqrt(size / math.pi) if ndim == 2 else (size * 3 / (4 * math.pi)) ** (1 / 3)
    return min(ISLAND_RADIUS_PX, max(0.5, fitting))


def _ball(radius: float, ndim: int) -> npt.NDArray[np.intp]:
    """(n, ndim) offsets of the pixels within `radius` of a pixel."""
    reach = math.floor(radius)
    grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * ndim, indexing="ij"), axis=-1).reshape(-1, ndim)
    ball: npt.NDArray[np.intp] = grid[(grid**2).sum(axis=1) <= radius**2]
    return ball
