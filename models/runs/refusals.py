"""One clear sentence for files that are no runs: what they are, and what to do."""

from __future__ import annotations

import bz2
import lzma
import re
import shlex
import zlib
from pathlib import Path

import numpy as np

from models.errors import CannotOpen

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

_PICTURE_HINT = "Open the data it was drawn from"
_CONVERT_HINT = "Convert it to HDF5, TIFF or NPY"
_MATLAB_HINT = "Save it with MATLAB's save(…, '-v7.3'), which writes HDF5, or write the array with numpy.save"
_KNOWN: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "it is a Git LFS placeholder, not the data", "Run 'git lfs pull' and open it again"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd", "Decompress it first (unzstd)"),
    (b"\x0e\x03\x13\x01", "it is an HDF4 file", "Convert it to HDF5 (h4toh5)"),
    (b"MATLAB 5.0", "it is an old MATLAB file", _MATLAB_HINT),
    (b"\x89PNG", "it is a PNG picture, not detector data", _PICTURE_HINT),
    (b"\xff\xd8\xff", "it is a JPEG picture, not detector data", _PICTURE_HINT),
    (b"GIF8", "it is a GIF picture, not detector data", _PICTURE_HINT),
    (b"%PDF", "it is a PDF document", _PICTURE_HINT),
    (b"SIMPLE  =", "FITS files are not supported", _CONVERT_HINT),
    (b"CDF\x01", "it is a NetCDF 3 file", "Convert it to NetCDF 4 or HDF5"),
    (b"CDF\x02", "it is a NetCDF 3 file", "Convert it to NetCDF 4 or HDF5"),
    (b"Rar!", "it is a RAR archive", "Unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive", "Unpack it first"),
)
_PACKED = (
    (b"\x1f\x8b", "gzip", "gunzip -k"),
    (b"BZh", "bzip2", "bunzip2 -k"),
    (b"\xfd7zXZ\0", "xz", "unxz -k"),
)
_INSIDE = (
    (HDF5_MAGIC, "an HDF5 file"),
    (b"\x93NUMPY", "an NPY array"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"II*\0", "a TIFF file"),
    (b"MM\0*", "a TIFF file"),
    (b"###CBF", "a CBF file"),
)
_MOST_UNPACKED = 1 << 16
_ENOUGH_PACKED = 1 << 20  # bzip2 gives nothing before a whole block of up to 900 kB
_XTC_HINT = "Raw XTC data need calibration by psana: export the frames to HDF5 or CXI and open that"
_TEXT_HINT = "Choose an HDF5, CXI, NPY or TIFF file"
_OTHERS_SUFFIX = re.compile(
    r"\.(h5|hdf5?|cxi|nxs?|nx5|emd|emc|np[yz]|tiff?|mccd|edf|cbf|mat|zip|gz|bz2|xz|zst|png|jpe?g|gif|pdf|fits|nc|txt|csv"
    r"|json|toml|ya?ml|py|exe|so|sqlite|db|pkl|pickle)",
    re.IGNORECASE,
)
"""Endings of files that are something else than raw numbers, whatever is wrong with them."""


def known_magic(start: bytes) -> tuple[str, str] | None:
    """(what it is, what to do) for a file of a known kind that is no run, from its first bytes."""
    for magic, cause, hint in _KNOWN:
        if start.startswith(magic):
            return cause, hint
    for magic, packer, _ in _PACKED:
        if start.startswith(magic):
            return f"it is compressed with {packer}", "Decompress it first"
    return None


def unpacked_start(path: Path) -> bytes:
    """The first bytes of what a gzip, bzip2 or xz file holds, a bounded number; b"" where there are none."""
    try:
        with path.open("rb") as file:
            packed = file.read(_ENOUGH_PACKED)
        if packed.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, _MOST_UNPACKED)
        if packed.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(packed, _MOST_UNPACKED)
        if packed.startswith(b"\xfd7zXZ\0"):
            return lzma.LZMADecompressor(memlimit=1 << 28).decompress(packed, _MOST_UNPACKED)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return b""
    return b""


