"""Runs that grow while they are open: what a look at the file gives, and how a run takes it in.

Looking reads the file and belongs on the thread that reads frames; taking in is for the thread that shows the run, so
that nobody there sees it change in the middle of something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from models.errors import CannotOpen
from models.runs.types import Column, Run


class NoFramesYet(CannotOpen):
    """A file that is being written has no frames so far: open it again in a while."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A run as it is now.

    Attributes:
        frames: how many frames there are.
        events: identifier of every frame, or None where the file has none.
        columns: the per-frame numbers, read already.
        ended: whether the writer has closed the file: nothing more will come.
    """

    frames: int
    events: Sequence[str] | None
    columns: Mapping[str, Column]
    ended: bool = False


class Following(Protocol):
    """The file of a run that may grow. On the thread that reads the run's frames."""

    def look(self, known: int) -> Growth | None:
        """What there is now, given how many frames are known; None where that is still all and the writer is at it.

        Raises:
            FriedelError: the file does not answer as it should.
        """
        ...


def innermost(run: Run) -> Any:
    """The run as stored, where `run` is one that wraps another (its `base`)."""
    inner: Any = run
    while (base := getattr(inner, "base", None)) is not None:
        inner = base
    return inner


def following(run: Run) -> Following | None:
    """How to look for more frames of a run; None where its file cannot grow while it is open."""
    found: Following | None = getattr(innermost(run), "following", None)
    return found


def take(run: Run, growth: Growth) -> int:
    """Let a run, and all runs it wraps, have the frames that a look has found.

    Returns:
        How many are new.
    """
    known = len(run)
    if growth.frames > known:
        layer: Any = run
        while layer is not None:
            layer.events, layer.columns = growth.events, _with_own(layer.columns, growth)
            layer = getattr(layer, "base", None)
        innermost(run).extend(growth.frames)
    return max(0, growth.frames - known)


def _with_own(before: Mapping[str, Column], growth: Growth) -> Mapping[str, Column]:
    """The file's columns, and those that were added to the run since it was opened, not-a-number where it is new."""
    if not isinstance(before, dict):
        return growth.columns
    added = {}
    for name, column in before.items():
        short = growth.frames - len(column.values)
        if name not in growth.columns and short > 0:
            values = np.concatenate([column.values.astype(np.float64), np.full(short, np.nan)])
            added[name] = Column(name, values, column.unit)
    return {**growth.columns, **added}


def refresh(run: Run) -> int:
    """Look and take in at once, for whoever uses a run from one thread: the number of new frames.

    Raises:
        FriedelError: the file does not answer as it should.
    """
    file = following(run)
    growth = None if file is None else file.look(len(run))
    return 0 if growth is None else take(run, growth)
