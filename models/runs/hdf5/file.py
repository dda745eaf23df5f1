"""Opening HDF5 files for reading only, beside a writer, with every compression filter in place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import CannotOpen
from models.runs.watch import is_locked_for_writing

if TYPE_CHECKING:
    import h5py

FILTER_NAMES = {
    1: "gzip",
    2: "shuffle",
    3: "fletcher32",
    4: "szip",
    5: "n-bit",
    6: "scale-offset",
    305: "LZO",
    307: "bzip2",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32017: "SZ",
    32018: "FCIDECOMP",
    32019: "JPEG",
    32024: "SZ3",
    32026: "Blosc2",
    32028: "SPERR",
}
"""Names of registered HDF5 filters that detector files use."""

LARGEST_CHUNK_CACHE = 256 * 2**20
_SLOTS = 100_003  # a prime well above the number of chunks kept


def open_hdf5(path: Path) -> tuple[h5py.File, tuple[str, ...]]:
    """Open an HDF5 file so that no writer is ever kept from it.

    No lock is taken, not even for a moment: a detector's writer that opens the file just then would be refused. What
    a lock would have told is told by the marks that writers leave in the file (HDF5 File Format Specification,
    superblock version 3: file consistency flags), and by the locks that others hold.

    Returns:
        The file, and sentences for the user on how it had to be opened. Its `swmr_mode` is True where its writer lets
        others read beside it (or did, before it was stopped): only such a file can be followed while it grows.

    Raises:
        CannotOpen: the file is incomplete, damaged, or being written in a way that lets nobody read beside.
    """
    import h5py
    import hdf5plugin  # noqa: F401  (registers the compression filters)

    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        text = str(error)
        if "values don't match" in text:  # somebody in this process holds it with a lock: HDF5 lets us only share it
            return _reopen(path), ()
        if "already open for write" in text or "read access flag not the same" in text:
            beside = "another program is writing this file, or was stopped while writing: it is read as it is now"
            return _reopen(path, swmr=True, locking=False), (beside,)
        raise explain(path, error) from error
    except Exception as error:  # damaged files raise all kinds; each becomes one sentence
        raise explain(path, error) from error
    if is_locked_for_writing(path):
        return file, (
            "another program has this file open for writing: what it has not yet written to disk is missing, and "
            "frames may be incomplete. Reload to see more of it",
        )
    return file, ()


def _reopen(path: Path, **how: Any) -> h5py.File:
    import h5py

    try:
        return h5py.File(path, "r", **how)
    except Exception as error:  # as above
        raise explain(path, error) from error


def explain(path: Path, error: Exception) -> CannotOpen:
    """What h5py's message means for the user."""
    text = str(error)
    what = f"{path} cannot be opened"
    if is_locked_for_writing(path):
        return CannotOpen(
            what,
            cause="another program is writing it and lets nobody read beside",
            hint="Wait until it is finished. A writer that uses HDF5's SWMR mode can be followed while it writes",
        )
    cut = re.search(r"eof = (\d+).*stored_eof = (\d+)", text)
    if cut:
        there, promised = int(cut[1]), int(cut[2])
        return CannotOpen(
            what,
            cause=f"the file is incomplete ({size_text(there)} of {size_text(promised)})",
            hint="Copying or writing is not finished, or was stopped: copy it again",
        )
    if "already open for write" in text or "not already open for SWMR" in text:
        return CannotOpen(
            what,
            cause="its writer was stopped, or is writing on another machine, and nobody can read it as it is",
            hint="Wait if it is still being written; after a crash, 'h5clear -s' on a copy may rescue it",
        )
    if isinstance(error, PermissionError):
        return CannotOpen(what, cause="you have no permission to read it", hint="Ask its owner")
    size = path.stat().st_size if path.exists() else 0
    return CannotOpen(
        what,
        cause=f"the HDF5 header is damaged, or the file is cut short ({size_text(size)})",
        hint="Copy the file again from its origin",
    )


def explain_read(error: Exception) -> str:
    """Why reading from an open file failed, in a few words."""
    message = str(error)
    if "filter returned failure" in message or "decompress" in message.lower():
        return "its compressed data are damaged"
    if "required filter" in message or "plugin" in message:
        return f"its compression filter is not installed ({message})"
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    if "was cut from" in message:
        return message
    if "Not a dataset" in message or "closed" in message.lower() or "Invalid location identifier" in message:
        return "the file was closed"
    return f"the file is damaged, or was changed or cut while open ({message})"


def size_text(n_bytes: float) -> str:
    """A size in bytes for people: 22 kB, 1.4 GB."""
    value, unit = float(n_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if value >= 100 or unit == "bytes" else f"{value:.3g} {unit}"


def missing_filters(dataset: h5py.Dataset) -> list[str]:
    """The compression filters that reading this dataset needs and this machine lacks, as "name (id)"."""
    import h5py

    missing = []
    created = dataset.id.get_create_plist()
    for place in range(created.get_nfilters()):
        number = created.get_filter(place)[0]
        if not h5py.h5z.filter_avail(number):
            missing.append(f"{FILTER_NAMES.get(number, 'unknown')} ({number})")
    return missing


def require_filters(path: Path, dataset: h5py.Dataset) -> None:
    """Raises CannotOpen if the dataset is compressed with a filter that is not installed."""
    missing = missing_filters(dataset)
    if missing:
        raise CannotOpen(
            f"{path}: {dataset.name} cannot be read",
            cause=f"it is compressed with the HDF5 filter {', '.join(missing)}, which is not installed",
            hint="Install the filter's HDF5 plugin and set HDF5_PLUGIN_PATH, or recompress the file (h5repack)",
        )


def open_with_cache(file: h5py.File, name: str, block_bytes: int) -> h5py.Dataset:
    """Open a dataset with a cache that holds all chunks of one frame, where that is affordable.

    Where chunks span many frames, every frame needs all chunks of its group; without the cache each is decompressed
    again for each frame. No other handle of the dataset may be open: HDF5 would give it the cache that one has.
    """
    import h5py

    if not 2**20 < block_bytes <= LARGEST_CHUNK_CACHE:
        return file[name]
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_chunk_cache(_SLOTS, int(block_bytes * 1.1), 0.75)
    return h5py.Dataset(h5py.h5d.open(file.id, name.encode("utf-8", "surrogateescape"), access))
