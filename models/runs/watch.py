"""Noticing what happens to a file beside us: cut, replaced, deleted, being written; without ever locking it.

HDF5 gives zeros where a file was cut while open, and a memory map kills the process.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class FileGuard:
    """Remembers how long a file was when it was opened.

    Args:
        path: the file, which must exist.
        every_s: it is looked at once in so long, however often that is asked for. 0 where a cut file is fatal.
    """

    def __init__(self, path: Path, every_s: float = 0.0) -> None:
        self._every_s = every_s
        self._name = os.fspath(path)
        status = path.stat()
        self._size, self._place = status.st_size, (status.st_dev, status.st_ino)
        self._looked = -1.0

    def check(self) -> None:
        """Raises OSError where the file is shorter than at opening.

        A file that was deleted or replaced is left alone: what is open is still the old one.
        """
        if self._every_s:
            now = time.monotonic()
            if now - self._looked < self._every_s:
                return
            self._looked = now
        try:
            status = os.stat(self._name)  # noqa: PTH116  (asked with every frame; by a Path it takes twice as long)
        except FileNotFoundError:
            return
        if (status.st_dev, status.st_ino) == self._place and status.st_size < self._size:
            raise OSError(f"the file was cut from {self._size} to {status.st_size} bytes while it was open")


class Change(Enum):
    """What happened to a file since it was opened."""

    NOTHING = "nothing"
    WRITTEN = "it was written to"
    REPLACED = "it was replaced by another file"
    CUT = "it was cut short"
    GONE = "it was moved or deleted"


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells whether a file is still the one it was, from its directory entry alone.

    Attributes:
        device, inode: which file it is; 0 where it is gone.
        size: bytes; of a folder 0.
        modified_ns: when it was last written to, nanoseconds since 1970.
    """

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """The stamp of a file or folder as it is now; raises OSError where that cannot be told."""
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return cls(0, 0, 0, 0)
        size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
        return cls(status.st_dev, status.st_ino, size, status.st_mtime_ns)

    def change(self, now: FileStamp) -> Change:
        """What happened between this stamp and a later one of the same path."""
        if now == self:
            return Change.NOTHING
        if not now.inode:
            return Change.GONE
        if (now.device, now.inode) != (self.device, self.inode):
            return Change.REPLACED
        return Change.CUT if now.size < self.size else Change.WRITTEN


def is_locked_for_writing(path: Path) -> bool:
    """Whether another process holds a lock that keeps readers out, as far as this machine knows; takes none itself.

    HDF5 locks with flock(2), which cannot be asked about, only tried: so the kernel's own list is read. On network
    disks whose locks are those of fcntl(2), other machines' locks are seen, too.
    """
    try:
        status = path.stat()
    except OSError:
        return False
    return _listed(status) or _held_elsewhere(path)


def _listed(status: os.stat_result) -> bool:
    """Whether /proc/locks has another process's write lock on the file (Linux; elsewhere False)."""
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return False
    for (
        line
    ) in lines:  # "1: FLOCK  ADVISORY  WRITE 11821 fe:00:2351684 0 EOF"; waiting ones have "->" after the number
        fields = line.split()
        if len(fields) >= 6 and fields[3] == "WRITE" and fields[5] == place and fields[4] != str(os.getpid()):
            return True
    return False


def _held_elsewhere(path: Path) -> bool:
    """Whether fcntl(2) knows of a write lock that another process or machine has on any part of the file."""
    if sys.platform != "linux":  # the question's layout is Linux's
        return False
    import fcntl
    import struct

    question = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
    with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
        answer = fcntl.fcntl(file, fcntl.F_GETLK, question)
        return bool(struct.unpack("hhqqi4x", answer)[0] == fcntl.F_WRLCK)
    return False
