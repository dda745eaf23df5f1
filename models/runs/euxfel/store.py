"""The files of a run while it is open, and blocks of compressed frames kept for the next frame."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.runs.euxfel.parts import ModulePart
from models.runs.hdf5.file import open_hdf5, require_filters
from models.runs.hdf5.unsafe import why_unsafe
from models.runs.watch import FileGuard

if TYPE_CHECKING:
    import h5py

MOST_FILES = 96
"""Files held open at once: systems allow about a thousand per process, and others need some too."""
CACHE_BYTES = 256 * 2**20
_LARGEST_BLOCK = 64 * 2**20


class PartStore:
    """Frames and small numbers of parts; a file is opened when it is first needed.

    Args:
        parts: what the files hold.
        cache_bytes: limit for blocks kept.
    """

    def __init__(self, parts: Sequence[ModulePart], cache_bytes: int = CACHE_BYTES) -> None:
        self.parts = tuple(parts)
        self._files: OrderedDict[int, tuple[h5py.File, FileGuard]] = OrderedDict()
        self._datasets: dict[tuple[int, str], h5py.Dataset] = {}
        self._blocks: OrderedDict[tuple[int, str, int], npt.NDArray[Any]] = OrderedDict()
        self._held = 0
        self._limit = cache_bytes
        self._closed = False

    def frame(self, part: int, name: str, row: int) -> npt.NDArray[Any]:
        """(ss, fs) of a row of the part's dataset `name`, or (ss, fs, k) where it keeps k numbers to a pixel.

        Raises one of `hdf5.values.READ_ERRORS`, CannotOpen.
        """
        dataset = self._dataset(part, name)
        cells = self.parts[part].cells
        entry, cell = divmod(row, cells)
        entries = _entries_to_a_block(dataset)
        if entries == 1:
            return np.asarray(dataset[entry, cell] if cells > 1 else _first_plane(dataset, entry, self._planes(part)))
        number = entry // entries
        block = self._blocks.get((part, name, number))
        if block is None:
            where = slice(number * entries, (number + 1) * entries)
            block = np.asarray(dataset[where] if cells > 1 else _first_plane(dataset, where, self._planes(part)))
            self._keep((part, name, number), block)
        else:
            self._blocks.move_to_end((part, name, number))
        frame: npt.NDArray[Any] = block[entry - number * entries]
        return frame[cell] if cells > 1 else frame

    def numbers(self, part: int, name: str) -> npt.NDArray[np.int64] | None:
        """(rows,) int64 of the part's dataset `name`; None where it has none of that length.

        Raises one of `hdf5.values.READ_ERRORS`, CannotOpen.
        """
        own = self.parts[part]
        if not name or name not in self._file(part)[own.group]:
            return None
        dataset = self._dataset(part, name)
        entries = own.shape[0]
        shape = dataset.shape or ()
        if not shape or shape[0] < entries or math.prod(shape[1:]) != own.cells or dataset.dtype.kind not in "iu":
            return None
        flat: npt.NDArray[np.int64] = np.asarray(dataset[:entries]).reshape(-1).astype(np.int64)
        return flat

    def require_filters(self, part: int) -> None:
        """Raises CannotOpen where the frames are compressed in a way that this machine cannot read."""
        own = self.parts[part]
        require_filters(own.path, self._dataset(part, own.key))

    def close(self) -> None:
        self._closed = True
        self._blocks.clear()
        while self._files:
            self._let_go()

    def _planes(self, part: int) -> bool:
        return len(self.parts[part].shape) == 4

    def _keep(self, key: tuple[int, str, int], block: npt.NDArray[Any]) -> None:
        self._blocks[key] = block
        self._held += block.nbytes
        while self._held > self._limit and len(self._blocks) > 1:
            _, old = self._blocks.popitem(last=False)
            self._held -= old.nbytes

    def _dataset(self, part: int, name: str) -> h5py.Dataset:
        file = self._file(part)
        dataset = self._datasets.get((part, name))
        if dataset is None:
            dataset = file[f"{self.parts[part].group}/{name}"]
            if dataset.file.filename != file.filename:
                raise OSError(f"it lies in {dataset.file.filename}, another file, and is not followed there")
            if why := why_unsafe(dataset, other_files=True):
                raise OSError(why)
            self._datasets[part, name] = dataset
        return dataset

    def _file(self, part: int) -> h5py.File:
        if self._closed:
            raise ValueError("the file was closed")
        held = self._files.get(part)
        if held is None:
            while len(self._files) >= MOST_FILES:
                self._let_go()
            path = self.parts[part].path
            file, _notes = open_hdf5(path)
            held = self._files[part] = (file, FileGuard(path))
        else:
            self._files.move_to_end(part)
        file, guard = held
        guard.check()
        return file

    def _let_go(self) -> None:
        part, (file, _guard) = self._files.popitem(last=False)
        for key in [key for key in self._datasets if key[0] == part]:
            del self._datasets[key]
        file.close()


def _first_plane(dataset: h5py.Dataset, where: int | slice, planes: bool) -> npt.NDArray[Any]:
    """Entries of (entries, ss, fs), or the first plane of (entries, planes, ss, fs): the second one is gain."""
    read: npt.NDArray[Any] = dataset[where, 0] if planes and len(dataset.shape) == 4 else dataset[where]
    return read


def _entries_to_a_block(dataset: h5py.Dataset) -> int:
    """How many entries are read at once: all that compression packed together, else one."""
    if not dataset.chunks or dataset.chunks[0] == 1 or dataset.id.get_create_plist().get_nfilters() == 0:
        return 1
    entry = dataset.dtype.itemsize * int(np.prod(dataset.shape[1:]))
    entries: int = dataset.chunks[0]
    return entries if entry * entries <= _LARGEST_BLOCK else 1
