"""Structure found where there is none: blank frames, evenly lit."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.denoise.kept import Measured
from benchmarks.denoise.measure import SLOW_S, table
from benchmarks.denoise.protocol import Size
from benchmarks.denoise.rows import REFERENCE, Row
from models.denoising.training import validation

SIDE_PX = 128
LEVELS = (0.0, 0.001, 0.01, 0.1, 1.0)
FRAMES_OF_LEVEL, OTHERS = 200, 5
"""how many of each level; methods that are only there for comparison see a fifth of them"""
BLOCK_PX = 8
DEPARTS, SIGMAS = 0.5, 3.0
_NOTHING = 1e-9

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Structure:
    """What a result shows of an evenly lit frame.

    Attributes:
        largest: of |mean rate of a region / mean rate of the frame − 1|, over regions; without light, the mean.
        false: a region departs by more than half and by more than 3 of its stated standard deviations; without
            light, any rate at all.
    """

    largest: float
    false: bool


def regions(side_px: int = SIDE_PX) -> npt.NDArray[np.float64]:
    """(n, side²) weights: blocks of 8 × 8 pixels and rings 8 pixels wide about the middle, each of sum 1.

    Blocks are where noise shows as specks; rings are where something trained on particles would find one.
    """
    place = np.arange(side_px)
    block = (place[:, None] // BLOCK_PX) * (side_px // BLOCK_PX) + place[None, :] // BLOCK_PX
    ring = np.hypot(place[:, None] - (side_px - 1) / 2, place[None, :] - (side_px - 1) / 2) // BLOCK_PX
    found = []
    for number in (block, ring.astype(np.intp)):
        for i in range(int(number.max()) + 1):
            inside = (number == i).ravel().astype(np.float64)
            found.append(inside / inside.sum())
    return np.array(found)


def structure(rate: Array, deviation: Array | None, weights: Array) -> Structure:
    """The test of one result.

    The standard deviation of a region's mean is taken as the mean of its pixels', as if they erred together: the
    largest it can be, and with smooth results nearly what it is.
    """
    level = float(rate.mean())
    if level <= _NOTHING:
        return Structure(level, bool(rate.max() > _NOTHING))
    departs = np.abs(weights @ rate.ravel() / level - 1)
    clear = departs > DEPARTS
    if deviation is not None:
        clear &= departs * level > SIGMAS * (weights @ deviation.ravel())
    return Structure(float(departs.max()), bool(clear.any()))


def tables(rows: Sequence[Row], size: Size) -> Iterator[str]:
    """The share of blanks with false structure, by level of light; every other frame is masked."""
    n = min(FRAMES_OF_LEVEL, size.frames)
    weights = regions()
    yield f"### {n * len(LEVELS):,} blank frames of {SIDE_PX} × {SIDE_PX} pixels, every other masked"
    yield (
        f"Frames in which a block of {BLOCK_PX} × {BLOCK_PX} px or a ring {BLOCK_PX} px wide departs from even light "
        f"by more than {100 * DEPARTS:.0f} % and {SIGMAS:g} stated standard deviations, % / median over frames of "
        f"the largest departure, % of the mean. Methods that state none are judged by the {100 * DEPARTS:.0f} % "
        "alone. Without light: frames with any rate above 0."
    )
    lines = []
    for row in rows:
        if size.lacks(*(size.key("blanks", level, row.name) for level in LEVELS)):
            continue
        cells, fewest = [], n
        for level in LEVELS:
            asked = n if row.knows or row.name == REFERENCE else max(1, n // OTHERS)
            found = _level(row, level, asked, size, weights)
            fewest = min(fewest, len(found))
            false, largest = 100 * found.mean("false"), 100 * float(np.median(found.figures["largest"]))
            cells.append(f"{false:.1f}" + (f" / {largest:.0f}" if level else ""))
        lines.append([row.title, *cells, str(fewest * len(LEVELS))])
    yield table(["method", "no light", *(f"{level:g} photons per px" for level in LEVELS[1:]), "frames"], lines)


def _level(row: Row, level: float, n: int, size: Size, weights: Array) -> Measured:
    key = size.key("blanks", level, row.name)
    if (known := size.kept.get(key)) is not None:
        return known
    rng = np.random.default_rng([size.seed, 10, round(1e6 * level)])
    hole = validation.hole(SIDE_PX)
    middle = ((SIDE_PX - 1) / 2, (SIDE_PX - 1) / 2)
    found: list[Structure] = []
    seconds: list[float] = []
    for i in range(n):
        seen = hole if i % 2 else np.ones_like(hole)
        counts = (rng.poisson(level, seen.shape) * seen).astype(np.float32)
        begun = time.process_time()
        spread = None
        if row.sure is not None:
            rate, spread = row.sure(counts, seen, middle)
        else:
            rate = row.rate(counts, seen, middle)
        seconds.append(time.process_time() - begun)
        stated = None if spread is None else spread.astype(np.float64)
        found.append(structure(rate.astype(np.float64), stated, weights))
        if len(found) >= size.slow_frames and np.median(seconds) > SLOW_S:
            break
    values = {name: np.array([getattr(f, name) for f in found], np.float64) for name in ("largest", "false")}
    measured = Measured(values, 1e3 * float(np.median(seconds)))
    size.kept.put(key, measured)
    print(f"{key}: {len(found)} frames, {measured.ms:.0f} ms each", file=sys.stderr, flush=True)
    return measured
