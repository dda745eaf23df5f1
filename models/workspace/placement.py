"""Where the frames of an entry are in the run that is open now.

A label belongs to an event, not to a place in a file: when a file was re-ordered, filtered or made anew, the labels
follow the event identifiers. The index serves where there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from models.workspace.entries import Entry, IndexArray, RunKey, expand, sorted_unique

Roster = Callable[[str], Sequence[str] | None]
"""Gives the event identifiers that the run of a digest had, or None where they were never kept."""


class Placement:
    """Finds the frames of entries in one run.

    Args:
        run: the run that is open.
        events: event identifier of each of its frames, or None.
        roster: event identifiers of earlier versions of the run, for entries that hold index ranges only.

    Attributes:
        lost: how many labels of how many frames could not be placed.
        by_index: labels placed by index although they were made on another version of the run.
    """

    def __init__(self, run: RunKey, events: Sequence[str] | None, roster: Roster | None = None) -> None:
        self.run = run
        self.events = events
        self._roster = roster
        self._rosters: dict[str, Sequence[str] | None] = {}
        self._where: dict[str, int] | None = None
        self.lost = 0
        self.by_index = 0

    def of_grown(self, run: RunKey, events: Sequence[str] | None, *, again: bool) -> Placement:
        """For the same run with more frames; what could not be placed counts no more where all is placed `again`."""
        grown = Placement(run, events, self._roster)
        if not again:
            grown.lost, grown.by_index = self.lost, self.by_index
        return grown

    def place(self, entry: Entry) -> int | IndexArray | None:
        """The entry's frames in this run: one index, several (sorted, unique), or None where there are none left."""
        frames = entry.frames
        if len(frames) == 1:
            index = frames[0]
            if self.events is None or not (entry.events and entry.events[0]):
                return self._one_by_index(entry, index)
            event = entry.events[0]
            if index < self.run.n_frames and self.events[index] == event:
                return index
            found = self._find(event, index)
            if found is None:
                self.lost += 1
            return found
        return _simplest(self._place_many(entry))

    def _one_by_index(self, entry: Entry, index: int) -> int | None:
        if not self._from_elsewhere(entry) and index < self.run.n_frames:
            return index
        found = self._by_index(entry, np.array([index], dtype=np.int64))
        return int(found[0]) if len(found) else None

    def _place_many(self, entry: Entry) -> IndexArray:
        stored = self._expand(entry) if entry.ranges else entry.indices()
        events: Sequence[str] | None = entry.events or None
        if events is None and self.events is not None and self._from_elsewhere(entry) and entry.run is not None:
            old = self._events_of(entry.run.digest)
            events = [old[i] for i in stored if i < len(old)] if old is not None else None
        if events is None or self.events is None:
            return self._by_index(entry, stored)
        found = [self._find(event, int(index)) for event, index in zip(events, stored, strict=False)]
        places = [i for i in found if i is not None]
        self.lost += len(stored) - len(places)
        return sorted_unique(np.array(places, dtype=np.int64))

    def _by_index(self, entry: Entry, stored: IndexArray) -> IndexArray:
        """By index, where the index can be trusted to mean the same frame."""
        if self._from_elsewhere(entry):
            made_on = entry.run
            assert made_on is not None
            same_frames = (made_on.dataset, made_on.shape) == (self.run.dataset, self.run.shape)
            if not same_frames or (made_on.has_events and self.events is not None):
                self.lost += len(stored)
                return np.empty(0, dtype=np.int64)
            self.by_index += len(stored)
        inside = stored[stored < self.run.n_frames]
        self.lost += len(stored) - len(inside)
        return sorted_unique(inside)

    def _from_elsewhere(self, entry: Entry) -> bool:
        return entry.run is not None and entry.run.digest != self.run.digest

    def _expand(self, entry: Entry) -> IndexArray:
        """The indices of an entry with ranges, cut off (before it costs memory) where no version of it has any."""
        limit = max(self.run.n_frames, entry.run.n_frames if entry.run else 0)
        pairs = np.asarray(entry.ranges, dtype=np.int64).reshape(-1, 2)
        starts = np.minimum(pairs[:, 0], limit)
        stops = np.minimum(pairs[:, 0] + pairs[:, 1], limit)
        self.lost += int(pairs[:, 1].sum() - (stops - starts).sum())
        return sorted_unique(expand(np.stack([starts, stops - starts], axis=1).ravel()))

    def _events_of(self, digest: str) -> Sequence[str] | None:
        if digest not in self._rosters:
            self._rosters[digest] = self._roster(digest) if self._roster else None
        return self._rosters[digest]

    def _find(self, event: str, index: int) -> int | None:
        """Where an event is now; of several frames of one identifier the one at the stored index, else the first."""
        assert self.events is not None
        if index < self.run.n_frames and self.events[index] == event:
            return index
        if not event:
            return None
        if self._where is None:
            backwards = range(len(self.events) - 1, -1, -1)  # so that the first of several wins
            self._where = {self.events[i]: i for i in backwards}
        return self._where.get(event)


def _simplest(indices: IndexArray) -> int | IndexArray | None:
    if len(indices) == 0:
        return None
    return int(indices[0]) if len(indices) == 1 else indices
