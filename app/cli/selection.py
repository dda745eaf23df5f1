"""Which frames a verb is about: indices, index lists, labels, verdicts, all of them at once."""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.errors import BadLabels, BadParameter

if TYPE_CHECKING:
    from models.embedding.few_shot import Verdicts
    from models.runs.types import Run
    from models.workspace.record import LabelRecord

_RANGE = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")
_SLICE = re.compile(r"([0-9]{0,18}):([0-9]{0,18})")
_INDEX = re.compile(r"[0-9]{1,18}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that choose frames; a frame must meet all that are given."""
    group = parser.add_argument_group("which frames (all that are given must hold)")
    group.add_argument("--frames", metavar="LIST", help="indices and ranges, both ends included: 0,7,100-199")
    group.add_argument("--indices", metavar="FILE", help="text file with one index or event identifier per line")
    group.add_argument("--labelled", metavar="CLASS", action="append", help="frames with this label; may be repeated")
    group.add_argument(
        "--verdict", metavar="CLASS", action="append", help="frames with this verdict (needs --verdicts); repeatable"
    )
    group.add_argument("--min-confidence", metavar="P", type=float, help="verdicts at least this sure, 0 … 1")


def chosen_frames(
    args: argparse.Namespace,
    n_frames: int,
    events: Sequence[str] | None,
    labels: LabelRecord,
    verdicts: Verdicts | None,
) -> npt.NDArray[np.int64]:
    """The frames the flags choose, ascending.

    Raises:
        BadParameter: no flag is given, one cannot be met, or no frame meets them.
        BadLabels: an index list cannot be read.
    """
    keep = np.ones(n_frames, np.bool_)
    given = False
    if args.frames is not None:
        given = True
        keep &= _mask(_ranges(args.frames, n_frames), n_frames)
    if args.indices is not None:
        given = True
        keep &= _mask(_listed(Path(args.indices), n_frames, events), n_frames)
    if args.labelled:
        given = True
        _check(args.labelled, labels.class_names, "label")
        wanted = [k for k, name in enumerate(labels.class_names) if name in args.labelled]
        keep &= np.isin(labels.codes, wanted)
    if args.verdict or args.min_confidence is not None:
        given = True
        if verdicts is None:
            raise BadParameter("--verdict and --min-confidence need verdicts", hint="give --verdicts FILE.h5")
        keep &= ~verdicts.missing
        if args.verdict:
            _check(args.verdict, (*verdicts.classes, "unknown"), "verdict")
            codes = [verdicts.classes.index(name) if name != "unknown" else -1 for name in args.verdict]
            keep &= np.isin(verdicts.label, codes)
        if args.min_confidence is not None:
            keep &= verdicts.confidence >= args.min_confidence
    if not given:
        raise BadParameter(
            "no frames are chosen", hint="use --frames, --indices, --labelled, --verdict or --min-confidence"
        )
    frames = np.flatnonzero(keep)
    if not len(frames):
        raise BadParameter("no frame of the run meets what was asked", hint="loosen the choice")
    return frames


def frames_named(text: str, n_frames: int, events: Sequence[str] | None) -> npt.NDArray[np.int64]:
    """The frames one word names, ascending: `0:100` as Python slices (the end not included), `7`, `100-199` (both
    ends included), several with commas; or a .csv or .txt file of them.

    A CSV file has a column `index` or `event`, as `friedel export` and label tables have.

    Raises:
        BadParameter: no frames, or frames the run does not have.
        BadLabels: a file cannot be read, or names no frame of the run.
    """
    path = Path(text)
    if path.suffix.lower() == ".csv":
        frames = _tabled(path, n_frames, events)
    elif path.suffix.lower() == ".txt":
        frames = _listed(path, n_frames, events)
    else:
        frames = [i for part in text.replace(" ", "").split(",") for i in _sliced(part, n_frames)]
    if not frames:
        raise BadParameter(f"{text!r} names no frame of the run", cause=f"it has frames 0 to {n_frames - 1}")
    return np.unique(np.array(frames, np.int64))


def one_frame(opened: Run, wanted: str) -> int:
    """The index of the frame with this event identifier, or this index. Raises BadParameter where there is none."""
    events = opened.events
    if events is not None and wanted in (found := list(events)):
        return found.index(wanted)
    try:
        index = int(wanted)
    except ValueError:
        raise BadParameter(
            f"no frame of {opened.name} is called {wanted!r}",
            cause="the run has no event identifiers" if events is None else "no event identifier is equal to it",
            hint=f"give an index from 0 to {len(opened) - 1}",
        ) from None
    if not 0 <= index < len(opened):
        raise BadParameter(
            f"there is no frame {index} in {opened.name}", cause=f"it has frames 0 to {len(opened) - 1}"
        )
    return index


def _mask(frames: Sequence[int], n_frames: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(n_frames, np.bool_)
    mask[list(frames)] = True
    return mask


def _ranges(text: str, n_frames: int) -> list[int]:
    frames: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise BadParameter(f"--frames: {part!r} is neither an index nor a range", hint="write 0,7,100-199")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < n_frames:
            raise BadParameter(f"--frames: there is no range {part}", cause=f"the run has frames 0 to {n_frames - 1}")
        frames += range(first, last + 1)
    return frames


def _sliced(part: str, n_frames: int) -> Sequence[int]:
    """Frames of one slice, index or range."""
    match = _SLICE.fullmatch(part)
    if match is None:
        return _ranges(part, n_frames)
    first, last = int(match[1] or 0), int(match[2] or n_frames)
    if not first < last <= n_frames:
        raise BadParameter(f"--frames: there is no range {part}", cause=f"the run has frames 0 to {n_frames - 1}")
    return range(first, last)


def _tabled(path: Path, n_frames: int, events: Sequence[str] | None) -> list[int]:
    """Frames of a CSV table's column `index`, or `event` where that is all it has."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            names = {name.strip().lower(): name for name in table.fieldnames or ()}
            column = names.get("index") or names.get("event")
            if column is None:
                raise BadLabels(f"{path} names no frames", cause="it has neither a column index nor a column event")
            words = [row[column] or "" for row in table]
            by = column.strip().lower()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadLabels(f"{path} cannot be read as a table of frames", cause=str(error)) from error
    return _found(path, words, n_frames, events, by, first_line=2)


def _listed(path: Path, n_frames: int, events: Sequence[str] | None) -> list[int]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadLabels(f"{path} cannot be read as an index list", cause=str(error)) from error
    return _found(path, lines, n_frames, events)


def _found(
    path: Path, lines: Sequence[str], n_frames: int, events: Sequence[str] | None, by: str = "", first_line: int = 1
) -> list[int]:
    """The frames that lines of a file name by identifier or index; by one alone where `by` is "event" or "index": an
    identifier may look like an index."""
    if by == "index":
        events = None
    indices = by != "event" or events is None
    where = {} if events is None else {event: i for i, event in reversed(list(enumerate(events)))}
    frames = []
    for number, line in enumerate(lines, first_line):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        if word in where:
            frames.append(where[word])
        elif indices and _INDEX.fullmatch(word) and int(word) < n_frames:
            frames.append(int(word))
        else:
            raise BadLabels(
                f"{path}, line {number}: {word[:40]!r} is no frame of this run",
                cause=f"it has frames 0 to {n_frames - 1}" + (" and event identifiers" if where else ""),
            )
    return frames


def _check(wanted: Sequence[str], there: Sequence[str], what: str) -> None:
    for name in wanted:
        if name not in there:
            raise BadParameter(f"there is no {what} {name!r}", cause=f"there are {', '.join(there) or 'none'}")
