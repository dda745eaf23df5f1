"""Uniform ellipsoids: spheres, spheroids, helium droplets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from models.simulation.shapes.body import Array, Real, like
from models.simulation.shapes.voxels import Grid, fill_uniform, grid_for


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """A uniform ellipsoid; a sphere where the three semi-axes are equal.

    F = 3ρV (sin x − x cos x)/x³ with x² = (a qx)² + (b qy)² + (c qz)² (Rayleigh 1911 for the sphere).

    Attributes:
        semi_axes: along x, y, z, nm.
        density: electrons/nm³.
    """

    semi_axes: tuple[float, float, float]
    density: float = 1.0

    @property
    def volume(self) -> float:
        """nm³."""
        a, b, c = self.semi_axes
        return 4 / 3 * np.pi * a * b * c

    @property
    def electrons(self) -> float:
        return self.density * self.volume

    @property
    def radius(self) -> float:
        return max(self.semi_axes)

    @property
    def beads(self) -> Real:
        return np.array([[0.0, 0.0, 0.0, self.radius]])

    def amplitude(self, q: Array) -> Array:
        xp = array_namespace(q)
        # A numpy scalar would turn single into double precision.
        a, b, c = map(float, self.semi_axes)
        square = (a * q[0, ...]) ** 2 + (b * q[1, ...]) ** 2 + (c * q[2, ...]) ** 2
        x = xp.sqrt(square)
        # The closed form loses all digits as x → 0: there its Taylor series (next term below 1e-12).
        small = x < 0.3
        safe = xp.where(small, like(1.0, q), x)
        closed = (xp.sin(safe) - safe * xp.cos(safe)) / safe**3
        x2 = xp.where(small, square, like(0.0, q))
        series = 1 / 3 - x2 / 30 * (1 - x2 / 28 * (1 - x2 / 54 * (1 - x2 / 88)))
        return 3 * float(self.electrons) * xp.where(small, series, closed)

    def depth(self, points: Real) -> Real:
        """How far (nm) each of the (N, 3) points lies inside the surface, negative outside; never overstated."""
        stretched = np.sqrt(((points / np.array(self.semi_axes, dtype=points.dtype)) ** 2).sum(axis=1))
        return np.asarray((1 - stretched) * min(self.semi_axes))

    def add_to(self, grid: Grid) -> None:
        """Add the density to a grid of voxels."""
        fill_uniform(grid, self.depth, self.density, self.radius)

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        grid = grid_for(self.radius, step_nm, rotation)
        self.add_to(grid)
        return grid.values, grid.origin


def sphere(diameter: float, density: float = 1.0) -> Ellipsoid:
    """A uniform sphere, diameter in nm, density in electrons/nm³."""
    return Ellipsoid((diameter / 2,) * 3, density)


def spheroid(equatorial: float, polar: float, density: float = 1.0) -> Ellipsoid:
    """An ellipsoid of revolution about z: oblate where `polar` is the smaller of the two diameters (nm)."""
    return Ellipsoid((equatorial / 2, equatorial / 2, polar / 2), density)
