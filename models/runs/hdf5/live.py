"""Following an HDF5 file that another program is writing in SWMR mode (single writer, multiple readers).

Only datasets that were there when the writer switched to that mode can be seen, and their size has to be
asked for (`h5py.Dataset.refresh`). A file that is written in any other way must not be asked: HDF5 then mixes old
and new metadata, up to crashing the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import FriedelError
from models.runs.columns import ColumnSource, LazyColumns
from models.runs.events import in_memory
from models.runs.hdf5.columns import find_columns
from models.runs.hdf5.events import find_events
from models.runs.hdf5.file import explain_read
from models.runs.hdf5.source import Hdf5Source
from models.runs.hdf5.tree import Leaf, Tree
from models.runs.hdf5.values import READ_ERRORS, attribute
from models.runs.layout import FrameLayout
from models.runs.live import Growth
from models.runs.masks import MASK_NAMES
from models.runs.types import Column

if TYPE_CHECKING:
    import h5py

NEAR = 16
"""Frames by which what belongs to a frame may be late (or early) while it is being written."""

_HOLES = 64
_LOOKED_AT_ONCE = 20_000
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FLAGS_AT = 11
_OPEN_FOR_WRITING = 0b101


def live_layout(dataset: h5py.Dataset, layout: FrameLayout) -> bool:
    """Whether frames of such a dataset can be followed: stored one after another, in this file."""
    return layout.scan == (0,) and not dataset.is_virtual


def level(tree: Tree, file: h5py.File, stored: int) -> list[Leaf]:
    """Take datasets that are a few frames longer or shorter than the frames' for per-frame ones.

    While a file is written, its datasets are extended one after another. Their leaves get the frames' length, so that
    they are found as what they are.

    Returns:
        All datasets with a number or an identifier for each frame; the source of the frames looks after masks.
    """
    found = []
    for leaf in tree.datasets():
        if (
            not leaf.shape
            or abs(leaf.shape[0] - stored) > NEAR
            or (len(leaf.shape) > 2 and leaf.name not in MASK_NAMES)
        ):
            continue
        if leaf.shape[0] != stored:
            dataset = file[leaf.path]
            if dataset.maxshape is None or dataset.maxshape[0] is not None:
                continue
            leaf.shape = (stored, *leaf.shape[1:])
        if len(leaf.shape) <= 2:
            found.append(leaf)
    return found


def padded(columns: LazyColumns, frames: int) -> LazyColumns:
    """Columns that have a number for each of `frames` frames; not-a-number where the file has none yet."""

    def whole(name: str) -> Callable[[], tuple[npt.NDArray[Any], str]]:
        def read() -> tuple[npt.NDArray[Any], str]:
            column = columns[name]
            short = frames - len(column.values)
            if short <= 0:
                return column.values[:frames], column.unit
            return np.concatenate([column.values.astype(np.float64), np.full(short, np.nan)]), column.unit

        return read

    return LazyColumns({name: ColumnSource(whole(name)) for name in columns})


class Hdf5Following:
    """Looks for more frames in a file opened for SWMR reading (see `models.runs.live.Following`).

    Args:
        file: the open file.
        source: where its frames are read from, of one dataset; learns of new ones with each look.
        tree: the file's datasets.
        homes: the groups that hold the frames.
        beside: datasets with something for each frame.
        skip: paths that are no columns.
        si_units: as in `find_columns`.
    """

    def __init__(
        self,
        file: h5py.File,
        source: Hdf5Source,
        tree: Tree,
        homes: Sequence[str],
        beside: Sequence[Leaf],
        *,
        skip: set[str],
        si_units: bool,
    ) -> None:
        self._file = file
        self._path = Path(file.filename)
        self._superblock = int(file.userblock_size)
        self._source = source
        self._tree = tree
        self._homes = list(homes)
        self._beside = list(beside)
        self._skip = skip
        self._si_units = si_units

    def look(self, known: int) -> Growth | None:
        """See `Following.look`."""
        # Asked first: what is written between this look and the writer's end must not be missed.
        ended = self._has_ended()
        try:
            frames = self._count(known)
            if frames <= known:
                return Growth(known, None, {}, ended=True) if ended else None
            return self._growth(frames, ended)
        except READ_ERRORS as error:
            raise FriedelError(
                f"{self._path.name} cannot be followed any more",
                cause=explain_read(error),
                hint="Reload it to see what there is now",
            ) from error

    def _count(self, known: int) -> int:
        """Frames that are written, without holes in the end that may still be filled."""
        stored = self._source.refresh()
        dataset = self._source.first
        claimed = attribute(dataset, "numEvents")
        if claimed is not None and np.ndim(claimed) == 0:
            stored = min(stored, int(claimed))
        chunks = dataset.chunks
        if not chunks:
            return stored
        last = known
        holes = 0
        corner = [0] * len(dataset.shape)
        for frame in range(known, min(stored, known + _LOOKED_AT_ONCE), chunks[0]):
            corner[0] = frame - frame % chunks[0]
            if dataset.id.get_chunk_info_by_coord(tuple(corner)).byte_offset is None:
                holes += 1
                if holes > _HOLES:
                    break
            else:
                last, holes = min(stored, corner[0] + chunks[0]), 0
        return max(known, last)

    def _growth(self, frames: int, ended: bool) -> Growth:
        stored = self._source.length
        for leaf in self._beside:
            dataset = self._file[leaf.path]
            dataset.refresh()
            leaf.shape = (stored, *leaf.shape[1:])
        found = find_events(self._file, self._tree, self._homes, stored=stored, frames=frames)
        events: Sequence[str] | None = None
        if found.events is not None:
            events = in_memory(found.events)
            if len(events) < frames:
                events = [*events, *[""] * (frames - len(events))]
        columns = find_columns(
            self._file, self._tree, stored=stored, frames=frames, skip=self._skip, si_units=self._si_units
        )
        return Growth(frames, events, self._read(padded(columns, frames)), ended)

    def _read(self, columns: LazyColumns) -> Mapping[str, Column]:
        columns.read_ahead()
        return columns

    def _has_ended(self) -> bool:
        """Whether the writer's marks are gone from the file's superblock: it was closed."""
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(self._superblock)
                head = file.read(_FLAGS_AT + 1)
        except OSError:
            return False  # the watch on the file says more
        return head.startswith(_SIGNATURE) and len(head) > _FLAGS_AT and not head[_FLAGS_AT] & _OPEN_FOR_WRITING
