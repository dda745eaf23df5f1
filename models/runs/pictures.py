"""EDF, CBF and ADSC files, and folders of these or of TIFF files, as runs."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FrameUnreadable
from models.runs import units
from models.runs.columns import ColumnSource, LazyColumns
from models.runs.identity import make_identity, sample_bytes
from models.runs.layout import require_picture_size
from models.runs.pictures_folder import (
    FileFormat,
    FileHeader,
    HeaderFacts,
    NotAFrame,
    by_suffix,
    open_folder_of,
    read_fitting,
)
from models.runs.pictures_header import (
    ADSC,
    CBF,
    EDF,
    BadPicture,
    PictureHeader,
    numbers_in,
    pictures_in,
    read_picture_header,
)
from models.runs.pictures_read import is_packed, picture_bytes, read_picture, require_fabio
from models.runs.stack import RunFacts, StackRun
from models.runs.tiff import TIFF_FILES, header_geometry
from models.runs.types import FlagImage, Geometry
from models.runs.watch import FileGuard

_SUFFIXES = tuple(f".{name}{packed}" for name in ("edf", "cbf", "img") for packed in ("", ".gz", ".bz2"))
_GAP_VALUES = (-1, -2)
_MOST_COLUMN_FILES = 20_000
_MOST_COLUMNS = 100
_PIXEL_DETECTOR = re.compile(r"PILATUS|EIGER", re.IGNORECASE)
_SHOWN = 3


def open_picture_run(path: Path) -> StackRun:
    """An EDF, CBF or ADSC file as a run; an EDF file may hold many pictures.

    Raises:
        CannotOpen: damaged, cut short, or fabio is not installed.
    """
    what = f"{path} cannot be opened"
    try:
        with picture_bytes(path) or path.open("rb") as file:
            size = file.seek(0, 2)
            headers = _uniform(pictures_in(file, size), size, lambda at: read_picture_header(file, at))
    except (BadPicture, OSError) as error:
        raise CannotOpen(what, cause=str(error), hint="Copy the file again from its origin") from error
    first = headers.first
    require_fabio(what, first.kind)
    require_picture_size((first.height, first.width), str(path))
    notes = []
    starts = headers.starts
    if missing := headers.last.missing_bytes(size):
        if len(starts) == 1:
            raise CannotOpen(
                what,
                cause=f"the file is incomplete ({missing} bytes are missing)",
                hint="Copying or writing is not finished, or was stopped: copy it again",
            )
        notes.append(f"The file is incomplete: {missing} bytes of its last picture are missing")
    if headers.unlike:
        notes.append(f"{headers.unlike} pictures are of another size than the first: they cannot be shown")
    shape = first.height, first.width
    source = PictureSource(path, starts, shape)
    facts = RunFacts(
        path=path,
        dataset="",
        frames=len(starts),
        shape=shape,
        dtype=first.dtype,
        identity=make_identity(len(starts), ("", shape, first.dtype.str), sample=source.sample),
        geometry=picture_geometry(first),
        columns=_columns(first, lambda: _headers_at(path, starts), len(starts)) if len(starts) > 1 else {},
        warnings=tuple(notes),
        implicit_bad=_implicit_bad(first),
    )
    return StackRun(facts, source)


def open_picture_folder(path: Path) -> StackRun:
    """A folder of TIFF, EDF, CBF or ADSC files as a run; of several kinds the most frequent.

    Raises:
        CannotOpen: there are none, or none that can be read.
    """
    what = f"{path} cannot be opened as a run"
    try:
        names = os.listdir(path)  # noqa: PTH208  (names only, of perhaps 10⁵ files)
    except OSError as error:
        raise CannotOpen(what, cause=str(error.strerror or error), hint="Check the disk or the network") from error
    found = by_suffix(names)
    kinds = [
        (kind, list(chain(*(found.get(suffix, ()) for suffix in kind.suffixes)))) for kind in (TIFF_FILES, PICTURES)
    ]
    kind, chosen = max(kinds, key=lambda kind: len(kind[1]))
    if not chosen:
        raise CannotOpen(
            what,
            cause=_what_is_there(path),
            hint="Choose a folder of TIFF, EDF or CBF files, or a single data file",
        )
    if kind is PICTURES:
        require_fabio(what, _suffix_name(chosen[0]))
    return open_folder_of(path, chosen, kind)


def picture_geometry(header: PictureHeader) -> Geometry:
    """Geometry from a header: comment lines of Dectris detectors, the ESRF's keys, or ADSC's."""
    found = header_geometry(header.text)
    if header.kind == CBF:
        return found
    values = {name.lower(): value for name, value in header.values.items()}

    def number(name: str, factor: float = 1.0) -> float | None:
        try:
            value = float(values.get(name, "").split()[0]) * factor
        except (ValueError, IndexError):
            return None
        return value if np.isfinite(value) and value > 0 else None

    if header.kind == ADSC:
        side, distance = number("pixel_size", 1e-3), number("distance", 1e-3)
        pixel, wavelength = (None if side is None else (side, side)), number("wavelength", 1e-10)
        centre = None  # ADSC's beam centre is in millimetres along axes that beamlines do not agree on
    else:
        y, x = number("psize_2"), number("psize_1")
        pixel = (y, x) if y and x else None
        distance, wavelength = number("sampledistance"), number("wavelength")
        row, column = number("center_2"), number("center_1")
        centre = (row, column) if row and column else None
    energy = None if wavelength is None else units.energy_of_wavelength(wavelength)
    return Geometry(
        distance_m=found.distance_m or distance,
        pixel_size_m=found.pixel_size_m or pixel,
        photon_energy_eV=found.photon_energy_eV or (energy if energy and units.is_photon_energy(energy) else None),
        centre_px=found.centre_px or centre,
    )


class PictureSource:
    """Frames of one file, each behind its own header."""

    def __init__(self, path: Path, starts: npt.NDArray[np.int64], shape: tuple[int, int]) -> None:
        self._path = path
        self._starts = starts
        self._shape = shape
        self._guard = FileGuard(path)

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels. Raises FrameUnreadable."""

        def read() -> npt.NDArray[Any]:
            self._guard.check()
            return read_picture(self._path, int(self._starts[index]))

        return read_fitting(self._path.name, index, read, self._shape)

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity."""
        try:
            return sample_bytes(self.read(index))
        except FrameUnreadable:
            return b""

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        """The file is open only while it is read."""


class _Headers:
    """The pictures of one file: the first and last header, where each begins, how many are unlike the first."""

    def __init__(self, first: PictureHeader, last: PictureHeader, starts: npt.NDArray[np.int64], unlike: int) -> None:
        self.first, self.last, self.starts, self.unlike = first, last, starts, unlike


def _uniform(found: Iterable[PictureHeader], size: int, header_at: Callable[[int], PictureHeader]) -> _Headers:
    """All pictures; where the file is as long as so many of the first one, its last tells that all are alike."""
    headers = iter(found)
    first = next(headers)
    step = first.end - first.start
    if size > step and size % step == 0:
        try:
            last = header_at(size - step)
        except BadPicture:
            last = first
        if last.end == size and (last.height, last.width, last.dtype) == (first.height, first.width, first.dtype):
            return _Headers(first, last, np.arange(size // step, dtype=np.int64) * step, 0)
    starts, last, unlike = [first.start], first, 0
    for last in headers:
        starts.append(last.start)
        unlike += (last.height, last.width) != (first.height, first.width)
    return _Headers(first, last, np.array(starts, np.int64), unlike)


def _headers_at(path: Path, starts: Sequence[int] | npt.NDArray[np.int64]) -> Iterable[PictureHeader | None]:
    with picture_bytes(path) or path.open("rb") as file:
        for start in starts:
            try:
                yield read_picture_header(file, int(start))
            except BadPicture:
                yield None


def _headers_of(folder: Path, names: Sequence[str]) -> Iterable[PictureHeader | None]:
    for name in names:
        try:
            with picture_bytes(folder / name) or (folder / name).open("rb") as file:
                yield read_picture_header(file)
        except (BadPicture, OSError):
            yield None


def _columns(first: PictureHeader, headers: Callable[[], Iterable[PictureHeader | None]], frames: int) -> LazyColumns:
    """The numbers of the first header as columns; all headers are read, once, when the first column is asked for."""
    named = dict(list(numbers_in(first).items())[:_MOST_COLUMNS])
    if frames > _MOST_COLUMN_FILES:
        return LazyColumns({})
    table: dict[str, npt.NDArray[np.float64]] = {}

    def read(name: str) -> tuple[npt.NDArray[Any], str]:
        if not table:
            values = {each: np.full(frames, np.nan) for each in named}
            for place, header in enumerate(headers()):
                found = {} if header is None else numbers_in(header)
                for each in named:
                    if each in found:
                        values[each][place] = found[each][0]
            table.update(values)
        return table[name], named[name][1]

    return LazyColumns({name: ColumnSource(lambda name=name: read(name)) for name in named})  # type: ignore[misc]


def _folder_columns(folder: Path, names: Sequence[str]) -> LazyColumns:
    if is_packed(Path(names[0])):
        return LazyColumns({})  # every file would have to be unpacked
    first = next((header for header in _headers_of(folder, names[:1]) if header is not None), None)
    return LazyColumns({}) if first is None else _columns(first, lambda: _headers_of(folder, names), len(names))


def _file_header(path: Path) -> FileHeader:
    """The header of a file of a folder. Raises NotAFrame, OSError."""
    try:
        with picture_bytes(path) or path.open("rb") as file:
            header = read_picture_header(file)
            missing = header.missing_bytes(file.seek(0, 2))
    except BadPicture as error:
        raise NotAFrame(str(error)) from error
    if missing:
        raise NotAFrame(f"incomplete, {missing} bytes are missing")
    compressed = header.compressed or is_packed(path)
    return FileHeader(
        header.height,
        header.width,
        header.dtype,
        compressed,
        lambda: HeaderFacts(picture_geometry(header), _implicit_bad(header)),
    )


def _implicit_bad(header: PictureHeader) -> tuple[int, ...]:
    """CBF's −1 and −2 are no counts; in EDF they are none where the header names a detector that writes them."""
    marks = header.kind == CBF or _PIXEL_DETECTOR.search(header.text)
    return _GAP_VALUES if header.dtype.kind == "i" and marks else ()


def _suffix_name(name: str) -> str:
    return next((kind for kind in (EDF, CBF) if f".{kind.lower()}" in name.lower()), "such")


def _what_is_there(path: Path) -> str:
    """What a folder without frames holds, for the error."""
    suffixes = Counter(entry.suffix.lower() for entry in path.iterdir() if entry.is_file())
    if not suffixes:
        return (
            "the folder is empty" if not any(path.iterdir()) else "it holds no TIFF, EDF or CBF files, only folders"
        )
    most = ", ".join(f"{count} {suffix or 'files without suffix'}" for suffix, count in suffixes.most_common(_SHOWN))
    return f"it holds no TIFF, EDF or CBF files (but {most})"


PICTURES = FileFormat(
    name="EDF, CBF or IMG",
    suffixes=_SUFFIXES,
    header=_file_header,
    read=read_picture,
    columns=_folder_columns,
)
"""How a folder of files that fabio decodes is read."""
