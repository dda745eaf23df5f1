"""Datasets that the HDF5 library must not be asked to read.

Some would take the whole process with them. HDF5 2.0 follows a virtual dataset that draws from itself, directly or
through others, until its stack overflows, and one whose source has not as many dimensions as was said, into memory
that is not its own. The szip filter divides by parameters that a damaged file may give as zero; n-bit, scale-offset
write where theirs tell. None of it can be caught, so it is looked for before anything is read. Others would
show what nobody asked for: HDF5 takes a dataset's bytes from any file on the machine that the opened file names.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.runs.hdf5.file import FILTER_NAMES
from models.runs.hdf5.virtual import source_file

if TYPE_CHECKING:
    import h5py

_MOST_SOURCES = 5_000
_DEEPEST = 8
_MOST_FILES = 16
_BLOCKS_TRIED = 4
_SZIP, _NBIT, _SCALE_OFFSET = 4, 5, 6
_SZIP_MOST_PIXELS_PER_BLOCK = 32
_SZIP_MOST_BLOCKS_PER_LINE = 128
_RAW_ERRORS = (OSError, RuntimeError, ValueError, KeyError, TypeError)


def why_unsafe(dataset: h5py.Dataset, *, other_files: bool = False) -> str:
    """Why the dataset must not be read, in words for the user; "" where nothing speaks against it.

    Args:
        dataset: what is to be read.
        other_files: also look into the files that a virtual dataset draws from (a few milliseconds for each).
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        return "it is no array"
    try:
        created = dataset.id.get_create_plist()
        layout = created.get_layout()
        if layout == h5py.h5d.CONTIGUOUS:
            return _foreign_bytes(dataset, created)
        if layout == h5py.h5d.CHUNKED:
            return _unsound_filters(created, dataset.dtype.itemsize)
        if layout == h5py.h5d.VIRTUAL:
            return _Sources(other_files=other_files).why_endless(dataset)
    except _RAW_ERRORS as error:
        return f"how it is stored cannot be read ({error})"
    return ""


def _foreign_bytes(dataset: h5py.Dataset, created: h5py.h5p.PropDCID) -> str:
    """Only files of the opened file's own folder may give a dataset's bytes."""
    for place in range(created.get_external_count()):
        name = os.fsdecode(created.get_external(place)[0])
        folder = Path(dataset.file.filename).resolve().parent
        if not (folder / name).resolve().is_relative_to(folder):
            return f"its bytes come from {name}, outside the file's folder"
    return ""


def _unsound_filters(created: h5py.h5p.PropDCID, itemsize: int) -> str:
    for place in range(created.get_nfilters()):
        number, _, values, _ = created.get_filter(place)
        if number not in (_SZIP, _NBIT, _SCALE_OFFSET):
            continue
        pixels = math.prod(created.get_chunk())
        sound = {
            _SZIP: _is_sound_szip(values),
            _NBIT: _is_sound_nbit(values, pixels, itemsize),
            _SCALE_OFFSET: _is_sound_scale_offset(values, pixels, itemsize),
        }[number]
        if not sound:
            return f"its {FILTER_NAMES[number]} filter has impossible parameters {tuple(values)}"
    return ""


def _is_sound_nbit(values: tuple[int, ...], pixels: int, itemsize: int) -> bool:
    """Whether n-bit's (length, nothing to do, pixels, class, bytes, order, bits, first bit) fit the dataset.

    Other classes than the plain number (1) and the one that is left alone (4) are of types that are no frames.
    """
    if len(values) < 5 or values[0] != len(values) or values[2] != pixels or values[4] != itemsize:
        return False
    if values[1] or values[3] == 4:
        return True
    if len(values) != 8 or values[3] != 1:
        return False
    bits, first = values[6], values[7]
    return values[5] in (0, 1) and bits >= 1 and bits + first <= 8 * itemsize


def _is_sound_scale_offset(values: tuple[int, ...], pixels: int, itemsize: int) -> bool:
    """Whether scale-offset's (kind, factor, pixels, class, bytes, …) fit the dataset."""
    return len(values) == 20 and values[0] in (0, 1, 2) and values[2] == pixels and values[4] == itemsize


