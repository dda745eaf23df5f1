"""Results of reconstructions between the workspace and the window. Runs in the service and the workers: no Qt."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.phasing.patterns import save_pattern
from app.phasing.pictures import amplitude_of, calculated_picture, cropped, measured_picture
from app.phasing.records import AGREEMENT, AVERAGE, AmplitudePicture, Result, Shown, StartSummary, Subject
from app.phasing.words import figures_words, resolution_words
from models.errors import CannotOpen, FriedelError
from models.phasing.types import Reconstruction, Start
from models.progress import Progress
from models.treatment import UNTREATED
from models.workspace.reconstructions import Kept, Reconstructions

if TYPE_CHECKING:
    from models.runs.types import Run
    from models.workspace import Workspace

FIRST_SUPPORT = "first_support.npy"
"""in the folder of a result: what its starts began with, where that was given"""
_folders = itertools.count(1)


@dataclass(frozen=True)
class Row:
    """One kept result in the list.

    Attributes:
        id, name: of the result. made: when, ISO 8601. r_factor, free_log_likelihood: of its best start.
        resolution: of the PRTF, in words. kept, starts: how many. note: its recipe.
    """

    id: str
    name: str
    made: str
    r_factor: float
    free_log_likelihood: float
    resolution: str
    kept: int
    starts: int
    note: str


@dataclass(frozen=True)
class Compared:
    """One side of a comparison.

    Attributes:
        name: the result's. shape, pixel_nm: of its array. shown: the picture. figures: in words.
    """

    name: str
    shape: tuple[int, ...]
    pixel_nm: tuple[float, ...] | None
    shown: Shown
    figures: str


def place_of(workspace: Workspace, run: Run, subject: Subject) -> dict[str, Any]:
    """Where results of a frame are kept, for the functions below."""
    return {
        "folder": str(workspace.folder),
        "run": run.identity.digest,
        "path": subject.path,
        "dataset": subject.dataset,
        "frame": subject.frame,
        "treatment": subject.treatment,
        "event": "" if run.events is None or subject.frame < 0 else str(run.events[subject.frame]),
    }


def keep(made: Reconstruction, place: Mapping[str, Any]) -> Generator[Progress, None, str]:
    """Keep a result in the workspace; gives its id. Raises NotSaved."""
    name = ""
    if made.changes:  # the recipe it began with is not all of what made it
        recipe = made.settings.get("preset") or made.settings.get("schedule") or "reconstruction"
        name = f"{recipe}, changed while it ran"
    kept = yield from _history(place).add(made, int(place["frame"]), str(place["event"]), name)
    return kept.id


def listed(place: Mapping[str, Any]) -> tuple[Row, ...]:
    """What is kept of the frame, the latest first."""
    return tuple(
        Row(
            id=one.id,
            name=one.name,
            made=one.created,
            r_factor=one.trust.r_factor,
            free_log_likelihood=one.trust.free_log_likelihood,
            resolution=resolution_words(one.trust),
            kept=one.trust.kept,
            starts=one.trust.starts,
            note=f"{one.preset}\n{one.schedule}".strip(),
        )
        for one in _history(place).list(int(place["frame"]))
    )


def renamed(place: Mapping[str, Any], result_id: str, name: str) -> None:
    """Give a result another name."""
    _history(place).rename(result_id, name)


def deleted(place: Mapping[str, Any], result_id: str) -> None:
    """Put a result aside; `undeleted` brings it back."""
    _history(place).remove(result_id)


def undeleted(place: Mapping[str, Any], result_id: str) -> None:
    """Bring a deleted result back."""
    _history(place).restore(result_id)


def opened(place: Mapping[str, Any], result_id: str, scratch: str) -> Result:
    """A result for the window, with the picture of its average; its pattern is written to a folder in `scratch`."""
    made, entry = _load(place, result_id)
    folder = Path(scratch) / f"result-{next(_folders)}"
    save_pattern(folder, made.pattern)
    if made.first_support is not None:
        np.save(folder / FIRST_SUPPORT, made.first_support)
    amplitudes = measured_picture(made.pattern)
    kept = {start.seed for start in made.starts[: made.kept]}
    return Result(
        id=result_id,
        name=entry.name,
        made=entry.created,
        preview=entry.preview,
        subject=Subject(
            str(place["path"]), str(place["dataset"]), int(place["frame"]), place.get("treatment", UNTREATED)
        ),
        shape=made.pattern.shape,
        pixel_nm=made.pattern.pixel_nm,
        unit=made.pattern.unit,
        source=made.pattern.source,
        trust=made.trust,
        prtf=made.prtf,
        starts=tuple(_summary(start, start.seed in kept) for start in made.starts),
        mode_weights=tuple(float(weight) for weight in made.mode_weights),
        settings=dict(made.settings),
        changes=tuple((int(at), dict(values)) for at, values in made.changes),
        steps=made.pattern.steps,
        seconds=made.seconds,
        shown=_picture(made, AVERAGE, amplitudes, folder),
        amplitudes=amplitudes,
        folder=str(folder),
        versions=dict(made.versions),
    )


def shown(place: Mapping[str, Any], result_id: str, what: str, folder: str) -> Shown:
    """Another picture of a result: "average", "start:3", "mode:0", "agreement"."""
    made, _ = _load(place, result_id)
    return _picture(made, what, measured_picture(made.pattern), Path(folder))


def compared(place: Mapping[str, Any], result_id: str, what: str) -> Compared:
    """A picture of a result with its figures, for one side of a comparison."""
    made, entry = _load(place, result_id)
    if what.startswith("start:"):
        start = _start(made, what)
        figures = figures_words(start.r_factor, start.free_log_likelihood)
    else:
        figures = figures_words(made.trust.r_factor, made.trust.free_log_likelihood)
    return Compared(entry.name, made.pattern.shape, made.pattern.pixel_nm, _picture(made, what, None, None), figures)


def exported(place: Mapping[str, Any], result_id: str, what: str, target: str) -> Generator[Progress, None, str]:
    """Write a result to a file by the name's ending; a start in place of the average where only one object fits."""
    yield Progress(done=0, message="reading the result")
    from models.phasing.export import save

    made, entry = _load(place, result_id)
    path = Path(target)
    if what.startswith("start:") and path.suffix.lower() != ".cxi":
        start = _start(made, what)
        made = replace(made, object=start.object, support=start.support)
    yield from save(made, path, title=f"{made.pattern.source}: {entry.name}")
    return target


