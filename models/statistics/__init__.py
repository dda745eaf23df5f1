"""Statistics over the frames of a run: mean, deviation, maximum and lit pixels, of all frames or of each class."""

from __future__ import annotations

from models.statistics.accumulate import Accumulator
from models.statistics.run import run_statistics
from models.statistics.types import REST, FrameNumbers, PixelStatistics, RunStatistics, StatisticsSettings

__all__ = [
    "REST",
    "Accumulator",
    "FrameNumbers",
    "PixelStatistics",
    "RunStatistics",
    "StatisticsSettings",
    "run_statistics",
]
