"""Per-pixel statistics built up frame by frame, and put together from parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]


@dataclass(eq=False)
class Accumulator:
    """Sums over frames, of valid pixels only.

    Values are taken relative to the first valid one of each pixel, so that the variance of large values with small
    differences survives (Chan, Golub & LeVeque, Am. Stat. 37, 242, 1983).

    Args:
        shape: (H, W) of the frames.
        lit_from: values from which on a pixel is lit, in the run's unit.

    Attributes:
        frames: how many were added.
        count, lit: (H, W) int32 frames in which a pixel was valid, and in which it was lit as well.
    """

    shape: tuple[int, int]
    lit_from: float
    frames: int = 0
    count: npt.NDArray[np.int32] = field(init=False)
    lit: npt.NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self.count = np.zeros(self.shape, np.int32)
        self.lit = np.zeros(self.shape, np.int32)
        self._origin = np.zeros(self.shape)
        self._maximum = np.zeros(self.shape)
        self._sum = np.zeros(self.shape)
        self._squares = np.zeros(self.shape)

    def add(self, values: npt.NDArray[Any], flags: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Some frames.

        Args:
            values: (k, H, W) of any real type, finite where valid.
            flags: (k, H, W) uint8, 0 where valid.

        Returns:
            (k, 3): of each frame the sum of its valid pixels, how many are lit, and its largest value (NaN: none).
        """
        from models.statistics.kernels import add_frames

        if values.dtype == np.float16 or values.dtype == np.bool_:  # which nothing is compiled for
            values = values.astype(np.float32)
        frames = len(values)
        said = np.empty((frames, 3))
        count, origin, total, squares, maximum, lit = (
            a.ravel() for a in (self.count, self._origin, self._sum, self._squares, self._maximum, self.lit)
        )
        flat, bad = (np.ascontiguousarray(block).reshape(frames, -1) for block in (values, flags))
        add_frames(flat, bad, self.lit_from, count, origin, total, squares, maximum, lit, said)
        self.frames += frames
        said[~np.isfinite(said[:, 2]), 2] = np.nan
        return said

    def merge(self, other: Accumulator) -> None:
        """Take in what another one was given.

        Raises:
            ValueError: it is of frames of another size, or has another threshold.
        """
        if other.shape != self.shape or other.lit_from != self.lit_from:
            raise ValueError(f"frames of {other.shape} from {other.lit_from} do not go with {self.shape}")
        new, both = (self.count == 0) & (other.count > 0), (self.count > 0) & (other.count > 0)
        self._origin[new] = other._origin[new]
        self._maximum[new] = other._maximum[new]
        self._maximum[both] = np.maximum(self._maximum[both], other._maximum[both])
        # Their sums about our origin.
        shift = np.where(other.count > 0, other._origin - self._origin, 0.0)
        self._squares += other._squares + 2 * shift * other._sum + other.count * shift**2
        self._sum += other._sum + other.count * shift
        self.count += other.count
        self.lit += other.lit
        self.frames += other.frames

    def mean(self) -> Picture:
        """(H, W) float32 mean of the valid values, NaN where there are none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.count > 0, self._origin + self._sum / self.count, np.nan).astype(np.float32)

    def variance(self) -> Picture:
        """(H, W) float32 variance about the mean, over n − 1; NaN where fewer than two values were valid."""
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.maximum(self._squares - self._sum**2 / self.count, 0)
            return np.where(self.count > 1, spread / (self.count - 1), np.nan).astype(np.float32)

    def largest(self) -> Picture:
        """(H, W) float32 largest valid value, NaN where there are none."""
        return np.where(self.count > 0, self._maximum, np.nan).astype(np.float32)

    def lit_fraction(self) -> Picture:
        """(H, W) float32 share of the valid values that are lit, NaN where there are none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.count > 0, self.lit / self.count, np.nan).astype(np.float32)
