"""The few fields of a TIFF file's first directory that tell whether it is a frame (TIFF 6.0 and BigTIFF).

tifffile reads everything and takes half a millisecond per file; a folder of frames has thousands of files.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _DESCRIPTION = 256, 257, 258, 259, 270
_STRIP_OFFSETS, _SAMPLES, _STRIP_BYTES, _FORMAT = 273, 277, 279, 339
_TILE_OFFSETS, _TILE_BYTES = 324, 325
_WANTED = {
    _WIDTH,
    _HEIGHT,
    _BITS,
    _COMPRESSION,
    _DESCRIPTION,
    _STRIP_OFFSETS,
    _SAMPLES,
    _STRIP_BYTES,
    _FORMAT,
    _TILE_OFFSETS,
    _TILE_BYTES,
}
_TYPE_CODES = {1: "B", 2: "s", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_KINDS = {1: "u", 2: "i", 3: "f", 6: "c"}
_MOST_ENTRIES = 4096
_MOST_VALUES = 1 << 20


class BadTiff(ValueError):
    """Not a TIFF file, or one whose first directory is damaged; the text says how."""


@dataclass(frozen=True, slots=True)
class TiffHeader:
    """The first picture of a TIFF file.

    Attributes:
        height, width: pixels.
        samples: channels per pixel.
        dtype: numpy type of a channel.
        compressed: whether its pixels are compressed.
        missing_bytes: how far the file ends before the picture does.
        description: the text beside it.
    """

    height: int
    width: int
    samples: int
    dtype: np.dtype[Any]
    compressed: bool
    missing_bytes: int
    description: str


def read_tiff_header(path: Path) -> TiffHeader:
    """The first picture's header.

    Raises:
        BadTiff: not TIFF, or damaged.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            tags = _first_directory(file, size)
        except struct.error as error:
            raise BadTiff("its directory is cut short") from error
    try:
        width, height = int(tags[_WIDTH][0]), int(tags[_HEIGHT][0])
        bits = int(tags.get(_BITS, (1,))[0])
        samples = int(tags.get(_SAMPLES, (1,))[0])
        kind = _KINDS.get(int(tags.get(_FORMAT, (1,))[0]), "u")
        compression = int(tags.get(_COMPRESSION, (1,))[0])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadTiff("its size is not told") from error
    if width <= 0 or height <= 0:
        raise BadTiff("its size is zero")
    offsets = tags.get(_STRIP_OFFSETS) or tags.get(_TILE_OFFSETS) or ()
    lengths = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or ()
    if not offsets:
        raise BadTiff("it holds no pixels")
    end = max((int(a) + int(b) for a, b in zip(offsets, lengths, strict=False)), default=0)
    description = tags.get(_DESCRIPTION, (b"",))[0]
    return TiffHeader(
        height=height,
        width=width,
        samples=samples,
        dtype=_dtype(kind, bits),
        compressed=compression != 1,
        missing_bytes=max(0, end - size),
        description=description.decode("utf-8", "replace") if isinstance(description, bytes) else "",
    )


def _dtype(kind: str, bits: int) -> np.dtype[Any]:
    if bits == 1:
        return np.dtype(np.bool_)
    try:
        return np.dtype(f"{kind}{max(1, -(-bits // 8))}")
    except TypeError as error:
        raise BadTiff(f"pixels of {bits} bits cannot be read") from error


def _first_directory(file: IO[bytes], size: int) -> dict[int, tuple[Any, ...]]:
    """Values of the wanted tags."""
    start = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None:
        raise BadTiff("it is not a TIFF file")
    version = struct.unpack(order + "H", start[2:4])[0]
    if version == 42:
        offset, count_code, entry_code, inline = struct.unpack(order + "I", start[4:8])[0], "H", "HHI4s", 4
    elif version == 43:
        offset, count_code, entry_code, inline = struct.unpack(order + "Q", start[8:16])[0], "Q", "HHQ8s", 8
    else:
        raise BadTiff("it is not a TIFF file")
    file.seek(min(offset, size))
    count_size = struct.calcsize(order + count_code)
    count = struct.unpack(order + count_code, file.read(count_size))[0]
    if not 0 < count <= _MOST_ENTRIES:
        raise BadTiff("its directory is damaged")
    length = struct.calcsize(order + entry_code)
    entries = file.read(length * count)
    tags: dict[int, tuple[Any, ...]] = {}
    for place in range(count):
        tag, kind, number, value = struct.unpack_from(order + entry_code, entries, place * length)
        code = _TYPE_CODES.get(kind)
        if tag not in _WANTED or code is None or not 0 < number <= _MOST_VALUES:
            continue
        form = f"{order}{number}{code}"
        needed = struct.calcsize(form)
        if needed > inline:
            where = struct.unpack(order + ("I" if inline == 4 else "Q"), value)[0]
            if where + needed > size:
                raise BadTiff("its directory points behind the end of the file")
            file.seek(where)
            value = file.read(needed)
        tags[tag] = struct.unpack(form, value[:needed])
    return tags
