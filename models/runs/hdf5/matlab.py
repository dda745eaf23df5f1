"""MATLAB files of version 7.3, which are HDF5 behind a text of 512 bytes.

MATLAB stores arrays column by column, so that HDF5 sees their axes in the opposite order: frames kept as H×W×N come
as (N, W, H). Complex numbers are pairs of `real` and `imag`; text is numbers with `MATLAB_class` "char"; cells lie
under `/#refs#`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.runs.hdf5.values import attribute, text

if TYPE_CHECKING:
    import h5py

    from models.runs.hdf5.tree import Leaf

_HEAD = b"MATLAB 7.3"
_NOT_NUMBERS = frozenset({"char", "cell", "struct", "function_handle", "table", "categorical", "string"})


def is_matlab(path: Path) -> bool:
    """Whether MATLAB wrote the file."""
    try:
        with path.open("rb") as file:
            return file.read(len(_HEAD)) == _HEAD
    except OSError:
        return False


def axes_of(ndim: int) -> tuple[str, ...]:
    """Names of the axes of an array as HDF5 sees it: rows and columns come last, in the opposite order."""
    return (*[""] * (ndim - 2), "x", "y") if ndim >= 2 else ()


def holds_numbers(file: h5py.File, leaf: Leaf) -> bool:
    """Whether a dataset is an array of numbers to MATLAB, and not a text or a cell."""
    if leaf.path.startswith(("/#refs#", "/#subsystem#")):
        return False
    return text(attribute(file[leaf.path], "MATLAB_class")) not in _NOT_NUMBERS
