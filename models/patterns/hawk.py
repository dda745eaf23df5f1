"""Hawk's own HDF5 files (libspimage, before CXI) as patterns; `models.runs.hdf5.spimage` has their layout.

`real` holds amplitudes where `scaled` is 1, intensities otherwise; the units of the geometry are whatever the writer
had in mind, so no size in nm is made of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import BadPattern
from models.patterns.raw import Raw
from models.patterns.types import Step
from models.runs.hdf5.spimage import IMAGES, flag, is_spimage, read_spimage
from models.runs.types import Geometry

if TYPE_CHECKING:
    import h5py


def open_if_hawk(path: Path) -> Raw | None:
    """The image of a Hawk file; None where the file is no such file.

    Raises:
        CannotOpen: the file is no HDF5 file that can be read.
        BadPattern: it is a Hawk file whose image cannot be read.
    """
    from models.runs.hdf5.file import open_hdf5

    file, _ = open_hdf5(path)
    with file:
        if not is_spimage(file):
            return None
        try:
            return _read(file, next(name for name in IMAGES if name in file), path.name)
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise BadPattern(
                f"the Hawk image in {path} cannot be read", cause=str(error), hint="copy the file again"
            ) from error


def _read(file: h5py.File, name: str, source: str) -> Raw:
    values = np.asarray(file[name][()])
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{name} has type {values.dtype}, which is no number")
    steps = [Step("file", f"Hawk image /{name}")]
    image = read_spimage(file)  # None for a volume
    imaginary = image.imaginary if image is not None else "/imag" if "imag" in file and flag(file, "phased") else ""
    if imaginary:
        values = np.hypot(values, np.asarray(file[imaginary][()]))
        steps = [Step("file", "Hawk complex image: the modulus of /real and /imag")]
    if name == "amplitudes" or (name == "real" and flag(file, "scaled")):
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
    shifted = flag(file, "shifted")
    if image is not None:
        values, valid = image.picture.place(values), image.picture.place(valid)
        centre = None if shifted else image.centre_px
    elif shifted:
        values, valid = np.fft.fftshift(values), np.fft.fftshift(valid)
    if shifted:
        steps.append(Step("shift", "quadrants exchanged (shifted = 1): the beam is in the middle"))
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
