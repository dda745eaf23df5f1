"""Schedules: what a reconstruction does, in one readable line, left to right.

`10*(50 HIO + SW) + 100 ER` runs ten times fifty iterations of HIO and a support update, then a hundred of ER.
ER, HIO, RAAR, DM, RRR and ML (likelihood descent) take a number of iterations; `n TWIN` is n iterations of RAAR with
half of the support, which chooses one of the two twins; SW updates the support (shrink-wrap); CENTRE moves the
object to the middle. Settings that hold in one block only stand in brackets behind its name: `50 HIO(beta=0.8)`,
`SW(threshold=0.15, blur=2)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from models.phasing.schedule_parser import BadSchedule, check_size, parse_parts
from models.phasing.schedule_parts import (
    ALGORITHMS,
    ITERATIVE,
    Block,
    Part,
    Repeat,
    first_blocks,
    iteration_count,
    parts_text,
    unrolled,
)

__all__ = ["ALGORITHMS", "ITERATIVE", "BadSchedule", "Block", "Part", "Repeat", "Schedule", "parse"]


@dataclass(frozen=True)
class Schedule:
    """A schedule that has been read; `str()` gives its text in canonical form, which reads back to the same.

    Attributes:
        parts: blocks and repetitions as written.
    """

    parts: tuple[Part, ...]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks in the order they are run, repetitions written out."""
        return tuple(unrolled(self.parts))

    @cached_property
    def iterations(self) -> int:
        """Iterations in all."""
        return iteration_count(self.parts)

    @cached_property
    def support_progress(self) -> tuple[float, ...]:
        """Per block, how far the support updates have come: 0 up to the first SW, 1 from the last on."""
        updates = sum(block.algorithm == "SW" for block in self.blocks)
        if updates < 2:
            return (1.0,) * len(self.blocks)
        done, found = 0, []
        for block in self.blocks:
            found.append(min(1.0, done / (updates - 1)))
            done += block.algorithm == "SW"
        return tuple(found)

    def replaced_after(self, block_index: int, new_text: str) -> Schedule:
        """The same up to and with the block of this index, then what `new_text` says.

        For changing what comes next while a reconstruction runs: `block_index` is the block being run now, which is
        finished as it was begun.

        Raises:
            BadSchedule: where the new text cannot be read or the whole is too long.
            IndexError: where there is no such block.
        """
        if not 0 <= block_index < len(self.blocks):
            raise IndexError(f"block {block_index} of a schedule of {len(self.blocks)} blocks")
        parts = first_blocks(self.parts, block_index + 1) + parse_parts(new_text)
        check_size(parts)
        return Schedule(parts)

    def __str__(self) -> str:
        return parts_text(self.parts)


def parse(text: str) -> Schedule:
    """The schedule a text describes.

    Raises:
        BadSchedule: a `BadParameter` with the column, what was found there, what was expected and a suggestion.
    """
    parts = parse_parts(text)
    if not iteration_count(parts):
        raise BadSchedule(
            "The schedule has no iterations",
            cause="SW and CENTRE alone find no object",
            hint="add for example 100 ER",
        )
    return Schedule(parts)
