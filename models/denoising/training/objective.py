"""What is minimised: logarithms of each frame's errors, so that no dose speaks louder than another.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.denoising.network import DenoiseNet, Estimate
from models.denoising.training.settings import DenoiseTrainingSettings

_LEAST_RATE = 1e-9
_LEAST_DIVERGENCE = 0.3
_LEAST_SQUARES = 0.05
_LEAST_SHARE = 0.01
_LIGHT_IN_HOLES = 0.5


def estimate(
    network: DenoiseNet, counts: Tensor, measured: Tensor, radius: Tensor, folded: bool
) -> tuple[Estimate, Tensor]:
    """The network's answer for frames (B, H, W) with the beam in their middle, and where there was exposure.

    Args:
        folded: sum Friedel mates and answer for the upper half only.
    """
    if not folded:
        return network(counts, measured, radius), measured > 0
    half = (counts.shape[1] + 1) // 2
    counts, exposure = (x + x.flip(1, 2) for x in (counts, measured))
    return network(counts, exposure, radius, half), exposure[:, :half] > 0


def objective(found: Estimate, exposed: Tensor, rate: Tensor, settings: DenoiseTrainingSettings) -> Tensor:
    """Mean over frames of: the logarithm of the Poisson divergence and half of that of the squared error of √rate
    over exposed pixels; the logarithm of the relative divergence in holes; and the Gaussian likelihood of the errors
    of √rate under the deviations, which alone teaches these.

    Args:
        found: for frames (B, h, w). exposed: (B, h, w) bool. rate: (B, h, w) the truth.
    """
    truth = rate.clamp_min(_LEAST_RATE)
    divergence = truth * (truth / found.rate.clamp_min(_LEAST_RATE)).log() - truth + found.rate
    error = found.rate.clamp_min(_LEAST_RATE).sqrt() - truth.sqrt()
    seen = exposed.float()
    loss = ((divergence * seen).sum((1, 2)) + _LEAST_DIVERGENCE).log()
    loss = loss + 0.5 * ((error.square() * seen).sum((1, 2)) + _LEAST_SQUARES).log()
    light = (truth * (1 - seen)).sum((1, 2))
    share = (divergence * (1 - seen)).sum((1, 2)) / light.clamp_min(_LIGHT_IN_HOLES)
    loss = loss + settings.masked_weight * (light > _LIGHT_IN_HOLES) * (share + _LEAST_SHARE).log()
    normal = found.log_deviation + 0.5 * (error.detach() / found.log_deviation.exp()).square()
    return (loss + settings.deviation_weight * normal.mean((1, 2))).mean()


def radius_px(n: int, side_px: int) -> Tensor:
    """(n, side, side) distance from the middle, px."""
    place = torch.arange(side_px, dtype=torch.float32) - (side_px - 1) / 2
    return torch.hypot(place[:, None], place[None, :]).expand(n, side_px, side_px)
