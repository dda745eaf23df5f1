"""Densities on grids of voxels, for the propagators that go through the body slice by slice.

Each voxel holds the mean density over its cube, so edges are anti-aliased and no electron is lost. The discrete
Fourier sum over the voxels is then, up to aliasing, F(q) Π sinc(qᵢ step/2): divide by that product to get F back.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.simulation.shapes.body import Real

MOST_VOXELS = 1 << 29
"""2 GiB of float32"""

_FINE = 3
"""points per edge within a voxel that the surface cuts"""
_BATCH = 1 << 18


@dataclass(frozen=True, eq=False)
class Grid:
    """A cubic grid of voxels that bodies add their density to.

    Attributes:
        values: (n, n, n) float32 electrons/nm³, indexed x, y, z.
        step_nm: edge of a voxel.
        turn: (3, 3) rotation of the body in the grid.
        shift: (3,) where the body's origin lies in the body's own frame; other than 0 for parts of a composite.
    """

    values: npt.NDArray[np.float32]
    step_nm: float
    turn: Real
    shift: Real

    @property
    def origin(self) -> Real:
        """(3,) float64 centre of voxel [0, 0, 0], nm."""
        return np.full(3, -(len(self.values) - 1) / 2 * self.step_nm)

    @property
    def axis(self) -> Real:
        """(n,) float64 voxel centres along one axis, nm."""
        return (np.arange(len(self.values)) - (len(self.values) - 1) / 2) * self.step_nm

    def moved(self, position: Real) -> Grid:
        """The same voxels for a part whose origin lies at `position` in the body's frame."""
        return Grid(self.values, self.step_nm, self.turn, self.shift + np.asarray(position))

    def inwards(self, points: Real) -> Real:
        """(N, 3) places on the grid in the frame of the part."""
        return np.asarray(points @ self.turn - self.shift)

    def outwards(self, points: Real) -> Real:
        """(N, 3) places of the part on the grid."""
        return np.asarray((points + self.shift) @ self.turn.T)


def grid_for(radius: float, step_nm: float, rotation: Real | None) -> Grid:
    """An empty grid that holds a sphere of `radius` about the origin, which is the centre of the middle voxel.

    Raises:
        BadParameter: for a step that is not positive or needs more than `MOST_VOXELS` voxels.
    """
    if not step_nm > 0:
        raise BadParameter(f"voxels of {step_nm} nm", cause="the step must be positive")
    n = 2 * int(np.ceil(radius / step_nm) + 1) + 1
    if n**3 > MOST_VOXELS:
        raise BadParameter(
            f"voxels of {step_nm:g} nm for a particle of {2 * radius:g} nm",
            cause=f"that is {n} voxels along each axis",
            hint=f"take a step of at least {2.1 * radius / round(MOST_VOXELS ** (1 / 3)):.2g} nm",
        )
    turn = np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64)
    return Grid(np.zeros((n, n, n), dtype=np.float32), step_nm, turn, np.zeros(3))


