"""Raw binary files as runs: numbers without a header, read as the user says they lie.

Nothing in such a file says what it holds. How it is read is a `RawHeader`; its text, "raw:512x512:uint16:le:0", is
the run's `dataset`, so that whoever opens the file again with it sees the same frames.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter, CannotOpen, FrameUnreadable
from models.parameters import parameter, validate
from models.runs.hdf5.file import size_text
from models.runs.identity import make_identity, sample_bytes
from models.runs.stack import RunFacts, StackRun, native
from models.runs.types import FlagImage
from models.runs.watch import FileGuard

RAW = "raw:"
"""How the dataset of a raw file begins."""

LITTLE, BIG = "little", "big"
_TYPES = (
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float16",
    "float32",
    "float64",
)
_WIDEST = 1 << 16
_MOST_PIXELS = 1 << 28
_FORM = "raw:HEIGHTxWIDTH:TYPE[:le|be][:OFFSET][:frames=N][:gap=BYTES]"
_EXAMPLE = "for example raw:512x512:uint16:le:0"


@dataclass(frozen=True, slots=True)
class RawHeader:
    """How frames lie in a raw file. All sizes in bytes are counted in the file."""

    height: int = parameter(512, "Rows of a frame.", unit="px", low=1, high=_WIDEST)
    width: int = parameter(512, "Columns of a frame, stored next to each other.", unit="px", low=1, high=_WIDEST)
    dtype: str = parameter("uint16", "Type of a pixel.", choices=_TYPES, title="Type")
    byte_order: str = parameter(
        LITTLE, "Which byte of a number comes first: little endian on all usual machines.", choices=(LITTLE, BIG)
    )
    offset_bytes: int = parameter(
        0, "Bytes before the first frame, to be skipped.", unit="bytes", low=0, title="Offset"
    )
    gap_bytes: int = parameter(
        0, "Bytes between one frame and the next, to be skipped.", unit="bytes", low=0, title="Gap"
    )
    frames: int | None = parameter(None, "Frames to read; as many as the file holds where nothing is said.", low=1)

    @property
    def pixel_type(self) -> np.dtype[Any]:
        """As stored, with its byte order."""
        return np.dtype(self.dtype).newbyteorder("<" if self.byte_order == LITTLE else ">")

    @property
    def frame_bytes(self) -> int:
        return self.height * self.width * self.pixel_type.itemsize

    def to_text(self) -> str:
        """The header as a run's dataset; `RawHeader.from_text` reads it back."""
        order = "le" if self.byte_order == LITTLE else "be"
        text = f"{RAW}{self.height}x{self.width}:{self.dtype}:{order}:{self.offset_bytes}"
        text += f":frames={self.frames}" if self.frames is not None else ""
        return text + (f":gap={self.gap_bytes}" if self.gap_bytes else "")

    @classmethod
    def from_text(cls, text: str) -> RawHeader:
        """The header that a text says, with or without "raw:" before it.

        Raises:
            BadParameter: it cannot be read; the sentence shows the form.
        """
        wrong = BadParameter(f"{text!r} does not say how a raw file is read", cause=f"it must be {_FORM}, {_EXAMPLE}")
        parts = [part.strip() for part in text.strip().removeprefix(RAW).split(":")]
        shape = re.fullmatch(r"([0-9]{1,6})\s*[x×*,]\s*([0-9]{1,6})", parts[0])
        if shape is None or len(parts) < 2:
            raise wrong
        try:
            stored = np.dtype(parts[1])
        except (TypeError, ValueError) as error:
            raise wrong from error
        if stored.name not in _TYPES:
            raise wrong
        values: dict[str, Any] = {"byte_order": BIG} if stored.byteorder == ">" else {}
        for part in parts[2:]:
            name, _, value = part.rpartition("=")
            if part in ("le", "be"):
                values["byte_order"] = LITTLE if part == "le" else BIG
            elif name in ("", "offset", "frames", "gap") and re.fullmatch(r"[0-9]{1,18}", value):
                values[{"": "offset_bytes", "offset": "offset_bytes", "gap": "gap_bytes"}.get(name, name)] = int(
                    value
                )
            else:
                raise wrong
        return validate(cls(height=int(shape[1]), width=int(shape[2]), dtype=stored.name, **values))


