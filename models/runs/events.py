"""Event identifiers: what names a frame for ever, wherever its file goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload


class LazyEvents(Sequence[str]):
    """Event identifiers of a run, read on first use, on the thread that asks; their number is known at once.

    Where the file gives none that can be read, each is "".
    """

    def __init__(self, length: int, read: Callable[[], Sequence[str]]) -> None:
        self._length = length
        self._reader = read
        self._values: Sequence[str] | None = None

    def _all(self) -> Sequence[str]:
        if self._values is None:
            values = list(self._reader())[: self._length]
            self._values = values + [""] * (self._length - len(values))
        return self._values

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._all()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())


class EventIndex:
    """From event identifier to frame and back, also where identifiers repeat.

    Args:
        events: identifier of every frame, or None where the file has none.
        length: number of frames.
    """

    def __init__(self, events: Sequence[str] | None, length: int) -> None:
        self._length = length
        self._events = events
        self._first: dict[str, int] = {}
        self._repeated: dict[str, list[int]] = {}
        for index, event in enumerate(events or ()):
            if not event:
                continue
            first = self._first.setdefault(event, index)
            if first != index:
                self._repeated.setdefault(event, [first]).append(index)

    @property
    def duplicates(self) -> int:
        """How many identifiers name more than one frame."""
        return len(self._repeated)

    def event(self, index: int) -> str:
        """The identifier of a frame, "" where it has none."""
        return self._events[index] if self._events is not None else ""

    def frames(self, event: str) -> tuple[int, ...]:
        """All frames with this identifier, in order; empty where there is none."""
        if event in self._repeated:
            return tuple(self._repeated[event])
        first = self._first.get(event)
        return () if first is None else (first,)

    def find(self, event: str, index: int | None = None) -> int | None:
        """The frame that was recorded as (event, index); None where the run does not have it.

        The identifier decides. The index chooses among frames that share an identifier, and serves alone where the
        record or the run has no identifiers.
        """
        if event and self._events is not None:
            found = self.frames(event)
            if not found:
                return None
            if len(found) == 1:
                return found[0]
            return index if index in found else None
        if index is not None and 0 <= index < self._length:
            return index
        return None
