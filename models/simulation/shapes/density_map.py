"""Densities given on voxels: measured maps, bodies cut into voxels, molecules prepared for many frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from models.simulation.shapes.blobs import tips
from models.simulation.shapes.body import Array, Real, like
from models.simulation.shapes.spectrum import Spectrum
from models.simulation.shapes.voxels import Grid, add_interpolated, grid_for

_BEADS = 200


@dataclass(frozen=True, eq=False)
class VoxelMap:
    """A density on a regular grid.

    The map says nothing about structure finer than two voxels: where any |qᵢ| > π/step the amplitude is 0.

    Attributes:
        values: (nx, ny, nz) electrons/nm³, indexed x, y, z.
        steps: (3,) distances between voxels along x, y, z, nm.
        origin: (3,) centre of voxel [0, 0, 0], nm.
        averaged: True where each value is the mean over its voxel, as `Shape.voxels` gives it: the amplitude is then
            divided by Π sinc(qᵢ step/2). False where it is a sample of a density without finer structure, as in a
            measured map.
    """

    values: npt.NDArray[np.floating[Any]]
    steps: Real
    origin: Real
    averaged: bool = False

    @cached_property
    def _places(self) -> Real:
        """(N, 3) centres of the voxels that hold matter, nm."""
        full = np.argwhere(self.values > 0.05 * self.values.max())
        return np.asarray(self.origin + full * self.steps)

    @cached_property
    def radius(self) -> float:
        return float(np.linalg.norm(self._places, axis=1).max() + np.linalg.norm(self.steps) / 2)

    @cached_property
    def beads(self) -> Real:
        return tips(self._places, float(self.steps.max()) / 2, _BEADS)

    @property
    def electrons(self) -> float:
        return float(self.values.sum(dtype=np.float64) * np.prod(self.steps))

    @cached_property
    def _spectrum(self) -> Spectrum:
        return Spectrum(self.values, self.steps, self.origin)

    def amplitude(self, q: Array) -> Array:
        xp = array_namespace(q)
        flat = xp.reshape(q, (3, -1))
        # Rounding must not lose the edge of the band itself.
        limits = like(np.pi / self.steps * (1 + 1e-6), flat)
        held = xp.all(xp.abs(flat) <= limits[:, None], axis=0)
        some = xp.where(held, flat, xp.zeros_like(flat))
        value = self._spectrum.at(some) * float(np.prod(self.steps))
        if self.averaged:
            half = some * like(self.steps / 2, flat)[:, None]
            safe = xp.where(half == 0, xp.ones_like(half), half)
            value = value / xp.prod(xp.where(half == 0, xp.ones_like(half), xp.sin(safe) / safe), axis=0)
        return xp.reshape(xp.where(held, value, xp.zeros_like(value)), q.shape[1:])

    def add_to(self, grid: Grid) -> None:
        """Add the density to a grid of voxels, by linear interpolation."""
        add_interpolated(grid, self.values, self.steps, self.origin)

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        grid = grid_for(self.radius + float(self.steps.max()), step_nm, rotation)
        self.add_to(grid)
        return grid.values, grid.origin
