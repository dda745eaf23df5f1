"""Are frames called with confidence 0.8 right four times in five? The reliability curve, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.embedding.few_shot.held_out import HeldOut

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_MOST_BINS = 10
_LEAST_IN_BIN = 5


@dataclass(frozen=True, eq=False)
class Calibration:
    """Confidence against how often it was right, in B bins that hold about as many frames each.

    Attributes:
        edges: (B + 1,) limits of the bins, 0 … 1.
        confidence: (B,) mean confidence of the frames in each bin.
        right: (B,) share of them whose verdict is right.
        low, high: (B,) 90 % interval of that share (Wilson's, for as many frames as the weights are worth).
        frames: (B,) int64, frames in each bin.
        error: expected calibration error: the mean over frames of |confidence - right| of their bin.
        error_by_chance: what `error` would come to on average for as many frames whose confidences are exactly true;
            with few frames it is large, and only an `error` well above it says anything.
        n: frames in all.
    """

    edges: Array
    confidence: Array
    right: Array
    low: Array
    high: Array
    frames: npt.NDArray[np.int64]
    error: float
    error_by_chance: float
    n: int


def held_out_calibration(held_out: HeldOut, *, bins: int = _MOST_BINS) -> Calibration:
    """The reliability curve that the labels give of the head, its classes as common as in the run."""
    return calibration_curve(held_out.confidence, held_out.right, held_out.weights, bins=bins)


def calibration_curve(
    confidence: npt.NDArray[Any],
    right: npt.NDArray[Any],
    weights: npt.NDArray[Any] | None = None,
    *,
    bins: int = _MOST_BINS,
) -> Calibration:
    """The reliability curve of verdicts whose truth is known.

    Args:
        confidence: (n,) 0 … 1.
        right: (n,) bool.
        weights: (n,) how much each frame counts; equally without them.
        bins: most bins; fewer where each would hold fewer than 5 frames.
    """
    stated = np.asarray(confidence, np.float64)
    truth = np.asarray(right, np.float64)
    weight = np.ones(len(stated)) if weights is None else np.asarray(weights, np.float64)
    n = len(stated)
    count = max(1, min(bins, n // _LEAST_IN_BIN))
    inner = np.quantile(stated, np.arange(1, count) / count) if n else np.zeros(0)
    edges = np.concatenate([[0.0], np.unique(inner), [1.0]])
    place = np.searchsorted(edges[1:-1], stated, side="left")
    size = len(edges) - 1
    total = np.bincount(place, weight, size)
    squares = np.bincount(place, weight**2, size)
    held = total > 0
    total[~held] = 1.0
    mean = np.bincount(place, weight * stated, size) / total
    share = np.bincount(place, weight * truth, size) / total
    worth = np.where(held, total**2 / np.where(held, squares, 1.0), 0.0)
    low, high = wilson(share, worth)
    everything = max(float(weight.sum()), 1e-12)
    error = float((np.abs(mean - share) * total)[held].sum() / everything)
    # The gap of a bin is a sum of independent errors, nearly normal; this is the mean of its absolute value.
    by_chance = np.sqrt(2.0 / np.pi * np.bincount(place, weight**2 * stated * (1.0 - stated), size))
    return Calibration(
        edges=edges,
        confidence=np.where(held, mean, np.nan),
        right=np.where(held, share, np.nan),
        low=low,
        high=high,
        frames=np.bincount(place, minlength=size).astype(np.int64),
        error=error,
        error_by_chance=float(by_chance.sum() / everything),
        n=n,
    )


def wilson(share: Array, n: Array, z: float = 1.645) -> tuple[Array, Array]:
    """Wilson's interval (J. Am. Stat. Assoc. 22:209, 1927) of a share seen in n trials; 0 … 1 where n is 0."""
    n = np.asarray(n, np.float64)
    share = np.asarray(share, np.float64)
    spread = z * z + n
    middle = (share * n + z * z / 2) / spread
    half = z / spread * np.sqrt(n * share * (1.0 - share) + z * z / 4)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
