"""What in a folder may be a run: found by names and first bytes, without opening anything."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.runs.euxfel.names import parse_file_name
from models.runs.pictures import PICTURES
from models.runs.pictures_folder import natural_key
from models.runs.tiff import TIFF_FILES

_RUN_SUFFIXES = (".cxi", ".h5", ".hdf5", ".hdf", ".nxs", ".nx", ".emd", ".mat", ".npy", ".npz", ".emc")
_PICTURES = (*TIFF_FILES.suffixes, *PICTURES.suffixes)
_MAGIC = (b"\x89HDF\r\n\x1a\n", b"\x93NUMPY")
_OWN = ".friedel"
_PART = re.compile(r"^(?P<stem>.+)_data_\d{6}\.h5$")
_MOST_LOOKED_INTO = 2000


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be a run.

    Attributes:
        path: a file, or a folder that is one run.
        modified_s: when it, or the newest of its files, was last written to, seconds since 1970.
        bytes: its size, or that of its files.
        newest: the file written to last.
    """

    path: Path
    modified_s: float
    bytes: int
    newest: Path


@dataclass
class _Content:
    """What one folder holds, by what it is to us."""

    folders: list[str] = field(default_factory=list)
    facility: list[os.DirEntry[str]] = field(default_factory=list)
    pictures: list[os.DirEntry[str]] = field(default_factory=list)
    files: list[os.DirEntry[str]] = field(default_factory=list)
    parts: list[os.DirEntry[str]] = field(default_factory=list)


def walk(folder: Path, depth: int, notes: list[str]) -> Generator[Path, None, list[Candidate]]:
    """Look through a folder and its sub-folders; each is yielded before it is looked into.

    A folder of European XFEL files, or of several pictures, is one run. Data files of a detector's master file belong
    to it. Hidden files and folders, and Friedel's own, are left alone; a folder that is reached twice (by links) is
    looked into once.

    Args:
        folder: where to begin.
        depth: levels of sub-folders to look into; 0 for none.
        notes: gets a sentence for every folder that cannot be looked into.

    Returns:
        What may be a run, in natural order of the names.
    """
    found: list[Candidate] = []
    seen: set[tuple[int, int]] = set()
    waiting = [(folder, 0)]
    while waiting:
        here, level = waiting.pop()
        yield here
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            content = _sort_out(here)
        except OSError as error:
            notes.append(f"{here} cannot be looked into ({error.strerror or error})")
            continue
        found += _candidates(here, content)
        if level < depth:
            # The last one is taken up first: in reverse, folders come in natural order.
            waiting += [(here / name, level + 1) for name in sorted(content.folders, key=natural_key, reverse=True)]
    return sorted(found, key=lambda candidate: natural_key(str(candidate.path.relative_to(folder))))


def _sort_out(folder: Path) -> _Content:
    content = _Content()
    others: list[os.DirEntry[str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if not entry.name.endswith(_OWN):
                    content.folders.append(entry.name)
            elif parse_file_name(entry.name) is not None:
                content.facility.append(entry)
            elif entry.name.lower().endswith(_PICTURES):
                content.pictures.append(entry)
            elif entry.name.lower().endswith(_RUN_SUFFIXES):
                content.files.append(entry)
            else:
                others.append(entry)
    masters = {entry.name[: -len("_master.h5")] for entry in content.files if entry.name.endswith("_master.h5")}
    parts = [e for e in content.files if (part := _PART.match(e.name)) is not None and part["stem"] in masters]
    content.parts = parts
    gone = {entry.name for entry in parts}
    content.files = [entry for entry in content.files if entry.name not in gone]
    content.files += [entry for entry in others[:_MOST_LOOKED_INTO] if _begins_like_a_run(entry.path)]
    return content


def _candidates(folder: Path, content: _Content) -> Iterator[Candidate]:
    whole = content.facility or (content.pictures if len(content.pictures) > 1 else [])
    if whole and (made := _candidate(folder, whole)) is not None:
        yield made
    if content.facility:
        return
    for entry in content.files if whole else [*content.files, *content.pictures]:
        parts = [part for part in content.parts if entry.name == f"{part.name.rsplit('_data_', 1)[0]}_master.h5"]
        if (made := _candidate(Path(entry.path), [entry, *parts])) is not None:
            yield made


def _candidate(path: Path, entries: Sequence[os.DirEntry[str]]) -> Candidate | None:
    size, newest, modified = 0, None, 0.0
    for entry in entries:
        try:
            status = entry.stat()
        except OSError:  # a link that leads nowhere, or gone since
            continue
        size += status.st_size
        if newest is None or status.st_mtime > modified:
            newest, modified = Path(entry.path), status.st_mtime
    return None if newest is None else Candidate(path, modified, size, newest)


def _begins_like_a_run(path: str) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (many files, and only a few bytes of each)
            return file.read(8).startswith(_MAGIC)
    except OSError:
        return False
