"""Arrays on their way between processes: what is large travels in files of shared memory, not through pipes.

Qt-free: both ends import it.
"""

from __future__ import annotations

import itertools
import logging
import mmap
import os
import pickle
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

_MEMORY = Path("/dev/shm")
"""where files are memory (Linux); elsewhere the temporary folder, which the system keeps in memory as well"""
_INLINE_BYTES = 1 << 16
_ALIGNED = 64
_PAGE = 4096


@dataclass(frozen=True)
class MappedArray:
    """Where an array lies in a file, so that another process can map the same bytes."""

    path: str
    offset: int
    shape: tuple[int, ...]
    dtype: str

    def open(self) -> npt.NDArray[Any]:
        """The array, read-only; its pages are read when they are looked at."""
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        return np.memmap(self.path, np.dtype(self.dtype), "r", self.offset, self.shape)


class Scratch:
    """A folder for arrays that are passed on; gone with the object, and with the process at the latest."""

    def __init__(self) -> None:
        where = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="friedel-", dir=where))
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._numbers = itertools.count()

    def close(self) -> None:
        self._remove()

    def share(self, array: npt.NDArray[Any]) -> MappedArray:
        """Make an array known to another process; one that is a whole mapped file already is not copied."""
        if type(array) is np.memmap and array.filename is not None and _is_whole(array):
            return MappedArray(str(array.filename), array.offset, array.shape, array.dtype.str)
        path = self.folder / f"array-{os.getpid()}-{next(self._numbers)}"
        np.ascontiguousarray(array).tofile(path)
        return MappedArray(str(path), 0, array.shape, array.dtype.str)


def discard(folder: str | Path) -> None:
    """Remove a folder of arrays, beside what else is done: the larger they are the longer it takes. Who maps one of
    them keeps it."""
    threading.Thread(target=shutil.rmtree, args=(folder, True), name="discard", daemon=True).start()


def _is_whole(array: np.memmap[Any, Any]) -> bool:
    """Whether it is the map itself: a view of one keeps the map's offset, which is then not its own."""
    return isinstance(array.base, mmap.mmap) and array.flags.c_contiguous


@dataclass(frozen=True)
class Parcel:
    """A value whose arrays lie beside it.

    Attributes:
        head: the pickled value without its arrays.
        sizes: bytes of each array.
        body: the arrays one after another, each from a multiple of 64 bytes on; empty where they are in `path`.
        path: a file with them, for the receiver to remove.
    """

    head: bytes
    sizes: tuple[int, ...]
    body: bytes = b""
    path: str = ""


_parcels = itertools.count()


def pack(value: Any, folder: str) -> Parcel:
    """Make a parcel of a value; arrays of 64 kB or more in all go to a file in `folder`."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    starts, total = _starts([view.nbytes for view in raw])
    sizes = tuple(view.nbytes for view in raw)
    if total < _INLINE_BYTES:
        body = bytearray(total)
        for start, view in zip(starts, raw, strict=True):
            body[start : start + view.nbytes] = view
        return Parcel(head, sizes, body=bytes(body))
    path = Path(folder) / f"parcel-{os.getpid()}-{next(_parcels)}"
    with path.open("xb") as file:
        for start, view in zip(starts, raw, strict=True):
            file.seek(start)
            file.write(view)
        file.truncate(total)
    return Parcel(head, sizes, path=str(path))


def unpack(parcel: Parcel) -> Any:
    """The value again; its arrays are read-only views of the parcel, which lives as long as they do."""
    body: Any = parcel.body
    if parcel.path:
        with Path(parcel.path).open("rb") as file:
            body = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # Here, so that whoever draws them need not wait page by page.
        np.frombuffer(body, np.uint8)[::_PAGE].max()
        try:
            Path(parcel.path).unlink()
        except OSError as error:  # some systems keep a mapped file; it goes with the folder
            log.debug("%s stays for now: %s", parcel.path, error)
    view = memoryview(body)
    starts, _ = _starts(parcel.sizes)
    buffers = [view[start : start + size] for start, size in zip(starts, parcel.sizes, strict=True)]
    # Not from a file: the head came through the pipe from our own process, which multiprocessing unpickles as well.
    return pickle.loads(parcel.head, buffers=buffers)


def _starts(sizes: list[int] | tuple[int, ...]) -> tuple[list[int], int]:
    """Where each array begins, and how many bytes that makes."""
    starts, at = [], 0
    for size in sizes:
        starts.append(at)
        at += -(-size // _ALIGNED) * _ALIGNED
    return starts, at
