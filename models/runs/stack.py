"""The one `Run` of this package: metadata read at opening, and a source that hands out raw frames one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.detector import geometry
from models.errors import FrameUnreadable
from models.runs.layout import FrameLayout, require_picture_size
from models.runs.live import Following
from models.runs.masks import MaskReading
from models.runs.types import BoolImage, Column, FlagImage, FloatImage, Frame, Geometry, PixelFlag, RunIdentity

_LONGEST_SENTENCE = 1000
_LONGEST_UNIT = 24


_SMALL_FRAME = 1 << 17
"""pixels; beyond, `max` is faster than `argmax`"""


class FrameSource(Protocol):
    """Where raw frames come from: one HDF5 dataset, one array file, one folder of pictures."""

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of frame `index` as stored, native byte order. Raises FrameUnreadable."""
        ...

    def flags(self, index: int) -> FlagImage | None:
        """(H, W) `PixelFlag` bits that the file gives for this frame alone, or None. Raises FrameUnreadable."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class RunFacts:
    """What opening a file finds out.

    Attributes:
        path: the file or folder.
        dataset: path of the frames inside the file, "" where the file is the array.
        frames: number of frames.
        shape: (H, W).
        dtype: stored type of a pixel.
        identity: see `RunIdentity`.
        static_flags: (H, W) `PixelFlag` bits valid for every frame, or None where the file has no mask.
        saturation_level: raw value at and above which a pixel is saturated; None where the file does not say.
        implicit_bad: raw values that mean "no value" besides the type's maximum (a Pilatus writes −1 and −2).
        layout: how a frame lies in its array; None where the array is the frame.
        mask_reading: how each of the file's masks was read.
        following: how to look for more frames; None where the file does not grow.
        incomplete: a sentence on what frames lack because files are missing; "" where they are whole.
    """

    path: Path
    dataset: str
    frames: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    identity: RunIdentity
    unit: str = ""
    static_flags: FlagImage | None = None
    geometry: Geometry = field(default_factory=Geometry)
    columns: Mapping[str, Column] = field(default_factory=dict)
    events: Sequence[str] | None = None
    warnings: tuple[str, ...] = ()
    saturation_level: float | None = None
    implicit_bad: tuple[int, ...] = ()
    layout: FrameLayout | None = None
    mask_reading: tuple[MaskReading, ...] = ()
    following: Following | None = None
    incomplete: str = ""


class StackRun:
    """An open run (see `models.runs.types.Run`).

    Attributes beyond the protocol:
        saturation_level: raw value at and above which a pixel is flagged SATURATED; None for never. May be set;
            frames loaded afterwards follow it.
        mask_reading: how each of the file's masks was read: convention, bits, polarity. Empty without masks.
    """

    def __init__(self, facts: RunFacts, source: FrameSource) -> None:
        require_picture_size(facts.shape, str(facts.path))
        self._source = source
        self._frames = facts.frames
        self._implicit_bad = facts.implicit_bad
        self._layout = facts.layout
        self._sentinel = sentinel_of(facts.dtype)
        static = facts.static_flags
        if static is None:
            static = np.zeros(facts.shape, np.uint8)
        static.setflags(write=False)
        self._static_flags: FlagImage = static
        self.path: Path = facts.path
        self.name: str = facts.path.name
        self.dataset: str = facts.dataset
        self.shape: tuple[int, int] = facts.shape
        self.dtype: np.dtype[Any] = facts.dtype
        self.unit: str = one_line(facts.unit, _LONGEST_UNIT)
        mask: BoolImage = static == 0
        mask.setflags(write=False)
        self.mask: BoolImage = mask
        self.geometry: Geometry = facts.geometry
        self.columns: Mapping[str, Column] = facts.columns
        self.events: Sequence[str] | None = facts.events
        self.identity: RunIdentity = facts.identity
        self.following: Following | None = facts.following
        self.incomplete: str = one_line(facts.incomplete)
        # Names out of the file may hold line breaks, or be of any length.
        self.warnings: tuple[str, ...] = tuple(
            one_line(text) for text in (*facts.warnings, *_assumptions(facts.geometry))
        )
        self.mask_reading: tuple[MaskReading, ...] = facts.mask_reading
        self.saturation_level: float | None = facts.saturation_level

    def __len__(self) -> int:
        return self._frames

    def __repr__(self) -> str:
        where = f":{self.dataset}" if self.dataset else ""
        return f"<Run {self.name}{where}: {len(self)} frames of {self.shape[0]}×{self.shape[1]} {self.dtype}>"

    def __enter__(self) -> StackRun:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def slab_shape(self) -> tuple[int, ...]:
        """(ss, fs) or (modules, ss, fs): a frame as it is stored, before modules are laid out side by side."""
        layout = self._layout
        if layout is None:
            return self.shape
        axes = (layout.modules, layout.y, layout.x)
        return tuple(layout.shape[axis] for axis in axes if axis is not None)

    def slab_index(self) -> npt.NDArray[np.int32] | None:
        """(H, W) int32: where in the stored slab, flattened, each pixel of a frame lies; −1 where none does.

        None where the frame is the slab itself.
        """
        layout = self._layout
        if layout is None or layout.modules is None:
            return None
        slab = self.slab_shape
        plain = FrameLayout(shape=slab, scan=(), modules=0, y=1, x=2, grid=layout.grid)
        return plain.assemble(np.arange(math.prod(slab), dtype=np.int32).reshape(slab), gap=-1)

    def load(self, index: int) -> Frame:
        """Frame `index` with its flags.

        Raises:
            FrameUnreadable: the file does not give this frame.
            IndexError: outside 0 … N−1.
        """
        if not 0 <= index < self._frames:
            raise IndexError(f"frame {index} of a run with frames 0 … {self._frames - 1}")
        raw = self._source.read(index)
        own = self._source.flags(index)
        if raw.shape != self.shape:
            raise self._misfit(index, raw.shape)
        if own is not None and own.shape != self.shape:
            raise self._misfit(index, own.shape)
        static = self._static_flags if own is None else self._static_flags | own
        flags = flag_pixels(
            raw,
            static,
            sentinel=self._sentinel,
            saturation_level=self.saturation_level,
            implicit_bad=self._implicit_bad,
        )
        return Frame(index=index, raw=raw, flags=flags)

    def _misfit(self, index: int, shape: tuple[int, ...]) -> FrameUnreadable:
        return FrameUnreadable(
            f"frame {index} of {self.name} does not fit the run",
            cause=f"it came as {'×'.join(map(str, shape))}, the run is {self.shape[0]}×{self.shape[1]}",
            hint="The file may be damaged; the other frames may be fine",
            index=index,
        )

    def frame(self, index: int) -> FloatImage:
        """(H, W) float32 of frame `index`; raises as `load`."""
        return self.load(index).data

    def read(self, indices: Sequence[int]) -> FloatImage:
        """(n, H, W) float32 of several frames, one read each; raises as `load`."""
        out = np.empty((len(indices), *self.shape), np.float32)
        # As in `Frame.data`: what float32 cannot hold becomes infinite.
        with np.errstate(over="ignore", invalid="ignore"):
            for place, index in enumerate(indices):
                out[place] = self.load(int(index)).raw
        return out

    def extend(self, frames: int) -> None:
        """There are more frames now (`models.runs.live.take`)."""
        self._frames = frames

    def close(self) -> None:
        """Let go of the file; loading frames afterwards fails."""
        self._source.close()


def _assumptions(known: Geometry) -> tuple[str, ...]:
    """What q and resolution will rest on without the file's word."""
    if known.centre_px is not None or not geometry.known(known):
        return ()
    return ("The file does not say where the beam's centre is: q and resolution are counted from the frame's middle",)


