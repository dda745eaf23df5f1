"""Pictures of one number per pixel (pedestal, gain) from files, brought to the pixels of a run's frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter, CannotOpen
from models.runs.types import FloatImage

if TYPE_CHECKING:
    import h5py

    from models.runs.types import Run

MOST_FRAMES = 64
"""frames of a run that is given as a picture, evenly spread, of which the median is taken"""
_LIKELY_NAMES = ("dark", "pedestal", "offset", "data_dark", "gain", "gain_map", "median", "mean", "data")

Bytes = tuple[str, int, int]


def read_picture(path: str, dataset: str, run: Run, what: str) -> tuple[FloatImage, str]:
    """The picture at `path` in the pixels of the run's frames, and a sentence on how it was read ("" where plainly).

    It may have the shape of a frame, or that in which the run's detector modules are stored: (modules, ss, fs), or
    one below the other. A file with many frames is a run, of which the median of up to 64 frames is taken. The
    picture is read once for a file that does not change.

    Args:
        path: NPY, HDF5, TIFF, or any run. dataset: inside HDF5; "" to find it.
        run: whose frames it is for.
        what: "the pedestal", "the gain map", for messages.

    Raises:
        CannotOpen: it is missing or cannot be read.
        BadParameter: it does not fit; both shapes are named.
    """
    file = Path(path).expanduser()
    try:
        state = file.stat()
    except OSError as error:
        raise CannotOpen(
            f"{what} {file} cannot be opened",
            cause=error.strerror or str(error),
            hint="Check the path, or switch that step of the calibration off",
        ) from error
    index, slab = pixel_index(run)
    place = None if index is None else index.tobytes()
    return _read(str(file), dataset, run.shape, slab, place, (what, state.st_mtime_ns, state.st_size))


def pixel_index(run: Run) -> tuple[npt.NDArray[np.int32] | None, tuple[int, ...]]:
    """Where each pixel of a frame lies in the stored slab, and the slab's shape; None where a frame is the slab."""
    find = getattr(run, "slab_index", None)
    index = None if find is None else find()
    return index, tuple(run.shape) if index is None else tuple(getattr(run, "slab_shape", run.shape))


@lru_cache(maxsize=4)
def _read(
    path: str, dataset: str, shape: tuple[int, int], slab: tuple[int, ...], index: bytes | None, told: Bytes
) -> tuple[FloatImage, str]:
    what = told[0]
    array, note = _array(Path(path), dataset, shape, slab, what)
    if array.dtype.kind not in "biuf":
        raise BadParameter(f"{what} {path} holds {array.dtype}, not numbers")
    with np.errstate(over="ignore", invalid="ignore"):
        if array.shape != shape and index is not None:
            at = np.frombuffer(index, np.int32).reshape(shape)
            flat = np.ascontiguousarray(array, np.float32).ravel()
            picture = np.where(at >= 0, flat[np.maximum(at, 0)], np.float32("nan")).astype(np.float32)
        else:
            picture = np.array(array, np.float32)
    picture.setflags(write=False)
    return picture, note


def _fits(shape: Sequence[int], frame: tuple[int, int], slab: tuple[int, ...]) -> bool:
    shape = tuple(shape)
    stacked = (math.prod(slab[:-1]), slab[-1])
    return shape in (frame, slab, stacked)


def _array(
    path: Path, dataset: str, shape: tuple[int, int], slab: tuple[int, ...], what: str
) -> tuple[npt.NDArray[Any], str]:
    from models.runs.recognise import recognise

    kind = recognise(path)
    if kind == "npy":
        from models.runs.npy import read_header

        with path.open("rb") as file:
            header = read_header(file, f"{what} {path} cannot be read")
            if _fits(header.shape, shape, slab):
                file.seek(0)
                try:
                    found: npt.NDArray[Any] = np.load(file, allow_pickle=False)
                except (OSError, ValueError, EOFError) as error:
                    raise CannotOpen(f"{what} {path} cannot be read", cause=str(error)) from error
                return found, ""
    elif kind == "hdf5":
        stored = _from_hdf5(path, dataset, shape, slab, what)
        if stored is not None:
            return stored
    return _of_a_run(path, dataset, shape, slab, what)


def _from_hdf5(
    path: Path, dataset: str, shape: tuple[int, int], slab: tuple[int, ...], what: str
) -> tuple[npt.NDArray[Any], str] | None:
    """The one picture of the right shape in an HDF5 file; None where there is none."""
    from models.runs.hdf5.file import explain_read, open_hdf5
    from models.runs.hdf5.tree import walk

    file, _ = open_hdf5(path)
    with file:
        tree = walk(file)
        fitting = [leaf for leaf in tree.datasets() if leaf.dtype.kind in "biuf" and _fits(leaf.shape, shape, slab)]
        note = ""
        if dataset:
            wanted = [leaf for leaf in fitting if f"/{dataset.strip('/')}" in leaf.aliases]
            if not wanted:
                return None
        else:
            likely = [leaf for name in _LIKELY_NAMES for leaf in fitting if leaf.name.lower() == name]
            wanted = (likely or fitting)[:1]
            if not wanted:
                return None
            if len(fitting) > 1:
                note = f"of {len(fitting)} pictures of this shape in {path.name}, {wanted[0].path} is taken as {what}"
        try:
            found: npt.NDArray[Any] = _whole(file, wanted[0].path)
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise CannotOpen(f"{what} {path}:{wanted[0].path} cannot be read", cause=explain_read(error)) from error
        return found, note


def _whole(file: h5py.File, path: str) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.asarray(file[path][()])
    return array


def _of_a_run(
    path: Path, dataset: str, shape: tuple[int, int], slab: tuple[int, ...], what: str
) -> tuple[npt.NDArray[Any], str]:
    """The median of frames of the run at `path`."""
    from models.calibration.dark import DarkSettings, make_dark
    from models.progress import drain
    from models.runs import open_run

    try:
        other = open_run(path, dataset or None)
    except CannotOpen as error:
        raise BadParameter(
            f"{what} {path} has no picture of {by(shape)} pixels",
            cause=error.sentence(),
            hint=f"Give one picture of {by(shape)} numbers, or a run with such frames",
        ) from error
    try:
        if other.shape != shape:
            raise BadParameter(
                f"{what} {path} does not fit",
                cause=f"it has {by(other.shape)} pixels, and the run's frames have {by(shape)}"
                + (f" (stored as {by(slab)})" if slab != shape else ""),
                hint="Choose one that was taken with the same detector and readout",
            )
        if len(other) == 1:
            frame = other.load(0)
            return np.where(frame.flags == 0, frame.data, np.float32("nan")), ""
        places = np.unique(np.linspace(0, len(other) - 1, min(MOST_FRAMES, len(other))).round().astype(int))
        dark = drain(make_dark(other, [int(place) for place in places], DarkSettings()))
    finally:
        other.close()
    return dark.pedestal, f"{what} is the median of {dark.frames} of the {len(other)} frames of {path.name}"


def by(shape: Sequence[int]) -> str:
    """A shape in words."""
    return "×".join(str(size) for size in shape)
