"""Headers of EDF, CBF and ADSC files: size, type and place of their pixels, and what the beamline wrote beside them.

EDF after the ESRF's data format: a block of "key = value ;" lines in braces, a multiple of 512 bytes long, then the
pixels; more such blocks may follow. CBF after CBFlib's mini header: text, then one binary section behind a MIME
header. ADSC's IMG is like EDF with other keys. What is read here decides; fabio decodes only what fits the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

EDF, CBF, ADSC = "EDF", "CBF", "ADSC"
_LONGEST_HEADER = 1 << 20
_STEP = 8192
_LARGEST_SIDE = 1 << 16
_MOST_FRAMES = 1_000_000
CBF_BINARY = b"\x0c\x1a\x04\xd5"
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")

_EDF_TYPES = {
    "signedbyte": "i1",
    "unsignedbyte": "u1",
    "signedshort": "i2",
    "unsignedshort": "u2",
    "signedinteger": "i4",
    "unsignedinteger": "u4",
    "signedlong": "i4",
    "unsignedlong": "u4",
    "signed64": "i8",
    "unsigned64": "u8",
    "float": "f4",
    "floatvalue": "f4",
    "floatieee32": "f4",
    "double": "f8",
    "doublevalue": "f8",
    "floatieee64": "f8",
}
_CBF_TYPES = {"8": "1", "16": "2", "32": "4", "64": "8"}
_ADSC_TYPES = {"unsigned_short": "u2", "signed_short": "i2", "long": "i4", "unsigned_long": "u4", "float": "f4"}
_STRUCTURE = re.compile(
    r"^(headerid|image|versionnumber|byteorder|datatype|dim(_\d+)?|size(\d+)?|edf_.*|header_bytes|type|byte_order|"
    r"compression|binarysize|cbf.*|n_excluded_pixels|offset(_\d+)?|bsize(_\d+)?|rasteraxesconfiguration)$",
    re.IGNORECASE,
)
_LISTS = (("motor_mne", "motor_pos"), ("counter_mne", "counter_pos"))


class BadPicture(ValueError):
    """A header that cannot be read, or that the file cannot hold; the text says why."""


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """One picture of a file.

    Attributes:
        kind: "EDF", "CBF" or "ADSC".
        height, width: pixels.
        dtype: of a pixel, in native byte order.
        start: where its block begins in the file, header and all.
        data_start: where its stored pixels begin.
        data_bytes: how long they are as stored.
        compressed: whether their length says nothing of the picture's size.
        values: what the header says, as text.
    """

    kind: str
    height: int
    width: int
    dtype: np.dtype[Any]
    start: int
    data_start: int
    data_bytes: int
    compressed: bool
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """Where the picture's block ends."""
        return self.data_start + self.data_bytes

    def missing_bytes(self, size: int) -> int:
        """How far a file of `size` bytes ends before the picture does."""
        return max(0, self.end - size)

    @property
    def text(self) -> str:
        """All that the header says, on lines: detectors write their comments into several keys."""
        return "\n".join(f"{name} {value}" if self.kind == EDF else value for name, value in self.values.items())


def kind_of_picture(start: bytes) -> str | None:
    """ "EDF", "CBF" or "ADSC" by a file's first bytes, None where it is none of them."""
    if start.startswith(b"###CBF"):
        return CBF
    head = start[:4096].lstrip()
    if not head.startswith(b"{"):
        return None
    if re.match(rb"\{\s*HEADER_BYTES\s*=", head):
        return ADSC
    return EDF if re.search(rb"\b(HeaderID|EDF_DataBlockID|Dim_1|DataType|ByteOrder)\s*=", head) else None


def read_picture_header(file: IO[bytes], start: int = 0) -> PictureHeader:
    """The header of the picture whose block begins at `start`.

    Raises:
        BadPicture: there is none, or it makes no sense.
        OSError: the file cannot be read.
    """
    file.seek(start)
    head = file.read(_STEP)
    kind = kind_of_picture(head)
    if kind is None:
        raise BadPicture("it does not begin like an EDF, CBF or ADSC file")
    end_mark = CBF_BINARY if kind == CBF else b"}"
    while end_mark not in head:
        more = file.read(_STEP)
        if not more or len(head) > _LONGEST_HEADER:
            raise BadPicture("its header does not end")
        head += more
    found = {EDF: _edf, CBF: _cbf, ADSC: _adsc}[kind](head, start)
    if not (0 < found.height <= _LARGEST_SIDE and 0 < found.width <= _LARGEST_SIDE):
        raise BadPicture(f"its header claims {found.height}×{found.width} pixels")
    pixels = found.height * found.width
    if found.data_bytes < (pixels if found.kind == CBF else pixels * found.dtype.itemsize) and not (
        found.compressed and found.kind == EDF
    ):
        raise BadPicture(f"its header claims {found.height}×{found.width} pixels in {found.data_bytes} bytes")
    return found


