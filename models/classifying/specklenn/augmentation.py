"""The published augmentation: counting noise, detector noise, turn, zero patches, magnification, shift.

In one respect it follows the authors' later minimal version: shot-to-shot fluctuation is part of the expected photons
(the stream's law of fluence) and so comes before the noise, not after it.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.classifying.specklenn.network import standardise, to_side
from models.classifying.specklenn.settings import SpeckleNNSettings


def expose(expected: Tensor, valid: Tensor, settings: SpeckleNNSettings, rng: torch.Generator) -> Tensor:
    """Network input of fresh exposures.

    Args:
        expected: (n, H, W) float32 expected photons of every detector pixel.
        valid: (H, W) bool, True = use; other pixels count nothing.
        settings: noise and augmentation.
        rng: the only source of chance, on the frames' device.

    Returns:
        (n, 1, side, side).
    """
    side = settings.side_px
    # Counts of areas of Poisson counts are Poisson counts: noise is drawn on the small frame.
    mask = valid.to(expected)
    mean = to_side(expected * mask, side)
    pixels = to_side(mask[None], side)
    counts = torch.poisson(mean.clamp_min(0.0), generator=rng)
    noise = torch.randn(counts.shape, generator=rng, device=counts.device)
    counts = counts + settings.read_noise * pixels.clamp_min(0.0).sqrt() * noise
    if settings.turned:
        counts = _moved(counts, settings, rng, turned=True)
    counts = counts * _patches(len(counts), side, settings, rng).to(counts)
    return standardise(_moved(counts, settings, rng, turned=False))


def _moved(frames: Tensor, settings: SpeckleNNSettings, rng: torch.Generator, *, turned: bool) -> Tensor:
    """Frames turned by any angle, or magnified and shifted; zeros come in from outside."""
    n, side, _ = frames.shape

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, generator=rng, device=frames.device)

    affine = torch.zeros(n, 2, 3, device=frames.device)
    if turned:
        angle = uniform(0.0, 2 * math.pi)
        affine[:, 0, 0] = affine[:, 1, 1] = torch.cos(angle)
        affine[:, 1, 0] = torch.sin(angle)
        affine[:, 0, 1] = -affine[:, 1, 0]
    else:
        if settings.zoom == 0 and settings.shift == 0:
            return frames
        affine[:, 0, 0] = affine[:, 1, 1] = 1 / (1 + uniform(-settings.zoom, settings.zoom))
        # Whole pixels; the grid runs from −1 to 1.
        affine[:, 0, 2] = torch.round(side * uniform(-settings.shift, settings.shift)) * 2 / side
        affine[:, 1, 2] = torch.round(side * uniform(-settings.shift, settings.shift)) * 2 / side
    places = F.affine_grid(affine, [n, 1, side, side], align_corners=False)
    return F.grid_sample(frames[:, None], places, align_corners=False)[:, 0]


def _patches(n: int, side: int, settings: SpeckleNNSettings, rng: torch.Generator) -> Tensor:
    """(n, side, side) 0 in the patches, 1 elsewhere."""
    kept = torch.ones(n, side, side, dtype=torch.bool, device=rng.device)
    place = torch.arange(side, device=rng.device)
    for _ in range(settings.patches):
        size = settings.patch_share * side * (0.8 + 0.4 * torch.rand((2, n, 1), generator=rng, device=rng.device))
        middle = side * torch.rand((2, n, 1), generator=rng, device=rng.device)
        rows = (place - middle[0]).abs() < size[0] / 2
        columns = (place - middle[1]).abs() < size[1] / 2
        kept &= ~(rows[:, :, None] & columns[:, None, :])
    return kept