def _history(place: Mapping[str, Any]) -> Reconstructions:
    return Reconstructions(Path(place["folder"]), str(place["run"]))


@lru_cache(maxsize=2)
def _read(path: str, _changed: int) -> Reconstruction:
    """The two results looked at last stay in memory: their starts and modes are asked for one by one."""
    from models.phasing.export import read_reconstruction

    return read_reconstruction(path)


def _load(place: Mapping[str, Any], result_id: str) -> tuple[Reconstruction, Kept]:
    for entry in _history(place).list(int(place["frame"])):
        if entry.id == result_id:
            return _read(str(entry.path), entry.path.stat().st_mtime_ns), entry
    raise CannotOpen("This result is not there any more", hint="it may have been deleted in another window")


def _summary(start: Start, kept: bool) -> StartSummary:
    return StartSummary(
        seed=start.seed,
        ended=start.ended,
        iterations=start.iterations,
        seconds=start.seconds,
        r_factor=start.r_factor,
        free_log_likelihood=start.free_log_likelihood,
        history=start.history,
        schedule=start.schedule,
        support_pixels=int(np.count_nonzero(start.support)),
        kept=kept,
    )


def _picture(made: Reconstruction, what: str, like: AmplitudePicture | None, folder: Path | None) -> Shown:
    """A picture of one object of a result; its amplitudes go to `folder` for the readout."""
    support, calculated = made.support, None
    if what == AVERAGE:
        values = made.object
        title = f"average of {made.kept} starts" if made.kept > 1 else "best start"
    elif what == AGREEMENT:
        values = made.agreement.astype(np.complex64)
        title = "agreement of the kept starts, 0 … 1"
    elif what.startswith("mode:"):
        place = int(what.partition(":")[2])
        values = made.modes[place]
        title = f"mode {place + 1}, {100 * float(made.mode_weights[place]):.3g} % of the power"
    else:
        start = _start(made, what)
        values, support = start.object, start.support
        title = f"start {start.seed}, {start.ended}"
    if like is not None and folder is not None and what != AGREEMENT:
        amplitude = amplitude_of(values)
        stored = folder / "calculated.npy"
        stored.unlink(missing_ok=True)  # the window may still map the last one, and keeps it
        np.save(stored, amplitude)
        calculated = calculated_picture(amplitude, like)
    return Shown(what, title, cropped(values, support), calculated)


def _start(made: Reconstruction, what: str) -> Start:
    seed = int(what.partition(":")[2])
    for start in made.starts:
        if start.seed == seed:
            return start
    raise FriedelError(f"The result has no start {seed}", hint="choose one of those in the table")
