"""One entry of a label journal, and its line of JSON.

A line reads, for example::

    {"v":1,"id":"9f0c6a2b71d4","t":"2026-03-01T10:22:33.123Z","who":"ada","op":"label","class":"single",
     "source":"key","frames":[17],"events":["1042:3"]}

`frames` are single frames; with more than `MAX_LISTED` of them `ranges` (start, length, start, length …) stands
instead, and the event identifiers are left to the run's roster (`rosters.py`). Everything Friedel does not know in a
line is left alone.
"""

from __future__ import annotations

import contextlib
import gc
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

IndexArray = npt.NDArray[np.int64]

VERSION = 1
MAX_LISTED = 1000
"""Above this number of frames an entry holds index ranges and no event identifiers."""
OPS = frozenset({"label", "clear", "unsure", "undo", "redo", "class", "remove"})
LABEL_OPS = frozenset({"label", "clear", "unsure"})
CLASS_OPS = frozenset({"class", "remove"})
CLASS_FIELDS = ("name", "colour", "key", "marker")
_NO_FIELDS: Mapping[str, str] = {}
_parse_time = datetime.fromisoformat  # looking it up 10⁵ times shows


@dataclass(frozen=True, slots=True)
class RunKey:
    """What a journal says of the run its labels were given on.

    Attributes:
        digest: `RunIdentity.digest`.
        n_frames: frames at that time.
        dataset: path of the frames inside the file.
        shape: (H, W) of a frame.
        has_events: whether its frames had event identifiers.
    """

    digest: str
    n_frames: int
    dataset: str = ""
    shape: tuple[int, int] = (0, 0)
    has_events: bool = False


@dataclass(slots=True, eq=False)
class Entry:
    """One thing an annotator did. Never changed once made.

    Attributes:
        id: unique name of the entry.
        time: ISO 8601 in UTC with milliseconds ("2026-03-01T10:22:33.123Z"), so that text order is time order.
        who: the annotator.
        op: one of `OPS`.
        frames: indices as listed (at most `MAX_LISTED`), else empty.
        ranges: start, length, start, length …; else empty.
        events: event identifier of each of `frames`, or empty.
        cls: identifier of the class ("" where none), see `classes.py`.
        source: how the label was given: key, lasso, queue, accept, import.
        of: what is undone or redone: the `unit` of the entries concerned.
        group: shared by entries that are undone and redone as one (an import), "" for an entry of its own.
        fields: what a class entry sets (`CLASS_FIELDS`).
        run: the run it was made on.
        origin: name of the file it was read from, "" for one made just now.
    """

    id: str
    time: str
    who: str
    op: str
    frames: Sequence[int] = ()
    ranges: Sequence[int] = ()
    events: Sequence[str] = ()
    cls: str = ""
    source: str = ""
    of: str = ""
    group: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: _NO_FIELDS)
    run: RunKey | None = None
    origin: str = ""

    def indices(self) -> IndexArray:
        """The frames' places as stored, int64, in the order of `events`."""
        if not self.ranges:
            return np.asarray(self.frames, dtype=np.int64)
        return expand(np.asarray(self.ranges, dtype=np.int64))

    @property
    def unit(self) -> str:
        """What undo and redo call it: its group, or the entry itself."""
        return self.group or self.id

    @property
    def n_frames(self) -> int:
        return int(sum(self.ranges[1::2])) if self.ranges else len(self.frames)


def new_id() -> str:
    return secrets.token_hex(6)


def stamp(milliseconds: int) -> str:
    """Milliseconds since 1970 as the journal's time text."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def milliseconds(time: str) -> int:
    """Milliseconds since 1970 of a journal's time text (any ISO 8601 will do; without a zone it is UTC).

    Raises:
        ValueError: where it is no time.
    """
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


@contextlib.contextmanager
def many_objects() -> Iterator[None]:
    """No garbage collection while 10⁵ entries are made: it would look through them all again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def sorted_unique(indices: IndexArray) -> IndexArray:
    """The indices in ascending order, each once; fast where they are so already."""
    if len(indices) > 1 and not (np.diff(indices) > 0).all():
        indices = np.sort(indices)
        indices = indices[np.concatenate(([True], np.diff(indices) > 0))]
    return indices


