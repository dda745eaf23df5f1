"""Detectors as they are met: beam stops, gaps, lost modules, patches, dead pixels, another in every frame.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.embedding.preparation import LEAST_VALID_SHARE


def random_masks(n: int, shape: tuple[int, int], lost_modules: float, rng: torch.Generator) -> Tensor:
    """(n, h, w) valid share of every pixel: beam stop, gaps, lost modules, patches, dead pixels.

    Args:
        n, shape: frames and their (h, w).
        lost_modules: share of frames that lack a quarter, a half or three quarters of the detector.
        rng: the only source of chance.
    """
    h, w = shape[0] * 2, shape[1] * 2
    y = torch.arange(h).float()[None, :, None] - (h - 1) / 2
    x = torch.arange(w).float()[None, None, :] - (w - 1) / 2

    def chance(p: float) -> Tensor:
        return (torch.rand(n, generator=rng) < p)[:, None, None]

    def draw(low: float, high: float) -> Tensor:
        return uniform(n, (low, high), rng)[:, None, None]

    stop = (y - draw(-2, 2)) ** 2 + (x - draw(-2, 2)) ** 2 < draw(1.0, 7.0) ** 2
    bad = stop & chance(0.75)
    gap = draw(0.5, 4.0)
    middle = draw(-3, 3)
    across = chance(0.7)
    bad = bad | (torch.where(across, (y - middle).abs(), (x - middle).abs()) < gap) & chance(0.7)
    edge = draw(0.0, 0.3) * torch.where(across, float(h), float(w))
    side = torch.where(chance(0.5), 1.0, -1.0)
    # A frame lacks quarters or what lies beyond an edge, never both: something is left to see.
    quarters = chance(lost_modules)
    bad = bad | (side * torch.where(across, y, x) > edge) & chance(0.1) & ~quarters
    bad = bad | _lost_quarters(n, y, x, rng) & quarters
    for _ in range(2):
        inside = ((y - draw(-0.5, 0.5) * h).abs() < draw(2, 14)) & ((x - draw(-0.5, 0.5) * w).abs() < draw(2, 14))
        bad = bad | inside & chance(0.12)
    dead = torch.rand((n, h, w), generator=rng) < 0.004
    bad = bad | dead & chance(0.3)
    share = F.avg_pool2d((~bad).float(), 2)
    return torch.where(share >= LEAST_VALID_SHARE, share, 0.0)


def _lost_quarters(n: int, y: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
    """(n, h, w) True in one, two or three quarters around a point near the middle."""
    how_many = torch.multinomial(torch.tensor([0.25, 0.5, 0.25]), n, replacement=True, generator=rng) + 1
    # Quarters are lost one after the other around the beam: two of them are mostly a half, sometimes opposite ones.
    first = torch.randint(0, 4, (n, 1), generator=rng)
    turn = (torch.arange(4)[None, :] - first) % 4
    opposite = (torch.rand(n, 1, generator=rng) < 0.15) & (how_many[:, None] == 2)
    turn = torch.where(opposite, torch.tensor([0, 2, 1, 3])[turn], turn)
    lost = turn < how_many[:, None]
    below = y > uniform(n, (-4.0, 4.0), rng)[:, None, None]
    right = x > uniform(n, (-4.0, 4.0), rng)[:, None, None]

    def quarter(i: int) -> Tensor:
        return lost[:, i, None, None]

    left_part = torch.where(below, quarter(3), quarter(0))
    right_part = torch.where(below, quarter(2), quarter(1))
    return torch.where(right, right_part, left_part)


def uniform(n: int, limits: tuple[float, float], rng: torch.Generator) -> Tensor:
    """(n,) evenly between two limits."""
    return limits[0] + (limits[1] - limits[0]) * torch.rand(n, generator=rng)


def log_uniform(n: int, limits: tuple[float, float], rng: torch.Generator) -> Tensor:
    """(n,) evenly on a logarithmic scale."""
    return torch.exp(uniform(n, (math.log(limits[0]), math.log(limits[1])), rng))
