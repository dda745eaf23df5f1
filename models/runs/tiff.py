"""TIFF files with one or many pages as runs, and how a folder of them is read."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FrameUnreadable
from models.runs import units
from models.runs.identity import make_identity, sample_bytes
from models.runs.layout import FrameLayout, read_layout, require_picture_size
from models.runs.pictures_folder import READ_ERRORS, FileFormat, FileHeader, HeaderFacts, NotAFrame, read_fitting
from models.runs.stack import RunFacts, StackRun
from models.runs.tiff_header import BadTiff, TiffHeader, read_tiff_header
from models.runs.tiff_marccd import read_marccd
from models.runs.types import FlagImage, Geometry
from models.runs.watch import FileGuard

if TYPE_CHECKING:
    import tifffile

_PILATUS = re.compile(r"PILATUS|EIGER", re.IGNORECASE)
_PILATUS_BAD = (-1, -2)
_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"


def header_geometry(description: str) -> Geometry:
    """Geometry from the comment lines that Dectris detectors write into a TIFF's description.

    Lines look like "# Pixel_size 172e-6 m x 172e-6 m", "# Detector_distance 0.2 m", "# Wavelength 1.0 A",
    "# Beam_xy (243.5, 309.2) pixels".
    """

    def length(name: str) -> float | None:
        found = re.search(rf"\b{name}[:=]?\s+{_NUMBER}\s*([A-Za-zµ]+)", description)
        value = None if found is None else units.length_in_m(float(found[1]), found[2])
        return value if value is not None and value > 0 else None

    pitch = re.search(rf"\bPixel_size[:=]?\s+{_NUMBER}\s*(\w+)\s*x\s*{_NUMBER}\s*(\w+)", description)
    pixel = None
    if pitch:
        x, y = units.length_in_m(float(pitch[1]), pitch[2]), units.length_in_m(float(pitch[3]), pitch[4])
        if x and y and x > 0 and y > 0:
            pixel = (y, x)
    beam = re.search(rf"\bBeam_xy\s+\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)\s*pixel", description)
    wavelength = length("Wavelength")
    energy = None if wavelength is None else units.energy_of_wavelength(wavelength)
    return Geometry(
        distance_m=length("Detector_distance"),
        pixel_size_m=pixel,
        photon_energy_eV=energy if energy is not None and units.is_photon_energy(energy) else None,
        centre_px=(float(beam[2]), float(beam[1])) if beam and (float(beam[1]) or float(beam[2])) else None,
    )


def open_tiff_run(path: Path) -> StackRun:
    """A TIFF file as a run: each page is a frame; a page that holds a whole stack (ImageJ) is read as that stack.

    Raises:
        CannotOpen: damaged, cut short, a colour picture, or compressed in a way that cannot be read.
    """
    import tifffile

    what = f"{path} cannot be opened"
    header = _header(path, what)
    _refuse_unusable(header, what)
    file: tifffile.TiffFile | None = None
    try:
        file = tifffile.TiffFile(path)
        return _pages_run(path, file)
    except (*READ_ERRORS, tifffile.TiffFileError) as error:
        if file is not None:
            file.close()
        raise _damaged(what, error) from error
    except BaseException:
        if file is not None:
            file.close()
        raise


def _pages_run(path: Path, file: tifffile.TiffFile) -> StackRun:
    """The open file as a run. Raises CannotOpen, or one of `READ_ERRORS` where it is damaged."""
    series = file.series[0]
    shape, dtype = tuple(int(size) for size in series.shape), np.dtype(series.dtype)
    contiguous = series.dataoffset if len(file.series) == 1 else None
    if contiguous is not None and contiguous + math.prod(shape) * dtype.itemsize > path.stat().st_size:
        contiguous = None
    pages = len(file.pages)
    page_shape = tuple(int(size) for size in file.pages.first.shape)
    description = str(file.pages.first.description or "")
    notes: list[str] = []
    source: TiffSource | StackedTiffSource
    if contiguous is not None or pages == 1:
        layout, odd = read_layout(shape, where=str(path))
        notes += odd
        source = StackedTiffSource(path, file, series, layout, contiguous, dtype)
        frames, frame_shape = layout.n_frames, layout.frame_shape
    else:
        frame_shape = (page_shape[0], page_shape[1])
        source = TiffSource(path, file, pages, frame_shape)
        frames = pages
        if len({page.shape for page in (series.pages[0] for series in file.series) if page is not None}) > 1:
            notes.append(f"{path.name} holds pages of different sizes: those unlike the first cannot be shown")
    if frames == 0 or 0 in frame_shape:
        raise CannotOpen(f"{path} has no frames", cause=f"its shape is {shape}", hint="Choose a file with frames")
    return StackRun(
        _facts(path, source, frames, frame_shape, dtype, description, notes),
        source,
    )


class TiffSource:
    """Frames that are pages of one file."""

    def __init__(self, path: Path, file: tifffile.TiffFile, pages: int, shape: tuple[int, int]) -> None:
        self._path = path
        self._file = file
        self._pages = pages
        self._shape = shape

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a page. Raises FrameUnreadable."""
        return read_fitting(self._path.name, index, lambda: self._page(index), self._shape)

    def _page(self, index: int) -> npt.NDArray[Any]:
        page = self._file.pages[index]
        if tuple(page.shape) != self._shape:  # a damaged page may say that it has millions of strips
            raise ValueError(f"its page is {'×'.join(map(str, page.shape))}, not as the first one")
        return page.asarray()

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        self._file.close()


