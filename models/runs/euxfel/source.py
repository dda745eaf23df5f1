"""Frames of a run directory, put together from their modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FrameUnreadable
from models.runs.euxfel.frames import Frames
from models.runs.euxfel.store import PartStore
from models.runs.hdf5.file import explain_read
from models.runs.hdf5.values import READ_ERRORS
from models.runs.layout import FrameLayout
from models.runs.masks import AS_READ, Convention, MaskOverride, to_flags
from models.runs.types import FlagImage, PixelFlag

MASK_CONVENTION = Convention.EUXFEL_BITS


class EuxfelSource:
    """A `FrameSource` over the modules' files.

    Args:
        store: the files.
        frames: which row of which file is which frame.
        slab_shape: (modules, ss, fs).
        layout: how modules are laid out; of a single one, its picture alone.
        dtype: of a pixel, native byte order.
        override: how the user wants the masks read.
    """

    def __init__(
        self,
        store: PartStore,
        frames: Frames,
        slab_shape: tuple[int, int, int],
        layout: FrameLayout,
        dtype: np.dtype[Any],
        override: MaskOverride = AS_READ,
    ) -> None:
        self._store = store
        self._frames = frames
        self._slab_shape = slab_shape
        self._layout = layout
        self._dtype = dtype
        self._override = override
        self._gaps: dict[tuple[bool, ...], FlagImage] = {}

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a frame; a module without data is NaN, or 0 in whole numbers. Raises FrameUnreadable."""
        gap = np.nan if self._dtype.kind == "f" else 0
        slab = np.full(self._slab_shape, gap, self._dtype)
        self._fill(slab, index, lambda part: self._store.parts[part].key)
        return self._assemble(slab)

    def flags(self, index: int) -> FlagImage | None:
        """The frame's masks, and which of its modules have no data. Raises FrameUnreadable."""
        rows = self._rows(index)
        gone = tuple(row is None for row in rows)
        flags = self._gap_flags(gone) if any(gone) else None
        if any(row is not None and self._store.parts[row[0]].mask for row in rows):
            mask = to_flags(self.read_mask(index), MASK_CONVENTION, self._override)
            flags = mask if flags is None else flags | mask
        return flags

    def read_mask(self, index: int) -> npt.NDArray[np.uint32]:
        """(H, W) uint32 mask of a frame as stored, 0 where a module has none. Raises FrameUnreadable."""
        slab = np.zeros(self._slab_shape, np.uint32)
        self._fill(slab, index, lambda part: self._store.parts[part].mask)
        return self._assemble(slab)

    def close(self) -> None:
        self._store.close()

    def _fill(self, slab: npt.NDArray[Any], index: int, name_of: Callable[[int], str]) -> None:
        part = -1
        try:
            for module, found in enumerate(self._frames.rows(index)):
                if found is None:
                    continue
                part, row = found
                if name := name_of(part):
                    read = self._store.frame(part, name, row)
                    # The first corrected data (2017) kept three masks of one byte to a pixel.
                    slab[module] = read.any(axis=-1) if read.ndim == 3 else read
        except (*READ_ERRORS, MemoryError, CannotOpen) as error:
            raise self._unreadable(index, part, error) from error

    def _assemble(self, slab: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return slab[0] if self._layout.modules is None else self._layout.assemble(slab)

    def _rows(self, index: int) -> list[tuple[int, int] | None]:
        try:
            return self._frames.rows(index)
        except (*READ_ERRORS, CannotOpen) as error:
            raise self._unreadable(index, -1, error) from error

    def _gap_flags(self, gone: tuple[bool, ...]) -> FlagImage:
        if gone not in self._gaps:
            if len(self._gaps) > 8:
                self._gaps.clear()
            slab = np.zeros(self._slab_shape, np.uint8)
            slab[np.array(gone)] = PixelFlag.MISSING
            self._gaps[gone] = self._assemble(slab)
        return self._gaps[gone]

    def _unreadable(self, index: int, part: int, error: Exception) -> FrameUnreadable:
        where = f" ({self._store.parts[part].path.name})" if part >= 0 else ""
        cause = error.cause if isinstance(error, CannotOpen) else explain_read(error)
        return FrameUnreadable(
            f"frame {index} cannot be read{where}", cause=cause, hint="The other frames may be fine", index=index
        )
