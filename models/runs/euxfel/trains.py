"""Putting modules together: which frames a run has, and in which row of which file each module of a frame lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class IndexRows:
    """What one file says of one module.

    Attributes:
        module: place of the module on the module axis.
        trains, first, count: (T,) int64 train identifiers, their first row and their number of rows (above 0).
    """

    module: int
    trains: Ints
    first: Ints
    count: Ints


@dataclass(frozen=True)
class TrainTable:
    """The trains of a run, ascending, each once.

    Attributes:
        trains: (T,) int64 identifiers.
        part: (T, M) int64, which of the `IndexRows` has the module; −1 for none.
        first, count: (T, M) int64 rows in it; 0 where there is none.
        repeated: trains that a module had more than once; the first was taken.
        unordered: trains that came after one with a higher identifier in their file.
    """

    trains: Ints
    part: Ints
    first: Ints
    count: Ints
    repeated: int
    unordered: int

    def __len__(self) -> int:
        return len(self.trains)

    def uneven(self) -> Ints:
        """(K,) places of trains in which the modules that are there do not have the same number of rows."""
        there = self.part >= 0
        most = self.count.max(axis=1, initial=0)
        least = np.where(there, self.count, np.iinfo(np.int64).max).min(axis=1, initial=np.iinfo(np.int64).max)
        return np.flatnonzero(most != least)


def merge(parts: Sequence[IndexRows], modules: int) -> TrainTable:
    """One table out of what all files say, in the order in which the files follow each other."""
    everything = [part.trains for part in parts if len(part.trains)]
    trains = np.unique(np.concatenate(everything)) if everything else np.zeros(0, np.int64)
    shape = (len(trains), modules)
    which, first, count = np.full(shape, -1, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    repeated = unordered = 0
    for number, part in enumerate(parts):
        if not len(part.trains):
            continue
        unordered += int(np.count_nonzero(part.trains[1:] < part.trains[:-1]))
        own, earliest = np.unique(part.trains, return_index=True)
        rows = np.searchsorted(trains, own)
        free = which[rows, part.module] < 0
        repeated += len(part.trains) - int(np.count_nonzero(free))
        rows, earliest = rows[free], earliest[free]
        which[rows, part.module] = number
        first[rows, part.module] = part.first[earliest]
        count[rows, part.module] = part.count[earliest]
    return TrainTable(trains, which, first, count, repeated, unordered)


def ranges(starts: Ints, counts: Ints) -> Ints:
    """(sum of counts,) int64: start, start + 1 … of each range, one range after the other."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()), dtype=np.int64)
