"""Whole datasets with a number for each frame, read once for all who want them at the same time.

The same numbers may be a column and identify frames; for a million frames reading them again costs as much as opening
the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import h5py

_held: WeakValueDictionary[tuple[int, int, int], npt.NDArray[Any]] = WeakValueDictionary()
"""by file (HDF5 numbers every opening), place in it, and length; gone when nobody uses them any more"""


def read_first(dataset: h5py.Dataset, count: int) -> npt.NDArray[Any]:
    """The first `count` entries, not to be written to. Raises one of `READ_ERRORS`."""
    import h5py

    where = h5py.h5o.get_info(dataset.id)
    key = (int(where.fileno), int(where.addr), count)
    values = _held.get(key)
    if values is None:
        values = np.asarray(dataset[:count])
        values.setflags(write=False)
        _held[key] = values
    return values