def compress(indices: IndexArray) -> IndexArray:
    """Sorted unique indices as start, length, start, length …"""
    if not len(indices):
        return indices
    breaks = np.flatnonzero(np.diff(indices) != 1) + 1
    starts = np.concatenate(([0], breaks))
    lengths = np.diff(np.concatenate((starts, [len(indices)])))
    return np.stack([indices[starts], lengths], axis=1).ravel()


def expand(ranges: IndexArray) -> IndexArray:
    """The indices of start, length, start, length …"""
    starts, lengths = ranges[0::2], ranges[1::2]
    ends = np.cumsum(lengths)
    if not len(ends):
        return np.empty(0, dtype=np.int64)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1], dtype=np.int64)


def encode(entry: Entry) -> bytes:
    """The entry's line, with its line end."""
    body: dict[str, Any] = {"v": VERSION, "id": entry.id, "t": entry.time, "who": entry.who, "op": entry.op}
    for key, value in (("class", entry.cls), ("source", entry.source), ("of", entry.of), ("group", entry.group)):
        if value:
            body[key] = value
    body.update(entry.fields)
    if len(entry.ranges):
        body["ranges"] = [int(i) for i in entry.ranges]
    elif len(entry.frames):
        body["frames"] = [int(i) for i in entry.frames]
        if entry.events:
            body["events"] = list(entry.events)
    return line(body)


def line(body: Mapping[str, Any]) -> bytes:
    """A JSON object as one line of bytes."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # an identifier that was no UTF-8 in the data file: escaped, it survives the way back
        return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def decode(body: dict[str, Any], run: RunKey | None, origin: str) -> Entry:
    """The entry of a parsed line.

    Raises:
        ValueError: where a field is missing or of the wrong kind.
    """
    try:
        id, time, who, op = body["id"], body["t"], body["who"], body["op"]
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is missing") from None
    group = body.get("group", "")
    if not (type(id) is type(time) is type(who) is type(op) is type(group) is str):
        raise ValueError("id, t, who, op and group must be text")
    if len(time) != 24 or time[-1] != "Z":
        time = stamp(milliseconds(time))
    _parse_time(time)  # raises ValueError
    if not "1970" <= time < "9999":
        raise ValueError(f"{time} cannot be the time of a label")
    if op in LABEL_OPS:
        frames, events, cls = body.get("frames", ()), body.get("events", ()), body.get("class", "")
        ranges = body.get("ranges", ())
        if len(frames) != 1 or type(frames[0]) is not int or not 0 <= frames[0] < 2**40 or len(events) > 1 or ranges:
            _check_frames(frames, ranges, events)
        elif events and type(events[0]) is not str:
            raise ValueError("events must be text")
        if type(cls) is not str or (op == "label" and not cls):
            raise ValueError("a label needs a class")
        source = str(body.get("source", ""))
        return Entry(id, time, who, op, frames, ranges, events, cls, source, "", group, run=run, origin=origin)
    cls, of = body.get("class", ""), body.get("of", "")
    if type(cls) is not str or type(of) is not str or (op in CLASS_OPS and not cls):
        raise ValueError("class and of must be text")
    fields = {key: str(body[key]) for key in CLASS_FIELDS if key in body}
    return Entry(id, time, who, op, cls=cls, of=of, group=group, fields=fields, run=run, origin=origin)


def _check_frames(frames: Any, ranges: Any, events: Any) -> None:
    if ranges:
        if type(ranges) is not list or len(ranges) % 2 or not all(type(i) is int and 0 <= i < 2**40 for i in ranges):
            raise ValueError("ranges must be pairs of start and length")
        return
    if frames and (type(frames) is not list or (events and type(events) is not list)):
        raise ValueError("frames and events must be lists")
    for i in frames:
        if type(i) is not int or not 0 <= i < 2**40:
            raise ValueError("frames must be whole numbers from 0")
    if events and (len(events) != len(frames) or not all(type(e) is str for e in events)):
        raise ValueError("there must be one event for each frame")