def one_line(text: str, longest: int = _LONGEST_SENTENCE) -> str:
    """A text from a file as people can be shown it: on one line, and not longer than that."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def sentinel_of(dtype: np.dtype[Any]) -> int | None:
    """The value that detectors store for "no value" in this type, or None.

    It is the maximum of the wider integer types. In 8 bits the maximum is an ordinary count.
    """
    if dtype.kind in "iu" and dtype.itemsize > 1:
        return int(np.iinfo(dtype).max)
    return None


def flag_pixels(
    raw: npt.NDArray[Any],
    static: FlagImage,
    *,
    sentinel: int | None = None,
    saturation_level: float | None = None,
    implicit_bad: tuple[int, ...] = (),
) -> FlagImage:
    """(H, W) uint8 flags of one frame; `static` itself, uncopied, where the frame adds nothing.

    Args:
        raw: (H, W) pixels as stored.
        static: (H, W) flags known before looking at the pixels.
        sentinel: raw value that means "no value".
        saturation_level: raw value at and above which a pixel is saturated.
        implicit_bad: further raw values that mean "no value".
    """
    flags = static
    kind = raw.dtype.kind
    if kind == "f":
        finite = np.isfinite(raw)
        if not finite.all():
            flags = flags | (~finite).astype(np.uint8) * np.uint8(PixelFlag.NONFINITE)
    elif kind in "iu" and raw.size:
        if sentinel is not None and _largest(raw) == sentinel:
            flags = flags | (raw == sentinel).astype(np.uint8) * np.uint8(PixelFlag.SENTINEL)
        if implicit_bad and int(raw.min()) < 0:
            flags = flags | np.isin(raw, implicit_bad).astype(np.uint8) * np.uint8(PixelFlag.SENTINEL)
    if saturation_level is not None and kind in "iuf":
        with np.errstate(invalid="ignore"):
            high = raw >= saturation_level
        high &= flags & np.uint8(PixelFlag.SENTINEL | PixelFlag.NONFINITE) == 0
        if high.any():
            flags = flags | high.astype(np.uint8) * np.uint8(PixelFlag.SATURATED)
    return flags


def _largest(raw: npt.NDArray[Any]) -> int:
    """The largest value; of small frames in half of the time of numpy's `max`, which it spends on its arguments."""
    return int(raw.item(raw.argmax()) if raw.size <= _SMALL_FRAME else raw.max())


def native(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array in native byte order; complex values become their squared modulus (an intensity)."""
    if array.dtype.kind == "c":
        with np.errstate(over="ignore", invalid="ignore"):  # what the type cannot hold becomes infinite
            intensity: npt.NDArray[Any] = np.square(array.real) + np.square(array.imag)
        return intensity
    if not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="))
    return array


def is_image_dtype(dtype: np.dtype[Any]) -> bool:
    """Whether pixels of this type can be shown: bool, integer, float (also half) or complex."""
    return dtype.kind in "biufc" and dtype.names is None and dtype.subdtype is None
