"""Per-frame numbers beside the frames of an HDF5 file."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.runs import units
from models.runs.columns import ColumnSource, LazyColumns, unique_names
from models.runs.hdf5.tree import Leaf, Tree
from models.runs.hdf5.values import unit_of
from models.runs.masks import MASK_NAMES

if TYPE_CHECKING:
    import h5py

_MOST_COLUMNS = 500
_WIDEST = 4
_NOT_COLUMNS = {"basis_vectors", "corner_position", "corner_positions", "image_center", *MASK_NAMES}
_UNITS_BY_NAME = (
    (re.compile(r"_ev$", re.IGNORECASE), "eV"),
    (re.compile(r"_kev$", re.IGNORECASE), "keV"),
    (re.compile(r"_mj$", re.IGNORECASE), "mJ"),
    (re.compile(r"_mm$", re.IGNORECASE), "mm"),
    (re.compile(r"_um$", re.IGNORECASE), "µm"),
    (re.compile(r"_nm$", re.IGNORECASE), "nm"),
    (re.compile(r"photon_?counts?$", re.IGNORECASE), "photons"),
)
_CXI_UNITS = {
    "pulse_energy": "J",
    "pulse_width": "s",
    "distance": "m",
    "translation": "m",
    "wavelength": "m",
    "photon_wavelength": "m",
    "long_axis_diameter": "m",
    "short_axis_diameter": "m",
}


def find_columns(
    file: h5py.File,
    tree: Tree,
    *,
    stored: int,
    frames: int,
    skip: Collection[str] = (),
    si_units: bool = False,
) -> LazyColumns:
    """All datasets with one number per frame.

    Args:
        file: the open file.
        tree: its datasets.
        stored: length of the frame axis as stored.
        frames: how many of them are frames (the rest is an unwritten tail).
        skip: paths that are something else: the frames, the axes of the picture.
        si_units: the file follows CXI, where values without a unit are in SI units.
    """
    if stored < 2:
        return LazyColumns({})
    leaves = [leaf for leaf in tree.datasets() if _is_column(leaf, stored) and leaf.path not in skip]
    leaves = leaves[:_MOST_COLUMNS]
    names = unique_names([leaf.path for leaf in leaves])
    sources: dict[str, ColumnSource] = {}
    for leaf in leaves:
        name = names[leaf.path]
        parts = 1 if len(leaf.shape) == 1 else leaf.shape[1]
        for part in range(parts):
            shown = name if parts == 1 else f"{name}_{_suffix(leaf.name, part, parts)}"
            sources[shown] = ColumnSource(_reader(file, leaf, part, frames, si_units=si_units))
    return LazyColumns(sources)


def _is_column(leaf: Leaf, stored: int) -> bool:
    if leaf.dtype.kind not in "biuf" or not leaf.shape or leaf.shape[0] != stored or leaf.name in _NOT_COLUMNS:
        return False
    if len(leaf.shape) == 1:
        return True
    letters = leaf.dtype.kind in "iu" and leaf.dtype.itemsize == 1
    return len(leaf.shape) == 2 and 1 <= leaf.shape[1] <= _WIDEST and not letters


def _suffix(name: str, part: int, parts: int) -> str:
    return "xyz"[part] if name == "translation" and parts <= 3 else str(part)


def _reader(
    file: h5py.File, leaf: Leaf, part: int, frames: int, *, si_units: bool
) -> Callable[[], tuple[npt.NDArray[Any], str]]:
    def read() -> tuple[npt.NDArray[Any], str]:
        dataset = file[leaf.path]
        values = np.asarray(dataset[:frames] if len(leaf.shape) == 1 else dataset[:frames, part])
        unit = unit_of(dataset)
        if not unit:
            unit = next((unit for name, unit in _UNITS_BY_NAME if name.search(leaf.name)), "")
        if si_units and not unit:
            unit = _CXI_UNITS.get(leaf.name, "")
            if leaf.name in ("energy", "photon_energy") and "/source" in leaf.path:
                return _photon_energy_eV(values.astype(np.float64)), "eV"
        return values, unit

    return read


def _photon_energy_eV(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """CXI stores joule; some producers write electronvolts there, told by their size."""
    return values * units.JOULE_IN_EV if values.size and float(np.nanmax(values)) < 1e-10 else values
