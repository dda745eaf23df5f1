"""Running means of weights, which are better and steadier than the weights themselves (Polyak & Juditsky, 1992).

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253


def started(network: nn.Module) -> dict[str, Tensor]:
    """The mean before the first step: the weights as they are."""
    return {name: value.clone() for name, value in network.state_dict().items()}


@torch.no_grad()
def moved(average: dict[str, Tensor], network: nn.Module, kept: float) -> None:
    """Let the mean keep this share of itself and take the rest from the weights; whole numbers are taken over."""
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - kept)
        else:
            average[name].copy_(value)
