"""Noticing that an open file was cut: HDF5 then gives zeros, and a memory map kills the process."""

from __future__ import annotations

from pathlib import Path


class FileGuard:
    """Remembers how long a file was when it was opened.

    Args:
        path: the file, which must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        status = path.stat()
        self._size, self._place = status.st_size, (status.st_dev, status.st_ino)

    def check(self) -> None:
        """Raises OSError where the file is shorter than at opening.

        A file that was deleted or replaced is left alone: what is open is still the old one.
        """
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        if (status.st_dev, status.st_ino) == self._place and status.st_size < self._size:
            raise OSError(f"the file was cut from {self._size} to {status.st_size} bytes while it was open")
