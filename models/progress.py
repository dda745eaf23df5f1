"""Long work is a generator of `Progress` records whose return value is the result.

A test drains it, the command line wraps it in a bar, the window runs it in a worker. Stopping is not asking for the
next record; pausing is waiting before it. So no numerical code knows about threads, signals or bars.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a piece of work has come.

    Attributes:
        done: units finished so far.
        total: units in all; None where it is not known.
        unit: what is counted ("frames", "epochs"), for the bar's text.
        message: a few words on what is happening now.
    """

    done: int
    total: int | None = None
    unit: str = ""
    message: str = ""

    @property
    def fraction(self) -> float | None:
        """Share finished in 0..1, or None where the total is not known."""
        if not self.total:
            return None
        return min(1.0, self.done / self.total)


def drain(work: Generator[P, None, R], each: Callable[[P], None] | None = None) -> R:
    """Run `work` to its end and give its return value; `each` is called with every record."""
    while True:
        try:
            record = next(work)
        except StopIteration as stop:
            result: R = stop.value
            return result
        if each is not None:
            each(record)