class StackedTiffSource:
    """Frames of a single page, or of a stack that ImageJ wrote behind its first page."""

    def __init__(
        self,
        path: Path,
        file: tifffile.TiffFile,
        series: tifffile.TiffPageSeries,
        layout: FrameLayout,
        offset: int | None,
        dtype: np.dtype[Any],
    ) -> None:
        self._path = path
        self._file = file
        self._series = series
        self._layout = layout
        self._guard = FileGuard(path)
        self._array: npt.NDArray[Any] | None = None
        if offset is not None:
            stored = dtype.newbyteorder(file.byteorder)
            self._array = np.memmap(path, stored, "r", offset, tuple(layout.shape))

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a frame. Raises FrameUnreadable."""
        return read_fitting(self._path.name, index, lambda: self._frame(index), self._layout.frame_shape)

    def _frame(self, index: int) -> npt.NDArray[Any]:
        self._guard.check()
        if self._array is None:
            self._array = self._series.asarray()
        return self._layout.assemble(np.array(self._array[self._layout.selection(index)]))

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        self._array = None
        self._file.close()


def _facts(
    path: Path,
    source: TiffSource | StackedTiffSource,
    frames: int,
    shape: tuple[int, int],
    dtype: np.dtype[Any],
    description: str,
    notes: Sequence[str],
) -> RunFacts:
    def sample(index: int) -> bytes:
        try:
            return sample_bytes(source.read(index))
        except FrameUnreadable:
            return b""

    dtype = dtype.newbyteorder("=")
    about = _about(path, dtype, description)
    return RunFacts(
        path=path,
        dataset="",
        frames=frames,
        shape=shape,
        dtype=dtype,
        identity=make_identity(frames, ("", shape, dtype.str), sample=sample),
        geometry=about.geometry,
        warnings=tuple(notes),
        implicit_bad=about.implicit_bad,
        saturation_level=about.saturation_level,
    )


def _header(path: Path, what: str) -> TiffHeader:
    try:
        return read_tiff_header(path)
    except (BadTiff, OSError) as error:
        raise _damaged(what, error) from error


def _refuse_unusable(header: TiffHeader, what: str) -> None:
    if header.missing_bytes:
        raise CannotOpen(
            what,
            cause=f"the file is incomplete ({header.missing_bytes} bytes of the first frame are missing)",
            hint="Copying or writing is not finished, or was stopped: copy it again",
        )
    require_picture_size((header.height, header.width), what)
    if header.samples > 1:
        raise CannotOpen(
            what,
            cause=f"it is a colour picture with {header.samples} channels, not detector frames",
            hint="Open the data it was drawn from",
        )


def _damaged(what: str, error: Exception) -> CannotOpen:
    return CannotOpen(
        what, cause=f"the TIFF file is damaged or cut short ({error})", hint="Copy it again from its origin"
    )


def _file_header(path: Path) -> FileHeader:
    """The header of a file of a folder. Raises NotAFrame, OSError."""
    try:
        header = read_tiff_header(path)
    except BadTiff as error:
        raise NotAFrame(str(error)) from error
    if header.samples > 1:
        raise NotAFrame("a colour picture")
    if header.missing_bytes:
        raise NotAFrame(f"incomplete, {header.missing_bytes} bytes are missing")
    return FileHeader(
        header.height,
        header.width,
        header.dtype,
        header.compressed,
        lambda: _about(path, header.dtype, header.description),
    )


def _read_file(path: Path) -> npt.NDArray[Any]:
    import tifffile

    pixels: npt.NDArray[Any] = tifffile.imread(path, key=0)
    return pixels


def _about(path: Path, dtype: np.dtype[Any], description: str) -> HeaderFacts:
    """What a file's header says besides the frame's size."""
    marccd = read_marccd(path)
    if marccd is not None:
        return HeaderFacts(marccd.geometry, saturation_level=marccd.saturation_level)
    return HeaderFacts(header_geometry(description), _implicit_bad(dtype, description))


def _implicit_bad(dtype: np.dtype[Any], description: str) -> tuple[int, ...]:
    return _PILATUS_BAD if dtype.kind == "i" and _PILATUS.search(description) else ()


TIFF_FILES = FileFormat(
    name="TIFF",
    suffixes=(".tif", ".tiff", ".mccd"),
    header=_file_header,
    read=_read_file,
)
"""How a folder of TIFF files is read; MarCCD files are TIFF, too."""
