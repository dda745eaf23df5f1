"""Runs whose frames are made of known photons, pedestal, common mode and gain."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import FrameUnreadable
from models.runs.types import Frame, Geometry, PixelFlag, RunIdentity

GAIN, NOISE = 20.0, 2.0
SHAPE = (64, 96)
ASIC = (32, 48)


@dataclass
class KnownRun:
    """A run in memory (see `models.runs.types.Run`), as far as calibration looks at one."""

    frames: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    unit: str = "ADU"
    path: Path = Path("known.npy")
    name: str = "known.npy"
    dataset: str = ""
    unreadable: tuple[int, ...] = ()
    geometry: Geometry = field(default_factory=Geometry)
    columns: dict = field(default_factory=dict)
    events: None = None
    warnings: tuple[str, ...] = ()
    reads: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        return self.frames.shape[1:]

    @property
    def dtype(self) -> np.dtype:
        return self.frames.dtype

    @property
    def identity(self) -> RunIdentity:
        return RunIdentity("0123456789abcdef", len(self))

    def __len__(self) -> int:
        return len(self.frames)

    def load(self, index: int) -> Frame:
        self.reads += 1
        if index in self.unreadable:
            raise FrameUnreadable(f"frame {index} cannot be read")
        raw = self.frames[index]
        flags = np.where(self.mask, 0, np.uint8(PixelFlag.MASKED)).astype(np.uint8)
        flags[~np.isfinite(raw)] |= np.uint8(PixelFlag.NONFINITE)
        return Frame(index, raw, flags)

    def close(self) -> None:
        pass


@dataclass
class Known:
    """What the frames of a run are made of; `values` are (N, H, W)."""

    photons: npt.NDArray[np.int64]
    pedestal: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.float32]
    run: KnownRun


def known(
    frames: int = 3,
    rate: float = 0.1,
    *,
    kind: str = "row",
    common_adu: float = 15.0,
    noise: float = NOISE,
    seed: int = 0,
) -> Known:
    """Poisson photons of `rate` per pixel at 20 ADU each, on a pedestal, with one offset a group and read noise."""
    rng = np.random.default_rng(seed)
    shape = (frames, *SHAPE)
    photons = rng.poisson(rate, shape)
    pedestal = (300 + 40 * rng.random(SHAPE)).astype(np.float32)
    offsets = common_mode(rng, frames, kind, common_adu)
    values = photons * GAIN + pedestal + offsets + rng.normal(0, noise, shape)
    mask = rng.random(SHAPE) > 0.04
    return Known(photons, pedestal, offsets, KnownRun(values.astype(np.float32), mask))


def common_mode(rng: np.random.Generator, frames: int, kind: str, adu: float) -> npt.NDArray[np.float32]:
    """(N, H, W): one offset for each row or column of an ASIC, for each ASIC, or for the frame."""
    rows, columns = SHAPE[0] // ASIC[0], SHAPE[1] // ASIC[1]
    sizes = {
        "row": ((SHAPE[0], columns), (1, ASIC[1])),
        "column": ((rows, SHAPE[1]), (ASIC[0], 1)),
        "asic": ((rows, columns), ASIC),
        "frame": ((1, 1), SHAPE),
    }
    small, repeat = sizes[kind]
    groups = rng.normal(0, adu, (frames, *small))
    return np.repeat(np.repeat(groups, repeat[0], axis=1), repeat[1], axis=2).astype(np.float32)
