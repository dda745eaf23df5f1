"""TIFF files with one or many pages, and folders of TIFF files, as runs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FrameUnreadable
from models.runs import units
from models.runs.identity import make_identity, sample_bytes
from models.runs.layout import LARGEST_PICTURE, FrameLayout, read_layout, require_picture_size
from models.runs.stack import RunFacts, StackRun, native
from models.runs.tiff_header import BadTiff, TiffHeader, read_tiff_header
from models.runs.types import FlagImage, Geometry
from models.runs.watch import FileGuard

if TYPE_CHECKING:
    import tifffile

_SUFFIXES = (".tif", ".tiff")
_MOST_HEADERS = 2_000
_SHOWN = 3
_READ_ERRORS = (OSError, ValueError, RuntimeError, KeyError, IndexError, TypeError, MemoryError, AttributeError)
_PILATUS = re.compile(r"PILATUS|EIGER", re.IGNORECASE)
_PILATUS_BAD = (-1, -2)
_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts names as people count: frame_2 before frame_10."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part.lower()) for part in parts)


def missing_numbers(names: Sequence[str]) -> int:
    """How many numbers are left out in names that count (frame_7, frame_9: one); 0 where the names do not count."""
    by_stem: dict[tuple[str, str], list[int]] = {}
    for name in names:
        found = re.match(r"^(.*?)([0-9]+)([^0-9]*)$", name)
        if found:
            by_stem.setdefault((found[1], found[3]), []).append(int(found[2]))
    if len(by_stem) != 1:
        return 0
    numbers = sorted(set(next(iter(by_stem.values()))))
    return numbers[-1] - numbers[0] + 1 - len(numbers)


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
    except (*_READ_ERRORS, tifffile.TiffFileError) as error:
        if file is not None:
            file.close()
        raise _damaged(what, error) from error
    except BaseException:
        if file is not None:
            file.close()
        raise


def _pages_run(path: Path, file: tifffile.TiffFile) -> StackRun:
    """The open file as a run. Raises CannotOpen, or one of `_READ_ERRORS` where it is damaged."""
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


def open_tiff_folder(path: Path) -> StackRun:
    """A folder of TIFF files as a run: one frame each, in natural order of their names, which identify the frames.

    Files of another size than most are left out, with a warning.

    Raises:
        CannotOpen: no TIFF files, or none that can be read.
    """
    what = f"{path} cannot be opened as a run"
    try:
        names = sorted(
            (entry.name for entry in path.iterdir() if entry.suffix.lower() in _SUFFIXES and entry.name[:1] != "."),
            key=natural_key,
        )
    except OSError as error:
        raise CannotOpen(what, cause=str(error.strerror or error), hint="Check the disk or the network") from error
    if not names:
        raise CannotOpen(
            what, cause=_what_is_there(path), hint="Choose a folder of TIFF files, or a single data file"
        )
    usable, skipped, header = _sort_out(path, names)
    if header is None:
        raise CannotOpen(
            what, cause=f"none of its {len(names)} TIFF files is a frame ({skipped[0]})", hint="Choose another folder"
        )
    notes = []
    if skipped:
        more = ", …" if len(skipped) > _SHOWN else ""
        count = "1 file is" if len(skipped) == 1 else f"{len(skipped)} files are"
        notes.append(f"{count} left out: {', '.join(skipped[:_SHOWN])}{more}")
    if gaps := missing_numbers([Path(name).stem for name in usable]):
        notes.append(f"The numbering of the files has gaps: {gaps} missing or left out")
    shape = (header.height, header.width)
    source = FolderSource(path, usable, shape)
    facts = _facts(
        path,
        source,
        len(usable),
        shape,
        header.dtype,
        header.description,
        notes,
        events=[Path(name).stem for name in usable],
    )
    return StackRun(facts, source)


class TiffSource:
    """Frames that are pages of one file."""

    def __init__(self, path: Path, file: tifffile.TiffFile, pages: int, shape: tuple[int, int]) -> None:
        self._path = path
        self._file = file
        self._pages = pages
        self._shape = shape

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a page. Raises FrameUnreadable."""
        return _read(self._path.name, index, lambda: self._file.pages[index].asarray(), self._shape)

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
        return _read(self._path.name, index, lambda: self._frame(index), self._layout.frame_shape)

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


