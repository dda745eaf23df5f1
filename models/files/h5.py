"""HDF5 files written aside and renamed, and read back with clear errors.

The HDF5 library cannot live with a disk that fills up while it writes: objects cannot be closed any more, and the
process may crash. So it writes through a file object that notes the first failure, keeps what comes after it in
memory, and lets HDF5 end in peace; the failure is raised when the file is closed, or asked for.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen
from models.files.disk import written_aside

if TYPE_CHECKING:
    import h5py

READ_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises for damaged and foreign files."""
REMAKE = "It can be made again; the file may be removed"
"""The advice where a result in the workspace is damaged; for a file that the user chose it would be dangerous."""
_PAGE = 1 << 16


class _PatientFile(io.RawIOBase):
    """A new file whose writes never fail towards HDF5.

    Attributes:
        error: the first failure; from then on writes go to memory, where reads find them.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.error: OSError | None = None
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        self._at = 0
        self._size = 0
        self._pages: dict[int, bytearray] = {}

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def truncate(self, size: int | None = None) -> int:
        self._size = self._at if size is None else size
        self._attempt(lambda: os.ftruncate(self._handle, self._size))
        return self._size

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        n = max(0, min(len(view), self._size - self._at))
        for start, page, part in _pages(self._at, n):
            kept = self._pages.get(page)
            found = bytes(kept[part]) if kept is not None else self._from_disk(page * _PAGE + part.start, part)
            view[start : start + len(found)] = found
        self._at += n
        return n

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        if not self._attempt(lambda: self._to_disk(view, self._at)):
            for start, page, part in _pages(self._at, len(view)):
                if page not in self._pages:
                    self._pages[page] = bytearray(self._from_disk(page * _PAGE, slice(0, _PAGE)))
                self._pages[page][part] = view[start : start + part.stop - part.start]
        self._at += len(view)
        self._size = max(self._size, self._at)
        return len(view)

    def close(self) -> None:
        if not self.closed:
            self._attempt(lambda: os.close(self._handle))
        super().close()

    def check(self) -> None:
        """Raise the first failure, if there was one."""
        if self.error is not None:
            raise OSError(self.error.errno, self.error.strerror) from self.error

    def _attempt(self, work: Callable[[], None]) -> bool:
        if self.error is None:
            try:
                work()
            except OSError as error:
                self.error = error
        return self.error is None

    def _to_disk(self, view: memoryview, at: int) -> None:
        while len(view):
            n = os.pwrite(self._handle, view, at)
            view, at = view[n:], at + n

    def _from_disk(self, at: int, part: slice) -> bytes:
        length = part.stop - part.start
        return os.pread(self._handle, length, at).ljust(length, b"\0")


def _pages(at: int, n: int) -> Iterator[tuple[int, int, slice]]:
    """The pieces of n bytes from `at`: place in the piece's own buffer, page, part of the page."""
    done = 0
    while done < n:
        page, start = divmod(at + done, _PAGE)
        length = min(_PAGE - start, n - done)
        yield done, page, slice(start, start + length)
        done += length


@contextlib.contextmanager
def new_h5_checked(path: Path, what: str) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """`new_h5` for long work: also gives a function that raises as soon as writing has failed."""
    import h5py

    with written_aside(path, what) as aside:
        target = _PatientFile(aside)
        try:
            with h5py.File(target, "w", libver=("earliest", "v110")) as file:
                yield file, target.check
            target.check()
        finally:
            target.close()
        target.check()


@contextlib.contextmanager
def new_h5(path: Path, what: str) -> Iterator[h5py.File]:
    """An HDF5 file to be written, which takes the place of `path` if the block ends well.

    Args:
        path: where it belongs.
        what: the sentence a `NotSaved` begins with.

    Raises:
        NotSaved: it cannot be written; nothing half-written is left and what was at `path` is untouched.
    """
    with new_h5_checked(path, what) as (file, _):
        yield file


def h5_text(values: Iterable[str]) -> npt.NDArray[np.object_]:
    """(n,) strings as HDF5 can hold them: what is no UTF-8 is written as escapes, zero bytes are left out."""
    clean = [value.replace("\0", "").encode("utf-8", "backslashreplace").decode() for value in values]
    return np.array(clean, dtype=object)


@contextlib.contextmanager
def stored_h5(path: Path, what: str, hint: str = REMAKE) -> Iterator[h5py.File]:
    """A file that Friedel wrote, open for reading. Raises CannotOpen with `hint`, also for errors while reading."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except READ_ERRORS as error:
        cause = str(error).strip("\"'")  # a KeyError's text is in quotes
        raise CannotOpen(f"{what} {path} cannot be read", cause=cause, hint=hint) from error
