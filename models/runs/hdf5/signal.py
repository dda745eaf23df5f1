"""What a pixel's value is: its unit, and where it saturates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.runs.hdf5.tree import Tree
from models.runs.hdf5.values import number, unit_of

if TYPE_CHECKING:
    import h5py

_UNITS = {
    "photon": "photons",
    "photons": "photons",
    "adu": "ADU",
    "adus": "ADU",
    "counts": "counts",
    "count": "counts",
}
_SATURATION = ("saturation_value", "countrate_correction_count_cutoff")
"""NeXus, and Eiger before it wrote what NeXus asks for."""


def pixel_unit(dataset: h5py.Dataset, path: str) -> str:
    """The unit of a pixel, "" where the file does not say.

    Args:
        dataset: the frames.
        path: their path, which tells of photon counts.
    """
    unit = unit_of(dataset)
    if not unit and "photoncount" in path.lower():
        return "photons"
    return _UNITS.get(unit.lower(), unit)


def saturation_level(file: h5py.File, tree: Tree, homes: Sequence[str]) -> float | None:
    """The value at which a pixel saturates, from the nearest dataset that says so; None where none does."""
    found = tree.near(homes, lambda leaf: leaf.name in _SATURATION and leaf.shape in ((), (1,)))
    first = min(found, key=lambda leaf: _SATURATION.index(leaf.name), default=None)
    return None if first is None else number(file[first.path])
