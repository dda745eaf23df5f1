"""What a start writes down while it runs: error curves, and the schedule that was really run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.phasing.schedule import Block, Part, Repeat, Schedule
from models.phasing.schedule_parts import PARAMETERS, Value
from models.phasing.settings import PhasingSettings
from models.phasing.types import History

_LONGEST_GROUP = 8


class Record:
    """Error curves and blocks of one start.

    Args:
        settings: as they were at the start; what differs from them later is written into the blocks.
    """

    def __init__(self, settings: PhasingSettings) -> None:
        self._first = settings
        self._blocks: list[Block] = []
        self._rows: list[tuple[int, float, float, int]] = []

    def look(self, iteration: int, r_factor: float, free_log_likelihood: float, support_pixels: int) -> None:
        """One point of the error curves; a second look at the same iteration replaces the first."""
        if self._rows and self._rows[-1][0] == iteration:
            self._rows.pop()
        self._rows.append((iteration, r_factor, free_log_likelihood, support_pixels))

    def ran(self, block: Block, iterations: int, settings: PhasingSettings) -> None:
        """So many iterations of a block (or it, if it takes none) were run with these settings."""
        known = dict(block.parameters)
        changed: dict[str, Value] = {}
        names = {} if settings is self._first else PARAMETERS[block.algorithm]
        for name, fields in names.items():
            now = {getattr(settings, field) for field in fields}
            before = {getattr(self._first, field) for field in fields}
            value = now.pop()
            if name not in known and not now and value is not None and before != {value}:
                changed[name] = value
        done = block
        if changed or iterations != block.iterations:
            done = replace(block, iterations=iterations, parameters=(*block.parameters, *changed.items()))
        last = self._blocks[-1] if self._blocks else None
        if last is not None and iterations and (last.algorithm, last.parameters) == (done.algorithm, done.parameters):
            self._blocks[-1] = replace(last, iterations=last.iterations + iterations)
        else:
            self._blocks.append(done)

    def schedule(self) -> str:
        """The blocks that were run, in the language of schedules, repetitions folded."""
        return str(Schedule(folded(tuple(self._blocks))))

    def history(self) -> History:
        rows = self._rows
        return History(
            iteration=np.array([row[0] for row in rows], np.int32),
            r_factor=np.array([row[1] for row in rows], np.float32),
            free_log_likelihood=np.array([row[2] for row in rows], np.float32),
            support_pixels=np.array([row[3] for row in rows], np.int32),
        )


def folded(blocks: tuple[Block, ...]) -> tuple[Part, ...]:
    """The same blocks with runs of equal groups written as repetitions: a b a b c becomes 2*(a b) c."""
    parts: list[Part] = []
    at = 0
    while at < len(blocks):
        best, times = 1, 1
        for size in range(1, min(_LONGEST_GROUP, (len(blocks) - at) // 2) + 1):
            group = blocks[at : at + size]
            count = 1
            while blocks[at + count * size : at + (count + 1) * size] == group:
                count += 1
            if count > 1 and count * size > best * times:
                best, times = size, count
        parts.append(Repeat(times, blocks[at : at + best]) if times > 1 else blocks[at])
        at += best * times
    return tuple(parts)
