"""Dragonfly's detector files: where the pixels of a list of photons lie on the detector, and which of them are good.

The files, in text or HDF5, are those of the detector format that Dragonfly's manual describes (Ayyer et al., J. Appl.
Cryst. 49, 1320): for every pixel its place on the Ewald sphere in voxels (qx, qy, qz), a correction factor that only
orientation needs, and a mask: 0 good, 1 good but not used for orientation, 2 bad.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from models.runs.refusals import HDF5_MAGIC

MOST_PIXELS = 1 << 26
"""More pixels than any detector has: a header that claims more is damaged."""

_SUFFIXES = (".dat", ".h5", ".hdf5", ".txt")
_MOST_FILES_LOOKED_AT = 40
_COLUMNS = 5
_LONGEST_LINE = 1000
_WIDEST = 1 << 15
_MOST_SHARING = 0.2
"""Where more pixels than this share coincide, the detector's distance is in another unit than pixels."""


class DetectorFault(ValueError):
    """A file is no detector file, or a damaged one; the text says why."""


@dataclass(frozen=True)
class Detector:
    """What a detector file says.

    Attributes:
        q: (3, N) float64, places on the Ewald sphere in voxels.
        mask: (N,) uint8 as stored: 0 good, 1 good but not for orientation, 2 and more bad.
        distance_px: from the sample, in pixels; None where the file does not say (an old text file).
        ewald_radius: in voxels; None where the file does not say.
    """

    q: npt.NDArray[np.float64]
    mask: npt.NDArray[np.uint8]
    distance_px: float | None = None
    ewald_radius: float | None = None


def pixel_count(path: Path) -> int | None:
    """How many pixels a detector file has, from its first bytes; None where it is no detector file."""
    try:
        with path.open("rb") as file:
            if file.read(len(HDF5_MAGIC)) == HDF5_MAGIC:
                return _hdf5_count(path)
            file.seek(0)
            return _text_header(file)[0]
    except (OSError, DetectorFault):
        return None


