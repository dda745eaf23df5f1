"""Molecules as atoms: F(q) = Σⱼ fⱼ(q) exp(i q·rⱼ), the sum itself or, for many atoms, by way of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from models.simulation.shapes.blobs import structure_factor, tips
from models.simulation.shapes.body import Array, Real
from models.simulation.shapes.form_factors import dispersion, form_factor
from models.simulation.shapes.voxels import Grid, fill_gaussians, grid_for

ATOM_RADIUS_NM = 0.17
"""van der Waals radius of carbon (Bondi 1964): how far a molecule reaches beyond its outermost atom's centre"""

_BEADS = 200


@dataclass(frozen=True, eq=False)
class Atoms:
    """Atoms in vacuum, without solvent and without thermal motion.

    Attributes:
        positions: (N, 3) float64, nm.
        numbers: (N,) int64 atomic numbers.
        occupancies: (N,) float64 share of each atom that is there, 0 … 1.
        photon_energy_eV: where given, dispersion f′ + i f″ is added, and Friedel's law no longer holds.
    """

    positions: Real
    numbers: npt.NDArray[np.int64]
    occupancies: Real
    photon_energy_eV: float | None = None

    @cached_property
    def elements(self) -> tuple[int, ...]:
        """The atomic numbers that occur."""
        return tuple(int(number) for number in np.unique(self.numbers))

    @cached_property
    def radius(self) -> float:
        return float(np.linalg.norm(self.positions, axis=1).max()) + ATOM_RADIUS_NM

    @cached_property
    def beads(self) -> Real:
        return tips(self.positions, ATOM_RADIUS_NM, _BEADS)

    @property
    def electrons(self) -> float:
        """Number of electrons, without dispersion."""
        return float((self.numbers * self.occupancies).sum())

    def amplitude(self, q: Array) -> Array:
        xp = array_namespace(q)
        flat = xp.reshape(q, (3, -1))
        q2 = xp.sum(flat * flat, axis=0)
        total: Any = 0
        for number in self.elements:
            factor: Any = form_factor(number).at(q2)
            if self.photon_energy_eV is not None:
                factor = factor + dispersion(number, self.photon_energy_eV)
            members = self.numbers == number
            total = total + structure_factor(flat, self.positions[members], self.occupancies[members]) * factor
        return xp.reshape(total, q.shape[1:])

    def add_to(self, grid: Grid) -> None:
        """Add the density to a grid of voxels, each atom as one Gaussian cloud with its form factor's curvature."""
        spread = {number: form_factor(number).spread for number in self.elements}
        sigmas = np.array([spread[int(number)] for number in self.numbers])
        fill_gaussians(grid, self.positions, self.numbers * self.occupancies, sigmas)

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        grid = grid_for(self.radius + ATOM_RADIUS_NM, step_nm, rotation)
        self.add_to(grid)
        return grid.values, grid.origin
