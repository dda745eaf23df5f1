"""One line on one run: what opening it tells, in a process that may be stopped or die over it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import AmbiguousRun, CannotOpen, FriedelError
from models.runs.run_table import RunState
from models.runs.types import Run

FRESH_S = 10.0
"""A run whose files were written to so lately counts as being written."""


@dataclass(frozen=True, slots=True)
class Description:
    """What one line says of a run; see `RunRow`.

    Attributes:
        is_run: False for files that are readable and hold no frames.
    """

    state: RunState
    status: str = ""
    frames: int | None = None
    height: int | None = None
    width: int | None = None
    dtype: str = ""
    labels: int | None = None
    hit_rate: float | None = None
    notes: tuple[str, ...] = ()
    is_run: bool = True


def describe_run(
    path: str, newest: str, made_of_it: Callable[[Run], tuple[int | None, float | None]] | None = None
) -> Description:
    """Open a run and say what it is; never raises a FriedelError.

    Args:
        path: of the run.
        newest: its file that was written to last.
        made_of_it: gives (labels, hit rate) of the open run.
    """
    from models.runs import open_run
    from models.runs.layout import NotFrames
    from models.runs.raw import RawHeaderNeeded

    state, status = _written(Path(newest))
    try:
        run = open_run(path)
    except (AmbiguousRun, RawHeaderNeeded) as error:
        return Description(RunState.CHOICE, _choice(error))
    except NotFrames as error:
        return Description(RunState.UNREADABLE, error.sentence(), is_run=False)
    except FriedelError as error:
        if state is RunState.WRITTEN:
            return Description(state, f"{status}. Now: {error.cause or error.what}")
        return Description(RunState.UNREADABLE, _sentence(error.cause or error.what, error.hint))
    try:
        described = Description(
            state,
            status,
            frames=len(run),
            height=run.shape[0],
            width=run.shape[1],
            dtype=run.dtype.name,
            notes=tuple(run.warnings),
        )
        if made_of_it is None:
            return described
        try:
            labels, hit_rate = made_of_it(run)
        except (FriedelError, OSError) as error:
            return replace(described, status=_sentence(status, f"Its labels cannot be read ({error})"))
        return replace(described, labels=labels, hit_rate=hit_rate)
    finally:
        run.close()


def _written(newest: Path) -> tuple[RunState, str]:
    """Whether a file is being written, as far as can be told from outside."""
    from models.runs.watch import is_locked_for_writing

    if is_locked_for_writing(newest):
        return RunState.WRITTEN, "Another program has it open for writing"
    try:
        age_s = time.time() - newest.stat().st_mtime
    except OSError:
        return RunState.COMPLETE, ""
    if 0 <= age_s < FRESH_S:
        return RunState.WRITTEN, f"Written to within the last {FRESH_S:g} s"
    return RunState.COMPLETE, ""


def _choice(error: CannotOpen) -> str:
    if isinstance(error, AmbiguousRun) and error.candidates:
        return f"{len(error.candidates)} datasets may be its frames: choose one when opening it"
    return _sentence(error.cause or error.what, error.hint)


def _sentence(*parts: str) -> str:
    return ". ".join(part[:1].upper() + part[1:].rstrip(".") for part in parts if part)
