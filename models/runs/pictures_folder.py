"""Folders in which every file is one frame: in natural order, with what is no frame left out and said."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FrameUnreadable
from models.runs.identity import make_identity, sample_bytes
from models.runs.layout import LARGEST_PICTURE
from models.runs.stack import RunFacts, StackRun, native
from models.runs.types import Column, FlagImage, Geometry

READ_ERRORS = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    MemoryError,
    AttributeError,
    ArithmeticError,
    AssertionError,  # what tifffile takes for granted, a damaged file may break
    struct.error,
    zlib.error,
)
"""What libraries raise for damaged pictures."""

_MOST_HEADERS = 2_000
_MOST_FILES = 20_000
_SHOWN = 8
_CALIBRATION_NAMES = re.compile(
    r"(?<![a-z])(dark|darks|white|whitefield|flat|flatfield|background|bkg|bgr?|pedestal|gain|mask|badpix\w*)(?![a-z])",
    re.IGNORECASE,
)


_PACKED = (".gz", ".bz2")
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")


class NotAFrame(ValueError):
    """A file of a folder is no frame; the text says why, in a few words."""


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What headers say besides the frame's size.

    Attributes:
        geometry: as far as they say it.
        implicit_bad: raw values that mean "no value".
        saturation_level: raw value at and above which a pixel is saturated, None where they do not say.
    """

    geometry: Geometry
    implicit_bad: tuple[int, ...] = ()
    saturation_level: float | None = None


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What the header of one file says.

    Attributes:
        height, width, dtype: of its frame.
        compressed: whether files of equal size may hold frames of different size.
        about: gives what else the header says; asked for one file of a folder.
    """

    height: int
    width: int
    dtype: np.dtype[Any]
    compressed: bool
    about: Callable[[], HeaderFacts]


@dataclass(frozen=True)
class FileFormat:
    """How files of one kind are read.

    Attributes:
        name: as users call it.
        suffixes: by which its files are found in a folder, lower case.
        header: gives a file's header; raises NotAFrame or OSError.
        read: gives a file's (H, W) pixels; raises one of READ_ERRORS.
        columns: one number per frame, from the files' headers.
    """

    name: str
    suffixes: tuple[str, ...]
    header: Callable[[Path], FileHeader]
    read: Callable[[Path], npt.NDArray[Any]]
    columns: Callable[[Path, Sequence[str]], Mapping[str, Column]] = lambda folder, names: {}


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts names as people count: frame_2 before frame_10."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part.lower()) for part in parts)


def naturally_sorted(names: Sequence[str]) -> list[str]:
    """Names in the order of `natural_key`; fast for names that differ in the digits of padded numbers only."""
    return sorted(names) if len(set(_patterns(names))) == 1 else sorted(names, key=natural_key)


def missing_numbers(names: Sequence[str]) -> list[tuple[int, int]]:
    """The numbers left out in names that count, as ranges: frame_7, frame_9 lack (8, 8).

    Empty where the names do not count.
    """
    last_number = re.compile(r"^(.*?)([0-9]+)([^0-9]*)$", re.DOTALL)
    found: set[tuple[str, str]] = set()
    numbers: set[int] = set()
    if len(set(_patterns(names))) == 1 and (first := last_number.match(names[0])):
        begin, end = first.span(2)
        found = {(name[:begin], "") for name in names}
        numbers = {int(name[begin:end]) for name in names}
    else:
        for match in map(last_number.match, names):
            if match:
                found.add((match[1], match[3]))
                numbers.add(int(match[2]))
    if len(found) != 1:
        return []
    return [(a + 1, b - 1) for a, b in pairwise(sorted(numbers)) if b > a + 1]


def _patterns(names: Sequence[str]) -> list[bytes]:
    """The names with all digits alike: few different ones, where names count."""
    return "\0".join(names).encode("utf-8", "surrogateescape").translate(_DIGITS_ALIKE).split(b"\0")


def has_suffix(name: str, suffixes: Sequence[str]) -> bool:
    """Whether a file of this name belongs to a format; files that systems hide do not."""
    return name[:1] != "." and name.lower().endswith(tuple(suffixes))


def by_suffix(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by their endings in lower case (".tif", ".edf.gz"); files that systems hide are left out."""
    found: dict[str, list[str]] = {}
    for name in names:
        stem, dot, ending = name.rpartition(".")
        if not stem or name[0] == ".":
            continue
        ending = dot + ending.lower()
        if ending in _PACKED:
            ending = f".{stem.rpartition('.')[2].lower()}{ending}"
        found.setdefault(ending, []).append(name)
    return found


