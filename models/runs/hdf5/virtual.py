"""Where the parts of a virtual dataset come from: HDF5 says neither which files it reads nor which are gone.

A missing source file gives fill values without a word, and a source may lie anywhere on the machine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import h5py

_MOST_MAPPINGS = 5_000
_FOLDERS_SHOWN = 3


class VirtualSources:
    """The source files of a virtual dataset.

    Attributes:
        starts, stops: (k, ndim) int64 boxes of the dataset without a source, stops exclusive.
        notes: sentences for the user: what is missing, and which folders besides the run's own are read.
        missing_note: the one of them on what is missing; "" where nothing is.
    """

    def __init__(self, dataset: h5py.Dataset, path: Path) -> None:
        created = dataset.id.get_create_plist()
        count = created.get_virtual_count()
        owner = Path(dataset.file.filename)
        found: dict[str, Path | None] = {}
        starts, stops = [], []
        for place in range(min(count, _MOST_MAPPINGS)):
            name = created.get_virtual_filename(place)
            if name not in found:
                found[name] = source_file(name, owner)
            if found[name] is None:
                try:
                    low, high = created.get_virtual_vspace(place).get_select_bounds()
                except (RuntimeError, ValueError):  # an empty selection has no bounds
                    continue
                starts.append(low)
                stops.append([int(edge) + 1 for edge in high])
        ndim = len(dataset.shape)
        self.starts: npt.NDArray[np.int64] = np.array(starts, np.int64).reshape(-1, ndim)
        self.stops: npt.NDArray[np.int64] = np.array(stops, np.int64).reshape(-1, ndim)
        self.missing_note = ""
        notes = []
        if count > _MOST_MAPPINGS:
            notes.append(f"Only the first {_MOST_MAPPINGS} of {count} parts of the virtual dataset were looked for")
        gone = [name for name, file in found.items() if file is None]
        if gone:
            self.missing_note = (
                f"{len(gone)} of {len(found)} source files of the virtual dataset are missing (first: {gone[0]}): "
                "what should come from them is marked as missing"
            )
            notes.append(self.missing_note)
        home = path.resolve().parent
        away = [file for file in found.values() if file is not None and not file.is_relative_to(home)]
        if away:
            notes.append(_away_note(away, len(found)))
        self.notes = tuple(notes)

    def __bool__(self) -> bool:
        """Whether any part is missing."""
        return len(self.starts) > 0

    def inside(self, selection: tuple[int | slice, ...], shape: tuple[int, ...]) -> npt.NDArray[np.bool_] | None:
        """True where the selected block has no source; None where all of it has one.

        Args:
            selection: one entry per dimension, as from `FrameLayout.selection`.
            shape: the dataset's shape.
        """
        hit = np.ones(len(self.starts), np.bool_)
        for axis, where in enumerate(selection):
            if isinstance(where, int):
                hit &= (self.starts[:, axis] <= where) & (where < self.stops[:, axis])
        if not hit.any():
            return None
        kept = [axis for axis, where in enumerate(selection) if isinstance(where, slice)]
        missing = np.zeros([shape[axis] for axis in kept], np.bool_)
        for start, stop in zip(self.starts[hit], self.stops[hit], strict=True):
            missing[tuple(slice(start[axis], stop[axis]) for axis in kept)] = True
        return missing


def source_file(name: str, owner: Path) -> Path | None:
    """The file that HDF5 reads for a source called `name` in the file `owner`; None where none can be read.

    HDF5 tries the name as it is if absolute, then its last part beside the owner; a relative name beside the owner
    and, after that, in the process's working folder. ("." is the owner itself; "%b" stands for numbers, of which the
    folder is all that can be told.)
    """
    if name == ".":
        return owner.resolve()
    given = Path(name)
    folders = (owner.absolute().parent, owner.resolve().parent)
    if given.is_absolute():
        tried = [given, *(folder / given.name for folder in folders)]
    else:
        tried = [folders[0] / given, Path.cwd() / given, folders[1] / given]
    for file in tried:
        if "%b" in name or os.access(file, os.R_OK):
            return file.resolve()
    return None


def _away_note(away: list[Path], sources: int) -> str:
    folders = list(dict.fromkeys(str(file.parent) for file in away))
    shown = ", ".join(folders[:_FOLDERS_SHOWN]) + (", …" if len(folders) > _FOLDERS_SHOWN else "")
    which = f"{len(away)} of {sources} source files of the virtual dataset"
    return f"{which} are read from outside the file's folder: {shown}"
