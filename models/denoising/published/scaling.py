"""What puts the photons back.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

from torch import Tensor  # noqa: TID253


def holding(rate: Tensor, counts: Tensor, measured: Tensor) -> Tensor:
    """A rate (B, H, W) ≥ 0 scaled so that the measured pixels hold the photons counted there; even if it is all 0."""
    total = (counts * measured).sum((1, 2), keepdim=True)
    given = (rate * measured).sum((1, 2), keepdim=True)
    even = total / measured.sum((1, 2), keepdim=True).clamp_min(1.0)
    return (rate * (total / given)).where(given > 0, even.expand_as(rate))
