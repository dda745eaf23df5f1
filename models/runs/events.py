"""Event identifiers: what names a frame for ever, wherever its file goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import numpy.typing as npt

_BLOCK = 20_000


class NumberedEvents(Sequence[str]):
    """Identifiers made of whole numbers, kept as numbers: a million texts would take a second and 60 MB.

    Args:
        parts: (N,) whole numbers each.
        joint: what stands between the parts.
    """

    def __init__(self, parts: Sequence[npt.NDArray[Any]], joint: str = "") -> None:
        self._parts = list(parts)
        self._joint = joint

    def __len__(self) -> int:
        return len(self._parts[0])

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return NumberedEvents([part[index] for part in self._parts], self._joint)
        return self._joint.join(str(int(part[index])) for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BLOCK):
            lists = [part[start : start + _BLOCK].tolist() for part in self._parts]
            for numbers in zip(*lists, strict=True):
                yield self._joint.join(map(str, numbers))


def in_memory(events: Sequence[str]) -> Sequence[str]:
    """The identifiers as they are after reading them all: nobody who uses these touches the file."""
    return events.all() if isinstance(events, LazyEvents) else events


class LazyEvents(Sequence[str]):
    """Event identifiers of a run, read on first use, on the thread that asks; their number is known at once.

    Where the file gives none that can be read, each is "".
    """

    def __init__(self, length: int, read: Callable[[], Sequence[str]]) -> None:
        self._length = length
        self._reader = read
        self._values: Sequence[str] | None = None

    def all(self) -> Sequence[str]:
        """Every identifier, read now if they were not before."""
        if self._values is None:
            values = self._reader()
            if len(values) != self._length:
                values = list(values)[: self._length]
                values += [""] * (self._length - len(values))
            self._values = values
        return self._values

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.all()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.all())
