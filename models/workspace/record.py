"""The record of a run's labels: what all entries of all annotators add up to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.workspace.classes import UNSURE, ClassTable, Key, LabelClass
from models.workspace.entries import CLASS_OPS, LABEL_OPS, Entry, IndexArray, RunKey, sorted_unique
from models.workspace.placement import Placement, Roster
from models.workspace.words import NO_WORD, UNSURE_WORD, Operation, WordStack

Codes = npt.NDArray[np.int16]

Mark = tuple[str, str]
"""What undo and redo are about: the unit of one or more entries, and their annotator."""

UNLABELLED_CODE = -1
UNSURE_CODE = -2
_WORD_OF = {"clear": NO_WORD, "unsure": UNSURE_WORD}
_TOGGLES = frozenset({"undo", "redo"})


@dataclass(frozen=True, slots=True)
class Said:
    """One word about a frame, for its history.

    Attributes:
        time: ISO 8601, UTC.
        who: the annotator.
        word: class name as it is now, "unsure", or "" for cleared.
        source: key, lasso, queue, accept or import.
        undone: whether it was taken back.
    """

    time: str
    who: str
    word: str
    source: str
    undone: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """A frame that annotators gave different classes.

    Attributes:
        frame: its index.
        words: annotator → class name, of all who gave it one.
        present: the class that counts, "" where the last word was no class.
    """

    frame: int
    words: dict[str, str]
    present: str


class LabelRecord:
    """What was said of the frames of one run, and what holds now.

    The present label of a frame is the last word said of it by anyone, by time and then by annotator; an undo counts
    only for entries of the annotator who made it. The result depends on the entries alone, not on the order in which
    they arrive.

    Args:
        run: the run's digest, size, dataset and frame shape.
        events: event identifier of every frame, or None.
        annotator: whose labels are "mine".
        roster: event identifiers of earlier versions of the run.

    Attributes:
        revision: goes up with every change.
    """

    def __init__(
        self, run: RunKey, events: Sequence[str] | None = None, *, annotator: str = "", roster: Roster | None = None
    ) -> None:
        self.annotator = annotator
        self.revision = 0
        self._placement = Placement(run, events, roster)
        self._stack = WordStack(run.n_frames)
        self._table = ClassTable()
        self._known: dict[str, Operation] = {}
        self._groups: dict[Mark, list[Operation]] = {}
        self._undone: set[Mark] = set()
        self._words = np.full(run.n_frames, NO_WORD, dtype=np.int16)
        self._mine = np.zeros(run.n_frames, dtype=np.bool_)
        self._codes = np.full(run.n_frames, UNLABELLED_CODE, dtype=np.int16)
        self._code_of = np.zeros(0, dtype=np.int16)
        self._counts = np.zeros(0, dtype=np.int64)
        self._classes_changed = True
        self._refresh([])

    def __len__(self) -> int:
        """Frames of the run."""
        return len(self._codes)

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._known

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """The classes shown, in order; `codes` are places in this tuple."""
        return self._table.classes

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self._table.classes)

    @property
    def codes(self) -> Codes:
        """int16[N], read-only, kept up to date in place: code of the class, −1 unlabelled, −2 unsure."""
        view = self._codes.view()
        view.flags.writeable = False
        return view

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything everybody did, in order."""
        return tuple(op.entry for op in self._stack.operations)

    @property
    def lost(self) -> int:
        """Labels of frames that are not in this run, or cannot be placed in it."""
        return self._placement.lost

    @property
    def placed_by_index(self) -> int:
        """Labels made on another version of the file that only the index could place."""
        return self._placement.by_index

    @property
    def n_labelled(self) -> int:
        """Frames that have a class."""
        return int(self._counts[2:].sum())

    @property
    def n_mine(self) -> int:
        """Frames whose present word (a class or unsure) is this annotator's."""
        return int(np.count_nonzero(self._mine & (self._codes != UNLABELLED_CODE)))

    def counts(self) -> dict[str, int]:
        """Frames of each class, by name, and of "unsure"."""
        found = {name: int(self._counts[code + 2]) for code, name in enumerate(self.class_names)}
        return {**found, UNSURE: int(self._counts[0])}

    def labelled(self) -> IndexArray:
        """Frames that have a class, int64, ascending."""
        return np.flatnonzero(self._codes >= 0)

    def name_of(self, frame: int) -> str:
        """Class name of a frame, "unsure", or "" where it is not labelled."""
        return self._name(int(self._codes[frame]))

    def present(self, frame: int) -> Entry | None:
        """The entry that gave the frame its present word; None where nothing said of it counts."""
        op = self._stack.present(frame)
        return None if op is None else op.entry

    def present_entries(self, frames: IndexArray) -> list[Entry | None]:
        """`present` of several frames."""
        operations = self._stack.operations
        return [operations[k].entry if k >= 0 else None for k in self._stack.presents(frames).tolist()]

    def frames_of(self, entry: Entry) -> IndexArray:
        """Where the frames of a label entry are in this run, int64; empty for other entries and frames not here."""
        op = self._known.get(entry.id)
        if op is None or op.frames is None:
            return np.empty(0, dtype=np.int64)
        return np.atleast_1d(np.asarray(op.frames, dtype=np.int64))

    def history(self, frame: int) -> tuple[Said, ...]:
        """Everything said of a frame, oldest first."""
        said = [
            Said(op.entry.time, op.entry.who, self._spoken(op), op.entry.source, not op.live)
            for op in self._stack.chain(frame)
        ]
        return tuple(reversed(said))

    def grow(self, run: RunKey, events: Sequence[str] | None) -> None:
        """The run has more frames now, after those it had. Labels of frames that were not here yet find their place.

        Args:
            run: as at construction, with its present number of frames.
            events: event identifier of every frame, or None.
        """
        operations = self._stack.operations
        waiting = self._placement.lost > 0 or self._placement.by_index > 0
        entries = [self._pop().entry for _ in range(len(operations))] if waiting else []
        more = run.n_frames - len(self)
        self._words = np.concatenate([self._words, np.full(more, NO_WORD, dtype=np.int16)])
        self._mine = np.concatenate([self._mine, np.zeros(more, dtype=np.bool_)])
        self._codes = np.concatenate([self._codes, np.full(more, UNLABELLED_CODE, dtype=np.int16)])
        self._counts[UNLABELLED_CODE + 2] += more
        self._stack.grow(run.n_frames)
        self._placement = self._placement.of_grown(run, events, again=waiting)
        if not waiting:
            self.revision += 1
            return
        self._known.clear()
        self._groups.clear()
        self._undone.clear()
        self._words[:] = NO_WORD
        self._mine[:] = False
        touched: list[Operation] = []
        for entry in reversed(entries):
            self._push(self._operation(entry, (entry.time, entry.who, entry.id)), touched)
        self._classes_changed = True
        self._refresh(touched)

    def conflicts(self) -> tuple[Conflict, ...]:
        """Frames to which annotators' last words give different classes, ascending; unsure does not count."""
        words_of: dict[str, npt.NDArray[np.int16]] = {}
        for op in self._stack.operations:
            if op.frames is not None and op.live:
                if op.entry.who not in words_of:
                    words_of[op.entry.who] = np.full(len(self), NO_WORD, dtype=np.int16)
                words_of[op.entry.who][op.frames] = op.word
        codes = {who: self._code_of[words + 2] for who, words in words_of.items()}
        low = np.full(len(self), np.iinfo(np.int16).max, dtype=np.int16)
        high = np.full(len(self), UNLABELLED_CODE, dtype=np.int16)
        for theirs in codes.values():
            given = theirs >= 0
            low[given] = np.minimum(low[given], theirs[given])
            high[given] = np.maximum(high[given], theirs[given])
        found = []
        for frame in np.flatnonzero(high > low).tolist():
            said = {who: self._name(int(theirs[frame])) for who, theirs in codes.items() if theirs[frame] >= 0}
            present = int(self._codes[frame])
            found.append(Conflict(frame, said, self._name(present) if present >= 0 else ""))
        return tuple(found)

    def merge(self, entries: Iterable[Entry]) -> int:
        """Take in entries, in any order; those known already are left out.

        Returns:
            How many were new.
        """
        fresh = {entry.id: entry for entry in entries if entry.id not in self._known}
        if not fresh:
            return 0
        new = sorted(((entry.time, entry.who, entry.id), entry) for entry in fresh.values())
        operations = self._stack.operations
        after = bisect_left(operations, new[0][0], key=lambda op: op.key)
        tail = [self._pop() for _ in range(len(operations) - after)]
        touched: list[Operation] = []
        for key, entry in new:
            while tail and tail[-1].key < key:
                self._push(tail.pop(), touched)
            self._push(self._operation(entry, key), touched)
        for op in reversed(tail):
            self._push(op, touched)
        self._refresh(touched)
        return len(new)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _append(self, entry: Entry) -> None:
        """Take in one entry that is later than all others."""
        touched: list[Operation] = []
        self._push(self._operation(entry, (entry.time, entry.who, entry.id)), touched)
        self._refresh(touched)

    def _operation(self, entry: Entry, key: Key) -> Operation:
        live = not self._undone or (entry.unit, entry.who) not in self._undone
        if entry.op == "label":
            op = Operation(entry, key, self._placement.place(entry), self._table.slot(entry.cls), live)
        elif entry.op in LABEL_OPS:
            op = Operation(entry, key, self._placement.place(entry), _WORD_OF[entry.op], live)
        else:
            op = Operation(entry, key, None, NO_WORD, live)
        if entry.group:
            self._groups.setdefault((entry.group, entry.who), []).append(op)
        return op

    def _push(self, op: Operation, touched: list[Operation]) -> None:
        entry = op.entry
        self._known[entry.id] = op
        self._stack.push(op)
        if op.frames is not None:
            touched.append(op)
        if entry.op == "label":
            if entry.cls not in self._table.certain:
                self._classes_changed = True
        elif entry.op in CLASS_OPS:
            self._classes_changed = True
        elif entry.op in _TOGGLES:
            mark = (entry.of, entry.who)
            op.effect = (mark in self._undone) == (entry.op == "redo")
            if op.effect:
                self._flip(mark, touched)

    def _pop(self) -> Operation:
        op = self._stack.pop()
        if op.effect:
            self._flip((op.entry.of, op.entry.who), [])
            op.effect = False
        return op

    def _flip(self, mark: Mark, touched: list[Operation]) -> None:
        """Undo or redo: each is the other's inverse."""
        self._undone ^= {mark}
        for target in self._unit(mark):
            target.live = mark not in self._undone
            if target.frames is not None:
                touched.append(target)
            self._classes_changed |= target.entry.op in CLASS_OPS or (
                target.entry.op == "label" and target.entry.cls not in self._table.certain
            )

    def _unit(self, mark: Mark) -> Sequence[Operation]:
        """The operations that an undo takes back as one; none where they are not here."""
        op = self._known.get(mark[0])
        if op is not None and not op.entry.group and op.entry.who == mark[1]:
            return (op,)
        return self._groups.get(mark, ())

    def _refresh(self, touched: list[Operation]) -> None:
        """Bring classes, words, codes and counts up to date after the touched operations came or went."""
        self.revision += 1
        if self._classes_changed:
            self._show_classes()
        if len(touched) == 1 and type(touched[0].frames) is int:
            self._refresh_one(touched[0].frames)
            return
        if not touched:
            return
        single = [op.frames for op in touched if type(op.frames) is int]
        many = [op.frames for op in touched if isinstance(op.frames, np.ndarray)]
        frames = many[0] if not single and len(many) == 1 else self._all_of(single, many)
        places = self._stack.presents(frames)
        operations = self._stack.operations
        spoken = np.full(len(operations) + 1, NO_WORD, dtype=np.int16)  # one more, which place −1 points to
        is_mine = np.zeros(len(operations) + 1, dtype=np.bool_)
        for k in self._stack.distinct(places[places >= 0]).tolist():
            spoken[k] = operations[k].word
            is_mine[k] = operations[k].entry.who == self.annotator
        words = spoken[places]
        self._words[frames] = words
        self._mine[frames] = is_mine[places]
        self._counts -= np.bincount(self._codes[frames] + 2, minlength=len(self._counts))
        self._codes[frames] = self._code_of[words + 2]
        self._counts += np.bincount(self._codes[frames] + 2, minlength=len(self._counts))

    def _all_of(self, single: list[int], many: list[IndexArray]) -> IndexArray:
        """All frames, ascending, each once."""
        frames = np.concatenate([np.array(single, dtype=np.int64), *many])
        if len(frames) * 16 < len(self):
            return sorted_unique(frames)
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[frames] = True
        return np.flatnonzero(mask)

    def _refresh_one(self, frame: int) -> None:
        op = self._stack.present(frame)
        word = NO_WORD if op is None else op.word
        self._words[frame] = word
        self._mine[frame] = op is not None and op.entry.who == self.annotator
        self._counts[self._codes[frame] + 2] -= 1
        self._codes[frame] = self._code_of[word + 2]
        self._counts[self._codes[frame] + 2] += 1

    def _show_classes(self) -> None:
        """Work out the classes anew, and every frame's code from its word."""
        self._classes_changed = False
        live = [op for op in self._stack.operations if op.live]
        last_use = {op.entry.cls: op.key for op in live if op.entry.op == "label"}
        self._table.rebuild([(op.key, op.entry) for op in live if op.entry.op in CLASS_OPS], last_use)
        self._code_of = np.full(2 + self._table.n_slots, UNLABELLED_CODE, dtype=np.int16)
        self._code_of[0] = UNSURE_CODE
        for code, slot in enumerate(self._table.slots):
            self._code_of[slot + 2] = code
        if not self._stack.operations:  # a run of a million frames that was just opened
            self._counts = np.zeros(2 + len(self.classes), dtype=np.int64)
            self._counts[UNLABELLED_CODE + 2] = len(self)
            return
        self._codes[:] = self._code_of[self._words + 2]
        self._counts = np.bincount(self._codes + 2, minlength=2 + len(self.classes)).astype(np.int64)

    def _name(self, code: int) -> str:
        if code == UNSURE_CODE:
            return UNSURE
        return self._table.classes[code].name if code >= 0 else ""

    def _spoken(self, op: Operation) -> str:
        if op.word == UNSURE_WORD:
            return UNSURE
        return "" if op.word == NO_WORD else self._table.name_of(op.entry.cls)