def open_folder_of(path: Path, names: Sequence[str], kind: FileFormat) -> StackRun:
    """The files of a folder as a run, one frame each, in natural order of their names, which identify the frames.

    Files of another size than most are left out, and so are dark and flat fields that lie among them; each with a
    warning.

    Raises:
        CannotOpen: none of them is a frame.
    """
    names, calibration = _without_calibration(naturally_sorted(names))
    usable, skipped, header = _sort_out(path, names, kind)
    if header is None:
        raise CannotOpen(
            f"{path} cannot be opened as a run",
            cause=f"none of its {len(names)} {kind.name} files is a frame ({skipped[0]})",
            hint="Choose another folder",
        )
    notes = []
    if skipped:
        count = "1 file is" if len(skipped) == 1 else f"{len(skipped)} files are"
        notes.append(f"{count} left out: {_listed(skipped)}")
    if calibration:
        count = "1 file is" if len(calibration) == 1 else f"{len(calibration)} files are"
        notes.append(f"{count} called like a dark, a flat field or a mask and left out: {_listed(calibration)}")
    events = [_stem(name) for name in usable]
    if gaps := missing_numbers(events):
        lost = sum(last - first + 1 for first, last in gaps)
        ranges = [str(first) if first == last else f"{first}–{last}" for first, last in gaps]
        notes.append(f"The numbering of the files has gaps: {lost} missing or left out ({_listed(ranges)})")
    shape = header.height, header.width
    dtype = header.dtype.newbyteorder("=")
    source = FolderSource(path, usable, shape, kind.read)
    about = header.about()
    facts = RunFacts(
        path=path,
        dataset="",
        frames=len(usable),
        shape=shape,
        dtype=dtype,
        identity=make_identity(len(usable), ("", shape, dtype.str), events=events, sample=source.sample),
        geometry=about.geometry,
        columns=kind.columns(path, usable),
        events=events,
        warnings=tuple(notes),
        implicit_bad=about.implicit_bad,
        saturation_level=about.saturation_level,
    )
    return StackRun(facts, source)


class FolderSource:
    """Frames that are files of a folder; open only while they are read."""

    def __init__(
        self, folder: Path, names: Sequence[str], shape: tuple[int, int], read: Callable[[Path], npt.NDArray[Any]]
    ) -> None:
        self._folder = folder
        self._names = names
        self._shape = shape
        self._read = read

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a file. Raises FrameUnreadable."""
        path = self._folder / self._names[index]
        return read_fitting(path.name, index, lambda: self._read(path), self._shape)

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity."""
        try:
            return sample_bytes(self.read(index))
        except FrameUnreadable:
            return b""

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        """Nothing is held open."""


def read_fitting(
    name: str, index: int, read: Callable[[], npt.NDArray[Any]], shape: tuple[int, int]
) -> npt.NDArray[Any]:
    """(H, W) pixels in native byte order.

    Raises:
        FrameUnreadable: they cannot be read, or are of another shape than the run.
    """
    try:
        raw = np.asarray(read())
    except READ_ERRORS as error:
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


def _without_calibration(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """(frames, files called like a dark, flat field or mask); all are frames where most are called so."""
    patterns = _patterns(names)
    suspect = {
        pattern
        for pattern in set(patterns)
        if _CALIBRATION_NAMES.search(_stem(pattern.decode("utf-8", "replace")).replace("_", " "))
    }
    if not suspect:
        return list(names), []
    calibration = [name for name, pattern in zip(names, patterns, strict=True) if pattern in suspect]
    if 2 * len(calibration) > len(names):
        return list(names), []
    left = set(calibration)
    return [name for name in names if name not in left], calibration


def _sort_out(folder: Path, names: Sequence[str], kind: FileFormat) -> tuple[list[str], list[str], FileHeader | None]:
    """(names of frames, what was left out and why, header of one frame).

    Files as long as an uncompressed one that was looked at are taken to be like it, so that long folders open fast.
    Beyond a number of files or headers the rest is taken as frames, and found out when read.
    """
    by_size: dict[int, FileHeader] = {}
    headers: dict[str, FileHeader] = {}
    odd: dict[str, str] = {}
    looked_at = 0
    place = str(folder)
    for name in names[:_MOST_FILES]:
        try:
            size = os.stat(f"{place}/{name}").st_size  # noqa: PTH116  (thrice as fast as a Path)
            header = by_size.get(size)
            if header is None and looked_at < _MOST_HEADERS:
                looked_at += 1
                header = kind.header(folder / name)
                if header.height * header.width > LARGEST_PICTURE:
                    raise NotAFrame(f"it says to have {header.height}×{header.width} pixels")
                if not header.compressed:
                    by_size[size] = header
        except (NotAFrame, OSError) as error:
            odd[name] = getattr(error, "strerror", None) or str(error)
            continue
        if header is not None:
            headers[name] = header
    if headers:
        kinds = {name: (header.height, header.width, header.dtype.str) for name, header in headers.items()}
        usual = Counter(kinds.values()).most_common(1)[0][0]
        for name, found in kinds.items():
            if found != usual:
                odd[name] = f"{found[0]}×{found[1]} {headers[name].dtype}"
    frames = [name for name in names if name not in odd]
    first = next((headers[name] for name in frames if name in headers), None)
    return frames, [f"{name} ({odd[name]})" for name in names if name in odd], first


def _stem(name: str) -> str:
    """A file's name without its ending, and without that of what was packed (.edf.gz)."""
    stem, _, suffix = name.rpartition(".")
    if f".{suffix.lower()}" in _PACKED and "." in stem:
        stem = stem.rpartition(".")[0]
    return stem or name


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:_SHOWN]) + (", …" if len(items) > _SHOWN else "")
