"""Event identifiers in HDF5 files, under the names that facilities use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.runs.events import LazyEvents, NumberedEvents
from models.runs.hdf5.tree import Leaf, Tree
from models.runs.hdf5.values import READ_ERRORS, read_texts, text
from models.runs.hdf5.whole import read_first
from models.runs.identity import IDS_HASHED

if TYPE_CHECKING:
    import h5py

_SINGLE = (
    "experiment_identifier",
    "experimental_identifier",
    "event_identifier",
    "event_id",
    "event_ids",
    "eventid",
    "tag_number_list",
)
_JOINED = (
    (("trainId", "pulseId"), ":"),
    (("trainId", "cellId"), ":"),
    (("machineTime", "machineTimeNanoSeconds", "fiducial"), "-"),
    (("machineTime", "machineTimeNanoSeconds"), "-"),
)
_LAST_RESORTS = ("eventNumber", "timestamp", "time", "trainId")
_CLOCKS = ("timestamp", "timestamp2", "machineTime", "trainId")
"""Numbers that are never 0 for a frame that was taken."""

_TAIL = 4096


@dataclass(frozen=True)
class FoundEvents:
    """Attributes:
    events: identifier of every frame, None where the file has none.
    first: the first few, already read.
    written: how many frames have an identifier, not counting an unwritten tail.
    """

    events: LazyEvents | None
    first: tuple[str, ...]
    written: int


def find_events(file: h5py.File, tree: Tree, homes: Sequence[str], *, stored: int, frames: int) -> FoundEvents:
    """The event identifiers of the frames.

    Args:
        file: the open file.
        tree: its datasets.
        homes: the groups that hold the frames; identifiers near them come first.
        stored: length of the frame axis as stored.
        frames: how many of them are known to be frames.
    """
    frames = min(frames, _before_zero_tail(file, tree, homes, stored, frames))
    choices: list[tuple[tuple[str, ...], str]] = [((name,), "") for name in _SINGLE]
    choices += [*_JOINED, *(((name,), "") for name in _LAST_RESORTS)]
    for names, joint in choices:
        leaves = [leaf for name in names if (leaf := _nearest(tree, homes, name, stored)) is not None]
        if len(leaves) != len(names):
            continue
        read = _reader(file, leaves, joint)
        try:
            first = read(min(frames, IDS_HASHED))
        except READ_ERRORS:
            continue
        if not any(first) or (len(first) > 1 and len(set(first)) == 1):
            continue
        written = frames
        if len(leaves) == 1 and leaves[0].dtype.kind in "SO" and leaves[0].shape == (stored,):
            written = min(frames, _without_empty_tail(file, leaves[0], frames))
        return FoundEvents(LazyEvents(written, _bound(read, written)), tuple(first[:written]), written)
    return FoundEvents(None, (), frames)


def _before_zero_tail(file: h5py.File, tree: Tree, homes: Sequence[str], stored: int, frames: int) -> int:
    """How many frames there are before a tail whose time stamps are 0.

    Stacks that grow by chunks of many frames end in frames of a chunk that was written only in part.
    """
    for name in _CLOCKS:
        leaf = _nearest(tree, homes, name, stored, kinds="iuf")
        if leaf is None or leaf.shape != (stored,):
            continue
        try:
            if file[leaf.path].is_virtual:  # zeros may stand for a source that is gone
                continue
            if frames and file[leaf.path][0] != 0:
                return _without_empty_tail(file, leaf, frames)
        except READ_ERRORS:
            continue
    return frames


def _nearest(tree: Tree, homes: Sequence[str], name: str, stored: int, kinds: str = "SOiu") -> Leaf | None:
    fitting = []
    for leaf in tree.datasets():
        if leaf.name != name:
            continue
        if not (_is_clock(leaf.dtype) or (leaf.dtype.kind in kinds and name != "time")):
            continue
        single = stored == 1 and leaf.shape in ((), (1,))
        listed = leaf.shape[:1] == (stored,) and len(leaf.shape) <= 2
        if single or listed:
            at_home = any(parent in homes for parent in tree.homes(leaf))
            fitting.append((not at_home, leaf.path.count("/"), leaf.path, leaf))
    return min(fitting, key=lambda item: item[:3])[3] if fitting else None


def _reader(file: h5py.File, leaves: Sequence[Leaf], joint: str) -> Callable[[int], Sequence[str]]:
    def read(stop: int) -> Sequence[str]:
        if all(leaf.dtype.kind in "iu" and leaf.dtype.itemsize > 1 and leaf.shape for leaf in leaves):
            return NumberedEvents([_numbers(file[leaf.path], stop) for leaf in leaves], joint)
        parts = [_texts(file[leaf.path], stop) for leaf in leaves]
        if len(parts) == 1:
            return parts[0]
        return [joint.join(words) for words in zip(*parts, strict=True)]

    return read


def _texts(dataset: h5py.Dataset, stop: int) -> list[str]:
    if dataset.dtype.names:
        return _clock_texts(np.asarray(dataset[:stop]))
    if dataset.shape == ():
        value = dataset[()]
        return [text(value) if isinstance(value, bytes | str) else str(value)]
    if len(dataset.shape) == 2 and not (dataset.dtype.kind in "iu" and dataset.dtype.itemsize == 1):
        return [str(value) for value in dataset[:stop, 0].tolist()]
    return read_texts(dataset, stop)


def _is_clock(dtype: np.dtype[Any]) -> bool:
    """Whether entries are LCLS time stamps, as its old translator wrote them."""
    return {"seconds", "nanoseconds"} <= set(dtype.names or ())


def _clock_texts(stamps: npt.NDArray[Any]) -> list[str]:
    names = [name for name in ("seconds", "nanoseconds", "fiducials") if name in (stamps.dtype.names or ())]
    return ["-".join(map(str, parts)) for parts in zip(*(stamps[name].tolist() for name in names), strict=True)]


def _numbers(dataset: h5py.Dataset, stop: int) -> npt.NDArray[Any]:
    return read_first(dataset, stop) if len(dataset.shape) == 1 else np.asarray(dataset[:stop, 0])


def _bound(read: Callable[[int], Sequence[str]], stop: int) -> Callable[[], Sequence[str]]:
    return lambda: read(stop)


def _without_empty_tail(file: h5py.File, leaf: Leaf, frames: int) -> int:
    """How many identifiers there are before an unwritten tail of empty ones."""
    dataset = file[leaf.path]
    stop = frames
    while stop:
        start = max(0, stop - _TAIL)
        try:
            values = dataset[start:stop]
        except READ_ERRORS:
            return frames
        for place in range(len(values) - 1, -1, -1):
            value = values[place]
            if value and (not isinstance(value, bytes) or value.strip(b"\0 ")):
                return start + place + 1
        stop = start
    return frames