def _is_sound_szip(values: tuple[int, ...]) -> bool:
    """Whether szip's (options, pixels per block, bits per pixel, pixels per line) are in the ranges it accepts."""
    if len(values) != 4:
        return False
    _, block, bits, line = values
    return (
        2 <= block <= _SZIP_MOST_PIXELS_PER_BLOCK
        and block % 2 == 0
        and (1 <= bits <= 32 or bits == 64)
        and block <= line <= block * _SZIP_MOST_BLOCKS_PER_LINE
    )


class _Sources:
    """Follows virtual datasets to what they draw from."""

    def __init__(self, *, other_files: bool) -> None:
        self._other_files = other_files
        self._files_opened = 0
        self._finished: set[tuple[str, str]] = set()

    def why_endless(self, dataset: h5py.Dataset, above: tuple[tuple[str, str], ...] = ()) -> str:
        owner = Path(dataset.file.filename).resolve()
        own = (str(owner), str(dataset.name))
        if own in above:
            return "it is a virtual dataset that draws from itself"
        if len(above) >= _DEEPEST:
            return f"it is a virtual dataset that draws from others more than {_DEEPEST} deep"
        path = (*above, own)
        for (file_name, name), ndim in self._drawn_from(dataset).items():
            for key in _expanded(file_name, name, dataset):
                if key in self._finished:
                    continue
                why = self._follow(*key, ndim, dataset, owner, path)
                if why:
                    return why
                self._finished.add(key)
        return ""

    def _drawn_from(self, dataset: h5py.Dataset) -> dict[tuple[str, str], int | None]:
        """(file, dataset) of every source, each once, and how many dimensions it should have if that is told."""
        import h5py

        created = dataset.id.get_create_plist()
        found: dict[tuple[str, str], int | None] = {}
        for at in range(min(created.get_virtual_count(), _MOST_SOURCES)):
            source = created.get_virtual_filename(at), created.get_virtual_dsetname(at)
            if source not in found:
                space = created.get_virtual_srcspace(at)
                everything = space.get_select_type() == h5py.h5s.SEL_ALL  # then its extent is not stored
                found[source] = None if everything else space.get_simple_extent_ndims()
        return found

    def _follow(
        self,
        file_name: str,
        name: str,
        ndim: int | None,
        dataset: h5py.Dataset,
        owner: Path,
        path: tuple[tuple[str, str], ...],
    ) -> str:
        import h5py

        place = source_file(file_name, owner)
        if place == owner:
            return self._look_at(dataset.file.get(name), ndim, path)
        if not self._other_files or self._files_opened >= _MOST_FILES or place is None:
            return ""
        self._files_opened += 1
        try:
            with h5py.File(place, "r", locking=False) as other:
                return self._look_at(other.get(name), ndim, path)
        except _RAW_ERRORS:
            return ""  # a source that cannot be opened is missing, which HDF5 bears

    def _look_at(self, source: Any, ndim: int | None, path: tuple[tuple[str, str], ...]) -> str:
        import h5py

        if not isinstance(source, h5py.Dataset):
            return ""
        if source.shape is None or ndim not in (None, len(source.shape)):
            return f"it is a virtual dataset whose source {source.name} has not as many dimensions as it should"
        return self.why_endless(source, path) if source.is_virtual else ""


def _expanded(file_name: str, name: str, dataset: h5py.Dataset) -> list[tuple[str, str]]:
    """A source as HDF5 will look for it: %b stands for the numbers 0, 1, 2 …"""
    if "%b" not in file_name and "%b" not in name:
        return [(file_name, name)]
    numbers = [str(number) for number in range(_BLOCKS_TRIED)]
    own = Path(dataset.file.filename).name
    for pattern, text in ((file_name, own), (name, str(dataset.name))):
        shape = re.escape(pattern).replace("%b", "([0-9]{1,9})")
        if found := re.fullmatch(f"/?{shape}", text):
            numbers += found.groups()[:1]
    return [(file_name.replace("%b", number), name.replace("%b", number)) for number in dict.fromkeys(numbers)]
