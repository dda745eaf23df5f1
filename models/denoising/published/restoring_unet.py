"""The noise-and-mask restoring U-Net of Bellisario, Maia & Ekeberg, J. Appl. Cryst. 55, 122 (2022).

A plain U-Net (Ronneberger et al., MICCAI 2015) with dropout of a half at its two deepest levels. In goes the
logarithm of one plus the intensity, the brightest pixel being 1, with masked pixels black; out comes, through a tanh,
the same of the whole noise-free pattern. What is minimised is the mean squared error.

Where this differs from the published one, and why:

- A quarter of its width, 16 to 256 channels instead of 64 to 1 024: 1.9 instead of 31 million parameters, 7.8 MB.
- There, one set of weights for every pair of exposure and mask width; here one for all, trained on the doses, masks
  and particles that DenoiseNet is trained on.
- The brightest pixel as the unit loses how much light there was. It is put back here: the measured pixels are given
  the photons counted there.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from models.denoising.published.scaling import holding

_DROPOUT = 0.5
_DROPPED_LEVELS = 2
_LEAST_PEAK = 1e-12
_LOG_2 = math.log(2.0)


@dataclass(frozen=True, slots=True)
class RestoringUNetConfig:
    """Sizes of a RestoringUNet; stored with the weights.

    Attributes:
        channels: of each level, from full resolution downwards, each half of the one before.
    """

    channels: tuple[int, ...] = (16, 32, 64, 128, 256)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, sizes: dict[str, Any]) -> RestoringUNetConfig:
        """The config `as_dict` gave, also after a journey through JSON. Raises TypeError for unknown sizes."""
        return cls(**{name: tuple(size) for name, size in sizes.items()})


class RestoringUNet(nn.Module):
    """Rates of frames of any size; knows of no beam."""

    def __init__(self, config: RestoringUNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or RestoringUNetConfig()
        sizes = config.channels
        dropped = len(sizes) - _DROPPED_LEVELS
        self.down = nn.ModuleList(
            _level(before, n, _DROPOUT if i >= dropped else 0.0)
            for i, (before, n) in enumerate(pairwise((1, *sizes)))
        )
        self.widen = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for fine, coarse in pairwise(sizes))
        self.up = nn.ModuleList(_level(2 * n, n) for n in sizes[:-1])
        self.head = nn.Conv2d(sizes[0], 1, 1)

    def forward(self, frame: Tensor) -> Tensor:
        """(B, H, W) output for input (B, H, W)."""
        h, w = frame.shape[1:]
        multiple = 2 ** (len(self.config.channels) - 1)
        x = F.pad(frame, (0, -w % multiple, 0, -h % multiple))[:, None]
        fine: list[Tensor] = []
        for level in self.down:
            x = level(F.max_pool2d(x, 2) if fine else x)
            fine.append(x)
        for i in reversed(range(len(self.up))):
            x = self.up[i](torch.cat([fine[i], F.relu(self.widen[i](x))], 1))
        out: Tensor = self.head(x).tanh()
        return out[:, 0, :h, :w]

    def rate(self, counts: Tensor, measured: Tensor) -> Tensor:
        """Expected photons.

        Args:
            counts: (B, H, W) float32 photons, 0 where not measured.
            measured: (B, H, W) float32, 1 or 0: where the photons are to be put back. The network is not told.

        Returns:
            (B, H, W) ≥ 0; on the measured pixels they add up to the photons counted there.
        """
        return holding(decode(self(encode(counts))), counts, measured)


def encode(rate: Tensor) -> Tensor:
    """(B, H, W) between 0 and 1: log₂(1 + intensity), the brightest pixel being 1."""
    return (rate / rate.amax((1, 2), keepdim=True).clamp_min(_LEAST_PEAK)).log1p() / _LOG_2


def decode(output: Tensor) -> Tensor:
    """The intensity (B, H, W) that an output stands for, the brightest pixel of the pattern being 1."""
    return (output.clamp(0.0, 1.0) * _LOG_2).expm1()


def loss(network: RestoringUNet, counts: Tensor, measured: Tensor, rate: Tensor) -> Tensor:
    """Mean squared error of the output; measured and masked pixels alike."""
    del measured
    return F.mse_loss(network(encode(counts)), encode(rate))


def _level(before: int, channels: int, dropout: float = 0.0) -> nn.Sequential:
    first, second = nn.Conv2d(before, channels, 3, padding=1), nn.Conv2d(channels, channels, 3, padding=1)
    for conv in (first, second):
        nn.init.kaiming_normal_(conv.weight)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Dropout(dropout))