def fill_uniform(grid: Grid, depth: Callable[[Real], Real], density: float, radius: float) -> None:
    """Add a uniform body: whole voxels where the surface is far, the share of a 3×3×3 sampling where it is near.

    Args:
        grid: what is filled.
        depth: of (N, 3) points how far inside the surface they lie, nm; may understate its size, never overstate it.
        density: electrons/nm³.
        radius: of the body's bounding sphere.
    """
    reach = grid.step_nm * np.sqrt(3) / 2
    inner = (np.arange(_FINE) - (_FINE - 1) / 2) / _FINE * grid.step_nm
    fine = np.array(list(itertools.product(inner, repeat=3))) @ grid.turn
    for index, centres in _near(grid, radius):
        inside = depth(centres)
        share = (inside > 0).astype(np.float64)
        cut = np.flatnonzero(np.abs(inside) < reach)
        for start in range(0, len(cut), _BATCH // len(fine)):
            some = cut[start : start + _BATCH // len(fine)]
            points = (centres[some, None, :] + fine).reshape(-1, 3)
            # A sample counts by how much of its own little cube lies inside, as if the surface were flat there.
            soft = np.clip(depth(points) / (grid.step_nm / _FINE) + 0.5, 0, 1)
            share[some] = soft.reshape(len(some), -1).mean(axis=1)
        grid.values[index] += (density * share).astype(np.float32).reshape(grid.values[index].shape)


def _near(grid: Grid, radius: float) -> Iterator[tuple[tuple[slice, slice, slice], Real]]:
    """Blocks of the grid that hold a part's bounding sphere, and their voxel centres (N, 3) in the part's frame."""
    centre = grid.outwards(np.zeros((1, 3)))[0]
    low = np.floor((centre - radius - grid.origin) / grid.step_nm).astype(int)
    high = np.ceil((centre + radius - grid.origin) / grid.step_nm).astype(int) + 1
    x, y, z = (slice(max(0, a), min(len(grid.values), b)) for a, b in zip(low, high, strict=True))
    axis = grid.axis
    thickness = max(1, _BATCH // max(1, (y.stop - y.start) * (z.stop - z.start)))
    for start in range(x.start, x.stop, thickness):
        slab = slice(start, min(start + thickness, x.stop))
        places = np.stack(np.meshgrid(axis[slab], axis[y], axis[z], indexing="ij"), axis=-1).reshape(-1, 3)
        yield (slab, y, z), grid.inwards(places)


def fill_gaussians(grid: Grid, positions: Real, weights: Real, sigmas: Real) -> None:
    """Add Gaussian clouds, each voxel's share by the error function, so that narrow ones are not missed.

    Args:
        grid: what is filled.
        positions: (N, 3) nm, in the part's frame.
        weights: (N,) electrons.
        sigmas: (N,) standard deviations, nm.
    """
    from scipy.special import erf

    step, n = grid.step_nm, len(grid.values)
    places = grid.outwards(positions)
    for sigma in np.unique(sigmas):
        members = np.flatnonzero(sigmas == sigma)
        half = int(np.ceil(4.5 * sigma / step + 0.5))
        window = np.arange(-half, half + 1)
        batch = max(1, _BATCH // len(window) ** 3)
        for start in range(0, len(members), batch):
            some = members[start : start + batch]
            nearest = np.rint((places[some] - grid.origin) / step).astype(int)
            cells = nearest[:, :, None] + window
            edges = (np.concatenate([cells, cells[:, :, -1:] + 1], axis=2) - 0.5) * step + grid.origin[0]
            steps = np.diff(erf((edges - places[some][:, :, None]) / (np.sqrt(2) * sigma)), axis=2) / 2
            inside = (cells >= 0) & (cells < n)
            steps *= inside
            cells = np.where(inside, cells, 0)
            share = np.einsum("p,pi,pj,pk->pijk", weights[some] / step**3, *steps.transpose(1, 0, 2), optimize=True)
            flat = (cells[:, 0, :, None, None] * n + cells[:, 1, None, :, None]) * n + cells[:, 2, None, None, :]
            np.add.at(grid.values.reshape(-1), flat.reshape(-1), share.astype(np.float32).reshape(-1))


def add_interpolated(grid: Grid, values: npt.NDArray[np.floating[Any]], steps: Real, origin: Real) -> None:
    """Add a density given on another grid, by linear interpolation.

    Where the new voxels are the larger ones, each is the mean of as many samples as it has old voxels along its edge.

    Args:
        grid: what is filled.
        values: (nx, ny, nz) electrons/nm³.
        steps: (3,) nm.
        origin: (3,) centre of its voxel [0, 0, 0] in the part's frame.
    """
    from scipy.ndimage import map_coordinates

    fine = max(1, int(np.ceil(grid.step_nm / steps.min() - 1e-9)))
    inner = (np.arange(fine) - (fine - 1) / 2) / fine * grid.step_nm
    offsets = np.array(list(itertools.product(inner, repeat=3))) @ grid.turn
    corners = np.array(list(itertools.product((0, 1), repeat=3))) * (np.array(values.shape) - 1) * steps + origin
    for index, centres in _near(grid, float(np.linalg.norm(corners, axis=1).max())):
        total = np.zeros(len(centres))
        for offset in offsets:
            places = (centres + offset - origin) / steps
            total += map_coordinates(values, places.T, order=1, mode="constant", prefilter=False)
        grid.values[index] += (total / len(offsets)).astype(np.float32).reshape(grid.values[index].shape)
