"""What one file holds of a detector: which rows of its datasets belong to which train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen
from models.runs.euxfel.names import ModuleSource, parse_file_name, parse_module
from models.runs.hdf5.values import READ_ERRORS, read_all, text

if TYPE_CHECKING:
    import h5py

Ints = npt.NDArray[np.int64]

_IDENTIFIERS = ("pulseId", "cellId")
_LARGEST_TRAIN = np.uint64(1 << 62)


@dataclass(frozen=True, eq=False)
class ModulePart:
    """The frames of one module in one file.

    A row is one frame: of a dataset (entries, cells, ss, fs) there are `cells` rows to an entry.

    Attributes:
        path: the file.
        kind: "RAW", "CORR" … by the file's name, "" where it tells nothing.
        module: which module of which detector.
        group: path of the group of its datasets in the file.
        key: name of the frames in the group.
        shape, dtype: of the frames as stored.
        cells: frames to an entry.
        identifier: name of the dataset of pulse or cell numbers in the group, "" where there is none.
        mask: name of the mask in the group, "" where there is none.
        trains, first, count: (T,) int64 train identifiers, their first row and their number of rows.
        untimed: trains left out because their identifier did not come from the facility's clock.
        cut: trains whose frames are not (all) in the file although its index says so.
    """

    path: Path
    kind: str
    module: ModuleSource
    group: str
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    cells: int
    identifier: str
    mask: str
    trains: Ints
    first: Ints
    count: Ints
    untimed: int
    cut: int

    @property
    def frame_shape(self) -> tuple[int, int]:
        """(ss, fs) of the module."""
        return self.shape[-2], self.shape[-1]

    @property
    def dataset(self) -> str:
        """Path of the frames with * for the module's number, the same in all files."""
        return f"/INSTRUMENT/{self.module.pattern}/{self.group.rsplit('/', 1)[-1]}/{self.key}"


def has_modules(file: h5py.File) -> bool:
    """Whether an open file is one of the facility's that hold modules of a detector."""
    if "INDEX/trainId" not in file or "METADATA" not in file:
        return False
    try:
        return any(parse_module(source) is not None for source, _ in _sources(file, _version(file)))
    except READ_ERRORS:
        return False


def read_parts(file: h5py.File, path: Path) -> list[ModulePart]:
    """What an open file holds of detectors that have modules.

    Raises:
        CannotOpen: the file is not one of the facility's, or its index is damaged.
    """
    what = f"{path.name} cannot be read"
    try:
        trains = read_all(file["INDEX/trainId"])
        version = _version(file)
        good = (trains != 0) & (trains < _LARGEST_TRAIN)
        timed = _timed(file, version, len(trains))
        sources = _sources(file, version)
    except READ_ERRORS as error:
        raise CannotOpen(
            what, cause=f"its index is damaged or missing ({error})", hint="Copy it again from its origin"
        ) from error
    named = parse_file_name(path.name)
    parts = []
    for source, group in sources:
        module = parse_module(source)
        if module is None or _is_alias(file, source):
            continue
        try:
            found = _frames(file, f"INSTRUMENT/{source}/{group}")
            if found is None:
                continue
            key, dataset, cells = found
            first, count = _rows(file, f"INDEX/{source}/{group}", len(trains))
            home = file[f"INSTRUMENT/{source}/{group}"]
            names = set(home)
        except READ_ERRORS as error:
            raise CannotOpen(
                what, cause=f"{source} is damaged ({error})", hint="Copy it again from its origin"
            ) from error
        stored = np.uint64(dataset.shape[0])
        there = np.minimum(count, stored - np.minimum(first, stored))
        filled = good & (there > 0)
        use = filled & timed
        if 2 * np.count_nonzero(use) < np.count_nonzero(filled):
            use = filled  # where most have no clock, it was not connected: their order is all there is
        parts.append(
            ModulePart(
                path=path,
                kind=named.kind if named is not None else "",
                module=module,
                group=f"INSTRUMENT/{source}/{group}",
                key=key,
                shape=tuple(dataset.shape),
                dtype=dataset.dtype,
                cells=cells,
                identifier=next((name for name in _IDENTIFIERS if name in names), "") if cells == 1 else "",
                mask="mask" if "mask" in names else "",
                trains=trains[use].astype(np.int64),
                first=first[use].astype(np.int64) * cells,
                count=there[use].astype(np.int64) * cells,
                untimed=int(np.count_nonzero(filled & ~use)),
                cut=int(np.count_nonzero(good & (there < count))),
            )
        )
    return parts


def _version(file: h5py.File) -> str:
    found = file.get("METADATA/dataFormatVersion")
    return "0.5" if found is None else text(read_all(found))


def _timed(file: h5py.File, version: str, length: int) -> npt.NDArray[np.bool_]:
    """Which trains have an identifier from the facility's clock; all where the format does not say (0.5).

    In format 1.1 the flag is the place of the identifier's origin, with the clock at 0; before and after it is 1 for
    good.
    """
    if version == "0.5" or "INDEX/flag" not in file:
        return np.ones(length, np.bool_)
    flag = read_all(file["INDEX/flag"])[:length] != 0
    if version == "1.1":
        flag = ~flag
    timed = np.ones(length, np.bool_)
    timed[: len(flag)] = flag
    return timed


def _sources(file: h5py.File, version: str) -> list[tuple[str, str]]:
    """(source, group) of everything instruments wrote: ("SPB_DET_AGIPD1M-1/DET/7CH0:xtdf", "image")."""
    place = "METADATA/dataSourceId" if version == "0.5" else "METADATA/dataSources/dataSourceId"
    found = []
    for entry in read_all(file[place]).ravel().tolist():
        category, _, rest = text(entry).partition("/")
        device, colon, channel = rest.partition(":")
        output, _, group = channel.partition("/")
        if category == "INSTRUMENT" and colon and group in ("image", "data"):
            found.append((f"{device}:{output}", group))
    return found


def _is_alias(file: h5py.File, source: str) -> bool:
    """Whether the source is an old name of another one in the file."""
    import h5py

    return isinstance(file.get(f"INSTRUMENT/{source}", getlink=True), h5py.SoftLink)


def _frames(file: h5py.File, group: str) -> tuple[str, h5py.Dataset, int] | None:
    """(name, dataset, frames to an entry) of a group's frames, None where it has none."""
    for key in ("data", "adc"):
        dataset = file.get(f"{group}/{key}")
        shape = getattr(dataset, "shape", None)
        if shape is None or not 3 <= len(shape) <= 4 or dataset.dtype.kind not in "iuf" or 0 in shape[1:]:
            continue
        # Before the picture AGIPD, LPD and DSSC have planes (data, gain), a JUNGFRAU memory cells.
        return key, dataset, int(shape[1]) if key == "adc" and len(shape) == 4 else 1
    return None


def _rows(file: h5py.File, group: str, length: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """(first, count), each (length,) uint64, of an index; very old files give the last row and a status instead."""
    index = file[group]
    found = read_all(index["first"])[:length].astype(np.uint64)
    if "count" in index:
        number = read_all(index["count"])[:length].astype(np.uint64)
    else:
        last, status = read_all(index["last"])[:length], read_all(index["status"])[:length]
        number = np.where(status != 0, last.astype(np.uint64) - found[: len(last)] + np.uint64(1), np.uint64(0))
    first, count = np.zeros(length, np.uint64), np.zeros(length, np.uint64)
    known = min(len(found), len(number))
    first[:known], count[:known] = found[:known], number[:known]
    return first, count
