"""Frames on a working grid: hot pixels and electronic noise dealt with, large frames binned, masks kept as shares.

The first steps are those of `models.embedding.preparation`, so that no classifier sees cleaner frames than another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.classifying.types import BoolArray, FloatArray

_LARGEST = 1e12


@dataclass(frozen=True, eq=False)
class Grid:
    """Frames as the extractors see them.

    Attributes:
        counts: (n, h, w) float32 ≥ 0, photons that a whole pixel of the grid would hold; 0 where missing.
        share: (n, h, w) float32, valid share of each pixel in 0 … 1.
        centre_px: (y, x) of the beam on the grid, pixel centres at whole numbers.
    """

    counts: FloatArray
    share: FloatArray
    centre_px: tuple[float, float]

    @property
    def photons(self) -> FloatArray:
        """(n, h, w) photons that were counted."""
        return self.counts * self.share

    @property
    def seen(self) -> BoolArray:
        """(n,) False for frames without any valid pixel."""
        return np.asarray(self.share.any(axis=(1, 2)), np.bool_)


def to_grid(
    frames: FloatArray, valid: BoolArray, side: int = 64, centre_px: tuple[float, float] | None = None
) -> Grid:
    """Bring frames to at most `side` pixels along their long side.

    Args:
        frames: (n, H, W) float32; not finite, negative and masked values are allowed.
        valid: (n, H, W) or (H, W) bool, True = use.
        side: smaller frames keep their own sampling.
        centre_px: (y, x) of the beam on the frame; None for its middle.

    Raises:
        ValueError: for arrays of other shapes.
    """
    import torch

    from models.embedding.preparation import cap_hot_pixels, resample, subtract_noise

    if frames.ndim != 3 or valid.shape not in (frames.shape, frames.shape[1:]):
        raise ValueError(f"frames {frames.shape} and valid {valid.shape} are not (n, H, W) and (n, H, W) or (H, W)")
    with np.errstate(invalid="ignore"):
        usable = valid & (np.abs(frames) <= _LARGEST)  # NaN compares false
    cleaned = np.where(usable, frames, np.float32(0))
    with torch.inference_mode():
        counts = subtract_noise(torch.from_numpy(np.require(cleaned, np.float32, ["C", "W"])))
        share = torch.from_numpy(usable.astype(np.float32))
        counts, share = resample(cap_hot_pixels(counts, share), share, side)
    height, width = frames.shape[1:]
    y, x = ((height - 1) / 2, (width - 1) / 2) if centre_px is None else centre_px
    rows, columns = counts.shape[1] / height, counts.shape[2] / width
    return Grid(
        counts=np.asarray(counts.numpy(), np.float32),
        share=np.asarray(share.numpy(), np.float32),
        centre_px=((y + 0.5) * rows - 0.5, (x + 0.5) * columns - 0.5),
    )