@dataclass(frozen=True, slots=True)
class RawFit:
    """What a header makes of a file of some size.

    Attributes:
        frames: whole frames.
        left_over: bytes behind the last one that make no frame; negative where the file is shorter than the header
            says.
    """

    frames: int
    left_over: int


def fit(header: RawHeader, size: int) -> RawFit:
    """How many frames of this header a file of `size` bytes holds."""
    room = size - header.offset_bytes
    step = header.frame_bytes + header.gap_bytes
    whole = max(0, (room + header.gap_bytes) // step)
    frames = whole if header.frames is None else min(whole, header.frames)
    if header.frames is not None and whole < header.frames:
        needed = header.frames * step - header.gap_bytes
        return RawFit(frames, room - needed)
    used = frames * step - (header.gap_bytes if frames else 0)
    return RawFit(frames, room - used)


def is_raw(dataset: str | None) -> bool:
    """Whether a dataset is the text of a raw header."""
    return dataset is not None and dataset.startswith(RAW)


class RawHeaderNeeded(CannotOpen):
    """A file of numbers without a header: somebody has to say how it is read.

    Args:
        size: of the file, in bytes.
        guesses: headers that would fit its size, the likeliest first.
    """

    def __init__(
        self, what: str, *, cause: str = "", hint: str = "", size: int = 0, guesses: tuple[RawHeader, ...] = ()
    ) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.size = size
        self.guesses = guesses


def open_raw_run(path: Path, header: RawHeader) -> StackRun:
    """A raw file as a run, memory-mapped.

    Raises:
        CannotOpen: it is too short for a frame, or for the frames that the header says.
    """
    size = path.stat().st_size
    what = f"{path} cannot be read as {header.to_text()}"
    if header.height * header.width > _MOST_PIXELS:
        raise CannotOpen(what, cause="frames of that size are larger than any detector's", hint="Check the shape")
    fitting = fit(header, size)
    if fitting.frames == 0 or fitting.left_over < 0:
        needed = header.offset_bytes + (header.frames or 1) * (header.frame_bytes + header.gap_bytes)
        raise CannotOpen(
            what,
            cause=f"the file has {size_text(size)}, and {header.frames or 1} such frames need {size_text(needed)}",
            hint="Check height, width, type and offset",
        )
    notes = [f"The file says nothing about itself: it is read as {header.to_text()}, as it was told"]
    if fitting.left_over:
        notes.append(f"{fitting.left_over} bytes behind the last frame make no frame and are left out")
    source = RawSource(path, header, fitting.frames)
    shape = header.height, header.width
    dtype = np.dtype(header.dtype)
    facts = RunFacts(
        path=path,
        dataset=header.to_text(),
        frames=fitting.frames,
        shape=shape,
        dtype=dtype,
        identity=make_identity(fitting.frames, ("raw", shape, header.pixel_type.str), sample=source.sample),
        warnings=tuple(notes),
    )
    return StackRun(facts, source)


class RawSource:
    """Frames of a raw file."""

    def __init__(self, path: Path, header: RawHeader, frames: int) -> None:
        self._name = path.name
        self._header = header
        self._guard = FileGuard(path)
        step = header.frame_bytes + header.gap_bytes
        length = frames * step - header.gap_bytes
        self._bytes: npt.NDArray[np.uint8] | None = np.memmap(path, np.uint8, "r", header.offset_bytes, (length,))

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a frame, copied. Raises FrameUnreadable."""
        header = self._header
        try:
            self._guard.check()
            if self._bytes is None:
                raise OSError("the file was closed")
        except OSError as error:
            raise FrameUnreadable(
                f"frame {index} of {self._name} cannot be read", cause=str(error), index=index
            ) from error
        start = index * (header.frame_bytes + header.gap_bytes)
        stored = np.array(self._bytes[start : start + header.frame_bytes]).view(header.pixel_type)
        return native(stored.reshape(header.height, header.width))

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity."""
        try:
            return sample_bytes(self.read(index))
        except FrameUnreadable:
            return b""

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        self._bytes = None


def header_needed(path: Path) -> RawHeaderNeeded:
    """The refusal of a file that nothing is known of, with guesses that fit its size."""
    size = path.stat().st_size
    guesses = guess_headers(size, path.name)
    cause = f"nothing in its {size_text(size)} says what type its numbers have and how large a frame is"
    if guesses:
        cause += f" ({fit(guesses[0], size).frames} × {guesses[0].to_text().removeprefix(RAW)} would fit)"
    return RawHeaderNeeded(
        f"{path} cannot be opened by itself",
        cause=cause,
        hint="If it is raw binary, say how it is read: --raw HEIGHTxWIDTH:TYPE[:le|be][:OFFSET], for example "
        "--raw 512x512:uint16",
        size=size,
        guesses=guesses,
    )


_PILATUS, _EIGER = ("int32",), ("uint32", "uint16")
_DETECTORS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (260, 257, ()),  # pnCCD binned 4×4
    (1024, 1024, ()),  # pnCCD, Rayonix binned
    (512, 512, ()),
    (512, 1024, ()),  # Jungfrau module
    (1480, 1552, ()),  # CSPAD as Cheetah stores it
    (195, 487, _PILATUS),  # 100K
    (619, 487, _PILATUS),  # 300K
    (1043, 981, _PILATUS),  # 1M
    (1679, 1475, _PILATUS),  # 2M
    (2527, 2463, _PILATUS),  # 6M
    (514, 1030, _EIGER),  # 500K
    (1065, 1030, _EIGER),  # 1M
    (2167, 2070, _EIGER),  # 4M
    (3269, 3110, _EIGER),  # 9M
    (4371, 4150, _EIGER),  # 16M
    (2048, 2048, ()),
    (256, 256, ()),
    (128, 128, ()),
    (4096, 4096, ()),
)
_LIKELY_TYPES = ("uint16", "float32", "int32", "float64", "uint8")
_MOST_GUESSES = 8


