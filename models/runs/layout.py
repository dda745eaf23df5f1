"""Which axis of a dataset is which: from an array of any dimensions to frames (H, W)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen

MODULE_COUNTS = frozenset({4, 8, 16, 32, 64})
"""Module counts of detectors stored unassembled (pnCCD 4, Jungfrau 8, AGIPD and ePix10k2M 16, CSPAD 32 or 64)."""

_MODULE_NAMES = frozenset({"module_identifier", "module", "modules", "panel", "segment"})
_PLANE_NAMES = frozenset({"data_gain", "gain", "plane"})
_Y_NAMES = frozenset({"y", "ss", "row", "slow"})
_X_NAMES = frozenset({"x", "fs", "column", "col", "fast"})
LARGEST_PICTURE = 1 << 26
"""Pixels of a frame beyond which a file is not believed: four times those of the largest detectors."""

_COLOURS = (3, 4)
_SMALLEST_PICTURE = 16


class NotFrames(CannotOpen):
    """An array's shape cannot be read as detector frames."""


def parse_axes(value: Any) -> tuple[str, ...]:
    """Axis names from an `axes` attribute, however it was written; empty where there is none.

    Accepts what producers write: str, bytes, an array of one string, an array of names; separated by colons (CXI),
    commas (NeXus) or in brackets (old NeXus); "." stands for an axis without a name.
    """
    if value is None:
        return ()
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    if isinstance(value, list | tuple):
        names: list[str] = []
        for item in value:
            names.extend(parse_axes(item) or ("",))
        return tuple(names)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ()
    text = value.strip().strip("\0").strip("[]")
    if not text:
        return ()
    return tuple(name.strip() for name in re.split(r"[:,;]", text))


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """How frames lie in an array.

    Attributes:
        shape: the array's full shape.
        scan: axes that count frames, slowest first; empty for a single image.
        y, x: axes of the picture (or of one module's picture).
        modules: axis of detector modules, None where the frame is one picture.
        grid: (rows, columns) in which modules are laid out.

    All other axes are read at index 0.
    """

    shape: tuple[int, ...]
    scan: tuple[int, ...]
    y: int
    x: int
    modules: int | None = None
    grid: tuple[int, int] = (1, 1)

    @property
    def n_frames(self) -> int:
        return math.prod(self.shape[axis] for axis in self.scan)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """(H, W) of an assembled frame."""
        return self.grid[0] * self.shape[self.y], self.grid[1] * self.shape[self.x]

    def selection(self, index: int) -> tuple[int | slice, ...]:
        """What to index the array with to get frame `index`."""
        where: list[int | slice] = [0] * len(self.shape)
        for axis in reversed(self.scan):
            index, where[axis] = divmod(index, self.shape[axis])
        for shown in (self.modules, self.y, self.x):
            if shown is not None:
                where[shown] = slice(None)
        return tuple(where)

    def assemble(self, block: npt.NDArray[Any], *, gap: int = 0) -> npt.NDArray[Any]:
        """(H, W) from what `selection` gives; places of the grid that have no module are filled with `gap`."""
        kept = sorted(axis for axis in (self.modules, self.y, self.x) if axis is not None)
        wanted = [axis for axis in (self.modules, self.y, self.x) if axis is not None]
        if kept != wanted:
            block = block.transpose([kept.index(axis) for axis in wanted])
        if self.modules is None:
            return block
        rows, columns = self.grid
        count, height, width = block.shape
        if count < rows * columns:
            block = np.concatenate([block, np.full((rows * columns - count, height, width), gap, block.dtype)])
        tiled = block.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
        return np.ascontiguousarray(tiled).reshape(rows * height, columns * width)

    def holes(self) -> npt.NDArray[np.bool_] | None:
        """(H, W), True where the grid has no module; None where there is no such place."""
        if self.modules is None or self.shape[self.modules] == self.grid[0] * self.grid[1]:
            return None
        count = self.shape[self.modules]
        block = np.zeros((count, self.shape[self.y], self.shape[self.x]), np.uint8)
        plain = FrameLayout(shape=block.shape, scan=(), modules=0, y=1, x=2, grid=self.grid)
        return plain.assemble(block, gap=1).astype(np.bool_)

    def sibling(self, shape: Sequence[int]) -> FrameLayout | None:
        """The layout of a companion (a mask) of this shape with the same pixels, or None if it does not fit.

        A companion may have all axes, the picture's axes only, or the modules' and the picture's.
        """
        shape = tuple(shape)
        if shape == self.shape:
            return self
        kept = sorted(axis for axis in (self.modules, self.y, self.x) if axis is not None)
        without_planes = sorted((*self.scan, *kept))
        for axes in (without_planes, kept):
            if shape == tuple(self.shape[axis] for axis in axes):
                return FrameLayout(
                    shape=shape,
                    scan=tuple(axes.index(axis) for axis in self.scan if axis in axes),
                    y=axes.index(self.y),
                    x=axes.index(self.x),
                    modules=None if self.modules is None else axes.index(self.modules),
                    grid=self.grid,
                )
        if len(shape) > 2 and shape[0] == 1:
            inner = self.sibling(shape[1:])
            return None if inner is None else inner._behind_one()
        if shape == self.frame_shape:
            return FrameLayout(shape=shape, scan=(), y=0, x=1)
        return None

    def _behind_one(self) -> FrameLayout:
        """The same frames in an array with one more axis of length 1 in front."""
        return FrameLayout(
            shape=(1, *self.shape),
            scan=tuple(axis + 1 for axis in self.scan),
            y=self.y + 1,
            x=self.x + 1,
            modules=None if self.modules is None else self.modules + 1,
            grid=self.grid,
        )


