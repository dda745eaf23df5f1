"""Pixel positions that the run's own HDF5 file has: CXI's corners and basis vectors, or a map of every pixel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadGeometry
from models.geometry.positions import PixelPositions, shape_text
from models.runs.types import Run

if TYPE_CHECKING:
    import h5py

_CORNERS = ("corner_position", "corner_positions")
_BASIS = "basis_vectors"
_MAP = "xyz_map"
_FARTHEST_M = 1e6
_MOST_SMALL = 3 * 2 * 4096
_NO_HINT = "Open a geometry file instead"


def file_positions(file: h5py.File, run: Run, slab: tuple[int, ...]) -> PixelPositions:
    """What the file says on where the pixels of `run` are.

    `xyz_map` (3, …slab) is metres for every pixel (European XFEL single-particle files); CXI 1.6 has a
    `corner_position` and two `basis_vectors` (slow, fast; metres) for the detector, or one for each module. The
    vectors are also found transposed, and repeated for every frame, of which the first counts.

    Raises:
        BadGeometry: the file says nothing, or what it says does not fit its frames.
    """
    from models.runs.hdf5.tree import walk

    tree = walk(file)
    leaf = tree.leaves.get(run.dataset)
    homes = [run.dataset.rsplit("/", 1)[0]] if leaf is None else tree.homes(leaf)
    for home in homes:
        if mapped := tree.get(home, _MAP):
            return _from_map(file[mapped.path], run, slab)
    for home in homes:
        corners = next((found for name in _CORNERS if (found := tree.get(home, name))), None)
        basis = tree.get(home, _BASIS)
        if corners is not None and basis is not None:
            return _from_vectors(file[corners.path], file[basis.path], run, slab)
    raise BadGeometry(
        f"{run.path.name} says nothing on where its pixels are",
        cause=f"beside {run.dataset or 'its frames'} there is neither xyz_map nor corner_position with basis_vectors",
        hint=_NO_HINT,
    )


def _from_map(dataset: h5py.Dataset, run: Run, slab: tuple[int, ...]) -> PixelPositions:
    wanted = (3, *slab)
    shape = tuple(size for size in dataset.shape if size != 1) if dataset.shape else ()
    if shape not in (wanted, (3, *run.shape)) or dataset.dtype.kind != "f":
        raise BadGeometry(
            f"{dataset.name} does not fit the frames",
            cause=f"it has shape {shape_text(dataset.shape or ())}, the data need {shape_text(wanted)}",
            hint=_NO_HINT,
        )
    metres = _read(dataset).reshape(wanted)
    metres[:, ~(np.abs(metres) < _FARTHEST_M).all(axis=0)] = np.nan  # no place at all, rather than one nowhere
    x, y, z = metres
    steps = np.hypot(np.diff(x, axis=-1), np.diff(y, axis=-1))
    steps = steps[np.isfinite(steps) & (steps > 0)]
    if not steps.size:
        raise BadGeometry(f"{dataset.name} has all pixels in one place", hint=_NO_HINT)
    return PixelPositions(
        x=x,
        y=y,
        z=z.astype(np.float32),
        pitch_m=float(np.median(steps)),
        outlines=_outlines(x, y),
        name=str(dataset.name),
    )


def _from_vectors(corners: h5py.Dataset, basis: h5py.Dataset, run: Run, slab: tuple[int, ...]) -> PixelPositions:
    modules = math.prod(slab[:-2])
    notes: list[str] = []
    corner = _per_module(corners, (3,), modules, len(run), notes)
    vectors = _per_module(basis, (2, 3), modules, len(run), notes)
    slow, fast = vectors[:, 0], vectors[:, 1]
    near = (np.abs(corner) < _FARTHEST_M).all() and (np.abs(vectors) < _FARTHEST_M).all()
    pitch = float(np.median(np.linalg.norm(fast, axis=1))) if near else 0.0
    flat = np.abs(slow[:, 0] * fast[:, 1] - slow[:, 1] * fast[:, 0]).min() if near else 0.0
    if not (pitch > 0 and flat > 1e-6 * pitch**2):
        raise BadGeometry(
            f"{basis.name} gives pixels no place",
            cause="its vectors are parallel or zero, or numbers are not finite",
            hint=_NO_HINT,
        )
    j, i = np.arange(0.5, slab[-2])[:, None], np.arange(0.5, slab[-1])[None, :]
    x, y, z = (
        (corner[:, axis, None, None] + slow[:, axis, None, None] * j + fast[:, axis, None, None] * i).reshape(slab)
        for axis in range(3)
    )
    return PixelPositions(
        x=x,
        y=y,
        z=z.astype(np.float32),
        pitch_m=pitch,
        outlines=_outlines(x, y),
        name=str(basis.name),
        notes=tuple(dict.fromkeys(notes)),
    )


def _per_module(
    dataset: h5py.Dataset, of_one: tuple[int, ...], modules: int, frames: int, notes: list[str]
) -> npt.NDArray[np.float64]:
    """(modules, *of_one) of a dataset that may be for one module, for each of them, and repeated for every frame."""
    shape = tuple(dataset.shape or ())
    turned = len(of_one) == 2 and shape[-2:] == of_one[::-1] and shape[-2:] != of_one
    ends = of_one[::-1] if turned else of_one
    lead = shape[: len(shape) - len(ends)]
    values: npt.NDArray[np.float64] | None = None
    if shape[len(lead) :] == ends and dataset.dtype.kind in "iuf":
        if math.prod(lead) == modules:
            values = _read(dataset).reshape(modules, *ends) if math.prod(shape) <= _MOST_SMALL else None
        elif lead and math.prod(lead[1:]) == modules and lead[0] <= max(frames, 1):
            values = np.asarray(dataset[0], np.float64).reshape(modules, *ends)
            if lead[0] > 1:
                notes.append(f"{dataset.name} is one for every frame: that of the first frame is used")
    if values is None:
        raise BadGeometry(
            f"{dataset.name} does not fit the frames",
            cause=f"it has shape {shape_text(shape)}, {modules} modules need {shape_text((modules, *of_one))}",
            hint=_NO_HINT,
        )
    if turned:
        values = np.swapaxes(values, -1, -2)
    return values


def _read(dataset: h5py.Dataset) -> npt.NDArray[np.float64]:
    from models.runs.hdf5.values import read_all

    return read_all(dataset).astype(np.float64)


def _outlines(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(modules, 4, 2) outer corners (y, x) of modules whose pixels are at x and y."""
    each = [values.reshape(-1, *values.shape[-2:]) for values in (y, x)]
    found = np.empty((each[0].shape[0], 4, 2))
    for axis, values in enumerate(each):
        slow = (values[:, -1, 0] - values[:, 0, 0]) / max(1, values.shape[1] - 1)
        fast = (values[:, 0, -1] - values[:, 0, 0]) / max(1, values.shape[2] - 1)
        for corner, (row, column) in enumerate(((0, 0), (0, -1), (-1, -1), (-1, 0))):
            outwards = (-0.5 if row == 0 else 0.5) * slow + (-0.5 if column == 0 else 0.5) * fast
            found[:, corner, axis] = values[:, row, column] + outwards
    return found[np.isfinite(found).all(axis=(1, 2))]