def read_detector(path: Path) -> Detector:
    """A detector file, text or HDF5.

    Raises:
        DetectorFault: it is none, or damaged.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(len(HDF5_MAGIC)) == HDF5_MAGIC:
            return _read_hdf5(path)
        file.seek(0)
        return _read_text(file)


def detector_files(folder: Path, pixels: int) -> list[Path]:
    """The detector files of a folder that have this number of pixels; those called det… before others.

    Looks into a bounded number of files, the likely names first.
    """
    try:
        names = [entry for entry in folder.iterdir() if entry.suffix.lower() in _SUFFIXES and entry.is_file()]
    except OSError:
        return []
    names.sort(key=lambda path: (_unlikeliness(path.name), path.name))
    fitting = [path for path in names[:_MOST_FILES_LOOKED_AT] if pixel_count(path) == pixels]
    likely = [path for path in fitting if _unlikeliness(path.name) < 2]
    return likely or fitting


def positions_px(detector: Detector) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """(2, N) places of the pixels in pixels from the beam, rows first; and what was assumed.

    A pixel at (x, y) on a flat detector lies on the sphere at (x, y) R / √(x² + y² + D²), so x = qx D / (R − |qz|);
    producers write qz with either sign. Rows follow qx, as Dragonfly shows its frames.

    Raises:
        DetectorFault: the numbers are no places on a sphere.
    """
    qx, qy, qz = detector.q
    notes: tuple[str, ...] = ()
    radius, distance = detector.ewald_radius, detector.distance_px
    if not np.isfinite(detector.q).all():
        raise DetectorFault("it holds places that are not finite")
    if radius is None or distance is None:
        radius = distance = _sphere_radius(detector.q)
        notes = (f"the detector file is of the old kind without distances: {radius:.6g} pixels are assumed",)
    if not (np.isfinite([radius, distance]).all() and radius > 0 and distance > 0):
        raise DetectorFault(f"its distance {distance:g} and Ewald radius {radius:g} are not positive")
    depth = radius - qz if qz.mean() > 0 else radius + qz
    if not depth.min() > 0:
        raise DetectorFault(f"some of its pixels lie off the Ewald sphere of radius {radius:g}")
    return np.array([qx, qy]) * (distance / depth), notes


@dataclass(frozen=True)
class Grid:
    """Pixels on a grid.

    Attributes:
        shape: (H, W) of the frame.
        places: (N,) where each pixel goes in the flattened frame.
        centre_px: (y, x) of the beam in the frame.
        shared: pixels that share their place with another.
    """

    shape: tuple[int, int]
    places: npt.NDArray[np.intp]
    centre_px: tuple[float, float]
    shared: int


def grid_of(positions: npt.NDArray[np.float64]) -> Grid:
    """The grid that (2, N) places in pixels round to.

    Raises:
        DetectorFault: they make no grid of pixels.
    """
    corner = positions.min(axis=1, keepdims=True)
    extent = positions.max(axis=1) - corner[:, 0]
    if extent.max() >= _WIDEST or (extent[0] + 1) * (extent[1] + 1) > MOST_PIXELS:
        raise DetectorFault(f"its pixels spread over {extent[0]:.0f}×{extent[1]:.0f}: its distance is not in pixels")
    rows, columns = np.rint(positions - corner).astype(np.intp)
    shape = int(rows.max()) + 1, int(columns.max()) + 1
    places = rows * shape[1] + columns
    taken = int(np.count_nonzero(np.bincount(places, minlength=shape[0] * shape[1])))
    shared = places.size - taken
    if shared > _MOST_SHARING * places.size:
        raise DetectorFault(
            f"{shared} of its {places.size} pixels would lie on one another: its distance is not in pixels"
        )
    return Grid(shape, places, (float(-corner[0, 0]), float(-corner[1, 0])), shared)


def _unlikeliness(name: str) -> int:
    name = name.lower()
    return 0 if name.startswith("det") else 1 if "det" in name else 2


def _sphere_radius(q: npt.NDArray[np.float64]) -> float:
    """Radius of the sphere through the origin on which the places lie."""
    beyond = np.abs(q[2]) > 1e-9
    if not beyond.any():
        raise DetectorFault("it gives no distance, and its pixels lie in a plane")
    lengths = np.square(q[:, beyond]).sum(axis=0)
    return float(np.median(lengths / (2 * np.abs(q[2, beyond]))))


def _text_header(file: IO[bytes]) -> tuple[int, float | None, float | None]:
    """(pixels, distance, Ewald radius) of a text file; checks that the next line looks like a pixel."""
    words = file.readline(_LONGEST_LINE).split()
    here = file.tell()
    pixel = file.readline(_LONGEST_LINE).split()
    file.seek(here)
    if len(words) not in (1, 3) or not re.fullmatch(rb"[0-9]{1,9}", words[0]) or len(pixel) != _COLUMNS:
        raise DetectorFault("it does not begin like a detector file")
    try:
        numbers = [float(word) for word in (*words[1:], *pixel)]
    except ValueError as error:
        raise DetectorFault("it does not begin like a detector file") from error
    distances = (numbers[0], numbers[1]) if len(words) == 3 else (None, None)
    return int(words[0]), *distances


def _read_text(file: IO[bytes]) -> Detector:
    pixels, distance, radius = _text_header(file)
    if not 0 < pixels <= MOST_PIXELS:
        raise DetectorFault(f"its header claims {pixels} pixels")
    rest = file.read()
    if len(rest) < pixels * 2 * _COLUMNS - 1:  # a digit and a space each, at the least
        raise DetectorFault(f"it is too short for the {pixels} pixels that its header claims")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # junk between numbers is only warned of
        try:
            table = np.fromstring(rest, np.float64, sep=" ")
        except (ValueError, DeprecationWarning) as error:
            raise DetectorFault("it holds something else than numbers") from error
    if table.size != pixels * _COLUMNS:
        raise DetectorFault(f"it holds {table.size} numbers, not {_COLUMNS} for each of {pixels} pixels")
    table = table.reshape(pixels, _COLUMNS)
    return Detector(table[:, :3].T, _mask(table[:, 4]), distance, radius)


def _hdf5_count(path: Path) -> int | None:
    with _opened(path) as file:
        shapes = {name: getattr(file.get(name), "shape", None) for name in ("qx", "qy", "qz", "mask")}
        shape = shapes["qx"]
        if shape is not None and len(shape) == 1 and set(shapes.values()) == {shape}:
            return int(shape[0])
        return None


def _read_hdf5(path: Path) -> Detector:
    from models.runs.hdf5.unsafe import why_unsafe

    count = _hdf5_count(path)
    if count is None:
        raise DetectorFault("it has no qx, qy, qz and mask of one length")
    if not 0 < count <= MOST_PIXELS:
        raise DetectorFault(f"it claims {count} pixels")
    with _opened(path) as file:
        for name in ("qx", "qy", "qz", "mask", "detd", "ewald_rad"):
            dataset = file.get(name)
            if dataset is not None and getattr(dataset, "dtype", np.dtype("O")).kind not in "biuf":
                raise DetectorFault(f"its {name} is no array of numbers")
            if dataset is not None and (why := why_unsafe(dataset)):
                raise DetectorFault(f"its {name} cannot be read: {why}")
        q = np.array([np.asarray(file[name][()], np.float64) for name in ("qx", "qy", "qz")])
        distance, radius = (
            float(np.ravel(file[name][()])[0]) if name in file else None for name in ("detd", "ewald_rad")
        )
        return Detector(q, _mask(np.asarray(file["mask"][()], np.float64)), distance, radius)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The HDF5 file, open; what goes wrong in it becomes DetectorFault."""
    from models.errors import CannotOpen
    from models.runs.hdf5.file import open_hdf5
    from models.runs.hdf5.values import READ_ERRORS

    try:
        with open_hdf5(path)[0] as file:
            yield file
    except CannotOpen as error:
        raise DetectorFault(error.cause) from error
    except DetectorFault:
        raise
    except (*READ_ERRORS, MemoryError, IndexError) as error:
        raise DetectorFault(f"it is damaged ({error})") from error


def _mask(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """The mask; what is not a number counts as bad."""
    return np.where(np.isfinite(values), np.clip(values, 0, 255), 255).astype(np.uint8)
