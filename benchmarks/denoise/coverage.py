"""Whether the truth lies within one stated standard deviation as often as it should: 68 times in 100."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.denoise.kept import Measured
from benchmarks.denoise.measure import doses_head, measure, table
from benchmarks.denoise.protocol import WHAT, Size
from benchmarks.denoise.rows import Row
from models.denoising.training import validation
from models.simulation.particles import TEST_IDS

AIM, LOW, HIGH = 68.27, 60.0, 76.0


def tables(rows: Sequence[Row], size: Size) -> Iterator[str]:
    """Of √rate and of the rate, on measured and on hidden pixels, by dose."""
    frames = validation.render(TEST_IDS, size.frames, size.seed)
    found: dict[str, list[tuple[Measured, Measured]]] = {}
    parts = {row.name: "protocol" if row.knows else "coverage" for row in rows}
    rows = [
        row
        for row in rows
        if row.sure is not None
        and not size.lacks(
            *(f"{size.key(parts[row.name], what, dose)} {row.name}" for what in WHAT for dose in validation.DOSES)
        )
    ]
    for dose in validation.DOSES:
        plain, masked = (validation.count(frames, dose, hidden, size.seed) for hidden in (False, True))
        for row in rows:
            both = [
                measure(
                    row,
                    made,
                    deviations=True,
                    most=None if row.knows else size.slow_frames,
                    slow_frames=size.slow_frames,
                    kept=size.kept,
                    # The protocol has asked already where that costs nothing.
                    key=size.key(parts[row.name], what, dose),
                )
                for what, made in zip(WHAT, (plain, masked), strict=True)
            ]
            found.setdefault(row.title, []).append((both[0], both[1]))
    for what, name, hidden in (("√rate", "covered", "hole_covered"), ("rate", "rate_covered", "rate_hole_covered")):
        yield f"### Truth within one stated standard deviation of {what}"
        yield (
            f"Share of the light, %: measured pixels of whole frames / measured pixels of masked frames / hidden "
            f"pixels ({AIM:.0f} is right, {LOW:.0f} to {HIGH:.0f} allowed); and the 5 % to 95 % range over the frames"
        )
        lines = []
        for title, each in found.items():
            cells = []
            for plain, masked in each:
                shares = plain.figures[name], masked.figures[name], masked.figures[hidden]
                mean = " / ".join(f"{100 * np.nanmean(s):.0f}" for s in shares)
                ends = " / ".join("{:.0f}–{:.0f}".format(*(100 * np.nanpercentile(s, (5, 95)))) for s in shares)
                cells.append(f"{mean} ({ends})")
            lines.append([title, *cells, str(len(each[0][0]))])
        yield table(["method", *doses_head(), "frames"], lines)
