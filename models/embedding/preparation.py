"""From a frame's counts and mask to what SpeckleNet sees.

The steps, in order, each over the valid pixels only:

1. Pixels that are not finite (or absurd, beyond 10¹²) join the mask.
2. Electronic noise: where a frame has negative values (ADU, background-subtracted photons) its noise width is taken
   from them and two widths are subtracted, floored at zero. Frames of counts are left as they are.
3. Hot pixels: a pixel cannot exceed six times the mean of its neighbours plus six times the frame's typical lit
   pixel.
4. Sampling: frames larger than 64 pixels are brought to 64 on the long side by summing over areas; a new pixel's sum
   is divided by the share of its area that was valid, and pixels with less than a quarter are masked.
5. Variance stabilisation: the square root (Anscombe, Biometrika 35, 246, 1948), divided by the root of the mean
   intensity. The mean leaves masked pixels out, so half a detector gives the same scale as a whole one.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

SIDE_PX = 64
"""Long side of a prepared frame; smaller frames keep their own sampling."""

_NOISE_WIDTHS = 2.0
_HOT_FACTOR = 6.0
LEAST_VALID_SHARE = 0.25
"""A prepared pixel with less valid area than this is masked."""

_LARGEST = 1e12
"""Values beyond are no measurement; sums of it are still far from the end of float32's range."""


def prepare(frames: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]) -> Tensor:
    """Network input of frames in photons or ADU.

    Args:
        frames: (n, H, W) float32; may hold negative and non-finite values.
        valid: (n, H, W) or (H, W) bool, True = use.

    Returns:
        (n, 2, h, w) float32, h and w at most 64: square-root intensity in units of the root of its mean (0 where
        masked), and the valid share of each pixel in 0 … 1. Always finite; a frame without lit pixels is all zeros.

    Raises:
        ValueError: for arrays of other shapes.
    """
    if frames.ndim != 3 or valid.shape not in (frames.shape, frames.shape[1:]):
        raise ValueError(f"frames {frames.shape} and valid {valid.shape} are not (n, H, W) and (n, H, W) or (H, W)")
    values = torch.from_numpy(np.require(frames, np.float32, ["C", "W"]))
    mask = torch.from_numpy(np.require(valid, np.bool_, ["C", "W"]))
    mask = mask if mask.ndim == 3 else mask[None]
    with torch.inference_mode():
        if values.numel():
            low, high = torch.aminmax(values)
            if not (float(low) >= -_LARGEST and float(high) <= _LARGEST):  # NaN compares false
                mask = mask & (values.abs() <= _LARGEST)
        counts = subtract_noise(torch.where(mask, values, 0.0))
        share = mask.float()
        return stabilise(*resample(cap_hot_pixels(counts, share), share, SIDE_PX))


def subtract_noise(counts: Tensor) -> Tensor:
    """Step 2: (n, H, W) without negative values and, where there were any, without noise of that size."""
    if counts.numel() == 0 or float(counts.min()) >= 0:
        return counts
    below = counts.clamp(max=0.0)
    n_below = (below < 0).sum((1, 2), keepdim=True)
    # Mean of a half-Gaussian is σ·√(2/π); a mean of moduli is swayed less by a few wild pixels than a variance is.
    width = -below.sum((1, 2), keepdim=True) / n_below.clamp_min(1) * (np.pi / 2) ** 0.5
    cleaned: Tensor = (counts - _NOISE_WIDTHS * width).clamp_min(0.0)
    return cleaned


def cap_hot_pixels(counts: Tensor, mask: Tensor) -> Tensor:
    """Step 3: (n, H, W) counts ≥ 0 (0 where masked), (n or 1, H, W) float mask, to counts without hot pixels."""
    limit = _box3(counts).sub_(counts).clamp_min_(0.0).div_((_box3(mask) - mask).clamp_min_(1.0))
    lit = torch.count_nonzero(counts, dim=(1, 2)).clamp_min(1)
    # Mean of roots, squared: one pixel of 10 000 among 200 photons hardly moves it.
    typical = (counts.sqrt().sum((1, 2)) / lit).square()
    return torch.minimum(counts, limit.add_(typical[:, None, None]).mul_(_HOT_FACTOR))


def resample(counts: Tensor, mask: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Step 4: (n, H, W) counts, (n or 1, H, W) float mask, to counts per whole new pixel and its valid share."""
    height, width = counts.shape[1:]
    scale = max(height, width) / side
    if scale <= 1.0:
        return counts, mask
    rows = _area_shares(height, max(1, round(height / scale)))
    columns = _area_shares(width, max(1, round(width / scale))).T
    counts, share = rows @ counts @ columns, rows @ mask @ columns
    area = (height / rows.shape[0]) * (width / columns.shape[1])
    share = (share / area).clamp_max(1.0)
    kept = share >= LEAST_VALID_SHARE
    return torch.where(kept, counts / share.clamp_min(LEAST_VALID_SHARE), 0.0), torch.where(kept, share, 0.0)


def stabilise(intensity: Tensor, mask: Tensor) -> Tensor:
    """Step 5: (n, h, w) intensity ≥ 0 (0 where masked), (n or 1, h, w) valid share, to (n, 2, h, w) input."""
    area = mask.sum((1, 2), keepdim=True).clamp_min(1.0)
    mean = (intensity * mask).sum((1, 2), keepdim=True) / area
    # A frame without light is divided by one, not by nothing.
    root = (intensity / torch.where(mean > 0, mean, 1.0)).sqrt_()
    return torch.stack([root, mask.expand_as(root)], 1)


def _area_shares(old: int, new: int) -> Tensor:
    """(new, old) share of each old pixel's length that falls into each new pixel."""
    edges = torch.arange(new + 1, dtype=torch.float64) * (old / new)
    start = torch.arange(old, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], start[None] + 1) - torch.maximum(edges[:-1, None], start[None])
    return overlap.clamp_min(0.0).float()


def _box3(images: Tensor) -> Tensor:
    """Sum over 3 × 3 pixels of (n, H, W)."""
    rows = images.clone()
    rows[..., 1:, :] += images[..., :-1, :]
    rows[..., :-1, :] += images[..., 1:, :]
    both = rows.clone()
    both[..., 1:] += rows[..., :-1]
    both[..., :-1] += rows[..., 1:]
    return both
