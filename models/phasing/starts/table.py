"""The live table: where every start of a generation is, its curve, and the results so far."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.phasing.starts.guided import order
from models.phasing.starts.lane import Ended, Point, Report, Task
from models.phasing.starts.types import ENDED, FAILED, GIVEN_UP, STOPPED, StartRow
from models.phasing.types import History, Start

_CURVES, _CURVE_POINTS = 16, 200


class Table:
    """Starts of one generation.

    Args:
        tasks: all of them, in the order they begin. totals: iterations of each, by seed.
        keep: finished starts whose objects are kept at most; the worst are dropped.
    """

    def __init__(self, tasks: Sequence[Task], totals: Mapping[int, int], keep: int) -> None:
        self.rows = {
            task.seed: StartRow(task.seed, total=totals[task.seed], generation=task.generation) for task in tasks
        }
        self.curves: dict[int, list[Point]] = {task.seed: [] for task in tasks}
        self.results: list[Start] = []
        self.dropped = 0
        self._keep = keep

    @property
    def iterations(self) -> int:
        return sum(row.iteration for row in self.rows.values())

    @property
    def begun(self) -> bool:
        """Whether there has been an iteration."""
        return self.iterations > 0

    @property
    def total(self) -> int:
        """Iterations still expected in all: those that have ended early count as they are."""
        return sum(row.iteration if row.state in ENDED else row.total for row in self.rows.values())

    @property
    def running(self) -> dict[int, int]:
        """Iterations done by each start that has not ended, waiting ones too."""
        return {seed: row.iteration for seed, row in self.rows.items() if row.state not in ENDED}

    def report(self, report: Report) -> None:
        for row in report.rows:
            if row.seed in self.rows and self.rows[row.seed].state not in ENDED:
                self.rows[row.seed] = row
        for seed, points in report.points.items():
            if seed in self.curves:
                self.curves[seed] += points

    def ended(self, message: Ended) -> None:
        self.rows[message.row.seed] = message.row
        self.curves[message.row.seed] += message.points
        if message.start.iterations:
            self.results.append(message.start)
        if len(self.results) > self._keep:
            self.results = order(self.results)[: self._keep]
            self.dropped += 1

    def failed(self, seed: int) -> None:
        self.rows[seed] = replace(self.rows[seed], state=FAILED)

    def leave_out(self, seed: int) -> None:
        """A start that will not begin."""
        self.rows[seed] = replace(self.rows[seed], state=STOPPED)

    def ranked(self) -> tuple[StartRow, ...]:
        """Best first; those without figures, then those given up or failed, after the others."""

        def key(row: StartRow) -> tuple[bool, bool, float]:
            lost = row.state in (FAILED, GIVEN_UP)
            return lost, math.isnan(row.figure), row.figure

        return tuple(sorted(self.rows.values(), key=key))

    def history(self, seed: int | None) -> History | None:
        """The curve of a start; None where it has no point yet."""
        points = self.curves.get(seed, []) if seed is not None else []
        return _history(points) if points else None

    def histories(self) -> dict[int, History]:
        """The curves of the best starts, of so many points that they can be sent again and again."""
        found = {}
        for row in self.ranked()[:_CURVES]:
            if points := self.curves.get(row.seed):
                step = -(-len(points) // _CURVE_POINTS)
                # The last point is where the start is now.
                found[row.seed] = _history(points[::-step][::-1])
        return found


def _history(points: Sequence[Point]) -> History:
    iteration, r_factor, free, support = zip(*points, strict=True)
    return History(
        iteration=np.array(iteration, np.int32),
        r_factor=np.array(r_factor, np.float32),
        free_log_likelihood=np.array(free, np.float32),
        support_pixels=np.array(support, np.int32),
    )


def best_words(rows: Sequence[StartRow]) -> str:
    """The best of ranked rows, in words."""
    best = rows[0] if rows else None
    if best is None or math.isnan(best.figure):
        return "starting" if loops_are_kept() else "starting; the loops are compiled, the first time only"
    name = "R" if math.isnan(best.free_log_likelihood) else "free LLK"
    return f"best: start {best.seed}, {name} {best.figure:.4g}"


def loops_are_kept(folder: Path = Path(__file__).parent.parent) -> bool:
    """Whether an earlier process has left the compiled loops beside their source in `folder`.

    Where nothing can be written there numba keeps them elsewhere, for each user: then True.
    """
    source, kept = folder / "kernels_numba.py", (folder / "__pycache__").glob("kernels_numba.advance-*.nbi")
    if not source.exists() or not os.access(folder, os.W_OK):
        return True
    return any(one.stat().st_mtime >= source.stat().st_mtime for one in kept)
