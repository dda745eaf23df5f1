"""How a dataset is cut into chunks: what reading a frame costs, and which frames were ever written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.runs.hdf5.file import LARGEST_CHUNK_CACHE, size_text
from models.runs.layout import FrameLayout

if TYPE_CHECKING:
    import h5py

_SLOW_BLOCK = 64 * 2**20
_KEPT = 64 * 2**20
_MOST_CHUNKS_LISTED = 200_000


@dataclass(frozen=True, slots=True)
class ChunkCost:
    """What HDF5 has to read for one frame.

    Attributes:
        block_bytes: uncompressed bytes of all chunks that a frame touches; 0 where HDF5 reads no more than the frame.
        frames: how many frames those chunks cover.
    """

    block_bytes: int
    frames: int

    @classmethod
    def of(cls, dataset: h5py.Dataset, layout: FrameLayout) -> ChunkCost:
        chunks = dataset.chunks
        if not chunks or _is_read_in_place(dataset, chunks):
            return cls(0, 1)
        size = dataset.dtype.itemsize
        covered = 1
        for axis, (whole, chunk) in enumerate(zip(layout.shape, chunks, strict=True)):
            touched = -(-whole // chunk) if axis in (layout.y, layout.x, layout.modules) else 1
            size *= touched * chunk
            if axis in layout.scan:
                covered *= min(chunk, whole)
        return cls(size, covered)

    @property
    def cache_bytes(self) -> int:
        """How much of the unpacked chunks to keep: one frame's; of several groups of frames what is affordable."""
        if self.frames < 2 or not self.block_bytes:
            return self.block_bytes
        return self.block_bytes * max(1, _KEPT // self.block_bytes)

    def note(self, path: str) -> str:
        """A sentence for the user where browsing will be slow, else ""."""
        if self.frames < 2 or self.block_bytes < _SLOW_BLOCK:
            return ""
        text = (
            f"{path} is stored in chunks that span {self.frames} frames: going to another group of frames reads "
            f"{size_text(self.block_bytes)}"
        )
        if self.block_bytes > LARGEST_CHUNK_CACHE:
            text += ", and this happens again for every frame; repack it with one frame per chunk"
        return text


def _is_read_in_place(dataset: h5py.Dataset, chunks: tuple[int, ...]) -> bool:
    """Whether HDF5 takes a frame's bytes out of larger chunks: nothing is compressed, and no chunk fits its cache.

    A larger cache would make it read whole chunks instead, for every frame that is not near the last one.
    """
    if dataset.id.get_create_plist().get_nfilters():
        return False
    _, cache_bytes, _ = dataset.id.get_access_plist().get_chunk_cache()
    return bool(math.prod(chunks) * dataset.dtype.itemsize > cache_bytes)


def written_frames(dataset: h5py.Dataset, layout: FrameLayout) -> int:
    """How many leading frames have storage behind them.

    Writers extend a stack ahead of the data and trim it when they finish; killed before, they leave frames without
    storage at its end, which HDF5 reads as zeros. Frames are only left out where the stored chunks are exactly those
    of the first n frames.
    """
    total = layout.n_frames
    chunks = dataset.chunks
    if not chunks or len(layout.scan) != 1 or dataset.is_virtual or total == 0:
        return total
    axis = layout.scan[0]
    per_step = math.prod(
        -(-whole // chunk) for i, (whole, chunk) in enumerate(zip(layout.shape, chunks, strict=True)) if i != axis
    )
    steps = -(-total // chunks[axis])
    try:
        stored = dataset.id.get_num_chunks()
        if stored == 0 or stored >= per_step * steps or stored % per_step or stored > _MOST_CHUNKS_LISTED:
            return total
        last = 0

        def note_offset(info: object) -> None:
            nonlocal last
            last = max(last, int(info.chunk_offset[axis]) + chunks[axis])  # type: ignore[attr-defined]

        dataset.id.chunk_iter(note_offset)
    except (RuntimeError, OSError, AttributeError):
        return total
    full = last // chunks[axis] * per_step == stored
    return min(total, last) if full else total
