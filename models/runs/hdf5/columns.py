"""Per-frame numbers beside the frames of an HDF5 file."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.runs import units
from models.runs.columns import ColumnSource, LazyColumns, unique_names
from models.runs.hdf5 import smalldata
from models.runs.hdf5.tree import Leaf, Tree
from models.runs.hdf5.values import attribute, text, unit_of
from models.runs.hdf5.whole import read_first
from models.runs.masks import MASK_NAMES

if TYPE_CHECKING:
    import h5py

_MOST_COLUMNS = 500
_WIDEST = 4
_MOST_HEADINGS = 64
_SINGULAR = {"tags": "tag"}
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
    rows: npt.NDArray[np.intp] | None = None,
    clock: Leaf | None = None,
) -> LazyColumns:
    """All datasets with one number per frame.

    Args:
        file: the open file.
        tree: its datasets.
        stored: length of the frame axis as stored.
        frames: how many of them are frames (the rest is an unwritten tail).
        skip: paths that are something else: the frames, the axes of the picture.
        si_units: the file follows CXI, where values without a unit are in SI units.
        rows: which of the stored ones the frames are; None for the first `frames`.
        clock: the time stamps of an LCLS smalldata file, which has its own ways; None for other files.
    """
    if stored < 2:
        return LazyColumns({})
    wanted = [leaf for leaf in tree.datasets() if leaf.path not in skip]
    if clock is not None:
        wanted = [leaf for leaf in wanted if not smalldata.is_of_varying_length(leaf)]
    tables = {leaf.path: found for leaf in wanted if (found := _headings(file, leaf, stored))}
    leaves = [leaf for leaf in wanted if leaf.path in tables or _is_column(leaf, stored)][:_MOST_COLUMNS]
    names = unique_names([leaf.path for leaf in leaves])
    sources: dict[str, ColumnSource] = {}

    def add(name: str, leaf: Leaf, part: tuple[int, int] | None) -> None:
        while name in sources:
            name += "′"
        read = _reader(file, leaf, part, slice(frames) if rows is None else rows, si_units=si_units)
        sources[name] = ColumnSource(_unmarked(read) if clock is not None else read)

    for leaf in leaves:
        name = names[leaf.path]
        if leaf.path in tables:
            across = _table_axis(leaf, stored)
            for place, heading in enumerate(tables[leaf.path]):
                add(f"{_SINGULAR.get(leaf.name, name)} {heading}", leaf, (across, place))
        elif len(leaf.shape) == 1:
            add(name, leaf, None)
        elif leaf.shape[0] == 1:
            add(name, leaf, (0, 0))
        else:
            parts = leaf.shape[1]
            for place in range(parts):
                add(name if parts == 1 else f"{name}_{_suffix(leaf.name, place, parts)}", leaf, (1, place))
    return LazyColumns(sources)


def _headings(file: h5py.File, leaf: Leaf, stored: int) -> list[str]:
    """Names of the columns of a table, as CXI's `tags` and `score` have them; [] for anything else."""
    if leaf.dtype.kind not in "biuf" or len(leaf.shape) != 2 or stored not in leaf.shape:
        return []
    found = attribute(file[leaf.path], "headings")
    if found is None:
        return []
    count = leaf.shape[_table_axis(leaf, stored)]
    names = [text(value) for value in np.atleast_1d(found).ravel()[: min(count, _MOST_HEADINGS)]]
    return [name or f"column {place}" for place, name in enumerate(names)]


def _table_axis(leaf: Leaf, stored: int) -> int:
    """The axis of a table's columns: the one that does not count frames. Tags have one row for each tag."""
    if leaf.shape[0] == leaf.shape[1]:
        return 0 if leaf.name == "tags" else 1
    return 1 if leaf.shape[0] == stored else 0


def _unmarked(read: Callable[[], tuple[npt.NDArray[Any], str]]) -> Callable[[], tuple[npt.NDArray[Any], str]]:
    """The reader, with smalldata's marker for a missing integer as not-a-number."""

    def read_unmarked() -> tuple[npt.NDArray[Any], str]:
        values, unit = read()
        return smalldata.without_markers(values), unit

    return read_unmarked


def _is_column(leaf: Leaf, stored: int) -> bool:
    if leaf.dtype.kind not in "biuf" or not leaf.shape or leaf.name in _NOT_COLUMNS:
        return False
    if leaf.shape == (1, stored):  # a row of numbers, as MATLAB's column vectors look here
        return True
    if leaf.shape[0] != stored:
        return False
    if len(leaf.shape) == 1:
        return True
    letters = leaf.dtype.kind in "iu" and leaf.dtype.itemsize == 1
    return len(leaf.shape) == 2 and 1 <= leaf.shape[1] <= _WIDEST and not letters


def _suffix(name: str, part: int, parts: int) -> str:
    return "xyz"[part] if name == "translation" and parts <= 3 else str(part)


def _reader(
    file: h5py.File,
    leaf: Leaf,
    part: tuple[int, int] | None,
    rows: slice | npt.NDArray[np.intp],
    *,
    si_units: bool,
) -> Callable[[], tuple[npt.NDArray[Any], str]]:
    """Reads one number per frame.

    Args:
        file: the open file.
        leaf: the dataset.
        part: of a dataset with two axes, the axis to index and the index.
        rows: which entries along the frames' axis.
        si_units: as in `find_columns`.
    """

    def read() -> tuple[npt.NDArray[Any], str]:
        dataset = file[leaf.path]
        along = rows if isinstance(rows, slice) else slice(None)
        if part is None and along.stop is not None and along.start in (None, 0) and along.step in (None, 1):
            values = read_first(dataset, along.stop)
        elif part is None:
            values = np.asarray(dataset[along])
        else:
            values = np.asarray(dataset[part[1], along] if part[0] == 0 else dataset[along, part[1]])
        if not isinstance(rows, slice):
            values = values[rows]
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
