"""NPY and NPZ arrays as runs: memory-mapped where possible, never unpickled, sizes checked before reading."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from models.errors import AmbiguousRun, CannotOpen, FrameUnreadable
from models.runs.columns import ColumnSource, LazyColumns
from models.runs.hdf5.file import size_text
from models.runs.identity import SAMPLE_PIXELS, make_identity, sample_bytes
from models.runs.layout import FrameLayout, read_layout
from models.runs.masks import MASK_NAMES, MaskFault, decide, to_flags
from models.runs.memory import memory_bytes
from models.runs.ranking import choose, rank, rate
from models.runs.stack import RunFacts, StackRun, is_image_dtype, native
from models.runs.types import FlagImage, RunIdentity
from models.runs.watch import FileGuard

_LONGEST_HEADER = 1 << 20
_MOST_UNPACKED_SHARE = 0.25
_READ_ERRORS = (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)
_UNPICKLED = (
    "it holds Python objects (a pickle), which could run code when loaded and are never read",
    "Save a plain number array: numpy.save(name, numpy.stack(frames))",
)


_SCATTERED = (
    "The array is stored in Fortran order: every frame is spread over the whole file and slow to read. "
    "numpy.save(name, numpy.ascontiguousarray(array)) stores it frame by frame"
)
_SCATTERED_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What stands before the numbers in an NPY file.

    Attributes:
        shape, dtype, fortran: as numpy means them.
        offset: bytes before the numbers.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes], what: str) -> ArrayHeader:
    """The header of an NPY stream, positioned at its start.

    Raises:
        CannotOpen: damaged header, or an array of Python objects (which only unpickling could read).
    """
    from numpy.lib import format as npy

    try:
        version = npy.read_magic(file)
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = reader(file, max_header_size=_LONGEST_HEADER)
    except Exception as error:  # the header is a Python expression: junk raises all kinds
        raise CannotOpen(
            what, cause="its NPY header is damaged or cut short", hint="Save it again with numpy.save"
        ) from error
    if dtype.hasobject:
        raise CannotOpen(what, cause=_UNPICKLED[0], hint=_UNPICKLED[1])
    if any(not isinstance(size, int) or size < 0 for size in shape):
        raise CannotOpen(what, cause="its NPY header is damaged", hint="Save it again with numpy.save")
    return ArrayHeader(tuple(shape), dtype, bool(fortran), file.tell())


class ArraySource:
    """Frames of one array in memory, memory-mapped, or loaded when the first frame is asked for."""

    def __init__(self, path: Path, layout: FrameLayout, load: Callable[[], npt.NDArray[Any]]) -> None:
        self._name = path.name
        self._guard = FileGuard(path)
        self._layout = layout
        self._load = load
        self._array: npt.NDArray[Any] | None = None

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a frame, copied. Raises FrameUnreadable."""
        try:
            self._guard.check()
            if self._array is None:
                self._array = self._load()
            block = np.array(self._array[self._layout.selection(index)], order="C")
        except _READ_ERRORS as error:
            raise FrameUnreadable(
                f"frame {index} of {self._name} cannot be read",
                cause=str(error) or "it does not fit into memory",
                index=index,
            ) from error
        return native(self._layout.assemble(block))

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        self._array = None
        self._load = self._closed

    def _closed(self) -> npt.NDArray[Any]:
        raise OSError("the file was closed")


def open_npy_run(path: Path) -> StackRun:
    """An NPY file as a run, memory-mapped: shapes (H, W), (N, H, W), and modules (N, M, h, w).

    Raises:
        CannotOpen: damaged, cut short, Python objects, or not frames.
    """
    what = f"{path} cannot be opened"
    with path.open("rb") as file:
        header = read_header(file, what)
    _require_complete(what, header, path.stat().st_size)
    layout, notes = _layout(path, what, header)
    source = ArraySource(path, layout, lambda: _map(path, header, header.offset))
    scattered = _is_scattered(header, layout)

    def sample(index: int) -> bytes:
        return _stored_bytes(path, header, last=index > 0) if scattered else sample_bytes(source.read(index))

    identity = _identity(header, layout, "", sample)
    notes += (_SCATTERED,) * scattered
    return StackRun(_facts(path, "", header, layout, notes, identity), source)


