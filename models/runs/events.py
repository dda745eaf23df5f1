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
