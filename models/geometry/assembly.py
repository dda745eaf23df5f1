"""Frames put together by the positions of their pixels, through an index map worked out once.

The assembled frame looks as in CrystFEL's own viewer, into the beam: +x to the right and +y up, so row 0 holds the
highest pixels. (CXI's own frames are often stored as seen along the beam: they come out mirrored left to right.) Each
pixel goes to the nearest place of a square grid; no value is interpolated, added up or shared. Where two pixels are
nearest to the same place, the nearer one has it; where none is, the place is flagged MISSING and its value is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadGeometry
from models.geometry.positions import FloatArray, PixelPositions
from models.runs.types import FlagImage, Geometry, PixelFlag

_MOST_EMPTY, _ALWAYS, _NEVER = 16, 2**22, 2**28
"""An assembled frame may have so many times more places than pixels, or so many, but never more than these."""
_FARTHEST_PX = 1e8
_FOR_GRID = 65_536
_BLOCK = 2**17
_TIE = 1e-6
"""Positions this near to the middle between two places (px) are rounded up alike, whatever their last digits."""


@dataclass(frozen=True, eq=False)
class IndexMap:
    """Which stored pixel is shown where.

    Attributes:
        index: (H', W') int32, place in the flattened slab, −1 where there is no pixel.
        origin_px: (y, x) of the direct beam in the assembled frame, pixel centres at whole numbers.
        pitch_m: size of a pixel.
        collisions: pixels that are not shown because a nearer one has their place.
        farthest_px: largest distance of a pixel from the middle of its place.
        outlines: (n, 4, 2) corners (y, x) of the panels, pixels of the assembled frame.
    """

    index: npt.NDArray[np.int32]
    origin_px: tuple[float, float]
    pitch_m: float
    collisions: int
    farthest_px: float
    outlines: FloatArray

    @property
    def gaps(self) -> int:
        """Places without a pixel."""
        return int(np.count_nonzero(self.index < 0))


def index_map(positions: PixelPositions) -> IndexMap:
    """Put every pixel with a known position into the nearest place of a grid.

    The grid's fraction of a pixel is the one most pixels have, so that a detector whose panels lie on a grid is put
    together without any rounding.

    Raises:
        BadGeometry: the panels lie so far apart that no frame could hold them.
    """
    known = positions.known.ravel()
    count = int(np.count_nonzero(known))
    if not count:
        raise BadGeometry(
            f"{positions.name} gives no position to any pixel", hint="Choose the geometry of this detector"
        )
    pitch = positions.pitch_m
    x, y = positions.x.ravel(), positions.y.ravel()
    top, rows = _grid_line(y, known, -1 / pitch, positions.name)
    left, columns = _grid_line(x, known, 1 / pitch, positions.name)
    if rows * columns > min(max(_MOST_EMPTY * count, _ALWAYS), _NEVER):
        raise BadGeometry(
            f"{positions.name} cannot be assembled",
            cause=f"its {count} pixels are spread over {rows:.4g}×{columns:.4g} pixels",
            hint="Check res and the corners of its panels",
        )
    height, width = int(rows), int(columns)
    index = np.full(height * width, -1, np.int32)
    place = np.empty(known.size, np.int32)
    off = np.empty(known.size, np.float32)
    for start in range(0, known.size, _BLOCK):  # in blocks, so that what is in between fits the processor's cache
        block = start + np.flatnonzero(known[start : start + _BLOCK])
        row, column = y[block] / -pitch - top, x[block] / pitch - left
        nearest_row, nearest_column = np.floor(row + 0.5 + _TIE), np.floor(column + 0.5 + _TIE)
        place[block] = nearest_row * width + nearest_column
        off[block] = np.hypot(row - nearest_row, column - nearest_column)
        index[place[block]] = block
    # Where several pixels fell on one place, only the last has it now; the nearest shall.
    losers: list[npt.NDArray[np.int64]] = []
    farthest = 0.0
    for start in range(0, known.size, _BLOCK):
        block = start + np.flatnonzero(known[start : start + _BLOCK])
        losers.append(block[index[place[block]] != block])
        farthest = max(farthest, float(off[block].max(initial=0)))
    lost = np.concatenate(losers)
    if lost.size * 2 > count:
        raise BadGeometry(
            f"{positions.name} cannot be assembled",
            cause=f"{lost.size} of its {count} pixels lie where others are",
            hint="Check res, fs and ss of its panels",
        )
    rivals = np.concatenate([lost, np.unique(index[place[lost]])])
    rivals = rivals[np.argsort(-off[rivals], kind="stable")]
    index[place[rivals]] = rivals
    outlines = np.stack(
        [-top - positions.outlines[..., 0] / pitch, positions.outlines[..., 1] / pitch - left], axis=-1
    )
    return IndexMap(
        index=index.reshape(height, width),
        origin_px=(-top, -left),
        pitch_m=pitch,
        collisions=lost.size,
        farthest_px=farthest,
        outlines=outlines,
    )


def _grid_line(metres: FloatArray, known: npt.NDArray[np.bool_], scale: float, name: str) -> tuple[float, float]:
    """Where the grid's first line is, in pixels, and how many lines it takes (it may be too many for an int)."""
    ends = np.array([metres.min(where=known, initial=np.inf), metres.max(where=known, initial=-np.inf)])
    with np.errstate(over="ignore"):
        low, high = sorted((ends * scale).tolist())
    if not max(abs(low), abs(high)) < _FARTHEST_PX:
        raise BadGeometry(
            f"{name} cannot be assembled",
            cause=f"pixels lie more than {_FARTHEST_PX:g} pixels from the beam",
            hint="Check the unit of its positions",
        )
    step = max(1, metres.size // _FOR_GRID)
    some = metres[::step][known[::step]] * scale
    turn = np.exp(2j * np.pi * some).mean() if some.size else 0.0
    fraction = float(np.angle(turn)) / (2 * math.pi) if abs(turn) > 1e-3 else low % 1
    line = math.floor(low - fraction + 0.5 + _TIE) + fraction
    return line, math.floor(high - line + 0.5 + _TIE) + 1.0


class Assembly:
    """Assembles frames of one run (see the module's text for how the picture lies).

    Attributes:
        shape: (H', W') of an assembled frame.
        found: the index map in pixels of the stored slab.
    """

    def __init__(
        self,
        found: IndexMap,
        frame_shape: tuple[int, int],
        slab_index: npt.NDArray[np.int32] | None = None,
        bad: FlagImage | None = None,
    ) -> None:
        """
        Args:
            found: of the slab.
            frame_shape: (H, W) of the run's own frames.
            slab_index: (H, W) place in the slab of each pixel of those frames; None where they are the slab.
            bad: flags of the slab's pixels that the geometry file gives.
        """
        self.found = found
        self.shape: tuple[int, int] = (found.index.shape[0], found.index.shape[1])
        self._frame_shape = frame_shape
        flat = found.index.ravel()
        source: npt.NDArray[np.intp] = flat.astype(np.intp)
        if slab_index is not None:
            of_frame = slab_index.ravel()
            in_frame = np.full(max(int(of_frame.max()), int(flat.max())) + 1, -1, np.intp)
            stored = np.flatnonzero(of_frame >= 0)
            in_frame[of_frame[stored]] = stored
            source = np.where(flat < 0, -1, in_frame[flat])
        self._gaps = np.flatnonzero(source < 0)
        # A gap takes any pixel's value first: one gather without a test in it, then the gaps are overwritten.
        self._source = np.maximum(source, 0)
        self._target = np.full(math.prod(frame_shape), -1, np.intp)
        places = np.flatnonzero(source >= 0)
        self._target[source[places]] = places
        self._own = np.zeros(self.shape, np.uint8)
        if bad is not None and bad.any():
            self._own = self.place(bad)
        self._own.ravel()[self._gaps] = np.uint8(PixelFlag.MISSING)
        self._last_flags: tuple[FlagImage, FlagImage] | None = None

    def apply(self, raw: npt.NDArray[Any], flags: FlagImage) -> tuple[npt.NDArray[Any], FlagImage]:
        """The assembled frame: (H', W') pixels of the same dtype, 0 in gaps, and (H', W') uint8 flags.

        Flags that were the last frame's too (the same array) come back as the array they gave then.
        """
        out = self._gather(raw)
        out.ravel()[self._gaps] = 0
        last = self._last_flags
        if last is not None and last[0] is flags:
            return out, last[1]
        put = self._put_flags(flags)
        if not flags.flags.writeable:  # one that may change says nothing about the next frame
            put.setflags(write=False)
            self._last_flags = (flags, put)
        return out, put

    def place(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(H', W') of values that belong to the pixels of the stored slab; 0 in gaps."""
        index = self.found.index
        return np.where(index < 0, np.zeros((), values.dtype), values.ravel()[index])

    def geometry(self, own: Geometry) -> Geometry:
        """The run's geometry in pixels of the assembled frame."""
        pitch = self.found.pitch_m
        return replace(own, pixel_size_m=(pitch, pitch), centre_px=self.found.origin_px)

    def _put_flags(self, flags: FlagImage) -> FlagImage:
        flat = np.ascontiguousarray(flags).ravel()
        # Eight flags at a time: looking for the few that are set is then faster than gathering all of them.
        whole = flat.size - flat.size % 8
        words = np.flatnonzero(flat[:whole].view(np.uint64))
        if words.size * 64 > whole:
            put = self._gather(flags)
            put |= self._own
            put.ravel()[self._gaps] = np.uint8(PixelFlag.MISSING)
            return put
        put = self._own.copy()
        near = (words[:, None] * 8 + np.arange(8)).ravel()
        flagged = np.concatenate([near[flat[near] != 0], whole + np.flatnonzero(flat[whole:])])
        where = self._target[flagged]
        shown = where >= 0
        put.ravel()[where[shown]] |= flat[flagged[shown]]
        return put

    def _gather(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if image.shape != self._frame_shape:
            raise BadGeometry(
                "the geometry does not fit this frame",
                cause=f"it is made for frames of {self._frame_shape}, this one has {image.shape}",
            )
        out = np.empty(self.shape, image.dtype)
        # mode "clip" spares the buffer that "raise" needs; every index is in range
        np.take(image.ravel(), self._source, out=out.ravel(), mode="clip")
        return out