class FolderSource:
    """Frames that are files of a folder."""

    def __init__(self, folder: Path, names: Sequence[str], shape: tuple[int, int]) -> None:
        self._folder = folder
        self._names = names
        self._shape = shape

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a file. Raises FrameUnreadable."""
        import tifffile

        path = self._folder / self._names[index]
        return _read(path.name, index, lambda: tifffile.imread(path, key=0), self._shape)

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        """Files are open only while they are read."""


def _read(name: str, index: int, read: Callable[[], npt.NDArray[Any]], shape: tuple[int, int]) -> npt.NDArray[Any]:
    try:
        raw = np.asarray(read())
    except _READ_ERRORS as error:
        cause = str(error) or type(error).__name__
        if "imagecodecs" in cause:
            cause = "its compression needs the Python package imagecodecs"
        raise FrameUnreadable(f"frame {index} ({name}) cannot be read", cause=cause, index=index) from error
    if raw.shape != shape:
        raise FrameUnreadable(
            f"frame {index} ({name}) does not fit the run",
            cause=f"it is {'×'.join(map(str, raw.shape))} and the others are {shape[0]}×{shape[1]}",
            index=index,
        )
    return native(raw)


def _facts(
    path: Path,
    source: TiffSource | StackedTiffSource | FolderSource,
    frames: int,
    shape: tuple[int, int],
    dtype: np.dtype[Any],
    description: str,
    notes: Sequence[str],
    events: Sequence[str] | None = None,
) -> RunFacts:
    def sample(index: int) -> bytes:
        try:
            return sample_bytes(source.read(index))
        except FrameUnreadable:
            return b""

    dtype = dtype.newbyteorder("=")
    return RunFacts(
        path=path,
        dataset="",
        frames=frames,
        shape=shape,
        dtype=dtype,
        identity=make_identity(frames, ("", shape, dtype.str), events=events or (), sample=sample),
        geometry=header_geometry(description),
        events=events,
        warnings=tuple(notes),
        implicit_bad=_PILATUS_BAD if dtype.kind == "i" and _PILATUS.search(description) else (),
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


def _sort_out(folder: Path, names: Sequence[str]) -> tuple[list[str], list[str], TiffHeader | None]:
    """(names of frames, what was left out and why, header of one frame).

    Files as long as an uncompressed one that was looked at are taken to be like it, so that long folders open fast.
    Beyond a number of headers the rest is taken as frames, and found out when read.
    """
    by_size: dict[int, TiffHeader] = {}
    headers: dict[str, TiffHeader] = {}
    odd: dict[str, str] = {}
    looked_at = 0
    for name in names:
        path = folder / name
        try:
            size = path.stat().st_size
            header = by_size.get(size)
            if header is None and looked_at < _MOST_HEADERS:
                looked_at += 1
                header = _usable_header(path)
                if not header.compressed:
                    by_size[size] = header
        except (BadTiff, OSError) as error:
            odd[name] = str(error)
            continue
        if header is not None:
            headers[name] = header
    if headers:
        kinds = {name: (header.height, header.width, header.dtype.str) for name, header in headers.items()}
        usual = Counter(kinds.values()).most_common(1)[0][0]
        for name, kind in kinds.items():
            if kind != usual:
                odd[name] = f"{kind[0]}×{kind[1]} {headers[name].dtype}"
    frames = [name for name in names if name not in odd]
    first = next((headers[name] for name in frames if name in headers), None)
    return frames, [f"{name} ({why})" for name, why in odd.items()], first


def _usable_header(path: Path) -> TiffHeader:
    header = read_tiff_header(path)
    if header.height * header.width > LARGEST_PICTURE:
        raise BadTiff(f"it says to have {header.height}×{header.width} pixels")
    if header.samples > 1:
        raise BadTiff("a colour picture")
    if header.missing_bytes:
        raise BadTiff(f"incomplete, {header.missing_bytes} bytes are missing")
    return header


def _what_is_there(path: Path) -> str:
    """What a folder without TIFF files holds, for the error."""
    suffixes = Counter(entry.suffix.lower() for entry in path.iterdir() if entry.is_file())
    if not suffixes:
        return "the folder is empty" if not any(path.iterdir()) else "it holds no TIFF files, only folders"
    most = ", ".join(f"{count} {suffix or 'files without suffix'}" for suffix, count in suffixes.most_common(3))
    return f"it holds no TIFF files (but {most})"
