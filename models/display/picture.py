"""A frame made ready for painting: one byte per pixel into a table of 256 colours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from models.display.levels import auto_levels
from models.display.pooling import max_pool
from models.display.scaling import Levels, Scaling, to_unit
from models.display.settings import DisplaySettings
from models.runs.types import FlagImage, Frame, PixelFlag

Indices = npt.NDArray[np.uint8]

# The order is what makes pooling by maximum right: a block shows saturation if any pixel is saturated, else its
# largest value, and only where no pixel has a value what is wrong with them.
MISSING, MISSING_HATCH, MASKED, MASKED_HATCH, NONFINITE = range(5)
FIRST_VALUE = 5
LAST_VALUE = 254
SATURATED = 255

_KEEP = FIRST_VALUE
_EXACT_TABLE_KINDS = {("u", 1), ("u", 2), ("i", 1), ("i", 2)}


@dataclass(frozen=True, eq=False)
class Picture:
    """One frame as it will be painted.

    Attributes:
        index: the frame's place in the run.
        indices: (ceil(H / pool), ceil(W / pool)) uint8, C-contiguous: 5 … 254 are the levels' range, below and above
            are the reserved entries MISSING, MISSING_HATCH, MASKED, MASKED_HATCH, NONFINITE and SATURATED.
        levels: what 5 and 254 stand for (chosen from the frame where the settings say auto).
        scaling: how values between them were spread.
        pool: side of the pooled blocks in pixels, 1 for none; not always a whole number.
        settings: what it was prepared with.
        frame: the frame itself, for the readout.
    """

    index: int
    indices: Indices
    levels: Levels
    scaling: Scaling
    pool: float
    settings: DisplaySettings
    frame: Frame


def prepare(frame: Frame, settings: DisplaySettings) -> Picture:
    """Turn a frame into indices. Touches neither file nor screen: for the reader thread."""
    levels = settings.levels or auto_levels(frame, settings.scaling)
    indices = _quantised(frame, levels, settings.scaling)
    flags = _complete_flags(frame)
    flagged = np.flatnonzero(flags != 0)
    if flagged.size:
        codes = _flag_codes(settings.mask_shown)[flags.reshape(-1)[flagged]]
        if not settings.mask_shown:
            marked = codes != _KEEP
            flagged, codes = flagged[marked], codes[marked]
        indices.reshape(-1)[flagged] = codes
    pool = max(1.0, settings.pool)
    indices = max_pool(indices, pool)
    if flagged.size:
        # after pooling, so that the hatch keeps its width on screen
        indices |= _hatch(indices.shape) & (indices < NONFINITE)
    return Picture(frame.index, indices, levels, settings.scaling, pool, settings, frame)


def _quantised(frame: Frame, levels: Levels, scaling: Scaling) -> Indices:
    """(H, W) uint8, FIRST_VALUE … LAST_VALUE, as if every pixel were good."""
    raw = frame.raw
    if (raw.dtype.kind, raw.dtype.itemsize) in _EXACT_TABLE_KINDS:
        unsigned = np.ascontiguousarray(raw).view(np.dtype(f"u{raw.dtype.itemsize}"))
        looked_up: Indices = np.take(_integer_table(raw.dtype.str, levels, scaling), unsigned)
        return looked_up
    single = raw.dtype.itemsize <= 4 and 1e-30 < levels.span < 1e30
    with np.errstate(invalid="ignore"):  # NaN that signal warn when they are cast
        values = frame.data if single else raw.astype(np.float64)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            values = np.where(finite, values, values.dtype.type(levels.low))
    return _to_indices(values, levels, scaling)


def _to_indices(values: npt.NDArray[Any], levels: Levels, scaling: Scaling) -> Indices:
    kind = values.dtype.type
    clipped = np.clip(values, kind(levels.low), kind(levels.high))
    places = to_unit(clipped, levels, scaling)
    places *= kind(LAST_VALUE - FIRST_VALUE)
    places += kind(FIRST_VALUE + 0.5)
    # rounding of the scalar factors can carry a place a hair beyond the last entry
    np.clip(places, kind(FIRST_VALUE), kind(LAST_VALUE + 0.5), out=places)
    return places.astype(np.uint8)


@lru_cache(maxsize=16)
def _integer_table(dtype: str, levels: Levels, scaling: Scaling) -> Indices:
    """Index of every value an integer type of at most 16 bits can have, in the order of its bits."""
    limits = np.iinfo(dtype)
    every = np.full(limits.max - limits.min + 1, LAST_VALUE, np.uint8)
    # only values between the levels need the scaling: with auto levels there is a new table for every frame
    first = min(max(math.floor(levels.low), limits.min), limits.max)
    last = min(max(math.ceil(levels.high), limits.min), limits.max)
    every[: first - limits.min] = FIRST_VALUE
    between = np.arange(first, last + 1, dtype=np.float32)
    every[first - limits.min : last + 1 - limits.min] = _to_indices(between, levels, scaling)
    # negative numbers come after the positive ones in the order of their bits
    return np.roll(every, limits.min)


def _complete_flags(frame: Frame) -> FlagImage:
    """The frame's flags, with non-finite pixels added should the reader have left one out."""
    if frame.raw.dtype.kind != "f":
        return frame.flags
    finite = np.isfinite(frame.raw)
    if finite.all():
        return frame.flags
    return np.where(finite, frame.flags, frame.flags | np.uint8(PixelFlag.NONFINITE))


@lru_cache(maxsize=2)
def _flag_codes(mask_shown: bool) -> Indices:
    """(256,) table entry for every combination of flags; _KEEP where the value is drawn."""
    bits = np.arange(256)
    codes = np.full(256, _KEEP, np.uint8)
    codes[(bits & PixelFlag.SATURATED) != 0] = SATURATED
    codes[(bits & PixelFlag.NONFINITE) != 0] = NONFINITE
    if mask_shown:
        codes[(bits & (PixelFlag.MASKED | PixelFlag.USER)) != 0] = MASKED
    codes[(bits & (PixelFlag.MISSING | PixelFlag.SENTINEL)) != 0] = MISSING
    return codes


@lru_cache(maxsize=8)
def _hatch(shape: tuple[int, int]) -> Indices:
    """(H, W) 0 or 1 in diagonal bands two pixels wide."""
    y = np.arange(shape[0], dtype=np.uint32)[:, None]
    x = np.arange(shape[1], dtype=np.uint32)[None, :]
    return (((x + y) >> 1) & 1).astype(np.uint8)
