"""Frames out of HDF5 datasets, one read per frame."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import FrameUnreadable
from models.runs.hdf5.file import explain_read
from models.runs.hdf5.masks import FrameMask
from models.runs.hdf5.picture import AS_STORED, Picture
from models.runs.hdf5.values import READ_ERRORS
from models.runs.hdf5.virtual import VirtualSources
from models.runs.identity import SAMPLE_PIXELS, middle_rows
from models.runs.layout import FrameLayout
from models.runs.types import FlagImage, PixelFlag
from models.runs.watch import FileGuard

if TYPE_CHECKING:
    import h5py


_LOOKED_AT_EVERY_S = 0.01
"""A look whether the file was cut takes a tenth of a small frame's reading. Of a cut file HDF5 gives zeros."""


@dataclass(frozen=True)
class Part:
    """Frames in a row: those of one dataset, or of one that is lost.

    Attributes:
        layout: how frames lie in the dataset.
        dataset: None where the file that should hold it is not there.
        lost: why it is None, for the user.
    """

    layout: FrameLayout
    dataset: h5py.Dataset | None
    lost: str = ""

    @cached_property
    def is_plain(self) -> bool:
        """Whether a frame is the array's own plane: no modules to lay out, nothing to convert."""
        layout, dataset = self.layout, self.dataset
        places = (layout.scan, layout.modules, layout.y, layout.x, len(layout.shape))
        if dataset is None or places != ((0,), None, 1, 2, 3):
            return False
        return bool(dataset.dtype.kind in "biuf" and dataset.dtype.isnative)


class Hdf5Source:
    """Frames of one dataset, or of several that follow each other.

    Args:
        file: the open file; closed with the source.
        parts: where the frames are, in their order.
        per_frame: the mask of each frame, if there is one.
        virtual: where a virtual dataset has no source.
        picture: what stored pixels need to become intensities in their places.
        imaginary: the imaginary parts of frames whose real parts are in the only part, if they have any.
    """

    def __init__(
        self,
        file: h5py.File,
        parts: Sequence[Part],
        *,
        per_frame: FrameMask | None = None,
        virtual: VirtualSources | None = None,
        picture: Picture = AS_STORED,
        imaginary: h5py.Dataset | None = None,
    ) -> None:
        self._file = file
        self._name = Path(file.filename).name
        self._guard = FileGuard(Path(file.filename), _LOOKED_AT_EVERY_S)
        self._parts = list(parts)
        self._ends = list(accumulate(part.layout.n_frames for part in parts))
        # Half of what reading a small frame costs beside the reading itself.
        self._as_stored = not picture and imaginary is None
        self._per_frame = per_frame
        self._virtual = virtual
        self._picture = picture
        self._imaginary = imaginary

    @property
    def first(self) -> h5py.Dataset:
        """The first, and mostly only, dataset. Only for sources whose parts are all there."""
        dataset = self._parts[0].dataset
        assert dataset is not None
        return dataset

    @property
    def length(self) -> int:
        """Frames in all datasets, as far as it is known."""
        return self._ends[-1]

    def refresh(self) -> int:
        """Ask a file opened for SWMR reading how long its one dataset, and the frames' masks, have become.

        Returns:
            Frames that are there; the datasets may hold unwritten ones at their end.
        """
        dataset = self.first
        dataset.refresh()
        layout = replace(self._parts[0].layout, shape=tuple(dataset.shape))
        self._parts[0] = Part(layout, dataset)
        self._ends[0] = stored = layout.n_frames
        if self._per_frame is not None:
            masks = self._per_frame
            masks.dataset.refresh()
            self._per_frame = replace(masks, layout=replace(masks.layout, shape=tuple(masks.dataset.shape)))
            stored = min(stored, self._per_frame.layout.n_frames)
        return stored

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a frame. Raises FrameUnreadable."""
        part, place = self._locate(index)
        if part.dataset is None:
            raise FrameUnreadable(
                f"frame {index} of {self._name} cannot be read",
                cause=part.lost,
                hint="Copy that file beside this one",
                index=index,
            )
        try:
            self._guard.check()
            if self._as_stored and part.is_plain:
                frame: npt.NDArray[Any] = part.dataset[place]
                return frame
            where = part.layout.selection(place)
            block = part.layout.assemble(np.asarray(part.dataset[where]))
            if self._imaginary is not None:
                block = block + 1j * part.layout.assemble(np.asarray(self._imaginary[where]))
            return self._picture.values(block)
        except (*READ_ERRORS, MemoryError) as error:
            raise self._unreadable(index, error) from error

    def flags(self, index: int) -> FlagImage | None:
        """The frame's own mask, and what of it has no source file. Raises FrameUnreadable."""
        flags = None if self._per_frame is None else self._per_frame.flags(index)
        if self._virtual is not None:
            part, place = self._locate(index)
            gone = self._virtual.inside(part.layout.selection(place), part.layout.shape)
            if gone is not None:
                lost = self._picture.place(part.layout.assemble(gone)).astype(np.uint8) * np.uint8(PixelFlag.MISSING)
                flags = lost if flags is None else flags | lost
        return flags

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity; those of an unreadable frame are empty."""
        part, place = self._locate(index)
        dataset, layout = part.dataset, part.layout
        if dataset is None:
            return b""
        where = list(layout.selection(place))
        if dataset.chunks and any(dataset.chunks[axis] > 1 for axis in layout.scan) and not dataset.is_virtual:
            return self._stored_sample(dataset, layout, where)
        where[layout.y] = middle_rows(layout.shape[layout.y], layout.shape[layout.x])
        if layout.modules is not None:
            where[layout.modules] = slice(0, 1)
        try:
            return np.ascontiguousarray(dataset[tuple(where)]).tobytes()
        except (*READ_ERRORS, MemoryError):
            return b""

    def _stored_sample(self, dataset: h5py.Dataset, layout: FrameLayout, where: list[int | slice]) -> bytes:
        """Bytes as stored of the chunk in the frame's middle: unpacking one that spans many frames takes too long."""
        coordinate = [
            axis_where if isinstance(axis_where, int) else size // 2
            for axis_where, size in zip(where, layout.shape, strict=True)
        ]
        corner = tuple(at - at % chunk for at, chunk in zip(coordinate, dataset.chunks, strict=True))
        try:
            stored = dataset.id.get_chunk_info_by_coord(corner)
            if stored.byte_offset is None:
                return b""
            with Path(dataset.file.filename).open("rb") as file:
                file.seek(stored.byte_offset)
                return file.read(min(stored.size, SAMPLE_PIXELS))
        except READ_ERRORS:
            return b""

    def close(self) -> None:
        # HDF5 2.0 crashes at the end of the program over a virtual dataset that somebody still holds then.
        self._parts = [Part(part.layout, None, "the run is closed") for part in self._parts]
        self._per_frame = self._virtual = self._imaginary = None
        self._file.close()

    def _locate(self, index: int) -> tuple[Part, int]:
        """The part that holds a frame, and the frame's place in it."""
        which = bisect_right(self._ends, index)
        part = self._parts[which]
        return part, index - self._ends[which - 1] if which else index

    def _unreadable(self, index: int, error: Exception) -> FrameUnreadable:
        return FrameUnreadable(
            f"frame {index} of {self._name} cannot be read",
            cause=explain_read(error),
            hint="The other frames may be fine",
            index=index,
        )
