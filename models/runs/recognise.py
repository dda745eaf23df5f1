"""What kind of run a path is, from its first bytes."""

from __future__ import annotations

import os
from pathlib import Path

from models.errors import CannotOpen
from models.runs.pictures_header import kind_of_picture
from models.runs.pictures_read import is_packed
from models.runs.refusals import HDF5_MAGIC, known_magic, refusal, unpacked_start

_ENOUGH = 4096
_LAST_USER_BLOCK = 1 << 24


def recognise(path: Path, dataset: str | None = None) -> str:
    """The kind of run at `path`.

    It is one of "hdf5", "npy", "npz", "tiff", "picture" (EDF, CBF, ADSC), "emc", "raw", "euxfel" and "folder".

    Content decides; the suffix only breaks ties. A file is "raw" only where `dataset` says so ("raw:…").

    Raises:
        CannotOpen: it is missing, unreadable, empty, or something else; the sentence says which and what to do.
        RawHeaderNeeded: a CannotOpen for what may be raw numbers.
    """
    from models.runs.raw import is_raw

    what = f"{path} cannot be opened"
    if "\0" in str(path):
        raise CannotOpen(
            f"{str(path)!r} cannot be opened", cause="the path contains a NUL character", hint="Check the path"
        )
    try:
        if path.is_dir():
            with os.scandir(path) as entries:
                next(entries, None)  # asks for permission as reading the folder will
            from models.runs.euxfel.recognition import is_euxfel_folder

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
            kind = "raw" if is_raw(dataset) and start else _kind_of(start)
            if kind is None and _has_user_block(file):
                kind = "hdf5"
            if kind is None and _is_emc(path, start):
                kind = "emc"
            if kind is None and is_packed(path) and kind_of_picture(unpacked_start(path)) is not None:
                kind = "picture"
    except PermissionError as error:
        raise CannotOpen(what, cause="you have no permission to read it", hint="Ask its owner") from error
    except OSError as error:
        cause = error.strerror or str(error)
        raise CannotOpen(what, cause=f"reading it fails ({cause})", hint="Check the disk or the network") from error
    if kind is None:
        raise refusal(path, start)
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
    return "picture" if kind_of_picture(start) is not None else None


def _is_emc(path: Path, start: bytes) -> bool:
    """Whether the file is one of Dragonfly's: its header has no magic number, but little else looks like it."""
    from models.runs.emc import parse_emc_header

    header = parse_emc_header(start)
    if path.suffix.lower() == ".emc":
        return header is not None or known_magic(start) is None
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
