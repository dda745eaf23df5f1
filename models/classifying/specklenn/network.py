"""The published network.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

DIMENSIONS = 128
SIDES_PX = (48, 65, 96)
"""Frame sizes that were published: simulated frames binned, the experiment's, simulated frames."""


class SpeckleNN(nn.Module):
    """Two convolutions of 5 × 5 with batch normalisation, PReLU and pooling, then 512 and 128 full.

    Args:
        side: of the frames in pixels; the full layer fits one size only.
    """

    def __init__(self, side: int = 48) -> None:
        super().__init__()
        left = ((side - 4) // 2 - 4) // 2
        if left < 1:
            raise ValueError(f"frames of {side} pixels are too small for the network")
        self.side = side
        self.dimensions = DIMENSIONS
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 32, 5), nn.BatchNorm2d(32), nn.PReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 5), nn.BatchNorm2d(64), nn.PReLU(), nn.MaxPool2d(2)),
        )
        self.head = nn.Sequential(
            *(nn.Flatten(), nn.Linear(64 * left * left, 512), nn.PReLU(), nn.Linear(512, DIMENSIONS))
        )
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, side, side) standardised frames to (B, 128) of unit length."""
        return F.normalize(self.head(self.features(x)), dim=1)


def parameters_in(network: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in network.parameters())


def to_side(frames: Tensor, side: int) -> Tensor:
    """(n, H, W) photons to (n, side, side): cut to the middle square and summed over areas.

    Frames smaller than `side` are enlarged, their photons shared out over the new pixels.
    """
    height, width = frames.shape[1:]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    frames = frames[:, top : top + square, left : left + square]
    if square == side:
        return frames
    shares = _area_shares(square, side).to(frames)
    return shares @ frames @ shares.T


def standardise(frames: Tensor) -> Tensor:
    """(n, side, side) to network input (n, 1, side, side): every frame less its mean over its standard deviation,
    masked zeros included, as published."""
    mean = frames.mean((1, 2), keepdim=True)
    deviation = frames.std((1, 2), keepdim=True, unbiased=False)
    return ((frames - mean) / deviation.clamp_min(1e-6))[:, None]


def _area_shares(old: int, new: int) -> Tensor:
    """(new, old) share of each old pixel's length that falls into each new pixel."""
    edges = torch.arange(new + 1, dtype=torch.float64) * (old / new)
    start = torch.arange(old, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], start[None] + 1) - torch.maximum(edges[:-1, None], start[None])
    return overlap.clamp_min(0.0).float()
