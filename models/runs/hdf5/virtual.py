"""Virtual datasets whose source files are gone: HDF5 gives fill values without a word, so we have to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import h5py

_MOST_MAPPINGS = 5_000


class MissingSources:
    """Which part of a virtual dataset has no source file.

    Attributes:
        starts, stops: (k, ndim) int64 boxes of the dataset without a source, stops exclusive.
        note: a sentence for the user, "" where nothing is missing.
    """

    def __init__(self, dataset: h5py.Dataset, path: Path) -> None:
        created = dataset.id.get_create_plist()
        count = created.get_virtual_count()
        folder = path.resolve().parent
        exists: dict[str, bool] = {}
        starts, stops = [], []
        for place in range(min(count, _MOST_MAPPINGS)):
            name = created.get_virtual_filename(place)
            if name not in exists:
                exists[name] = name == "." or "%b" in name or (folder / name).exists()
            if not exists[name]:
                try:
                    low, high = created.get_virtual_vspace(place).get_select_bounds()
                except (RuntimeError, ValueError):  # an empty selection has no bounds
                    continue
                starts.append(low)
                stops.append([int(edge) + 1 for edge in high])
        ndim = len(dataset.shape)
        self.starts: npt.NDArray[np.int64] = np.array(starts, np.int64).reshape(-1, ndim)
        self.stops: npt.NDArray[np.int64] = np.array(stops, np.int64).reshape(-1, ndim)
        gone = [name for name, there in exists.items() if not there]
        self.note = ""
        if count > _MOST_MAPPINGS:
            self.note = f"only the first {_MOST_MAPPINGS} of {count} parts of the virtual dataset were looked for"
        if gone:
            self.note = (
                f"{len(gone)} of {len(exists)} source files of the virtual dataset are missing (first: {gone[0]}): "
                "what should come from them is marked as missing"
            )

    def __bool__(self) -> bool:
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
