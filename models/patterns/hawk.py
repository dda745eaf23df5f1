"""Hawk's own HDF5 files (libspimage, before CXI): one image with its mask and a few numbers without units.

Datasets at the root: `real` (amplitudes where `scaled` is 1, intensities otherwise) and `imag` where `phased`, or
`intensities`; `mask` with 1 = good (CXI has it the other way round); `shifted` 1 = zero frequency at index 0;
`image_center`, one number per axis. `detector_distance`, `lambda` and `pixel_size` are in whatever unit the writer
had in mind, so no size in nm is made of them. Images have a third axis of one pixel.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadPattern
from models.patterns.raw import Raw
from models.patterns.types import Step
from models.runs.types import Geometry

if TYPE_CHECKING:
    import h5py

_MARKS = ("scaled", "shifted", "phased")


def open_if_hawk(path: Path) -> Raw | None:
    """The image of a Hawk file; None where the file is no such file.

    Raises:
        CannotOpen: the file is no HDF5 file that can be read.
        BadPattern: it is a Hawk file whose image cannot be read.
    """
    from models.runs.hdf5.file import open_hdf5

    file, _ = open_hdf5(path)
    with file:
        # Plain intensities of a raw file go before the image made of them.
        name = next((name for name in ("intensities", "real") if name in file), None)
        if name is None or not all(mark in file for mark in _MARKS):
            return None
        try:
            return _read(file, name, path.name)
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise BadPattern(
                f"the Hawk image in {path} cannot be read", cause=str(error), hint="copy the file again"
            ) from error


def _read(file: h5py.File, name: str, source: str) -> Raw:
    values = np.asarray(file[name][()])
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{name} has type {values.dtype}, which is no number")
    steps = [Step("file", f"Hawk image /{name}")]
    if name == "real" and _flag(file, "phased") and "imag" in file:
        values = np.hypot(values, np.asarray(file["imag"][()]))
        steps = [Step("file", "Hawk complex image: the modulus of /real and /imag")]
    if name == "real" and _flag(file, "scaled"):
        # 64 bits: squares of large amplitudes lose nothing before they become float32 intensities
        values = values.astype(np.float64) ** 2
        steps.append(Step("amplitudes", "amplitudes (scaled = 1) squared into intensities"))
    valid = np.ones(values.shape, bool)
    if "mask" in file:
        mask = np.asarray(file["mask"][()])
        if mask.shape != values.shape:
            raise ValueError(f"its mask has shape {mask.shape}, the image {values.shape}")
        valid = mask != 0
    if values.ndim == 3 and values.shape[-1] == 1:
        values, valid = values[..., 0], valid[..., 0]
    if values.ndim not in (2, 3):
        raise ValueError(f"{name} has {values.ndim} axes")
    centre = None
    if _flag(file, "shifted"):
        values, valid = np.fft.fftshift(values), np.fft.fftshift(valid)
        steps.append(Step("shift", "quadrants exchanged (shifted = 1): the beam is in the middle"))
    elif "image_center" in file and values.ndim == 2:
        stated = np.ravel(file["image_center"][()])
        if stated.size >= 2 and np.isfinite(stated).all() and (stated[:2] > 0).all():
            centre = (float(stated[0]), float(stated[1]))
    steps += _numbers(file)
    return Raw(values, valid, Geometry(centre_px=centre), "", source, tuple(steps), is_pattern=True)


def _numbers(file: h5py.File) -> list[Step]:
    """A step that shows the geometry's numbers, where there are any, and says why they are not used."""
    found: dict[str, Any] = {}
    for name in ("lambda", "detector_distance", "pixel_size"):
        if name in file and (numbers := np.ravel(file[name][()])).size and numbers[0]:
            found[name] = float(f"{numbers[0]:.6g}")
    if not found:
        return []
    shown = ", ".join(f"{name} {value:g}" for name, value in found.items())
    return [Step("geometry", f"{shown}: the file names no units, so sizes are in pixels", found)]


def _flag(file: h5py.File, name: str) -> bool:
    stored: npt.NDArray[Any] = np.ravel(file[name][()])
    return bool(stored.size and stored[0])
