"""Dragonfly's binary EMC files: runs of photons, mostly none and one per pixel, as lists of lit pixels.

A header of 256 little-endian int32: frames, pixels per frame, kind (0 sparse, 1 dense int32, 2 dense float64), zeros.
Sparse files go on with the number of pixels of one photon and of several in each frame, then for all frames together
the pixels of one photon, the pixels of several, and how many those hold (Ayyer et al., J. Appl. Cryst. 49, 1320).
There is no shape in it: see `emc_layout`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FrameUnreadable
from models.runs.columns import ColumnSource, LazyColumns
from models.runs.emc_layout import PhotonLayout, photon_layout
from models.runs.hdf5.file import size_text
from models.runs.identity import SAMPLE_PIXELS, make_identity
from models.runs.masks import AS_READ, MaskOverride
from models.runs.stack import RunFacts, StackRun
from models.runs.types import FlagImage, Geometry
from models.runs.watch import FileGuard

HEADER_BYTES = 1024
SPARSE, DENSE_INT, DENSE_FLOAT = 0, 1, 2
_INT = np.dtype("<i4")
_DENSE: dict[int, np.dtype[Any]] = {DENSE_INT: np.dtype("<i4"), DENSE_FLOAT: np.dtype("<f8")}
_MOST_FOR_PHOTON_COLUMN = 64 * 2**20
_BROKEN = "Copy the file again from its origin, or write it anew"


@dataclass(frozen=True, slots=True)
class EmcHeader:
    """The three numbers at the beginning."""

    frames: int
    pixels: int
    kind: int

    @property
    def least_bytes(self) -> int:
        """Bytes that a file of this header has at the least; all of them where it is dense."""
        if self.kind == SPARSE:
            return HEADER_BYTES + 2 * _INT.itemsize * self.frames
        return HEADER_BYTES + self.frames * self.pixels * _DENSE[self.kind].itemsize


def parse_emc_header(start: bytes) -> EmcHeader | None:
    """The header in a file's first bytes; None where they are none."""
    if len(start) < HEADER_BYTES:
        return None
    numbers = np.frombuffer(start[:HEADER_BYTES], _INT)
    frames, pixels, kind = (int(number) for number in numbers[:3])
    if frames < 0 or pixels <= 0 or kind not in (SPARSE, *_DENSE) or numbers[3:].any():
        return None
    return EmcHeader(frames, pixels, kind)


def open_emc_run(path: Path, dataset: str | None = None, mask: MaskOverride = AS_READ) -> StackRun:
    """A binary EMC file as a run. Reads the header and how many pixels each frame lists (8 bytes for a frame).

    Args:
        path: the file.
        dataset: "detector:FILE" or "shape:HxW" where the user has chosen what makes frames of its pixels.
        mask: how the detector's mask is to be read.

    Raises:
        CannotOpen: damaged, cut short, or no shape is known.
        AmbiguousRun: several detector files or shapes fit.
    """
    what = f"{path} cannot be opened"
    with path.open("rb") as file:
        header = parse_emc_header(file.read(HEADER_BYTES))
        size = path.stat().st_size
        if header is None:
            cause = "its EMC header is damaged" if size >= HEADER_BYTES else f"it ends after {size} bytes"
            raise CannotOpen(what, cause=cause, hint=_BROKEN)
        _require(what, size, header.least_bytes)
        if header.frames == 0:
            raise CannotOpen(f"{path} has no frames", cause="its header says so", hint="Choose a file with frames")
        lists = _read_lists(what, file, header, size) if header.kind == SPARSE else None
    layout = photon_layout(path, header.frames, header.pixels, dataset)
    notes = list(layout.notes)
    end = header.least_bytes if lists is None else lists.end
    if size > end:
        notes.append(f"{size - end} bytes behind the last frame are not used")
    source: EmcSource | DenseEmcSource
    if lists is not None:
        source = EmcSource(path, layout, lists)
        columns = _columns(path, lists)
    else:
        source = DenseEmcSource(path, layout, _DENSE[header.kind])
        columns = LazyColumns({})
    dtype = _DENSE.get(header.kind, _INT).newbyteorder("=")
    return StackRun(photon_facts(path, header.frames, dtype, layout, mask, notes, source.sample, columns), source)


def photon_facts(
    path: Path,
    frames: int,
    dtype: np.dtype[Any],
    layout: PhotonLayout,
    mask: MaskOverride,
    notes: list[str],
    sample: Callable[[int], bytes],
    columns: LazyColumns,
) -> RunFacts:
    """What a run of photons is, whichever file its lists come from."""
    flags, readings = layout.flags(mask)
    return RunFacts(
        path=path,
        dataset=layout.dataset,
        frames=frames,
        shape=layout.shape,
        dtype=dtype,
        # The photons are the same wherever they are put; vectors and maps belong to one way of putting them.
        identity=replace(
            make_identity(frames, ("photons", layout.pixels, dtype.str), sample=sample), treatment=layout.digest
        ),
        unit="photons",
        static_flags=flags,
        geometry=Geometry(centre_px=layout.centre_px),
        columns=columns,
        warnings=tuple(notes),
        mask_reading=readings,
    )


def corrupt(path: Path, index: int, cause: str) -> FrameUnreadable:
    """The error of one frame whose list is wrong."""
    return FrameUnreadable(
        f"frame {index} of {path.name} cannot be read",
        cause=f"corrupt EMC at frame {index}: {cause}",
        hint="The other frames may be fine",
        index=index,
    )


