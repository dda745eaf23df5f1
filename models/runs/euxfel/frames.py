"""The frames of a run: the pulses of its trains, and where each module keeps them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import numpy.typing as npt

from models.runs.euxfel.trains import Ints, TrainTable, ranges


class Frames:
    """Frame numbers to trains, pulses and rows.

    Modules record the same pulses in the same order, so the pulses of a train are read from one module; that another
    has them in the same rows is checked when it is first needed, and where it has not, rows are found by pulse.

    Args:
        table: the trains.
        identifiers: gives the (rows,) pulse numbers of a part of the table, None where it has none (then frames of a
            train are told by their place). Raises one of `hdf5.values.READ_ERRORS`.
    """

    def __init__(self, table: TrainTable, identifiers: Callable[[int], Ints | None]) -> None:
        self.table = table
        self._identifiers = identifiers
        self._known: dict[int, Ints | None] = {}
        self._rows: dict[tuple[int, int], Ints | None] = {}
        counts = table.count.max(axis=1, initial=0)
        joined: dict[int, Ints] = {}
        for train in table.uneven().tolist():
            pulses = self._all_pulses(train)
            if pulses is not None:
                joined[train] = pulses
                counts[train] = len(pulses)
        self.counts: Ints = counts
        self._ends = np.cumsum(counts)
        self.pulses: Ints = self._read_pulses(joined)
        self._known.clear()

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def trains(self) -> Ints:
        """(N,) int64 train identifier of every frame."""
        return np.repeat(self.table.trains, self.counts)

    def modules_there(self) -> Ints:
        """(N,) int64: how many modules recorded the train of every frame."""
        return np.repeat(np.count_nonzero(self.table.part >= 0, axis=1), self.counts)

    def place(self, index: int) -> tuple[int, int]:
        """(row of the train in the table, place in the train) of a frame."""
        train = int(np.searchsorted(self._ends, index, side="right"))
        return train, index - int(self._ends[train] - self.counts[train])

    def rows(self, index: int) -> list[tuple[int, int] | None]:
        """(part, row) of each module of a frame; None where the module has nothing for it.

        Raises one of `hdf5.values.READ_ERRORS`.
        """
        train, place = self.place(index)
        found: list[tuple[int, int] | None] = []
        for module, part in enumerate(self.table.part[train].tolist()):
            if part < 0:
                found.append(None)
                continue
            moved = self._moved(part, module)
            row = int(self.table.first[train, module]) + place if moved is None else int(moved[index])
            found.append((part, row) if row >= 0 else None)
        return found

    def reference(self) -> Ints:
        """(T,) int64: the first module that recorded each train."""
        first: Ints = np.argmax(self.table.part >= 0, axis=1)
        return first

    def gather(self, read: Callable[[int], npt.NDArray[np.int64] | None]) -> Ints:
        """(N,) int64: a number per frame, from the first module of its train; −1 where that has none.

        Args:
            read: gives the (rows,) numbers of a part.
        """
        values = np.full(len(self), -1, np.int64)
        reference = self.reference()
        all_trains = np.arange(len(self.table))
        parts = self.table.part[all_trains, reference]
        begins = self._ends - self.counts
        for part in np.unique(parts).tolist():
            numbers = read(part)
            if numbers is None:
                continue
            trains = np.flatnonzero(parts == part)
            modules = reference[trains]
            same = self.table.count[trains, modules] == self.counts[trains]
            trains, modules = trains[same], modules[same]
            counts = self.counts[trains]
            rows = ranges(self.table.first[trains, modules], counts)
            kept = rows < len(numbers)
            values[ranges(begins[trains], counts)[kept]] = numbers[rows[kept]]
        return values

    def _read_pulses(self, joined: dict[int, Ints]) -> Ints:
        places = ranges(np.zeros(len(self.counts), np.int64), self.counts)
        if not len(self):
            return places
        pulses = self.gather(self._numbers)
        begins = self._ends - self.counts
        for train, own in joined.items():
            pulses[begins[train] : begins[train] + len(own)] = own
        unknown = pulses < 0
        pulses[unknown] = places[unknown]
        return pulses

    def _numbers(self, part: int) -> Ints | None:
        if part not in self._known:
            self._known[part] = self._identifiers(part)
        return self._known[part]

    def _all_pulses(self, train: int) -> Ints | None:
        """The pulses that any module recorded in a train, ascending; None where they have no numbers."""
        found = []
        for module, part in enumerate(self.table.part[train].tolist()):
            if part >= 0:
                numbers = self._numbers(part)
                if numbers is None:
                    return None
                found.append(self._slice(numbers, train, module))
        return reduce(np.union1d, found) if found else None

    def _slice(self, numbers: Ints, train: int, module: int) -> Ints:
        first = int(self.table.first[train, module])
        return numbers[first : first + int(self.table.count[train, module])]

    def _moved(self, part: int, module: int) -> Ints | None:
        """Row of every frame in a part that does not keep the pulses in the run's order; None where it does."""
        key = (part, module)
        if key not in self._rows:
            self._rows[key] = self._find_moved(part, module)
        return self._rows[key]

    def _find_moved(self, part: int, module: int) -> Ints | None:
        numbers = self._identifiers(part)
        if numbers is None:
            return None if not len(self._short(part, module)) else self._by_place(part, module)
        trains = np.flatnonzero(self.table.part[:, module] == part)
        counts = self.table.count[trains, module]
        begins = self._ends - self.counts
        if np.array_equal(counts, self.counts[trains]):
            rows = ranges(self.table.first[trains, module], counts)
            if not len(rows) or (
                int(rows.max()) < len(numbers)
                and np.array_equal(numbers[rows], self.pulses[ranges(begins[trains], counts)])
            ):
                return None
        moved = np.full(len(self), -1, np.int64)
        for train in trains.tolist():
            own = self._slice(numbers, train, module)
            wanted = self.pulses[begins[train] : self._ends[train]]
            order = np.argsort(own, kind="stable")
            at = np.minimum(np.searchsorted(own[order], wanted), max(0, len(own) - 1))
            if len(own):
                there = own[order][at] == wanted
                first = int(self.table.first[train, module])
                moved[begins[train] : self._ends[train]] = np.where(there, first + order[at], -1)
        return moved

    def _short(self, part: int, module: int) -> Ints:
        """Trains in which the module has fewer rows than the run has frames."""
        trains: Ints = np.flatnonzero(self.table.part[:, module] == part)
        short: Ints = trains[self.table.count[trains, module] < self.counts[trains]]
        return short

    def _by_place(self, part: int, module: int) -> Ints:
        moved = np.full(len(self), -1, np.int64)
        trains = np.flatnonzero(self.table.part[:, module] == part)
        counts = self.table.count[trains, module]
        begins = self._ends - self.counts
        moved[ranges(begins[trains], counts)] = ranges(self.table.first[trains, module], counts)
        return moved
