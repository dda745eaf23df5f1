"""What every run file becomes: frames, their flags, geometry, columns, and the `Run` protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]
FlagImage = npt.NDArray[np.uint8]

PLANCK_TIMES_LIGHT_EV_M = 1.239841984332e-6
"""h·c in eV·m (CODATA 2018, exact)."""


DENOISED = " (denoised)"
"""How the unit of frames that Friedel denoised ends: they are rates, never to be taken for counts."""
DENOISED_BY = "denoised_by"
"""The attribute of a dataset of denoised frames that names the method."""


class PixelFlag(IntFlag):
    """Why a pixel must not be used; 0 means it is good."""

    MASKED = 1
    """bad by the file's mask"""
    MISSING = 2
    """no detector there (gap, lost module)"""
    NONFINITE = 4
    """NaN or infinite in this frame"""
    SENTINEL = 8
    """the stored type's maximum, which detectors write for "no value" """
    SATURATED = 16
    """at or above the detector's saturation level in this frame"""
    USER = 32
    """masked by the user"""


@dataclass(frozen=True, init=False)
class Frame:
    """One detector exposure.

    Attributes:
        index: place in the run, from 0.
        raw: (H, W), the file's own dtype in native byte order: what the value readout shows.
        flags: (H, W) uint8 of `PixelFlag` bits; 0 is a good pixel.
    """

    index: int
    raw: npt.NDArray[Any]
    flags: FlagImage

    def __init__(self, index: int, raw: npt.NDArray[Any], flags: FlagImage) -> None:
        # Made for every frame that is read: what dataclasses write takes three times as long.
        fields = self.__dict__
        fields["index"], fields["raw"], fields["flags"] = index, raw, flags

    @cached_property
    def data(self) -> FloatImage:
        """(H, W) float32; flagged pixels keep the file's value (possibly NaN or inf): look at `valid`."""
        with np.errstate(over="ignore", invalid="ignore"):  # NaN that signal warn when they are cast
            return np.ascontiguousarray(self.raw, dtype=np.float32)

    @cached_property
    def valid(self) -> BoolImage:
        """(H, W), True where the pixel may be used."""
        good: BoolImage = self.flags == 0
        return good

    @property
    def nbytes(self) -> int:
        return int(self.raw.nbytes + self.flags.nbytes)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the frame's pixels are; None wherever the file does not say.

    Attributes:
        distance_m: sample to detector, metres.
        pixel_size_m: (y, x) pixel pitch, metres.
        photon_energy_eV: photon energy, electronvolts.
        centre_px: (y, x) of the direct beam in pixels; pixel centres are at whole numbers.
    """

    distance_m: float | None = None
    pixel_size_m: tuple[float, float] | None = None
    photon_energy_eV: float | None = None
    centre_px: tuple[float, float] | None = None

    @property
    def wavelength_m(self) -> float | None:
        if not self.photon_energy_eV:
            return None
        return PLANCK_TIMES_LIGHT_EV_M / self.photon_energy_eV


@dataclass(frozen=True, slots=True)
class Column:
    """One number per frame.

    Attributes:
        name: as shown to the user.
        values: (N,) float64 or int64.
        unit: "" where it has none or the file does not say.
    """

    name: str
    values: npt.NDArray[Any]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Recognises a run after its file was moved or renamed.

    Attributes:
        digest: 16 hex digits from dataset path, shape, dtype, the first 64 event identifiers (or, without them, the
            bytes of the first frame and of the 64th, or last); never from the file's name or time. A run of 64
            frames keeps it while it grows.
        n_frames: frames when it was made (a live run grows).
        treatment: digest of the `models.treatment.Treatment` of its frames; "" where they are as stored.
    """

    digest: str
    n_frames: int
    treatment: str = ""

    @property
    def pixels(self) -> str:
        """Names what the frames look like: the run's digest, and what they were treated with. Vectors, maps and
        verdicts belong to it; labels belong to `digest`, as an event stays what it is."""
        return f"{self.digest}-{self.treatment}" if self.treatment else self.digest


@runtime_checkable
class Run(Protocol):
    """An ordered set of frames from one measurement. Lazy: opening reads metadata only.

    A run is used from one thread at a time (HDF5 has one lock); `models.runs.server.FrameServer` owns that thread
    while a window is open. `models.runs.open_run` makes one.
    """

    path: Path
    """the file or folder"""
    name: str
    """short name for titles"""
    dataset: str
    """path of the frames inside the file; "" where the file is the array"""
    shape: tuple[int, int]
    """(H, W) of every frame"""
    dtype: np.dtype[Any]
    """stored type of a pixel"""
    unit: str
    """unit of a pixel value: "photons", "ADU", "" """
    mask: BoolImage
    """(H, W), True = use; what the file says for all frames, before per-frame flags"""
    geometry: Geometry
    columns: Mapping[str, Column]
    events: Sequence[str] | None
    """event identifier of every frame, or None where the file has none (then the index serves)"""
    identity: RunIdentity
    warnings: tuple[str, ...]
    """what was assumed or found odd, in sentences for the user"""

    def __len__(self) -> int: ...

    def load(self, index: int) -> Frame:
        """Frame `index` with its flags. Raises FrameUnreadable; IndexError outside 0 … N-1."""
        ...

    def frame(self, index: int) -> FloatImage:
        """(H, W) float32 of frame `index`: `load(index).data`."""
        ...

    def read(self, indices: Sequence[int]) -> FloatImage:
        """(n, H, W) float32 of several frames, one read each."""
        ...

    def close(self) -> None: ...
