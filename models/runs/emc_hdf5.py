"""Dragonfly's sparse photons in HDF5 as runs: `num_pix`, and three lists for every frame.

The datasets `place_ones`, `place_multi` and `count_multi` hold one variable-length list for each frame; what they
mean is told in `emc`. Dense photons in HDF5 are ordinary datasets and none of this module's business.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FrameUnreadable
from models.runs.columns import LazyColumns
from models.runs.emc import corrupt, photon_facts
from models.runs.emc_layout import DETECTOR, SHAPE, PhotonLayout, photon_layout
from models.runs.hdf5.file import explain_read, open_hdf5
from models.runs.hdf5.unsafe import why_unsafe
from models.runs.hdf5.values import READ_ERRORS, read_all
from models.runs.identity import SAMPLE_PIXELS
from models.runs.masks import AS_READ, MaskOverride
from models.runs.stack import StackRun
from models.runs.types import FlagImage
from models.runs.watch import FileGuard

if TYPE_CHECKING:
    import h5py

_LISTS = ("place_ones", "place_multi", "count_multi")
_REFERENCE_BYTES = (
    16  # of a variable-length entry as stored: its length (4), where it is in the file (8), and its number
)


class _Impossible(ValueError):
    """What a list says of itself cannot be true."""


def is_sparse_photons(path: Path, dataset: str | None) -> bool:
    """Whether an HDF5 file holds sparse photons and these are meant. Looks at the names in its root only."""
    import h5py

    if dataset is not None and not dataset.startswith((DETECTOR, SHAPE)):
        return False
    try:
        with h5py.File(path, "r", locking=False) as file:
            return all(name in file for name in (*_LISTS, "num_pix"))
    except (*READ_ERRORS, AttributeError):
        return False


def open_sparse_hdf5_run(path: Path, dataset: str | None = None, mask: MaskOverride = AS_READ) -> StackRun:
    """Sparse photons in HDF5 as a run; `dataset` and `mask` as in `emc.open_emc_run`.

    Raises:
        CannotOpen: damaged, or no shape is known.
        AmbiguousRun: several detector files or shapes fit.
    """
    file, notes = open_hdf5(path)
    try:
        return _open(path, file, list(notes), dataset, mask)
    except READ_ERRORS as error:
        file.close()
        raise CannotOpen(
            f"{path} cannot be opened", cause=explain_read(error), hint="Copy the file again from its origin"
        ) from error
    except BaseException:
        file.close()
        raise


def _open(path: Path, file: h5py.File, notes: list[str], dataset: str | None, mask: MaskOverride) -> StackRun:
    import h5py

    from models.runs.hdf5.columns import find_columns
    from models.runs.hdf5.tree import walk

    what = f"{path} cannot be opened"
    lists = {name: file[name] for name in _LISTS}
    lengths = []
    for name, found in lists.items():
        if not isinstance(found, h5py.Dataset) or found.shape is None or len(found.shape) != 1:
            raise CannotOpen(what, cause=f"{name} is no list of frames", hint="Write the file anew")
        kind = h5py.check_vlen_dtype(found.dtype)
        if kind is None or np.dtype(kind).kind not in "iu":
            raise CannotOpen(
                what, cause=f"{name} holds {found.dtype}, not lists of numbers", hint="Write the file anew"
            )
        lengths.append(int(found.shape[0]))
        if why := why_unsafe(found):
            raise CannotOpen(what, cause=f"{name}: {why}", hint="Write the file anew")
    pixels = np.ravel(read_all(file["num_pix"]))
    if pixels.size != 1 or pixels.dtype.kind not in "iuf":
        raise CannotOpen(what, cause="num_pix is not one number", hint="Write the file anew")
    frames = min(lengths)
    if frames < max(lengths):
        notes.append(f"{max(lengths) - frames} frames at the end are not complete: they are left out")
    if frames == 0:
        raise CannotOpen(f"{path} has no frames", cause="its lists are empty", hint="Choose a file with frames")
    layout = photon_layout(path, frames, int(pixels[0]), dataset)
    notes += layout.notes
    columns: LazyColumns = find_columns(file, walk(file), stored=max(lengths), frames=frames)
    source = SparseHdf5Source(path, file, lists, layout)
    return StackRun(
        photon_facts(path, frames, np.dtype(np.int32), layout, mask, notes, source.sample, columns),
        source,
    )


class SparseHdf5Source:
    """Frames out of three datasets of lists."""

    def __init__(self, path: Path, file: h5py.File, lists: dict[str, h5py.Dataset], layout: PhotonLayout) -> None:
        self._path = path
        self._file = file
        self._lists = lists
        self._layout = layout
        self._guard = FileGuard(path)
        self._chunks = {name: _plain_chunk(dataset) for name, dataset in lists.items()}

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) int32 photons. Raises FrameUnreadable."""
        try:
            self._guard.check()
            ones, multi, counts = (self._list(name, index) for name in _LISTS)
        except _Impossible as error:
            raise corrupt(self._path, index, str(error)) from error
        except (*READ_ERRORS, MemoryError) as error:
            raise FrameUnreadable(
                f"frame {index} of {self._path.name} cannot be read",
                cause=explain_read(error),
                hint="The other frames may be fine",
                index=index,
            ) from error
        try:
            if multi.size != counts.size:
                raise ValueError(f"it lists {multi.size} pixels of several photons and {counts.size} counts")
            if counts.size and int(counts.min()) < 0:
                raise ValueError(f"it counts {int(counts.min())} photons in a pixel")
            return self._layout.sparse((ones, 1), (multi, counts))
        except (IndexError, ValueError) as error:
            raise corrupt(self._path, index, str(error)) from error

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity."""
        try:
            return self._list("place_ones", index)[:SAMPLE_PIXELS].tobytes()
        except (*READ_ERRORS, MemoryError):
            return b""

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        self._file.close()

    def _list(self, name: str, index: int) -> npt.NDArray[np.int32]:
        self._require_possible(name, index)
        return np.asarray(self._lists[name][index], np.int32)

    def _require_possible(self, name: str, index: int) -> None:
        """Raises _Impossible where a list claims more entries than the detector has pixels.

        HDF5 would ask for the memory, and take its time over it, before it finds that the list is not there.
        """
        chunk = self._chunks[name]
        if chunk is None:
            return
        first = index - index % chunk
        try:
            _, stored = self._lists[name].id.read_direct_chunk((first,))
        except READ_ERRORS:
            return  # a chunk that was never written holds empty lists
        begin = (index - first) * _REFERENCE_BYTES
        length = int.from_bytes(stored[begin : begin + 4], "little")
        if length > self._layout.pixels:
            raise _Impossible(f"{name} claims {length} entries for {self._layout.pixels} pixels")


def _plain_chunk(dataset: h5py.Dataset) -> int | None:
    """Entries of a chunk that is stored as it is; None where the chunks are packed, or there are none."""
    if dataset.chunks is None or dataset.id.get_create_plist().get_nfilters():
        return None
    return int(dataset.chunks[0])
