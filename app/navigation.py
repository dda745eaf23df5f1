"""In which order the frames are walked through. Plain arrays, no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from models.runs.types import Column

Indices = npt.NDArray[np.int64]

TIME_WORDS = ("timestamp", "time", "train", "pulse", "event")


class Walk:
    """A permutation of the frames and where each frame stands in it.

    Args:
        sequence: (N,) int64, frame indices in the order they are walked through.
        title: the order's name for the user ("file", "confidence").
        ranks: (N,) int64, place of each frame, where it is known already.
    """

    def __init__(self, sequence: Indices, title: str = "file", ranks: Indices | None = None) -> None:
        self.sequence = sequence
        self.title = title
        if ranks is None:
            ranks = np.empty(len(sequence), np.int64)
            ranks[sequence] = np.arange(len(sequence))
        self.ranks = ranks

    def __len__(self) -> int:
        return len(self.sequence)

    def rank(self, index: int) -> int:
        """Place of frame `index` in this order, from 0."""
        return int(self.ranks[index])

    def step(self, index: int, by: int) -> int:
        """The frame `by` places on (or back); stops at the ends."""
        place = min(max(self.rank(index) + by, 0), len(self) - 1)
        return int(self.sequence[place])

    def first(self) -> int:
        return int(self.sequence[0])

    def last(self) -> int:
        return int(self.sequence[-1])

    def find(self, index: int, wanted: npt.NDArray[np.bool_], forward: bool) -> int | None:
        """The next frame after (before) `index` where `wanted` (N,) is True; None where there is no more."""
        place = self.rank(index)
        ahead = self.sequence[place + 1 :] if forward else self.sequence[:place][::-1]
        hits = np.flatnonzero(wanted[ahead])
        return int(ahead[hits[0]]) if len(hits) else None

    def extended(self, count: int) -> Walk:
        """The same walk through a run of `count` frames: those that are new to it come last."""
        known = len(self)
        if known >= count:
            return self
        new = np.arange(known, count, dtype=np.int64)
        return Walk(np.concatenate([self.sequence, new]), self.title, np.concatenate([self.ranks, new]))

    def around(self, index: int, before: int, after: int) -> Indices:
        """The frames from `before` places back to `after` places on, where they exist."""
        place = self.rank(index)
        return self.sequence[max(0, place - before) : place + after + 1]


def file_order(count: int, title: str = "file") -> Walk:
    places = np.arange(count, dtype=np.int64)
    return Walk(places, title, places)


def by_values(values: npt.NDArray[np.generic], title: str) -> Walk:
    """Ascending by `values` (N,), equal ones in file order, not-a-number last."""
    return Walk(np.argsort(values, kind="stable").astype(np.int64), title)


def by_likeness(positions: npt.NDArray[np.float32], index: int) -> Walk:
    """From frame `index` outwards by distance in `positions` (N, D); frames without a position last."""
    apart = positions - positions[index]
    distance = np.einsum("ij,ij->i", apart, apart)
    distance[index] = -1.0
    return by_values(distance, f"likeness to frame {index}")


def selected_first(selected: npt.NDArray[np.bool_]) -> Walk:
    """The frames where `selected` (N,) is True, then the others, both in file order."""
    return by_values(~selected, "selection")


def by_time(columns: Mapping[str, Column], events: Sequence[str] | None, count: int) -> Walk:
    """By the column that says when a frame was taken, else by event identifier, else as in the file."""
    for word in TIME_WORDS:
        for name, column in columns.items():
            if word in name.lower():
                return by_values(column.values, f"time ({name})")
    if events is None:
        return file_order(count, "file (no times known)")
    try:
        return by_values(np.asarray(events, dtype=np.int64), "event")
    except (ValueError, OverflowError):
        return by_values(np.asarray([_natural(event) for event in events], dtype=np.str_), "event")


def _natural(text: str) -> str:
    """`text` with its numbers padded, so that "run-9" comes before "run-10"."""
    padded, digits = [], ""
    for character in text + "\0":
        if character.isdigit():
            digits += character
            continue
        if digits:
            padded.append(digits.zfill(20))
            digits = ""
        padded.append(character)
    return "".join(padded[:-1])


class FrameFinder:
    """Finds the frame that a text names, fast enough to be asked at every key press of a run of a million frames.

    Args:
        events: event identifier of every frame, or None.
        count: number of frames.
    """

    def __init__(self, events: Sequence[str] | None, count: int) -> None:
        self._count = count
        # All identifiers in one text, a line each: searching it costs a tenth of going through a list.
        self._lines = "" if events is None else "\n" + "\n".join(events) + "\n"
        if events is not None and self._lines.count("\n") != len(events) + 1:
            self._lines = "\n" + "\n".join(event.replace("\n", " ") for event in events) + "\n"

    def find(self, text: str) -> int | None:
        """The frame: an event identifier exactly, else an index, else a unique part of an identifier.

        Gives None where nothing or more than one thing fits.
        """
        text = text.strip()
        if not text or "\n" in text:
            return None
        exact = self._lines.find(f"\n{text}\n")
        if exact >= 0:
            return self._line_at(exact + 1)
        digits = text.lstrip("#")
        if digits.isdecimal() and len(digits) < 20 and int(digits) < self._count:
            return int(digits)
        if len(text) < 3:
            return None
        hit = self._lines.find(text)
        if hit < 0 or self._lines.find(text, self._lines.index("\n", hit)) >= 0:
            return None
        return self._line_at(hit)

    def _line_at(self, place: int) -> int:
        return self._lines.count("\n", 0, place) - 1
