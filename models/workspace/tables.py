"""Label tables: CSV in and out.

Two headers are written: Friedel's `index,event,label,annotator,time` and SpeckleNN's `exp,run,event_num,label`. Of a
table that is read only `label` and one of `index`, `event` or `event_num` are required; other columns are ignored.
Commas, semicolons, tabs and bars separate; a byte-order mark, quotes and lines beginning with # are understood.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import BadLabels, BadParameter
from models.files.disk import replace_text
from models.workspace.classes import RESERVED, UNSURE, check_name
from models.workspace.entries import IndexArray
from models.workspace.labels import Labels
from models.workspace.record import UNLABELLED_CODE

HEADER = ("index", "event", "label", "annotator", "time")
SPECKLENN_HEADER = ("exp", "run", "event_num", "label")
SPECKLENN_CODES = {"0": "contaminant", "1": "single", "2": "multi", "9": "blank"}
"""What SpeckleNN's authors call 0 not a sample, 1 single, 2 multi, 9 background."""
_UNSURE_WORDS = RESERVED | {"?"}
_INDEX = re.compile(r"[0-9]{1,15}")
_MAX_CLASSES = 100
_MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class LabelTable:
    """Labels read from a file, found in a run.

    Attributes:
        frames: (m,) int64, indices in the run; unique, a later line of the table wins over an earlier one.
        names: class name of each; "unsure" where the table says so.
        n_unknown: lines whose event the run does not have.
        warnings: sentences for the user.
    """

    frames: IndexArray
    names: tuple[str, ...]
    n_unknown: int
    warnings: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order in which they appear."""
        return tuple(dict.fromkeys(name for name in self.names if name != UNSURE))


@dataclass(frozen=True)
class ImportReport:
    """What became of a label table.

    Attributes:
        n_applied: frames that were labelled.
        n_unknown: lines whose event the run does not have.
        new_classes: classes that were added.
        warnings: sentences for the user.
    """

    n_applied: int
    n_unknown: int
    new_classes: tuple[str, ...]
    warnings: tuple[str, ...]


def read_labels(path: Path, n_frames: int, events: Sequence[str] | None = None) -> LabelTable:
    """Read a label table for a run.

    Where a line has an event identifier and the run has identifiers, the identifier decides; `index` chooses among
    frames that share one, and serves alone where there are none.

    Args:
        path: the file.
        n_frames: frames of the run.
        events: event identifier of every frame, or None.

    Raises:
        BadLabels: it cannot be read, lacks a column, or holds an index that the run does not have; names the line.
    """
    rows = _rows(path)
    try:
        number, header = next(rows)
    except StopIteration:
        raise BadLabels(f"{path} is empty", hint=_NEEDED) from None
    columns = _columns(path, header)
    finder = _Finder(path, n_frames, events, is_specklenn="event_num" in columns and "event" not in columns)
    found: dict[int, str] = {}
    annotators: set[str] = set()
    words: dict[str, None] = {}
    for number, row in rows:
        cells = {name: row[at].strip() if at < len(row) else "" for name, at in columns.items()}
        if not cells["label"]:
            continue
        frame = finder.find(number, cells)
        if cells.get("annotator"):
            annotators.add(cells["annotator"])
        if frame is not None:
            words[cells["label"]] = None
            found.pop(frame, None)
            found[frame] = cells["label"]
    names, warnings = _class_names(path, words, is_specklenn="event_num" in columns)
    if len(annotators) > 1:
        warnings.append(f"{path.name} has labels of {len(annotators)} annotators; its last line for a frame counts.")
    frames = np.array(list(found), dtype=np.int64)
    return LabelTable(
        frames, tuple(names[word] for word in found.values()), finder.n_unknown, (*finder.warnings(), *warnings)
    )


def import_labels(table: LabelTable, labels: Labels) -> ImportReport:
    """Give the frames of a table their labels, as this annotator; classes that are not there are added.

    Upper and lower case do not matter. One undo takes all of it back.
    """
    with labels.as_one():
        new = _give(table, labels)
    return ImportReport(len(table.frames), table.n_unknown, tuple(new), table.warnings)


def _give(table: LabelTable, labels: Labels) -> list[str]:
    """Give the labels, one entry for each class; returns the classes that were added."""
    by_name = {name.casefold(): name for name in labels.class_names}
    new: list[str] = []
    for name in table.classes:
        if name.casefold() not in by_name:
            by_name[name.casefold()] = labels.add_class(name).name
            new.append(name)
    of_frame = np.array(
        [UNSURE if name == UNSURE else by_name[name.casefold()] for name in table.names], dtype=object
    )
    for name in dict.fromkeys(of_frame.tolist()):
        frames = table.frames[of_frame == name]
        if name == UNSURE:
            labels.set_unsure(frames, source="import")
        else:
            labels.set(frames, name, source="import")
    return new


def write_labels(path: Path, labels: Labels, events: Sequence[str] | None = None) -> int:
    """Write `index,event,label,annotator,time` of every frame that has a label or is unsure.

    Returns:
        How many.

    Raises:
        NotSaved: it cannot be written.
    """
    frames = np.flatnonzero(labels.codes != UNLABELLED_CODE)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for frame, entry in zip(frames.tolist(), labels.present_entries(frames), strict=True):
        event = "" if events is None else events[frame]
        who, time = ("", "") if entry is None else (entry.who, entry.time)
        writer.writerow([frame, event, labels.name_of(frame), who, time])
    replace_text(path, text.getvalue(), f"The labels were not saved to {path}")
    return len(frames)


def write_specklenn_labels(
    path: Path, labels: Labels, experiment: str, run: str, events: Sequence[str] | None = None
) -> int:
    """Write `exp,run,event_num,label` as SpeckleNN reads it; `event_num` is the event identifier, else the index.

    Its authors' numbers stand for the classes they know; other classes by name; unsure frames are left out.

    Returns:
        How many lines.

    Raises:
        NotSaved: it cannot be written.
    """
    numbers = {name: code for code, name in SPECKLENN_CODES.items()}
    frames = labels.labelled()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SPECKLENN_HEADER)
    for frame in frames.tolist():
        name = labels.name_of(frame)
        event = frame if events is None else events[frame]
        writer.writerow([experiment, run, event, numbers.get(name, name)])
    replace_text(path, text.getvalue(), f"The labels were not saved to {path}")
    return len(frames)


_NEEDED = f"A label table needs a first line such as {','.join(HEADER)}; only index (or event) and label are required"


class _Finder:
    """Finds the frame of a line."""

    def __init__(self, path: Path, n_frames: int, events: Sequence[str] | None, *, is_specklenn: bool) -> None:
        self.path = path
        self.n_unknown = 0
        self._n_frames = n_frames
        self._events = events
        self._where: dict[str, int] = {}
        self._examples: list[str] = []
        for i in range(len(events) - 1, -1, -1) if events is not None else ():
            if events is not None and events[i]:
                self._where[events[i]] = i
        self._is_specklenn = is_specklenn

    def find(self, line: int, cells: dict[str, str]) -> int | None:
        event = cells.get("event", "") or cells.get("event_num", "")
        index = cells.get("index", "")
        if event and self._where:
            if event in self._where:
                return self._choose(event, index)
            self.n_unknown += 1
            if len(self._examples) < 3:
                self._examples.append(f"{event} (line {line})")
            return None
        if not index and event and (self._is_specklenn or _INDEX.fullmatch(event)):
            index = event
        if not index:
            raise BadLabels(
                f"{self.path}, line {line}: there is no index",
                cause="the run has no event identifiers to look for" if event else "neither index nor event is given",
            )
        return self._number(line, index)

    def _choose(self, event: str, index: str) -> int:
        there = int(index) if _INDEX.fullmatch(index) else self._n_frames
        if self._events is not None and there < self._n_frames and self._events[there] == event:
            return there
        return self._where[event]

    def _number(self, line: int, text: str) -> int:
        try:
            value = float(text)
            whole = int(value)
        except (ValueError, OverflowError):
            raise BadLabels(f"{self.path}, line {line}: {text[:40]!r} is no frame index") from None
        if whole != value or not 0 <= whole < self._n_frames:
            raise BadLabels(
                f"{self.path}, line {line}: there is no frame {text[:40]}",
                cause=f"the run has frames 0 to {self._n_frames - 1}",
                hint="Check that the labels belong to this run",
            )
        return whole

    def warnings(self) -> list[str]:
        if not self.n_unknown:
            return []
        return [
            f"{self.n_unknown} lines name events that are not in the run, the first: {', '.join(self._examples)}."
        ]


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line that is not empty and no comment."""
    text = _text(path)
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    delimiter = max(",;\t|", key=first.count)
    skipped = itertools.takewhile(lambda line: not line.strip() or line.lstrip().startswith("#"), lines)
    n_skipped = sum(1 for _ in skipped)
    reader = csv.reader(io.StringIO("".join(lines[n_skipped:]), newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadLabels(f"{path}, line {n_skipped + reader.line_num}: {error}") from error
        if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
            yield n_skipped + reader.line_num, row


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadLabels(f"{path} is no label table", cause="it is larger than 1 GiB")
        data = path.read_bytes()
    except OSError as error:
        raise BadLabels(f"{path} cannot be read", cause=error.strerror or str(error)) from error
    codings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1")
    for coding in codings:
        try:
            text = data.decode(coding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadLabels(f"{path} is no text", hint=_NEEDED)


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Where each column that matters is."""
    names = [cell.strip().strip("\ufeff").casefold() for cell in header]
    wanted: tuple[str, ...] = ("index", "event", "event_num", "label", "annotator")
    columns = {name: names.index(name) for name in wanted if name in names}
    if "label" not in columns or not columns.keys() & {"index", "event", "event_num"}:
        shown = ", ".join(repr(cell[:30]) for cell in header[:8])
        raise BadLabels(f"{path} has no columns index (or event) and label", cause=f"it has {shown}", hint=_NEEDED)
    return columns


def _class_names(path: Path, words: Collection[str], *, is_specklenn: bool) -> tuple[dict[str, str], list[str]]:
    """The class name of every label in the table (in order of appearance), and what to tell the user of it."""
    if len(words) > _MAX_CLASSES:
        raise BadLabels(
            f"{path} has {len(words)} different labels", cause=f"more than {_MAX_CLASSES} classes are not supported"
        )
    names: dict[str, str] = {}
    warnings: list[str] = []
    numbered = is_specklenn and all(word.isdigit() for word in words)
    spelling: dict[str, str] = {}
    for word in words:
        if word.casefold() in _UNSURE_WORDS:
            names[word] = UNSURE
            continue
        try:
            name = check_name(SPECKLENN_CODES.get(word, word) if numbered else word)
        except BadParameter as error:
            raise BadLabels(f"{path} has a label that cannot be a class", cause=error.sentence()) from error
        names[word] = spelling.setdefault(name.casefold(), name)
        if names[word] != name:
            warnings.append(f"{name} was read as {names[word]}: upper and lower case do not tell classes apart.")
    if numbered and words:
        told = ", ".join(f"{word} as {names[word]}" for word in sorted(words))
        warnings.append(f"SpeckleNN's numbers were read thus: {told}.")
    return names, warnings
