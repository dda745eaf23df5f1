"""Bodies within bodies: cores and shells, inclusions, anything that is a sum of uniform parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from models.errors import BadParameter
from models.simulation.shapes.body import Array, Real, Shape, like, phasor
from models.simulation.shapes.ellipsoid import Ellipsoid
from models.simulation.shapes.polyhedron import Polyhedron
from models.simulation.shapes.voxels import Grid, grid_for


class Fillable(Shape, Protocol):
    """A shape that can add itself to a grid of voxels."""

    def add_to(self, grid: Grid) -> None: ...


@dataclass(frozen=True, eq=False)
class Layered:
    """A body with a concentric core of the same form and another density: F(q) + contrast · s³ F(s q).

    Attributes:
        outer: the whole body, with the shell's density.
        core_size: the core's size relative to the whole, s.
        contrast: the core's density minus the shell's, over the shell's: −1 is hollow.
    """

    outer: Ellipsoid | Polyhedron
    core_size: float
    contrast: float

    @property
    def radius(self) -> float:
        return self.outer.radius

    @property
    def beads(self) -> Real:
        return self.outer.beads

    @property
    def electrons(self) -> float:
        return self.outer.electrons * (1 + self.contrast * self.core_size**3)

    def amplitude(self, q: Array) -> Array:
        size = float(self.core_size)
        core = self.outer.amplitude(q * size) * (float(self.contrast) * size**3)
        return self.outer.amplitude(q) + core

    def add_to(self, grid: Grid) -> None:
        """Add the density to a grid of voxels."""
        self.outer.add_to(grid)
        density = self.outer.density * self.contrast
        if isinstance(self.outer, Ellipsoid):
            a, b, c = self.outer.semi_axes
            s = self.core_size
            Ellipsoid((a * s, b * s, c * s), density).add_to(grid)
        else:
            Polyhedron(self.outer.vertices * self.core_size, self.outer.faces, density).add_to(grid)

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        grid = grid_for(self.radius, step_nm, rotation)
        self.add_to(grid)
        return grid.values, grid.origin


@dataclass(frozen=True, eq=False)
class Nested:
    """Bodies one within another, concentric or not: parts, each with the density it adds to its surroundings.

    `nested` makes one from densities as they are.

    Attributes:
        parts: the bodies, outermost first; each one's density is its difference from what surrounds it.
        positions: (n, 3) nm, the origins of the parts in the whole.
    """

    parts: tuple[Fillable, ...]
    positions: Real

    @property
    def radius(self) -> float:
        reach = np.linalg.norm(self.positions, axis=1) + [part.radius for part in self.parts]
        return float(reach.max())

    @property
    def beads(self) -> Real:
        own = self.parts[0].beads
        return np.concatenate([own[:, :3] + self.positions[0], own[:, 3:]], axis=1)

    @property
    def electrons(self) -> float:
        return float(sum(part.electrons for part in self.parts))

    def amplitude(self, q: Array) -> Array:
        xp = array_namespace(q)
        total = None
        for part, position in zip(self.parts, self.positions, strict=True):
            value = part.amplitude(q)
            if position.any():
                value = value * phasor(xp.tensordot(like(position, q), q, axes=1))
            total = value if total is None else total + value
        return total

    def add_to(self, grid: Grid) -> None:
        """Add the density to a grid of voxels."""
        for part, position in zip(self.parts, self.positions, strict=True):
            part.add_to(grid.moved(position))

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        grid = grid_for(self.radius, step_nm, rotation)
        self.add_to(grid)
        return grid.values, grid.origin


def nested(*bodies: Ellipsoid | Polyhedron, positions: npt.ArrayLike | None = None) -> Nested:
    """Bodies one within another, outermost first, each with its own true density.

    Args:
        bodies: uniform bodies; every one must lie within the one before it.
        positions: (n, 3) nm of their origins; None puts all at the whole's origin.

    Raises:
        BadParameter: for no body, or positions that do not fit their number.
    """
    if not bodies:
        raise BadParameter("a nested particle without bodies", hint="give at least the outermost one")
    places = np.zeros((len(bodies), 3)) if positions is None else np.asarray(positions, dtype=np.float64)
    if places.shape != (len(bodies), 3):
        raise BadParameter(
            f"positions of shape {places.shape} for {len(bodies)} bodies", cause="each needs x, y and z"
        )
    around = [0.0, *(body.density for body in bodies[:-1])]
    parts = tuple(replace(body, density=body.density - outside) for body, outside in zip(bodies, around, strict=True))
    return Nested(parts, places)


def core_shell(core: float, shell: float, diameter: float, core_diameter: float) -> Nested:
    """A concentric sphere in a sphere: densities of core and shell in electrons/nm³, diameters in nm.

    Raises:
        BadParameter: for a core that is larger than the whole.
    """
    if not 0 < core_diameter <= diameter:
        raise BadParameter(
            f"a core of {core_diameter:g} nm in a particle of {diameter:g} nm", cause="it must fit inside"
        )
    whole, inner = (Ellipsoid((d / 2,) * 3, rho) for d, rho in ((diameter, shell), (core_diameter, core)))
    return nested(whole, inner)