def refusal(path: Path, start: bytes) -> CannotOpen:
    """The sentence for a file that begins with these bytes and is of no format that is read."""
    from models.runs.raw import header_needed

    what = f"{path} cannot be opened"
    if not start:
        return CannotOpen(
            what, cause="the file is empty (0 bytes)", hint="Copy it again, or wait until it is written"
        )
    for magic, packer, command in _PACKED:
        if start.startswith(magic):
            inside = _whats_inside(unpacked_start(path))
            return CannotOpen(
                what,
                cause=f"it is {inside} compressed with {packer}",
                hint=f"Decompress it and open what comes out: {command} {shlex.quote(str(path))}",
            )
    if (known := known_magic(start)) is not None:
        return CannotOpen(what, cause=known[0], hint=known[1])
    suffix = path.suffix.lower()
    if suffix in (".xtc", ".xtc2") or _looks_like_xtc(start):
        return CannotOpen(what, cause="it is a raw LCLS file", hint=_XTC_HINT)
    if suffix in (".pkl", ".pickle", ".p") and start[:1] == b"\x80":
        return CannotOpen(
            what,
            cause="it is a Python pickle, which could run code when loaded and is never read",
            hint="Save the array with numpy.save",
        )
    if HDF5_MAGIC[1:4] == start[1:4]:
        return CannotOpen(what, cause="the HDF5 header is damaged", hint="Copy the file again from its origin")
    if _is_text(start):
        return _text_refusal(what, start)
    if not _OTHERS_SUFFIX.fullmatch(path.suffix):
        return header_needed(path)
    if not start.strip(b"\0"):
        return CannotOpen(
            what, cause="its beginning holds only zeros", hint="The copy may be unfinished: copy it again"
        )
    return CannotOpen(
        what,
        cause="its content is of no format that Friedel reads",
        hint="Choose an HDF5, CXI, NeXus, NPY, NPZ, EMC or TIFF file or a folder of frames; raw binary is read "
        "with --raw HEIGHTxWIDTH:TYPE",
    )


def _whats_inside(start: bytes) -> str:
    for magic, name in _INSIDE:
        if start.startswith(magic):
            return name
    return "a tar archive" if start[257:262] == b"ustar" else "a file"


def _text_refusal(what: str, start: bytes) -> CannotOpen:
    """The sentence for a text: files that belong to runs are told apart from other texts."""
    text = start.decode("utf-8", "replace")
    lines = text.strip().splitlines()
    first = lines[0][:40] if lines else ""
    cause, hint = f"it is a text file (it begins with {first!r})", _TEXT_HINT
    if len(lines) > 1 and re.fullmatch(r"[0-9]+( +[-+.0-9eE]+){0,2}", lines[0].strip()) and _is_row(lines[1]):
        cause, hint = "it is a detector file of Dragonfly, without frames", "Open the photons beside it (.emc or .h5)"
    elif re.search(r"^\S*\s*=", text, re.MULTILINE) and re.search(r"(min_fs|corner_x)\s*=", text):
        cause = "it is a CrystFEL geometry, without frames"
        hint = "Open the run first, then load the geometry in the dock Detector"
    elif lines and _is_number_row(lines[0]) and _is_number_row(lines[-2 if len(lines) > 2 else -1]):
        cause = "it is a table of numbers written as text"
        hint = (
            "Save it as an array (numpy.save('frames.npy', numpy.loadtxt(…))), which is opened without reading it all"
        )
    elif re.search(r"^#\s*HDR\s+PARENT", text, re.MULTILINE):
        cause = "it is a psana geometry, without frames"
        hint = (
            "Convert it to a CrystFEL .geom file with psana's tools, open the run, and load that in the dock Detector"
        )
    return CannotOpen(what, cause=cause, hint=hint)


def _is_row(line: str) -> bool:
    words = line.split()
    try:
        return len(words) == 5 and all(abs(float(word)) < 1e12 for word in words)
    except ValueError:
        return False


def _is_number_row(line: str) -> bool:
    words = re.split(r"[\s,;]+", line.strip())
    try:
        return len(words) >= 16 and all(word == "" or np.isfinite(float(word)) for word in words)
    except ValueError:
        return False


def _is_text(start: bytes) -> bool:
    if re.search(rb"[\0-\x06\x0e-\x1a\x1c-\x1f]", start):
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(start) - 4  # a letter cut in half at the end
    return True


def _looks_like_xtc(start: bytes) -> bool:
    """Whether the bytes are an LCLS datagram: clock, time stamp, environment, then an XTC container of type 1."""
    if len(start) < 60:
        return False
    word = [int.from_bytes(start[i : i + 4], "little") for i in range(0, 40, 4)]
    type_id, extent = word[8], word[9]
    return type_id & 0xFFFF == 1 and type_id >> 16 <= 4 and 20 <= extent < 1 << 30 and extent % 4 == 0
