"""What a frame costs: processor time on one thread, to be measured while nothing else runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.denoise.measure import table
from benchmarks.denoise.protocol import Size
from benchmarks.denoise.rows import BoolArray, Centre, FloatArray, Rate, Row, Sure
from models.denoising.training import validation
from models.simulation.particles import TEST_IDS

SIDES_PX = (64, 128, 256, 512)
DOSE = 1_000.0
REPEATS, SLOW_REPEATS, SLOW_S = 9, 2, 0.5


def tables(rows: Sequence[Row], size: Size) -> Iterator[str]:
    """Medians over frames, by size, without and with the deviation."""
    yield "### Processor time of one frame on one thread, ms"
    yield f"{DOSE:,.0f} photons, masked; the rate alone / with its standard deviation, where the method states one"
    made = {}
    for side in SIDES_PX:
        frames = validation.render(TEST_IDS, 4, size.seed, side)
        made[side] = validation.count(frames, DOSE, True, size.seed)
    lines = []
    for row in rows:
        cells = []
        for side in SIDES_PX:
            counts, seen = made[side].counts, made[side].measured > 0
            centre = ((side - 1) / 2, (side - 1) / 2)
            asked: list[Rate | Sure] = [row.rate] if row.sure is None else [row.rate, row.sure]
            cells.append(" / ".join(f"{_milliseconds(ask, counts, seen, centre):.0f}" for ask in asked))
        lines.append([row.title, *cells])
    yield table(["method", *(f"{side} × {side}" for side in SIDES_PX)], lines)


def _milliseconds(ask: Rate | Sure, counts: FloatArray, seen: BoolArray, centre: Centre) -> float:
    """Of single frames in turn; the first call is not counted."""
    ask(counts[0], seen[0], centre)
    seconds: list[float] = []
    for i in range(REPEATS):
        begun = time.process_time()
        ask(counts[i % len(counts)], seen[i % len(counts)], centre)
        seconds.append(time.process_time() - begun)
        if len(seconds) >= SLOW_REPEATS and seconds[-1] > SLOW_S:
            break
    return 1e3 * float(np.median(seconds))
