"""The objective that needs no labels: the network's two branches have to agree on which frame they see.

Zimmermann et al. (npj Comput. Mater. 9, 24, 2023) project a frame in polar coordinates and the same frame in
Cartesian ones near each other and away from all other frames (SimCLR's loss, Chen et al., ICML 2020, with the change
of coordinates as the positive pair). SpeckleNet already has a polar and a Cartesian branch, so each gets a small head
and the pair is one view's polar features and another view's image features. The heads serve training only.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from models.embedding.network import SpeckleNet

_DIMENSIONS = 64


class Learner(nn.Module):
    """A SpeckleNet with what only its training needs.

    Args:
        network: to be trained, in place.
    """

    def __init__(self, network: SpeckleNet) -> None:
        super().__init__()
        self.network = network
        polar, image = network.branch_widths
        self.from_polar = nn.Linear(polar, _DIMENSIONS)
        self.from_image = nn.Linear(image, _DIMENSIONS)

    def projection_loss(
        self, first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor], temperature: float
    ) -> Tensor:
        """Disagreement of the branches over two views of the same frames.

        Args:
            first, second: `SpeckleNet.branches` of (n, 2, h, w) views, frame by frame.
            temperature: of the softmax over cosines.
        """
        pairs = (first[0], second[1]), (second[0], first[1])
        return 0.5 * sum(
            (info_nce(self.from_polar(p), self.from_image(i), temperature) for p, i in pairs), torch.zeros(())
        )


def info_nce(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Mean cross-entropy of finding row i of `b` (n, D) by row i of `a`, and the other way round; cosines."""
    logits = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / temperature
    same = torch.arange(len(a))
    return 0.5 * (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same))
