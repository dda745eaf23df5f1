"""Clouds of equal Gaussian blobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from models.simulation.shapes.body import Array, Real, as_complex, chunks, like
from models.simulation.shapes.voxels import Grid, fill_gaussians, grid_for

_CROWD = 256
"""points whose phases are worked out at once"""


@dataclass(frozen=True, eq=False)
class Blobs:
    """A cloud of equal Gaussian blobs: F = exp(−q²σ²/2) Σ wⱼ exp(i q·rⱼ).

    Attributes:
        positions: (N, 3) float64 blob centres, nm.
        weights: (N,) float64 electrons of each blob.
        sigma: standard deviation of every blob, nm.
    """

    positions: Real
    weights: Real
    sigma: float

    @cached_property
    def radius(self) -> float:
        return float(np.linalg.norm(self.positions, axis=1).max() + 2 * self.sigma)

    @cached_property
    def beads(self) -> Real:
        return tips(self.positions, 2 * self.sigma)

    @property
    def electrons(self) -> float:
        return float(self.weights.sum())

    def amplitude(self, q: Array) -> Array:
        xp = array_namespace(q)
        flat = xp.reshape(q, (3, -1))
        envelope = xp.exp(xp.sum(flat * flat, axis=0) * (-(float(self.sigma) ** 2) / 2))
        value = structure_factor(flat, self.positions, self.weights) * envelope
        return xp.reshape(value, q.shape[1:])

    def add_to(self, grid: Grid) -> None:
        """Add the density to a grid of voxels."""
        fill_gaussians(grid, self.positions, self.weights, np.full(len(self.weights), self.sigma))

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        # Gaussians have no edge: the grid reaches 4.5 σ beyond the outermost centre.
        grid = grid_for(self.radius + 2.5 * self.sigma, step_nm, rotation)
        self.add_to(grid)
        return grid.values, grid.origin


def structure_factor(q: Array, positions: Real, weights: Real) -> Array:
    """(P,) complex Σ wⱼ exp(i q·rⱼ) for q (3, P), in pieces so small that no table outgrows the cache."""
    xp = array_namespace(q)
    places, strength = like(positions, q), like(weights, q)
    parts = []
    for piece in chunks(q, min(len(weights), _CROWD)):
        real = imaginary = xp.zeros_like(piece[0, :])
        for start in range(0, len(weights), _CROWD):
            some = slice(start, start + _CROWD)
            phase = xp.matmul(places[some, :], piece)
            real = real + xp.matmul(strength[some], xp.cos(phase))
            imaginary = imaginary + xp.matmul(strength[some], xp.sin(phase))
        parts.append(as_complex(real, imaginary))
    return xp.concat(parts) if len(parts) != 1 else parts[0]


def tips(positions: Real, size: float, most: int = 48) -> Real:
    """(M, 4) up to `most` of (N, 3) points as beads of radius `size`.

    Farthest-point sampling: the tips come first, so contact is found where it happens.
    """
    chosen = [int(np.linalg.norm(positions, axis=1).argmax())]
    gap = np.linalg.norm(positions - positions[chosen[0]], axis=1)
    while len(chosen) < min(most, len(positions)):
        chosen.append(int(gap.argmax()))
        gap = np.minimum(gap, np.linalg.norm(positions - positions[chosen[-1]], axis=1))
    return np.concatenate([positions[chosen], np.full((len(chosen), 1), size)], axis=1)
