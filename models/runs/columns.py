"""One number per frame: found when a file is opened, read when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import FriedelError
from models.runs.types import Column

_READ_AHEAD_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """How to get a column's numbers.

    Attributes:
        read: gives the (N,) numbers and their unit; reads the file. Raises OSError or ValueError.
    """

    read: Callable[[], tuple[npt.NDArray[Any], str]]


class LazyColumns(Mapping[str, Column]):
    """Columns by name. Names are known at once; values are read on first use, on the thread that asks.

    While a `FrameServer` reads the run, ask through its `submit`, so that the file is used from one thread.
    """

    def __init__(self, sources: Mapping[str, ColumnSource]) -> None:
        self._sources = dict(sources)
        self._read: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        """The column. Raises KeyError for an unknown name, FriedelError where the file does not give it."""
        column = self._read.get(name)
        if column is None:
            source = self._sources[name]
            try:
                values, unit = source.read()
            except (OSError, RuntimeError, ValueError, KeyError) as error:
                raise FriedelError(
                    f"column {name} cannot be read", cause=str(error), hint="The file may be damaged or gone"
                ) from error
            column = self._read[name] = Column(name=name, values=as_numbers(values), unit=unit)
        return column

    def read_ahead(self, limit_bytes: int = _READ_AHEAD_BYTES) -> tuple[str, ...]:
        """Read the columns now, so that nobody has to wait for the file later; those that cannot be read are dropped.

        Args:
            limit_bytes: stop when this much is in memory; the rest stays to be read on first use.

        Returns:
            A sentence for each column that was dropped.
        """
        dropped = []
        for name in list(self._sources):
            if sum(column.values.nbytes for column in self._read.values()) > limit_bytes:
                break
            try:
                self[name]
            except FriedelError as error:
                dropped.append(error.sentence())
                del self._sources[name]
        return tuple(dropped)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, name: object) -> bool:
        return name in self._sources


def as_numbers(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The values as int64 where they are whole and fit, else float64."""
    if values.dtype.kind == "b" or (values.dtype.kind in "iu" and values.dtype != np.uint64):
        return values.astype(np.int64, copy=False)
    if values.dtype == np.uint64 and (values.size == 0 or int(values.max()) <= np.iinfo(np.int64).max):
        return values.view(np.int64)
    return values.astype(np.float64, copy=False)


def unique_names(paths: list[str]) -> dict[str, str]:
    """Names for dataset paths: the last part, with as many parents as it takes to tell them apart."""
    split = {path: [part for part in path.split("/") if part] for path in paths}
    for parts in split.values():
        if len(parts) > 1 and parts[-1] in ("value", "data"):
            parts.pop()  # control systems write …/pulseEnergy/value
    names: dict[str, str] = {}
    pending = list(paths)
    depth = 1
    while pending:
        groups: dict[str, list[str]] = {}
        for path in pending:
            groups.setdefault("/".join(split[path][-depth:]), []).append(path)
        pending = []
        for name, members in groups.items():
            exhausted = all(len(split[path]) <= depth for path in members)
            if len(members) == 1:
                names[members[0]] = name
            elif exhausted:
                names.update({path: path.strip("/") for path in members})
            else:
                pending.extend(members)
        depth += 1
    return {path: names[path] for path in paths}