def open_npz_run(path: Path, dataset: str | None = None) -> StackRun:
    """An NPZ file as a run. A member stored without compression is memory-mapped, else unpacked on first use.

    Arrays with one number per frame beside the frames become columns; one called mask becomes the mask.

    Args:
        path: the file.
        dataset: name of the array with the frames; None to find it.

    Raises:
        CannotOpen: damaged, Python objects, not frames, or too large to unpack.
        AmbiguousRun: several arrays might be the frames.
    """
    what = f"{path} cannot be opened"
    try:
        members, left_out = _members(path, what)
    except (*_READ_ERRORS, NotImplementedError, RuntimeError, LookupError, OverflowError, struct.error) as error:
        raise CannotOpen(
            what, cause="the archive is damaged or cut short", hint="Copy it again, or save it with numpy.savez"
        ) from error
    if not members:
        raise CannotOpen(what, cause="it is a ZIP archive without NPY arrays", hint="Choose an NPZ file")
    name = _choose(path, members, dataset)
    member = members[name]
    _require_complete(what, member.header, member.size)
    layout, notes = _layout(path, what, member.header)
    if member.offset is None:
        _require_memory(what, member.header)
    source = ArraySource(path, layout, member.load)
    # The archive keeps a checksum of every member: it identifies the frames without unpacking them.
    identity = _identity(member.header, layout, name, lambda _: member.checksum.to_bytes(4, "little"))
    facts = _facts(path, name, member.header, layout, (*notes, *left_out), identity)
    return StackRun(_with_companions(facts, members, name, layout), source)


@dataclass(frozen=True)
class _Member:
    """One array of an archive; `offset` of its numbers in the file where they are stored plainly, else None."""

    path: Path
    entry: str
    header: ArrayHeader
    size: int
    checksum: int
    offset: int | None

    def load(self) -> npt.NDArray[Any]:
        if self.offset is not None:
            return _map(self.path, self.header, self.offset)
        with zipfile.ZipFile(self.path) as archive, archive.open(self.entry) as file:
            file.read(self.header.offset)
            data = file.read(self.header.nbytes)
        order = "F" if self.header.fortran else "C"
        return np.frombuffer(data, self.header.dtype).reshape(self.header.shape, order=order)  # type: ignore[call-overload,no-any-return]


def _members(path: Path, what: str) -> tuple[dict[str, _Member], tuple[str, ...]]:
    """The arrays of an archive by name, and a sentence on each that cannot be read; raises when all are such."""
    members: dict[str, _Member] = {}
    left_out: list[str] = []
    refused: CannotOpen | None = None
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            try:
                with archive.open(info) as file:
                    header = read_header(file, what)
            except CannotOpen as error:
                refused = error
                left_out.append(f"{info.filename} is not used: {error.cause}")
                continue
            offset = None
            if info.compress_type == zipfile.ZIP_STORED:
                offset = _data_offset(path, info) + header.offset
            members[info.filename.removesuffix(".npy")] = _Member(
                path, info.filename, header, info.file_size, info.CRC, offset
            )
    if refused is not None and not members:
        raise refused
    return members, tuple(left_out)


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin; its local header may be longer than the directory's entry."""
    with path.open("rb") as file:
        file.seek(info.header_offset + 26)
        name_length, extra_length = struct.unpack("<HH", file.read(4))
    return int(info.header_offset + 30 + name_length + extra_length)


def _choose(path: Path, members: dict[str, _Member], dataset: str | None) -> str:
    candidates = [
        found
        for name, member in members.items()
        if (found := rate(name, member.header.shape, member.header.dtype)) is not None
    ]
    if dataset is None:
        return choose(path, candidates).path
    if dataset.strip("/") in members:
        return dataset.strip("/")
    raise AmbiguousRun(
        f"{path} has no array {dataset!r}", hint="Choose one of those it has", candidates=rank(candidates)
    )


