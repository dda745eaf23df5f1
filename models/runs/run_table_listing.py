"""Listing the runs of a folder, one after the other, stoppable at any moment."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

from models.errors import CannotOpen
from models.runs.folder_walk import Candidate, walk
from models.runs.run_table import ListingProgress, ListingSettings, RunRow, RunTable
from models.runs.run_table_describe import Description
from models.runs.run_table_process import Describer

DESCRIBE = "models.runs.run_table_describe:describe_run"
_TELL_EVERY_S = 0.1


def list_runs(
    folder: Path, settings: ListingSettings | None = None, describe: str = DESCRIBE
) -> Generator[ListingProgress, None, RunTable]:
    """All runs of a folder and its sub-folders.

    What may be a run is found by names and first bytes, then opened, in a process of its own that is ended where a
    run takes too long, and made anew where a damaged file ends it. Records come at least ten times a second.

    Args:
        folder: where to look.
        settings: how deep, and how long each run may take.
        describe: "package.module:function" of what describes a run; see `run_table_process.Describer`.

    Raises:
        CannotOpen: the folder is missing or cannot be read.
    """
    settings = ListingSettings() if settings is None else settings
    what = f"{folder} cannot be looked through"
    try:
        if not folder.is_dir():
            raise CannotOpen(
                what, cause="there is no such folder", hint="Check the path; a network folder may be gone"
            )
        next(folder.iterdir(), None)
    except OSError as error:
        raise CannotOpen(what, cause=str(error.strerror or error), hint="Check the disk or the network") from error
    notes: list[str] = []
    candidates = yield from _look(folder, settings.depth, notes)
    rows: list[RunRow] = []
    without_frames = 0
    describer = Describer(describe, settings.patience_s)
    told = time.monotonic()
    new: list[RunRow] = []
    try:
        for done, candidate in enumerate(candidates):
            name = _name(candidate, folder)
            describer.ask(str(candidate.path), str(candidate.newest))
            found = None
            while found is None:
                found = describer.answer(_TELL_EVERY_S / 2)
                if time.monotonic() - told >= _TELL_EVERY_S:
                    yield ListingProgress(
                        done=done, total=len(candidates), unit="runs", message=name, rows=tuple(new)
                    )
                    new, told = [], time.monotonic()
            if found.is_run:
                new.append(_row(candidate, name, found))
                rows.append(new[-1])
            else:
                without_frames += 1
    finally:
        describer.close()
    yield ListingProgress(done=len(candidates), total=len(candidates), unit="runs", rows=tuple(new))
    if without_frames:
        held = "1 file holds" if without_frames == 1 else f"{without_frames} files hold"
        notes.append(f"{held} no frames and {'is' if without_frames == 1 else 'are'} left out")
    return RunTable(str(folder), tuple(rows), tuple(notes))


def _look(folder: Path, depth: int, notes: list[str]) -> Generator[ListingProgress, None, list[Candidate]]:
    """`walk`, with a record now and then."""
    told = 0.0
    walking = walk(folder, depth, notes)
    looked = 0
    while True:
        try:
            here = next(walking)
        except StopIteration as stop:
            found: list[Candidate] = stop.value
            return found
        looked += 1
        if time.monotonic() - told >= _TELL_EVERY_S:
            yield ListingProgress(done=looked, unit="folders", message=f"looking into {here.name}")
            told = time.monotonic()


def _name(candidate: Candidate, folder: Path) -> str:
    inside = str(candidate.path.relative_to(folder))
    return folder.resolve().name if inside == "." else inside


def _row(candidate: Candidate, name: str, found: Description) -> RunRow:
    return RunRow(
        path=str(candidate.path),
        name=name,
        modified_s=candidate.modified_s,
        bytes=candidate.bytes,
        state=found.state,
        status=found.status,
        frames=found.frames,
        height=found.height,
        width=found.width,
        dtype=found.dtype,
        labels=found.labels,
        hit_rate=found.hit_rate,
        notes=found.notes,
    )