def guess_headers(size: int, name: str) -> tuple[RawHeader, ...]:
    """Headers under which a file of `size` bytes is frames without anything left over, the likeliest first.

    What its name says (…_260_257…, …512x512…, …_f4…) goes before known detectors, and those before a single square
    frame. Never to be taken without asking.
    """
    named_type = _type_in(name)
    types = (named_type,) if named_type else _LIKELY_TYPES
    if Path(name).suffix.lower() == ".byt" and not named_type:
        types = ("uint8",)
    shapes = _shapes_in(name)
    found: list[RawHeader] = []
    for height, width, usual in (*((*shape, ()) for shape in shapes), *_DETECTORS):
        for dtype in types if named_type or not usual else usual:
            header = RawHeader(height=height, width=width, dtype=dtype)
            if size and size % header.frame_bytes == 0:
                found.append(header)
    for dtype in types:
        side = round((size / np.dtype(dtype).itemsize) ** 0.5)
        header = RawHeader(height=max(1, side), width=max(1, side), dtype=dtype)
        if header.frame_bytes == size and 16 <= side <= _WIDEST:
            found.append(header)
    named = [header for header in found if (header.height, header.width) in shapes]
    # The larger a frame, the less a fit is a matter of chance.
    others = sorted(found, key=lambda header: -header.height * header.width)
    return tuple(dict.fromkeys((*named, *others)))[:_MOST_GUESSES]


def _shapes_in(name: str) -> list[tuple[int, int]]:
    """Pairs of numbers in a file name that may be height and width."""
    found = re.findall(r"(?<![0-9])([0-9]{2,5})[xX×_]([0-9]{2,5})(?![0-9])", name)
    return [(int(a), int(b)) for a, b in found if min(int(a), int(b)) >= 16 and max(int(a), int(b)) <= _WIDEST]


def _type_in(name: str) -> str:
    """The type that a file name says, "" where it says none."""
    found = re.search(
        r"(?<![a-z])(u?int(?:8|16|32|64)|float(?:16|32|64)|[iu][1248]|f[248])(?![0-9a-z])", name.lower()
    )
    return np.dtype(found[1]).name if found else ""
