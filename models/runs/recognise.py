"""What kind of file a path is, from its first bytes; and one clear sentence for those that are not runs."""

from __future__ import annotations

from pathlib import Path

from models.errors import CannotOpen

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_ENOUGH = 4096
_LAST_USER_BLOCK = 1 << 24

_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "it is a Git LFS placeholder, not the data", "Run 'git lfs pull' and open it again"),
    (b"\x1f\x8b", "it is compressed with gzip", "Decompress it first (gunzip)"),
    (b"BZh", "it is compressed with bzip2", "Decompress it first (bunzip2)"),
    (b"\xfd7zXZ\0", "it is compressed with xz", "Decompress it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd", "Decompress it first (unzstd)"),
    (b"\x0e\x03\x13\x01", "it is an HDF4 file", "Convert it to HDF5 (h4toh5)"),
    (b"MATLAB 5.0", "it is an old MATLAB file", "Save it with MATLAB's -v7.3 option, which writes HDF5"),
    (b"\x89PNG", "it is a PNG picture, not detector data", "Open the data it was drawn from"),
    (b"\xff\xd8\xff", "it is a JPEG picture, not detector data", "Open the data it was drawn from"),
    (b"%PDF", "it is a PDF document", "Open the data it was drawn from"),
    (b"###CBF", "CBF files are not supported yet", "Convert it to HDF5, TIFF or NPY"),
    (b"SIMPLE  =", "FITS files are not supported", "Convert it to HDF5, TIFF or NPY"),
    (b"CDF\x01", "it is a NetCDF 3 file", "Convert it to NetCDF 4 or HDF5"),
    (b"CDF\x02", "it is a NetCDF 3 file", "Convert it to NetCDF 4 or HDF5"),
)
_XTC_HINT = "Raw XTC data need calibration by psana: export the frames to HDF5 or CXI and open that"


def recognise(path: Path) -> str:
    """The kind of run at `path`: "hdf5", "npy", "npz", "tiff", "emc", "euxfel" or "folder".

    Content decides; the suffix only breaks ties.

    Raises:
        CannotOpen: it is missing, unreadable, empty, or something else; the sentence says which and what to do.
    """
    what = f"{path} cannot be opened"
    if "\0" in str(path):
        raise CannotOpen(
            f"{str(path)!r} cannot be opened", cause="the path contains a NUL character", hint="Check the path"
        )
    try:
        if path.is_dir():
            next(path.iterdir(), None)  # asks for permission as reading the folder will
            from models.runs.euxfel.run import is_euxfel_folder

            return "euxfel" if is_euxfel_folder(path) else "folder"
        if not path.exists():
            hint = "Check the path; a network folder may not be mounted"
            if path.is_symlink():
                raise CannotOpen(what, cause=f"it is a link to {path.readlink()}, which is missing", hint=hint)
            raise CannotOpen(what, cause="there is no such file", hint=hint)
        if not path.is_file():
            raise CannotOpen(what, cause="it is neither a file nor a folder", hint="Choose a data file")
        with path.open("rb") as file:
            start = file.read(_ENOUGH)
            kind = _kind_of(start)
            if kind is None and _has_user_block(file):
                kind = "hdf5"
            if kind is None and _is_emc(path, start):
                kind = "emc"
    except PermissionError as error:
        raise CannotOpen(what, cause="you have no permission to read it", hint="Ask its owner") from error
    except OSError as error:
        cause = error.strerror or str(error)
        raise CannotOpen(what, cause=f"reading it fails ({cause})", hint="Check the disk or the network") from error
    if kind is None:
        raise _refusal(path, what, start)
    return kind


def _kind_of(start: bytes) -> str | None:
    if start.startswith(HDF5_MAGIC):
        return "hdf5"
    if start.startswith(b"\x93NUMPY"):
        return "npy"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    return None


def _is_emc(path: Path, start: bytes) -> bool:
    """Whether the file is one of Dragonfly's: its header has no magic number, but little else looks like it."""
    from models.runs.emc import parse_emc_header

    header = parse_emc_header(start)
    if path.suffix.lower() == ".emc":
        return header is not None or _refused_magic(start) is None
    return header is not None and header.frames > 0 and path.stat().st_size >= header.least_bytes


def _has_user_block(file: object) -> bool:
    """Whether an HDF5 file begins behind a user block (at 512, 1024, 2048 … bytes)."""
    place = 512
    while place <= _LAST_USER_BLOCK:
        file.seek(place)  # type: ignore[attr-defined]
        head: bytes = file.read(len(HDF5_MAGIC))  # type: ignore[attr-defined]
        if head == HDF5_MAGIC:
            return True
        if len(head) < len(HDF5_MAGIC):
            return False
        place *= 2
    return False


def _refusal(path: Path, what: str, start: bytes) -> CannotOpen:
    """The sentence for a file that is not a run."""
    if not start:
        return CannotOpen(
            what, cause="the file is empty (0 bytes)", hint="Copy it again, or wait until it is written"
        )
    if (known := _refused_magic(start)) is not None:
        return CannotOpen(what, cause=known[0], hint=known[1])
    suffix = path.suffix.lower()
    if suffix in (".xtc", ".xtc2"):
        return CannotOpen(what, cause="it is a raw LCLS file", hint=_XTC_HINT)
    if HDF5_MAGIC[1:4] == start[1:4]:
        return CannotOpen(what, cause="the HDF5 header is damaged", hint="Copy the file again from its origin")
    if start.lstrip()[:1] == b"{" and b"HeaderID" in start:
        return CannotOpen(what, cause="EDF files are not supported yet", hint="Convert it to HDF5, TIFF or NPY")
    if not start.strip(b"\0"):
        return CannotOpen(
            what, cause="its beginning holds only zeros", hint="The copy may be unfinished: copy it again"
        )
    if _is_text(start):
        first = start.decode("utf-8", "replace").strip().splitlines()
        shown = first[0][:40] if first else ""
        return CannotOpen(
            what, cause=f"it is a text file (it begins with {shown!r})", hint="Choose an HDF5, CXI, NPY or TIFF file"
        )
    if len(start) >= 60 and _looks_like_xtc(start):
        return CannotOpen(what, cause="it is a raw LCLS file", hint=_XTC_HINT)
    return CannotOpen(
        what,
        cause="its content is of no format that Friedel reads",
        hint="Choose an HDF5, CXI, NeXus, NPY, NPZ or TIFF file, or a folder of TIFF files",
    )


def _refused_magic(start: bytes) -> tuple[str, str] | None:
    """(what it is, what to do) for a file of a known kind that is no run."""
    for magic, cause, hint in _REFUSED:
        if start.startswith(magic):
            return cause, hint
    return None


def _is_text(start: bytes) -> bool:
    if b"\0" in start:
        return False
    try:
        start[: _ENOUGH - 4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(start) - 8  # a letter cut in half at the end
    return True


def _looks_like_xtc(start: bytes) -> bool:
    """Whether the bytes are an LCLS datagram: clock, time stamp, environment, then an XTC container of type 1."""
    word = [int.from_bytes(start[i : i + 4], "little") for i in range(0, 40, 4)]
    type_id, extent = word[8], word[9]
    return type_id & 0xFFFF == 1 and type_id >> 16 <= 4 and 20 <= extent < 1 << 30 and extent % 4 == 0
