"""The labels of a run as one annotator makes them: classes, labels, undo and redo.

Nothing here touches a file: entries come in through `load` and `merge` and go out through `sink`, which the
workspace connects to the journal.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.workspace.classes import (
    COLOURS,
    KEYS,
    MARKERS,
    LabelClass,
    check_colour,
    check_key,
    check_marker,
    check_name,
)
from models.workspace.entries import (
    MAX_LISTED,
    Entry,
    IndexArray,
    RunKey,
    compress,
    many_objects,
    milliseconds,
    new_id,
    sorted_unique,
    stamp,
)
from models.workspace.placement import Roster
from models.workspace.record import LabelRecord

Source = Literal["key", "lasso", "queue", "accept", "import"]


def _now() -> int:
    return time.time_ns() // 1_000_000


class Labels(LabelRecord):
    """The record of a run's labels, and what its annotator can do to it.

    An entry made here is always later than every entry known here, so that what the annotator does is what they see,
    whatever the clocks of other workstations say. Undo takes back only this annotator's own entries, of this and
    earlier sessions.

    Args:
        run: the run's digest, size, dataset and frame shape.
        events: event identifier of every frame, or None.
        annotator: the name new entries carry.
        sink: called with every new entry, after it took effect.
        roster: event identifiers of earlier versions of the run (`placement.Roster`).
        clock: milliseconds since 1970.
    """

    def __init__(
        self,
        run: RunKey,
        events: Sequence[str] | None = None,
        *,
        annotator: str,
        sink: Callable[[Entry], None] | None = None,
        roster: Roster | None = None,
        clock: Callable[[], int] = _now,
    ) -> None:
        super().__init__(run, events, annotator=annotator, roster=roster)
        self._run = run
        self._events = events
        self._sink = sink
        self._clock = clock
        self._group = ""
        self._can_undo: list[str] = []
        self._can_redo: list[str] = []

    def set(self, frames: npt.ArrayLike, class_name: str | None, source: Source = "key") -> Entry | None:
        """Give frames a class, or take it away (None). One entry, whatever the number of frames.

        Args:
            frames: an index, indices, or a mask of N truth values.
            class_name: name of one of `classes`, or None.
            source: how the label was given.

        Returns:
            The entry, or None where no frames were given.

        Raises:
            BadParameter: there is no class of that name.
            IndexError: a frame outside 0 … N−1.
        """
        if class_name is None:
            return self._say("clear", "", frames, source)
        return self._say("label", self._id_of(class_name), frames, source)

    def set_unsure(self, frames: npt.ArrayLike, source: Source = "key") -> Entry | None:
        """Mark frames as looked at but undecided. Raises IndexError for a frame outside 0 … N−1."""
        return self._say("unsure", "", frames, source)

    def add_class(self, name: str, colour: str = "", key: str | None = None, marker: str = "") -> LabelClass:
        """A new class; colour, key and marker are chosen among the free ones where they are not given.

        Raises:
            BadParameter: a name, colour, key or marker that is taken or cannot be one.
        """
        name = check_name(name, self.class_names)
        taken = [c.key for c in self.classes]
        fields = {
            "name": name,
            "colour": check_colour(colour or _first_free(COLOURS, [c.colour for c in self.classes])),
            "key": check_key(next((k for k in KEYS if k not in taken), "") if key is None else key, taken),
            "marker": check_marker(marker or _first_free(MARKERS, [c.marker for c in self.classes])),
        }
        cls = name
        while cls in self._table.ids:  # the name belonged to a class that was renamed since
            cls = f"{name}~{new_id()}"
        self._make("class", cls=cls, fields=fields)
        return self.classes[self._table.ids.index(cls)]

    def rename(self, old: str, new: str) -> None:
        """Give a class another name; its labels go with it. Raises BadParameter."""
        if old != new:
            others = [n for n in self.class_names if n != old]
            self._make("class", cls=self._id_of(old), fields={"name": check_name(new, others)})

    def recolour(self, name: str, colour: str) -> None:
        """Give a class another colour ("#rrggbb"). Raises BadParameter."""
        self._make("class", cls=self._id_of(name), fields={"colour": check_colour(colour)})

    def set_key(self, name: str, key: str) -> None:
        """Give a class another key, or none (""). Raises BadParameter."""
        taken = [c.key for c in self.classes if c.name != name]
        self._make("class", cls=self._id_of(name), fields={"key": check_key(key, taken)})

    def set_marker(self, name: str, marker: str) -> None:
        """Give a class another marker. Raises BadParameter."""
        self._make("class", cls=self._id_of(name), fields={"marker": check_marker(marker)})

    def remove(self, name: str) -> None:
        """Take a class off the list; its frames show as unlabelled until that is undone. Raises BadParameter."""
        self._make("remove", cls=self._id_of(name))

    @contextlib.contextmanager
    def as_one(self) -> Iterator[None]:
        """What is done inside the block is undone, and redone, as one."""
        self._group = new_id()
        try:
            yield
        finally:
            self._group = ""

    @property
    def can_undo(self) -> bool:
        return bool(self._can_undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._can_redo)

    def undo(self) -> Entry | None:
        """Take back this annotator's latest action, of whatever session.

        Returns:
            Its entry (of several, the last), or None where there is nothing to undo.
        """
        return self._toggle("undo", self._can_undo)

    def redo(self) -> Entry | None:
        """Do again what was undone last. Returns its entry, as `undo`, or None where there is nothing to redo."""
        return self._toggle("redo", self._can_redo)

    def grow(self, run: RunKey, events: Sequence[str] | None) -> None:
        """See `LabelRecord.grow`."""
        self._run, self._events = run, events
        super().grow(run, events)

    @many_objects()
    def merge(self, entries: Iterable[Entry]) -> int:
        """Take in entries from journals, in any order; those known already are left out.

        Returns:
            How many were new.
        """
        given = list(entries)
        mine = any(entry.who == self.annotator and entry.id not in self for entry in given)
        n_new = super().merge(given)
        if mine:
            self._can_undo.clear()
            self._can_redo.clear()
            for op in self._stack.operations:
                if op.entry.who == self.annotator:
                    self._remember(op.entry)
        return n_new

    # -- inside ----------------------------------------------------------------------------------------------------

    def _say(self, op: str, cls: str, frames: npt.ArrayLike, source: Source) -> Entry | None:
        given = self._indices(frames)
        if not len(given):
            return None
        if len(given) > MAX_LISTED:
            return self._make(op, cls=cls, source=source, ranges=compress(given).tolist())
        listed = given.tolist()
        events = [] if self._events is None else [str(self._events[i]) for i in listed]
        if not any(events):
            events = []
        return self._make(op, cls=cls, source=source, frames=listed, events=events)

    def _indices(self, frames: npt.ArrayLike) -> IndexArray:
        given = np.atleast_1d(np.asarray(frames))
        if not given.size:
            return np.empty(0, dtype=np.int64)
        if given.dtype == np.bool_:
            if given.shape != (len(self),):
                raise IndexError(f"a mask of {given.shape} does not fit {len(self)} frames")
            return np.flatnonzero(given)
        found = sorted_unique(given.astype(np.int64, casting="same_kind", copy=False).ravel())
        if found[0] < 0 or found[-1] >= len(self):
            raise IndexError(f"frames {found[0]} … {found[-1]} are not all in 0 … {len(self) - 1}")
        return found

    def _toggle(self, op: str, units: list[str]) -> Entry | None:
        if not units:
            return None
        target = self._unit((units[-1], self.annotator))[-1].entry
        self._make(op, of=target.unit)
        return target

    def _make(
        self,
        op: str,
        *,
        cls: str = "",
        source: str = "",
        of: str = "",
        frames: Sequence[int] = (),
        ranges: Sequence[int] = (),
        events: Sequence[str] = (),
        fields: dict[str, str] | None = None,
    ) -> Entry:
        """Make an entry later than everything known, let it take effect, and hand it on."""
        now = self._clock()
        if self._stack.operations:
            now = max(now, milliseconds(self._stack.operations[-1].entry.time) + 1)
        entry = Entry(
            id=new_id(),
            time=stamp(now),
            who=self.annotator,
            op=op,
            frames=frames,
            ranges=ranges,
            events=events,
            cls=cls,
            source=source,
            of=of,
            group="" if of else self._group,
            fields=fields or {},
            run=self._run,
        )
        self._append(entry)
        self._remember(entry)
        if self._sink is not None:
            self._sink(entry)
        return entry

    def _remember(self, entry: Entry) -> None:
        """Keep what can be undone and redone in step with one own entry."""
        if entry.op == "undo":
            _move(entry.of, self._can_undo, self._can_redo)
        elif entry.op == "redo":
            _move(entry.of, self._can_redo, self._can_undo)
        else:
            if not entry.group:
                self._can_undo.append(entry.id)
            elif entry.group not in reversed(self._can_undo):
                self._can_undo.append(entry.group)
            if self._can_redo:
                self._can_redo.clear()

    def _id_of(self, name: str) -> str:
        try:
            return self._table.ids[self.class_names.index(name)]
        except ValueError:
            raise BadParameter(
                f"There is no class {name!r}", cause=f"the classes are {', '.join(self.class_names)}"
            ) from None


def _move(id: str, source: list[str], target: list[str]) -> None:
    if source and source[-1] == id:  # nearly always: searching 10⁵ entries for each undo at replay would take minutes
        target.append(source.pop())
    elif id in source:
        source.remove(id)
        target.append(id)


def _first_free(choices: Sequence[str], taken: Sequence[str]) -> str:
    return next((c for c in choices if c not in taken), choices[len(taken) % len(choices)])
