"""The last refinement: once the held-out pixels have judged the starts, they are let back in.

A twentieth of what was measured is a twentieth of what is known. It is added when nothing is chosen any more: the
order of the starts, and the figures of what they predicted, stay those from before. So does the support, but for
specks: tiny dim islands, which noise makes in weak patterns (`models.phasing.support.without_specks`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.patterns import Pattern
from models.phasing.brightness import bright_to_edge
from models.phasing.schedule import parse
from models.phasing.schedule_parts import ITERATIVE
from models.phasing.settings import PhasingSettings
from models.phasing.starts.lane import Ended, Report, Task
from models.phasing.starts.material import Material
from models.phasing.starts.table import Table
from models.phasing.starts.types import ENDED, FINISHED, WAITING, StartRow
from models.phasing.support import without_specks
from models.phasing.types import BoolArray, Start

WORDS = "refining with the held-out pixels"
WHOLE = "all"
"""the part of the material in which no pixel is held out"""


def is_wanted(settings: PhasingSettings, held_out: BoolArray) -> bool:
    """Whether the starts are refined: not where nothing was held out, nor where a background or the coherence is
    looked for, as each start has found its own and would have to find it again."""
    looked_for = settings.background or settings.coherence_px is None
    return settings.refine_iterations > 0 and bool(held_out.any()) and not looked_for


def refinement(settings: PhasingSettings, pattern: Pattern) -> str:
    """What is run, as a schedule of `refine_iterations`: ER.

    Where the pattern is bright to its edge the second half is the likelihood's descent, which knows that a few counts
    say less than their root's scatter; in weak patterns it would fit the noise, to which ER adds little. A schedule
    that itself ends with the likelihood goes on with it.
    """
    n = settings.refine_iterations
    last = next(
        (each.algorithm for each in reversed(parse(settings.schedule).blocks) if each.algorithm in ITERATIVE), ""
    )
    if last == "ML":
        return f"{n} ML"
    return f"{n - n // 2} ER + {n // 2} ML" if n > 1 and bright_to_edge(pattern) else f"{n} ER"


def tasks_of(starts: Sequence[Start], schedule: str, material: Material, pattern: Pattern) -> list[Task]:
    """The tasks that refine those of the starts that have come to their end; `RefiningTable` takes their results."""
    finished = [start for start in starts if start.ended == "finished"]
    if not finished:
        return []
    material.add(WHOLE, pattern, np.zeros(pattern.shape, np.bool_))
    return [
        Task(
            start.seed,
            material.keep(f"first-{number}", start.object),
            material.keep(f"support-{number}", without_specks(start.support, start.object)),
            overrides={"schedule": schedule, "first_support": "given"},
            part=WHOLE,
        )
        for number, start in enumerate(finished)
    ]


class RefiningTable(Table):
    """The table while starts are refined: each goes on where it was, with the figures it was ranked by.

    Args:
        before: the table in which the starts came to their ends. starts: all that will be part of the result; those
            refined take the place of what they were in `results`. tasks: of those to be refined. schedule: theirs.
    """

    def __init__(self, before: Table, starts: Sequence[Start], tasks: Sequence[Task], schedule: str) -> None:
        super().__init__((), {}, len(starts))
        self.rows = dict(before.rows)
        self.curves, self.dropped = before.curves, before.dropped
        self.results = list(starts)
        self._schedule = schedule
        self._starts = {start.seed: start for start in starts}
        self._base: dict[int, int] = {}
        count = parse(schedule).iterations
        for task in tasks:
            # The best of earlier generations have no row here, and were counted there.
            start = self._starts[task.seed]
            row = self.rows.get(task.seed) or StartRow(task.seed, r_factor=start.r_factor)
            self._base[task.seed] = row.iteration
            free = start.free_log_likelihood
            self.rows[task.seed] = replace(row, state=WAITING, total=row.iteration + count, free_log_likelihood=free)

    @property
    def begun(self) -> bool:
        return any(row.iteration > self._base.get(seed, row.iteration) for seed, row in self.rows.items())

    def report(self, report: Report) -> None:
        for row in report.rows:
            if row.seed in self._base and self.rows[row.seed].state not in ENDED:
                self.rows[row.seed] = self._going_on(row)

    def ended(self, message: Ended) -> None:
        after, before = message.start, self._starts[message.row.seed]
        self.rows[before.seed] = replace(self._going_on(message.row), state=FINISHED)
        if not after.iterations:
            return
        refined = replace(
            before,
            object=after.object,
            support=after.support,
            r_factor=after.r_factor,
            iterations=before.iterations + after.iterations,
            seconds=before.seconds + after.seconds,
            refinement=after.schedule,
        )
        self.results = [refined if start.seed == before.seed else start for start in self.results]

    def failed(self, seed: int) -> None:
        """It stays what it was."""
        self.rows[seed] = replace(self.rows[seed], state=FINISHED)

    def leave_out(self, seed: int) -> None:
        self.failed(seed)

    def _going_on(self, row: StartRow) -> StartRow:
        shown, base = self.rows[row.seed], self._base[row.seed]
        return replace(
            shown,
            state=row.state,
            algorithm=row.algorithm,
            iteration=base + row.iteration,
            r_factor=shown.r_factor if math.isnan(row.r_factor) else row.r_factor,
            iterations_per_second=row.iterations_per_second,
        )
