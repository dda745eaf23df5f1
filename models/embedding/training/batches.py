"""Which frames make a batch: a few of each of several species' singles and aggregates, blanks and droplets.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.embedding.training.pool import POOL_SIDE_PX, Pool
from models.embedding.training.settings import TrainingSettings
from models.simulation.generate import Kind


@dataclass(frozen=True, eq=False)
class Layout:
    """What each place of every batch holds; the same all through a training.

    Attributes:
        classes: (B,) int64 of `Kind`.
        species: (B,) int64 counting the batch's species from 0; −1 for blanks and contaminants.
        groups: (B,) int64, one number per species and class.
    """

    classes: Tensor
    species: Tensor
    groups: Tensor


def layout(settings: TrainingSettings) -> Layout:
    """Species by species its singles, then its aggregates; then blanks; then contaminants."""
    s, k = settings.species_per_batch, settings.frames_per_group
    blanks, droplets = settings.blanks_per_batch, settings.contaminants_per_batch
    classes = torch.tensor([Kind.SINGLE] * k + [Kind.MULTI] * k).repeat(s)
    rest = torch.tensor([Kind.BLANK] * blanks + [Kind.CONTAMINANT] * droplets, dtype=torch.int64)
    species = torch.arange(s).repeat_interleave(2 * k)
    return Layout(
        classes=torch.cat([classes, rest]),
        species=torch.cat([species, torch.full((blanks + droplets,), -1)]),
        groups=torch.cat([torch.arange(2 * s).repeat_interleave(k), 2 * s + rest]),
    )


def draw_roots(pool: Pool, settings: TrainingSettings, rng: np.random.Generator) -> Tensor:
    """(B, side, side) float16 noise-free roots of one batch, in the order of `layout`; blanks are 0."""
    k = settings.frames_per_group
    kept = pool.frames.shape[2]
    parts = []
    for slot in rng.choice(len(pool.ids), settings.species_per_batch, replace=False):
        parts += [pool.frames[slot, c][rng.choice(kept, k, replace=kept < k)] for c in (0, 1)]
    parts.append(np.zeros((settings.blanks_per_batch, POOL_SIDE_PX, POOL_SIDE_PX), np.float16))
    parts.append(pool.droplets[rng.integers(0, len(pool.droplets), settings.contaminants_per_batch)])
    return torch.from_numpy(np.concatenate(parts))
