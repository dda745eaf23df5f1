"""HDF5 files written aside and renamed, and read back with clear errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import CannotOpen
from models.workspace.disk import written_aside

if TYPE_CHECKING:
    import h5py

READ_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises for damaged and foreign files."""


@contextlib.contextmanager
def new_h5(path: Path, what: str) -> Iterator[h5py.File]:
    """An HDF5 file to be written, which takes the place of `path` if the block ends well.

    Args:
        path: where it belongs.
        what: the sentence a `NotSaved` begins with.

    Raises:
        NotSaved: it cannot be written; nothing half-written is left and what was at `path` is untouched.
    """
    import h5py

    with written_aside(path, what) as aside:
        # Nobody else knows the file's temporary name, and some network shares have no locks.
        file = h5py.File(aside, "x", libver=("earliest", "v110"), locking=False)
        try:
            yield file
        except BaseException:
            with contextlib.suppress(RuntimeError, OSError):
                file.close()
            raise
        try:
            file.close()
        except RuntimeError as error:  # the last blocks did not fit: h5py says so in words only
            raise OSError(None, str(error)) from error


@contextlib.contextmanager
def stored_h5(path: Path, what: str) -> Iterator[h5py.File]:
    """A result file of the workspace, open for reading. Raises CannotOpen, also for errors while reading."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except READ_ERRORS as error:
        raise CannotOpen(
            f"{what} {path} cannot be read", cause=str(error), hint="It can be made again; the file may be removed"
        ) from error
