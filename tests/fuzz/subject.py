"""What is tried on every mutant: all that a user does with a run.

As in the window, a mutant is first tried out in a process of its own (`models.runs.probe`): HDF5 crashes over some
damaged files and never ends over others, and neither can be caught.
"""

from __future__ import annotations

import json
import os
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.display import DisplaySettings, prepare
from models.errors import AmbiguousRun, FrameUnreadable, FriedelError
from models.runs import Run, describe, open_run, read_columns
from models.runs.probe import Prober

_LONGEST_SENTENCE = 1500
_LONGEST_UNIT = 40


@dataclass
class Seen:
    """What came of one mutant.

    Attributes:
        opened: it became a run (or a geometry); False where it was refused with a sentence.
        frames: frames that were asked for.
        unreadable: those that were refused with a sentence.
        faults: tracebacks and broken promises, each a text.
        held: what the trial in the other process saved this one from: "crash", "hang" or "".
    """

    opened: bool = False
    frames: int = 0
    unreadable: int = 0
    faults: list[str] = field(default_factory=list)
    held: str = ""


def try_run(path: Path, rng: np.random.Generator, dataset: str | None, prober: Prober | None) -> Seen:
    """Open, describe, read and close a run; where the file asks which dataset, the first ones are tried.

    Args:
        path: the mutant.
        rng: chooses frames.
        dataset: as for `open_run`.
        prober: tries it out before; None to go without, as on the command line.
    """
    seen = Seen()
    before = _open_files()

    def opened(name: str | None) -> Run:
        if prober is not None:
            prober.probe(path, name, None)
        return open_run(path, name)

    try:
        try:
            _use(opened(dataset), rng, seen)
        except AmbiguousRun as asked:
            _check_sentence(asked, seen)
            if not asked.candidates:
                seen.faults.append("asks which dataset without naming any")
            for candidate in asked.candidates[:2]:
                try:
                    _use(opened(candidate.path), rng, seen)
                except FriedelError as error:
                    _check_sentence(error, seen)
    except FriedelError as error:
        _check_sentence(error, seen)
    except Exception:  # noqa: BLE001 (this is what is being looked for)
        seen.faults.append(traceback.format_exc())
    if left := _open_files() - before:
        seen.faults.append(f"left open: {sorted(left)}")
    return seen


def _use(run: Run, rng: np.random.Generator, seen: Seen) -> None:
    seen.opened = True
    try:
        json.dumps(describe(run).to_dict())
        repr(run)
        dropped = read_columns(run)
        for name in list(run.columns):
            try:
                values = run.columns[name].values
            except FriedelError as error:
                _check_sentence(error, seen)
                continue
            if values.shape != (len(run),) or values.dtype not in (np.int64, np.float64):
                seen.faults.append(f"column {name} has shape {values.shape} of {values.dtype} for {len(run)} frames")
        if run.events is not None:
            last = run.events[len(run) - 1]
            if not isinstance(last, str) or len(run.events) != len(run):
                seen.faults.append("event identifiers are not one text per frame")
        for text in (*run.warnings, *dropped):
            if not text.strip() or "Traceback" in text or "\n" in text or len(text) > _LONGEST_SENTENCE:
                seen.faults.append(f"a warning is no sentence: {text[:200]!r}")
        if len(run.unit) > _LONGEST_UNIT:
            seen.faults.append(f"the unit has {len(run.unit)} letters")
        indices = {0, len(run) - 1, int(rng.integers(len(run))), int(rng.integers(len(run)))}
        for index in sorted(indices):
            seen.frames += 1
            try:
                frame = run.load(index)
            except FrameUnreadable as error:
                seen.unreadable += 1
                _check_sentence(error, seen)
                continue
            if frame.raw.shape != run.shape or frame.flags.shape != run.shape or frame.data.dtype != np.float32:
                seen.faults.append(f"frame {index} is {frame.raw.shape} {frame.raw.dtype}, the run {run.shape}")
            if frame.raw.size < 1 << 24:
                prepare(frame, DisplaySettings())
    finally:
        run.close()


def try_geometry(path: Path) -> Seen:
    """Read a detector's geometry and put one frame of it together."""
    from tests.fuzz.geometry import use_geometry

    seen = Seen()
    try:
        use_geometry(path)
        seen.opened = True
    except FriedelError as error:
        _check_sentence(error, seen)
    except Exception:  # noqa: BLE001 (this is what is being looked for)
        seen.faults.append(traceback.format_exc())
    return seen


def _check_sentence(error: FriedelError, seen: Seen) -> None:
    text = error.sentence()
    if not text or "Traceback" in text or len(text) > _LONGEST_SENTENCE:
        seen.faults.append(f"no sentence for people: {text[:300]!r}")
    if "report it" in error.hint:
        seen.faults.append(f"nobody foresaw this: {text[:500]}")
    if "a process that tried it out" in error.cause:
        seen.held = "crash"
    elif "gave no frame within" in error.cause:
        seen.held = "hang"


def _open_files() -> set[str]:
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            found.add(os.readlink(entry))  # noqa: PTH115
        except OSError:
            continue
    return {name for name in found if name.startswith("/") and not name.startswith("/dev")}
