"""CXI files of reconstructions (`data_space` "real"): the pattern is what the detector recorded, not the object.

The first data group of such a file links to the object (CXI 1.6), whose squared modulus is no pattern. Friedel's own
files have `object_pixel_size` beside the detector's data, so that lengths stay in nm.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py

_SPACE = "entry_1/image_1/data_space"
_DETECTOR = "entry_1/instrument_1/detector_1"


def recorded_in(path: Path) -> str | None:
    """The dataset with the pattern of a reconstruction; None where the HDF5 file is none, or does not have it.

    Raises:
        CannotOpen: the file is no HDF5 file that can be read.
    """
    from models.runs.hdf5.file import open_hdf5

    file, _ = open_hdf5(path)
    with file:
        stored = _values(file, _SPACE)
        if stored is None or _word(stored) != "real" or _values(file, f"{_DETECTOR}/data", read=False) is None:
            return None
        return f"/{_DETECTOR}/data"


def object_pixel_nm(path: Path, ndim: int) -> tuple[float, ...] | None:
    """Size of an object pixel along each axis, nm, as Friedel's files say it; None where it is not there.

    Raises:
        CannotOpen: the file is no HDF5 file that can be read.
    """
    from models.runs.hdf5.file import open_hdf5

    file, _ = open_hdf5(path)
    with file:
        stored = _values(file, f"{_DETECTOR}/object_pixel_size")
        if stored is None or stored.shape != (ndim,) or stored.dtype.kind != "f":
            return None
        if not (np.isfinite(stored).all() and (stored > 0).all()):
            return None
        return tuple(float(size) * 1e9 for size in stored)


def _values(file: h5py.File, name: str, *, read: bool = True) -> Any:
    """A small dataset of this file; None where it is missing, large, or elsewhere."""
    import h5py

    try:
        found = file.get(name)
    except OSError:  # a link into another file that is not there
        return None
    if not isinstance(found, h5py.Dataset) or found.file.id != file.id:
        return None
    if not read:
        return found.shape
    return np.asarray(found[()]) if found.size is not None and found.size <= 3 else None


def _word(stored: Any) -> str:
    value = np.ravel(stored)[0] if np.size(stored) else b""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