def require_picture_size(shape: tuple[int, int], where: str) -> None:
    """Raises NotFrames where one frame alone would fill the memory: damaged files declare such sizes.

    Args:
        shape: (H, W).
        where: dataset path or file name, for the message.
    """
    if math.prod(shape) > LARGEST_PICTURE:
        raise NotFrames(
            f"{where} has frames of {_times(shape)} pixels",
            cause=f"Friedel shows up to {LARGEST_PICTURE // 10**6} million pixels, and no detector has more",
            hint="The file may be damaged; otherwise choose another array",
        )


def module_grid(count: int, height: int, width: int) -> tuple[int, int]:
    """(rows, columns) that lay `count` modules of (height, width) out nearest to a square, wasting little."""

    def cost(rows: int) -> float:
        columns = -(-count // rows)
        wasted = rows * columns - count
        return abs(math.log(rows * height / (columns * width))) + wasted

    rows = min(range(1, count + 1), key=cost)
    return rows, -(-count // rows)


def read_layout(
    shape: Sequence[int], axes: Sequence[str] = (), *, where: str = "the array"
) -> tuple[FrameLayout, tuple[str, ...]]:
    """Decide which axis is which, from names where given, else from the shape.

    Args:
        shape: the array's shape.
        axes: its axis names, from `parse_axes`; fewer than dimensions name the first ones.
        where: dataset path or file name, for messages.

    Returns:
        The layout, and sentences on what was assumed.

    Raises:
        NotFrames: the shape cannot be frames (too few dimensions, colour pictures).
    """
    shape = tuple(int(size) for size in shape)
    ndim = len(shape)
    if ndim < 2:
        raise NotFrames(
            f"{where} has {ndim} dimension{'s' * (ndim != 1)}",
            cause="a detector frame has at least two",
            hint="Choose an array of frames",
        )
    notes: list[str] = []
    names = [name.lower() for name in axes]
    if len(names) > ndim:
        notes.append(f"{where} names {len(names)} axes but has {ndim} dimensions: the names are ignored")
        names = []
    names += [""] * (ndim - len(names))

    y = next((i for i, name in enumerate(names) if name in _Y_NAMES), None)
    x = next((i for i, name in enumerate(names) if name in _X_NAMES), None)
    named = y is not None and x is not None
    squeezed: set[int] = set()
    if y is None or x is None:
        last = ndim - 1
        if shape[last] == 1 and ndim > 2:
            squeezed.add(last)
            last -= 1
        y, x = last - 1, last
        colours = shape[x] in _COLOURS and y > 0 and min(shape[y - 1], shape[y]) >= _SMALLEST_PICTURE
        if colours:
            raise NotFrames(
                f"{where} has shape {_times(shape)}",
                cause=f"that is a colour picture with {shape[x]} channels, not detector frames",
                hint="Open the data it was drawn from",
            )
    modules: int | None = None
    scan: list[int] = []
    for axis in range(ndim):
        if axis in (y, x) or axis in squeezed:
            continue
        if names[axis] in _MODULE_NAMES:
            modules = axis
        elif names[axis] not in _PLANE_NAMES:
            scan.append(axis)
    if len(scan) > 1 and modules is None:
        modules = _guess_modules(shape, scan, names, notes, where, named=named)
    grid = (1, 1)
    if modules is not None:
        grid = module_grid(shape[modules], shape[y], shape[x])
        notes.append(
            f"{shape[modules]} detector modules of {shape[y]}×{shape[x]} are laid out as a grid of "
            f"{grid[0]}×{grid[1]}: the detector's geometry is not applied"
        )
    layout = FrameLayout(shape=shape, scan=tuple(scan), y=y, x=x, modules=modules, grid=grid)
    require_picture_size(layout.frame_shape, where)
    return layout, tuple(notes)


def _guess_modules(
    shape: tuple[int, ...], scan: list[int], names: list[str], notes: list[str], where: str, *, named: bool
) -> int | None:
    """Sort several unnamed leading axes into frames, modules and gain planes; edits `scan` and `notes`."""
    inner = [axis for axis in scan[1:] if not names[axis]]
    for axis in [axis for axis in inner if shape[axis] == 1]:
        scan.remove(axis)
        inner.remove(axis)
    modules: int | None = None
    for axis in inner:
        if modules is None and shape[axis] in MODULE_COUNTS:
            modules = axis
            scan.remove(axis)
        elif shape[axis] == 2:
            scan.remove(axis)
            notes.append(
                f"{where} has shape {_times(shape)}: axis {axis} is taken as data and gain, and data is shown"
            )
    if len(scan) > 1 and not (named and all(names[axis] for axis in scan)):
        counted = "×".join(str(shape[axis]) for axis in scan)
        notes.append(f"{where} has shape {_times(shape)}: read as a scan of {counted} frames, row by row")
    return modules


def _times(shape: Sequence[int]) -> str:
    return "×".join(str(size) for size in shape)