@dataclass(frozen=True)
class _Lists:
    """Where the lists of every frame begin: 16 bytes for a frame.

    Attributes:
        ones, multi: (N + 1,) int64, entries of the pixels of one photon and of several before each frame.
        start: byte at which the pixels of one photon begin.
    """

    ones: npt.NDArray[np.int64]
    multi: npt.NDArray[np.int64]
    start: int

    @property
    def places_multi(self) -> int:
        return self.start + _INT.itemsize * int(self.ones[-1])

    @property
    def counts_multi(self) -> int:
        return self.places_multi + _INT.itemsize * int(self.multi[-1])

    @property
    def end(self) -> int:
        return self.counts_multi + _INT.itemsize * int(self.multi[-1])


class EmcSource:
    """Frames of a sparse file: three short reads each."""

    def __init__(self, path: Path, layout: PhotonLayout, lists: _Lists) -> None:
        self._path = path
        self._layout = layout
        self._lists = lists
        self._guard = FileGuard(path)
        self._file: IO[bytes] | None = path.open("rb")

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) int32 photons. Raises FrameUnreadable."""
        lists = self._lists
        try:
            self._guard.check()
            ones = self._numbers(lists.start, lists.ones, index)
            multi = self._numbers(lists.places_multi, lists.multi, index)
            counts = self._numbers(lists.counts_multi, lists.multi, index)
            if counts.size and int(counts.min()) < 0:
                raise ValueError(f"it counts {int(counts.min())} photons in a pixel")
            return self._layout.sparse((ones, 1), (multi, counts))
        except (IndexError, ValueError) as error:
            raise corrupt(self._path, index, str(error)) from error
        except OSError as error:
            raise FrameUnreadable(
                f"frame {index} of {self._path.name} cannot be read", cause=str(error), index=index
            ) from error

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity."""
        try:
            return self._numbers(self._lists.start, self._lists.ones, index)[:SAMPLE_PIXELS].tobytes()
        except (OSError, ValueError):
            return b""

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _numbers(self, start: int, ends: npt.NDArray[np.int64], index: int) -> npt.NDArray[np.int32]:
        if self._file is None:
            raise OSError("the file was closed")
        first, end = int(ends[index]), int(ends[index + 1])
        return _read_ints(self._file, start + _INT.itemsize * first, end - first)


class DenseEmcSource:
    """Frames of a dense file, one read each."""

    def __init__(self, path: Path, layout: PhotonLayout, dtype: np.dtype[Any]) -> None:
        self._path = path
        self._layout = layout
        self._dtype = dtype
        self._guard = FileGuard(path)
        self._file: IO[bytes] | None = path.open("rb")

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) photons, int32 or float64. Raises FrameUnreadable."""
        try:
            self._guard.check()
            return self._layout.dense(self._values(index))
        except (OSError, ValueError) as error:
            raise FrameUnreadable(
                f"frame {index} of {self._path.name} cannot be read", cause=str(error), index=index
            ) from error

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity."""
        try:
            return self._values(index)[:SAMPLE_PIXELS].tobytes()
        except (OSError, ValueError):
            return b""

    def flags(self, index: int) -> FlagImage | None:
        return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _values(self, index: int) -> npt.NDArray[Any]:
        if self._file is None:
            raise OSError("the file was closed")
        length = self._layout.pixels * self._dtype.itemsize
        self._file.seek(HEADER_BYTES + index * length)
        data = self._file.read(length)
        if len(data) < length:
            raise OSError("the file ends within it")
        return np.frombuffer(data, self._dtype).astype(self._dtype.newbyteorder("="), copy=False)


def _read_lists(what: str, file: IO[bytes], header: EmcHeader, size: int) -> _Lists:
    """Where the lists lie. Raises CannotOpen where their lengths are impossible or the file ends before they do."""
    ends = []
    for place in range(2):
        counts = _read_ints(file, HEADER_BYTES + place * _INT.itemsize * header.frames, header.frames)
        wrong = (counts < 0) | (counts > header.pixels)
        if wrong.any():
            frame = int(np.argmax(wrong))
            raise CannotOpen(
                what,
                cause=f"corrupt EMC at frame {frame}: it claims {counts[frame]} lit pixels of {header.pixels}, "
                "so where the frames behind it begin is lost",
                hint=_BROKEN,
            )
        ends.append(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))
    lists = _Lists(ends[0], ends[1], header.least_bytes)
    _require(what, size, lists.end)
    return lists


def _read_ints(file: IO[bytes], start: int, count: int) -> npt.NDArray[np.int32]:
    file.seek(start)
    data = file.read(_INT.itemsize * count)
    if len(data) < _INT.itemsize * count:
        raise OSError("the file ends within it")
    return np.frombuffer(data, _INT).astype(np.int32, copy=False)


def _columns(path: Path, lists: _Lists) -> LazyColumns:
    lit = ColumnSource(lambda: (np.diff(lists.ones) + np.diff(lists.multi), "pixels"))

    def photons() -> tuple[npt.NDArray[Any], str]:
        with path.open("rb") as file:
            counts = _read_ints(file, lists.counts_multi, int(lists.multi[-1]))
        before = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        return np.diff(lists.ones) + before[lists.multi[1:]] - before[lists.multi[:-1]], "photons"

    sources = {"lit_pixels": lit}
    if _INT.itemsize * int(lists.multi[-1]) <= _MOST_FOR_PHOTON_COLUMN:
        sources["photon_counts"] = ColumnSource(photons)
    return LazyColumns(sources)


def _require(what: str, size: int, needed: int) -> None:
    if size < needed:
        raise CannotOpen(
            what,
            cause=f"the file is incomplete ({size_text(size)} of {size_text(needed)} that its header claims)",
            hint="Copying or writing is not finished, or was stopped: copy it again",
        )
