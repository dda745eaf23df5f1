"""What a pass over the frames of a run gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.parameters import parameter

if TYPE_CHECKING:
    from models.statistics.accumulate import Accumulator

Picture = npt.NDArray[np.float32]

REST = ""
"""The name of the frames that are of no class."""


@dataclass(frozen=True, slots=True)
class StatisticsSettings:
    """What is counted, and how much of the machine that may take."""

    lit_from: float = parameter(
        0.7,
        "values from which on a pixel is lit; for frames in photons 0.7 asks for one photon",
        title="Lit from",
    )
    every: int = parameter(1, "look at every n-th frame only", unit="frames", low=1, title="Every")
    workers: int = parameter(0, "processes that read; 0: one for each core", low=0, high=64, title="Processes")


@dataclass(frozen=True, slots=True, eq=False)
class PixelStatistics:
    """Of every pixel, over the frames in which it was valid; NaN where there were none.

    Attributes:
        frames: how many were looked at.
        mean, variance, maximum: (H, W) float32 in the run's unit (its square).
        lit_fraction: (H, W) float32, share of the frames in which the pixel was lit.
        count: (H, W) int32 frames in which it was valid.
    """

    frames: int
    mean: Picture
    variance: Picture
    maximum: Picture
    lit_fraction: Picture
    count: npt.NDArray[np.int32]

    @classmethod
    def of(cls, made: Accumulator) -> PixelStatistics:
        return cls(
            frames=made.frames,
            mean=made.mean(),
            variance=made.variance(),
            maximum=made.largest(),
            lit_fraction=made.lit_fraction(),
            count=made.count,
        )


@dataclass(frozen=True, slots=True, eq=False)
class FrameNumbers:
    """Of every frame, over its valid pixels; NaN (lit pixels: −1) where it was not looked at or not readable.

    Attributes:
        total: (N,) float64 sum of values. lit_pixels: (N,) int64. largest: (N,) float64 largest value.
    """

    total: npt.NDArray[np.float64]
    lit_pixels: npt.NDArray[np.int64]
    largest: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RunStatistics:
    """One pass over a run.

    Attributes:
        unit: of the values, as the run says.
        lit_from: from which on a pixel was counted as lit.
        whole: of all frames that were looked at.
        by_class: of the frames of each class, those without frames left out; empty where no classes were given.
        numbers: of every frame. unreadable: frames that could not be read.
    """

    unit: str
    lit_from: float
    whole: PixelStatistics
    numbers: FrameNumbers
    by_class: Mapping[str, PixelStatistics] = field(default_factory=dict)
    unreadable: tuple[int, ...] = ()