def _with_companions(facts: RunFacts, members: dict[str, _Member], chosen: str, layout: FrameLayout) -> RunFacts:
    """The facts with the mask and the columns that lie beside the frames in an archive."""
    columns: dict[str, ColumnSource] = {}
    flags: FlagImage | None = None
    notes = list(facts.warnings)
    for name, member in members.items():
        if name == chosen:
            continue
        shape = member.header.shape
        if shape == (facts.frames,) and facts.frames > 1 and member.header.dtype.kind in "biuf":
            columns[name] = ColumnSource(_column_reader(member))
        elif name.lower() in MASK_NAMES and flags is None:
            if shape != facts.shape:
                notes.append(f"{name} has shape {shape} and the frames {facts.shape}: this mask is not used")
                continue
            try:
                mask = member.load()
                convention, note = decide(mask, name)
                flags = to_flags(mask, convention)
            except MaskFault as fault:
                notes.append(f"{name} is not used as a mask: {fault}")
            except _READ_ERRORS as error:
                notes.append(f"{name} cannot be read, so no mask is used from it ({error})")
            else:
                notes += [note] if note else []
    return replace(facts, static_flags=flags, columns=LazyColumns(columns), warnings=tuple(notes))


def _column_reader(member: _Member) -> Callable[[], tuple[npt.NDArray[Any], str]]:
    return lambda: (np.array(member.load()), "")


def _facts(
    path: Path,
    dataset: str,
    header: ArrayHeader,
    layout: FrameLayout,
    notes: tuple[str, ...],
    identity: RunIdentity,
) -> RunFacts:
    if header.dtype.kind == "c":
        notes = (*notes, f"{path.name} holds complex numbers: the squared modulus is shown")
    return RunFacts(
        path=path,
        dataset=dataset,
        frames=layout.n_frames,
        shape=layout.frame_shape,
        dtype=header.dtype,
        identity=identity,
        warnings=notes,
        layout=layout,
    )


def _identity(header: ArrayHeader, layout: FrameLayout, dataset: str, sample: Callable[[int], bytes]) -> RunIdentity:
    return make_identity(layout.n_frames, (dataset, layout.frame_shape, header.dtype.str), sample=sample)


def _layout(path: Path, what: str, header: ArrayHeader) -> tuple[FrameLayout, tuple[str, ...]]:
    if not is_image_dtype(header.dtype):
        raise CannotOpen(what, cause=f"its type is {header.dtype}, not a number", hint="Save an array of numbers")
    layout, notes = read_layout(header.shape, where=str(path))
    if layout.n_frames == 0 or 0 in layout.frame_shape:
        shape = "×".join(map(str, header.shape))
        raise CannotOpen(f"{path} has no frames", cause=f"its shape is {shape}", hint="Choose a file with frames")
    return layout, notes


def _is_scattered(header: ArrayHeader, layout: FrameLayout) -> bool:
    """Whether reading one frame means to read all over a large file."""
    return header.fortran and layout.n_frames > 1 and header.nbytes > _SCATTERED_BYTES


def _stored_bytes(path: Path, header: ArrayHeader, *, last: bool) -> bytes:
    """Some of the numbers as stored, from their beginning or end: telling runs apart must not read the whole file."""
    with path.open("rb") as file:
        file.seek(header.offset + (header.nbytes - SAMPLE_PIXELS if last else 0))
        return file.read(SAMPLE_PIXELS)


def _require_complete(what: str, header: ArrayHeader, size: int) -> None:
    if size < header.offset + header.nbytes:
        raise CannotOpen(
            what,
            cause=f"the file is incomplete ({size_text(size)} of {size_text(header.offset + header.nbytes)})",
            hint="Copying or writing is not finished, or was stopped: copy it again",
        )


def _require_memory(what: str, header: ArrayHeader) -> None:
    limit = _MOST_UNPACKED_SHARE * memory_bytes()
    if header.nbytes > limit:
        raise CannotOpen(
            what,
            cause=f"unpacked it needs {size_text(header.nbytes)} of memory (the limit is {size_text(limit)})",
            hint="Save it as NPY, or as NPZ without compression (numpy.savez), which is read frame by frame",
        )


def _map(path: Path, header: ArrayHeader, offset: int) -> npt.NDArray[Any]:
    order = "F" if header.fortran else "C"
    return np.memmap(path, header.dtype, "r", offset, header.shape, order)  # type: ignore[call-overload,no-any-return]
