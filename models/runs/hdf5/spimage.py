"""Files of libspimage, Hawk's own image format from before CXI.

One image per file, at the root: `real` (and `imag`), or in the first version `intensities` or `amplitudes`; `mask`
with 1 = good (CXI has it the other way round); `shifted` 1 = zero frequency at index 0; `scaled` 1 = amplitudes;
`image_center` as (x, y, …). `lambda`, `detector_distance` and `pixel_size` are in whatever unit the writer liked.

Which array axis x is depends on the version (src/image_io.c of libspimage and image_util.c of its first releases):

* First files (no `version`, two axes): x is the slow axis of memory and the first of the array, so that
  `image_center` is (row, column).
* Files of version 2 (three axes): pixels follow each other along x first, but the array is declared as (Nx, Ny, Nz).
  A square image is right as it is, with x along its columns; of any other, rows are declared as columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.runs.hdf5.picture import Picture
from models.runs.hdf5.values import READ_ERRORS

if TYPE_CHECKING:
    import h5py

_MOST_NUMBERS = 16
MARKS = ("scaled", "shifted", "phased")
IMAGES = ("intensities", "amplitudes", "real")
"""The datasets that hold the image, the one to prefer first."""


@dataclass(frozen=True)
class SpimageFile:
    """What such a file says about its image.

    Attributes:
        path: the dataset of the image.
        picture: what its pixels need.
        centre_px: (y, x) of the beam in the picture; None where the file does not say.
        imaginary: path of the imaginary part, "" where the image is real.
        notes: sentences for the user.
    """

    path: str
    picture: Picture
    centre_px: tuple[float, float] | None
    imaginary: str
    notes: tuple[str, ...]


def is_spimage(file: h5py.File) -> bool:
    """Whether the file is one of libspimage's."""
    return all(_small(file, mark).size for mark in MARKS) and _image_name(file) is not None


def read_spimage(file: h5py.File) -> SpimageFile | None:
    """What the file says about its image; None for a volume, which is read as any other stack."""
    name = _image_name(file)
    if name is None:
        return None
    shape = tuple(file[name].shape or ())
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 1):
        return None
    rows_first = x_is_first_axis(file)
    turned = not rows_first and shape[0] != shape[1]
    shifted, scaled = flag(file, "shifted"), flag(file, "scaled") or name == "amplitudes"
    phased = flag(file, "phased")
    imaginary = ""
    if name == "real" and phased:
        # The first version called the imaginary part "complex".
        imaginary = next((f"/{other}" for other in ("imag", "complex") if other in file), "")
    picture = Picture(
        shape=(shape[1], shape[0]) if turned else None, shifted=shifted, squared=scaled and not imaginary
    )
    height, width = picture.shape or (shape[0], shape[1])
    notes = []
    if shifted:
        notes.append(
            "The image is stored with the zero frequency at its corner (shifted = 1): quadrants are exchanged"
        )
        centre: tuple[float, float] | None = (float(height // 2), float(width // 2))
    else:
        centre = stated_centre(file, rows_first=rows_first)
    if imaginary:
        notes.append("The image is complex: its squared modulus is shown")
    elif picture.squared:
        notes.append("The image holds amplitudes (scaled = 1): their squares are shown")
    if turned:
        notes.append(f"{name} is declared as {shape[0]}×{shape[1]} but stored row by row as {height}×{width}")
    numbers = _numbers(file)
    if numbers:
        notes.append(f"The file gives {numbers} without units: they are not used")
    return SpimageFile(f"/{name}", picture, centre, imaginary, tuple(notes))


def x_is_first_axis(file: h5py.File) -> bool:
    """Whether x is the array's first axis (files before version 2), and not along its rows."""
    name = _image_name(file)
    return name is not None and "version" not in file and len(file[name].shape or ()) == 2


def stated_centre(file: h5py.File, *, rows_first: bool) -> tuple[float, float] | None:
    """(y, x) of the beam as the file says it, None where it does not.

    Args:
        file: the open file.
        rows_first: see `x_is_first_axis`.
    """
    stated = _small(file, "image_center")
    if stated.size < 2 or not np.isfinite(stated).all() or not (stated[:2] > 0).all():
        return None
    first, second = float(stated[0]), float(stated[1])
    return (first, second) if rows_first else (second, first)


def flag(file: h5py.File, name: str) -> bool:
    """Whether the number in a dataset is other than 0; False where it has none."""
    stored = _small(file, name)
    return bool(stored.size and stored[0])


def _image_name(file: h5py.File) -> str | None:
    """The dataset that holds the image."""
    import h5py

    return next((name for name in IMAGES if isinstance(file.get(name), h5py.Dataset)), None)


def _small(file: h5py.File, name: str) -> npt.NDArray[np.float64]:
    """The few numbers of a dataset; none where it is missing, holds anything else, or many."""
    import h5py

    try:
        dataset = file.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "biuf":
            return np.zeros(0)
        if dataset.shape is None or dataset.size > _MOST_NUMBERS:
            return np.zeros(0)
        return np.ravel(np.asarray(dataset[()], np.float64))
    except READ_ERRORS:
        return np.zeros(0)


def _numbers(file: h5py.File, names: Sequence[str] = ("lambda", "detector_distance", "pixel_size")) -> str:
    found = []
    for name in names:
        values = _small(file, name)
        if values.size and values[0]:
            found.append(f"{name} {float(values[0]):g}")
    return ", ".join(found)
