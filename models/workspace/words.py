"""What was said of each frame, in order: a stack of label operations with a chain through it for every frame.

A word is the slot of a class, `NO_WORD` or `UNSURE_WORD`. The present word of a frame is that of the latest operation
on it that is not undone. Pushing and popping touch only the frames concerned, so that one label in a run of 10⁶
frames costs microseconds, undoing a lasso costs its frames, and an entry of another annotator that belongs a few
seconds back is put there by popping those seconds and pushing them again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from models.workspace.classes import Key
from models.workspace.entries import Entry, IndexArray

NO_WORD = -1
UNSURE_WORD = -2


class Operation:
    """One entry in the stack.

    Attributes:
        entry, key: the entry and its place in the order.
        frames: where it is in the run: one index, several (sorted, unique), or None for entries about no frame.
        word: what it says of them.
        live: False while it is undone.
        below: for each of `frames`, the place in the stack of the operation before it on that frame, −1 for none.
        effect: for undo and redo, whether it changed anything.
    """

    __slots__ = ("below", "effect", "entry", "frames", "key", "live", "word")

    def __init__(self, entry: Entry, key: Key, frames: int | IndexArray | None, word: int, live: bool) -> None:
        self.entry = entry
        self.key = key
        self.frames = frames
        self.word = word
        self.live = live
        self.below: int | npt.NDArray[np.int32] = -1
        self.effect = False


class WordStack:
    """The operations in order, and for every frame the latest of them.

    Args:
        n_frames: frames of the run.
    """

    def __init__(self, n_frames: int) -> None:
        self.operations: list[Operation] = []
        self._top = np.full(n_frames, -1, dtype=np.int32)

    def grow(self, n_frames: int) -> None:
        """The run has this many frames now; nothing was said of the new ones."""
        self._top = np.concatenate([self._top, np.full(n_frames - len(self._top), -1, dtype=np.int32)])

    def push(self, op: Operation) -> None:
        place = len(self.operations)
        self.operations.append(op)
        frames = op.frames
        if frames is None:
            return
        op.below = int(self._top[frames]) if type(frames) is int else self._top[frames]
        self._top[frames] = place

    def pop(self) -> Operation:
        op = self.operations.pop()
        if op.frames is not None:
            self._top[op.frames] = op.below
        return op

    def chain(self, frame: int) -> Iterator[Operation]:
        """The operations on a frame, latest first."""
        place = int(self._top[frame])
        while place >= 0:
            op = self.operations[place]
            yield op
            place = int(_below(op, np.array([frame]))[0])

    def present(self, frame: int) -> Operation | None:
        """The operation that gave a frame its present word."""
        return next((op for op in self.chain(frame) if op.live), None)

    def presents(self, frames: IndexArray) -> npt.NDArray[np.int32]:
        """Places in the stack of the operations that gave the frames their present words, −1 for none; int32."""
        places = self._top[frames]
        todo = np.flatnonzero(places >= 0)
        dead = np.zeros(len(self.operations), dtype=np.bool_)
        while len(todo):
            # Nearly all frames are settled in the first round: only those under an undone operation go on.
            met = self.distinct(places[todo])
            dead[met] = [not self.operations[k].live for k in met.tolist()]
            todo = todo[dead[places[todo]]]
            of = places[todo]
            order = np.argsort(of, kind="stable")
            todo, of = todo[order], of[order]
            starts = np.flatnonzero(np.diff(of, prepend=-1))
            for k, members in zip(of[starts].tolist(), np.split(todo, starts[1:]), strict=False):
                places[members] = _below(self.operations[k], frames[members])
            todo = todo[places[todo] >= 0]
        return places

    def distinct(self, places: npt.NDArray[np.int32]) -> IndexArray:
        """Each of the places (≥ 0) once, ascending; operations are few: marking beats sorting and hashing."""
        met = np.zeros(len(self.operations), dtype=np.bool_)
        met[places] = True
        return np.flatnonzero(met)


def _below(op: Operation, frames: IndexArray) -> npt.NDArray[np.int32]:
    if type(op.frames) is int:
        return np.full(len(frames), op.below, dtype=np.int32)
    assert op.frames is not None
    found: npt.NDArray[np.int32] = np.asarray(op.below)[np.searchsorted(op.frames, frames)]
    return found