def pictures_in(file: IO[bytes], size: int) -> Iterator[PictureHeader]:
    """All pictures of a file, one after the other; only EDF has more than one.

    Raises:
        BadPicture: the first one cannot be read. What follows it ends the file where it cannot.
    """
    found = read_picture_header(file)
    yield found
    for _ in range(_MOST_FRAMES):
        if found.kind != EDF or found.end >= size:
            return
        try:
            found = read_picture_header(file, found.end)
        except BadPicture:
            return
        yield found


def numbers_in(header: PictureHeader) -> dict[str, tuple[float, str]]:
    """The numbers that the header says, by name, with their units ("" where it gives none)."""
    if header.kind == CBF:
        return _numbers_in_lines(header.values.get("header_contents", ""))
    found: dict[str, tuple[float, str]] = {}
    values = {name.lower(): value for name, value in header.values.items()}
    for names, numbers in _LISTS:
        for name, number in zip(values.get(names, "").split(), values.get(numbers, "").split(), strict=False):
            if _NUMBER.fullmatch(number):
                found[name] = (float(number), "")
    for name, value in header.values.items():
        if value.lstrip().startswith("#"):
            found.update(_numbers_in_lines(value))
        elif not _STRUCTURE.match(name) and _NUMBER.fullmatch(value.strip()):
            found[name] = (float(value), "s" if name.lower() in ("count_time", "exposuretime", "time") else "")
    return found


def _numbers_in_lines(text: str) -> dict[str, tuple[float, str]]:
    """Numbers in lines like "# Exposure_time 0.5000000 s" or "# Tau = 125.0e-09 s"."""
    found = {}
    for line in text.splitlines():
        match = re.match(rf"#?\s*([A-Za-z]\w*)\s*[:=]?\s+({_NUMBER.pattern})\s*([A-Za-zµ°.]*)\s*$", line.strip())
        if match and not _STRUCTURE.match(match[1]):
            unit = match[3].rstrip(".")
            found[match[1]] = (float(match[2]), "°" if unit == "deg" else unit)
    return found


def _edf(head: bytes, start: int) -> PictureHeader:
    end = head.index(b"}") + 1
    end += 2 if head[end : end + 2] == b"\r\n" else 1  # a line end follows
    values = _pairs(head[:end])
    keys = {name.lower(): value for name, value in values.items()}
    width, height = _whole(keys, "dim_1"), _whole(keys, "dim_2", 1)
    if _whole(keys, "dim_3", 1) > 1:
        raise BadPicture("it holds a volume, not pictures")
    kind = keys.get("datatype", "").lower().replace(" ", "")
    if kind not in _EDF_TYPES:
        raise BadPicture(f"its pixels are of the type {keys.get('datatype', '')!r}, which cannot be read")
    dtype = np.dtype(_EDF_TYPES[kind])
    compressed = keys.get("compression", "none").lower() not in ("none", "no_specific", "")
    stored = _whole(keys, "edf_binarysize", _whole(keys, "size", width * height * dtype.itemsize))
    block = _whole(keys, "edf_headersize", 0)
    length = block if end <= block <= _LONGEST_HEADER else end
    return PictureHeader(EDF, height, width, dtype, start, start + length, stored, compressed, values)


def _adsc(head: bytes, start: int) -> PictureHeader:
    values = _pairs(head[: head.index(b"}") + 1])
    dtype = np.dtype(_ADSC_TYPES.get(values.get("TYPE", "unsigned_short").lower(), "u2"))
    width, height, length = (_whole(values, name) for name in ("SIZE1", "SIZE2", "HEADER_BYTES"))
    return PictureHeader(
        ADSC, height, width, dtype, start, start + length, height * width * dtype.itemsize, False, values
    )


def _cbf(head: bytes, start: int) -> PictureHeader:
    place = head.index(CBF_BINARY)
    text = head[:place].decode("latin-1")
    mime = dict(re.findall(r"^(X-Binary-[\w-]+):\s*\"?([^\"\r\n]+?)\"?\s*$", text, re.MULTILINE))
    kind = re.search(r"(un)?signed\s+(8|16|32|64)-bit integer", mime.get("X-Binary-Element-Type", ""))
    if kind is None:
        raise BadPicture("its pixels are of a type that cannot be read")
    contents = re.search(r"_array_data\.header_contents\s*\r?\n;(.*?)\r?\n;", text, re.DOTALL)
    values = {"header_contents": contents[1] if contents else "", **mime}
    return PictureHeader(
        CBF,
        _whole(mime, "X-Binary-Size-Second-Dimension"),
        _whole(mime, "X-Binary-Size-Fastest-Dimension"),
        np.dtype(("u" if kind[1] else "i") + _CBF_TYPES[kind[2]]),
        start,
        start + place + len(CBF_BINARY),
        _whole(mime, "X-Binary-Size"),
        True,
        values,
    )


def _pairs(block: bytes) -> dict[str, str]:
    """The values of a block in braces."""
    text = block.decode("latin-1").strip().strip("{}")
    found = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip():
            found[name.strip()] = value.strip()
    return found


def _whole(values: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = values.get(name, "").strip()
    if not text and default is not None:
        return default
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise BadPicture(f"its header gives {text!r} for {name}")
    return int(text)
