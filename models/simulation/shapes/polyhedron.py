"""Uniform convex polyhedra and their exact Fourier transform.

The divergence theorem turns the volume integral into one over faces, and again into one over edges (Wuttke, J. Appl.
Cryst. 54 (2021) 580). With n a face's outward normal, m an edge's outward normal within the face, t its direction, L
its length and r̄ its middle,

    F(q) = −1/q² Σ_faces (q·n) / (q² − (q·n)²) Σ_edges (q·m) L exp(i q·r̄) sinc(L q·t/2),

where q² − (q·n)² = (q·t)² + (q·m)² for any of the face's edges.

The denominators vanish where q is along a face normal and at q = 0. There the sums cancel, and the face, or the whole
body, is integrated by Gauss's rule instead, which is exact to rounding as long as the phase varies little.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from models.simulation.shapes.body import Array, Real, as_complex, chunks, like, like_index, phasor
from models.simulation.shapes.edges import Net, net_of
from models.simulation.shapes.quadrature import tetrahedra_rule, triangles_rule
from models.simulation.shapes.voxels import Grid, fill_uniform, grid_for

# Phases (q times the size of the face, of the body) below which the edges' sum is not trusted, by precision of q:
# there the rounding of one phase, divided by this, or by its square, is what is lost.
_FLAT = {4: 0.15, 8: 1e-3}
_NEAR = {4: 0.5, 8: 1e-2}

_SMOOTH = 0.7
"""phase up to which Gauss's rule of six points per axis is exact to rounding"""


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """A uniform convex polyhedron.

    `models.simulation.shapes.solids` makes the usual ones, and any from its corners alone.

    Attributes:
        vertices: (V, 3) corners, nm; the origin lies inside.
        faces: corner numbers of each face, counter-clockwise seen from outside.
        density: electrons/nm³.
    """

    vertices: Real
    faces: tuple[tuple[int, ...], ...]
    density: float = 1.0

    @cached_property
    def radius(self) -> float:
        return float(np.linalg.norm(self.vertices, axis=1).max())

    @cached_property
    def volume(self) -> float:
        """nm³."""
        return float(self._rule[1].sum())

    @property
    def electrons(self) -> float:
        return float(self.density * self.volume)

    @cached_property
    def centroid(self) -> Real:
        """(3,) centre of mass, nm; exactly 0 for a body that is its own mirror image."""
        points, weights = self._rule
        return np.zeros(3) if self.is_centric else np.asarray(weights @ points / self.volume)

    @cached_property
    def second_moments(self) -> Real:
        """(3, 3) volume average of r rᵀ, nm²."""
        points, weights = self._rule
        return np.asarray((points * weights[:, None]).T @ points / self.volume)

    @cached_property
    def is_centric(self) -> bool:
        """True where every corner has its opposite, so that F is real."""
        gaps = np.abs(self.vertices[:, None] + self.vertices[None]).sum(axis=2).min(axis=1)
        return bool(gaps.max() < 1e-9 * self.radius)

    @cached_property
    def beads(self) -> Real:
        inner = min(distance - normal @ self.centroid for normal, distance in zip(*self._planes, strict=True))
        tip = 0.05 * self.radius
        arms = self.vertices - self.centroid
        corners = self.centroid + arms * (1 - tip / np.linalg.norm(arms, axis=1, keepdims=True))
        tips = np.concatenate([corners, np.full((len(corners), 1), tip)], axis=1)
        return np.concatenate([[[*self.centroid, inner]], tips])

    @cached_property
    def _planes(self) -> tuple[Real, Real]:
        """(F, 3) outward normals and (F,) distances from the origin."""
        normals = np.stack([_normal(self.vertices[list(face)]) for face in self.faces])
        firsts = self.vertices[[face[0] for face in self.faces]]
        return normals, (normals * firsts).sum(axis=1)

    @cached_property
    def _rule(self) -> tuple[Real, Real]:
        """Points and weights of Gauss's rule for the volume."""
        fans = np.concatenate([_fan(self.vertices[list(face)]) for face in self.faces])
        return tetrahedra_rule(self.vertices.mean(axis=0), fans)

    @cached_property
    def _net(self) -> Net:
        return net_of(self.vertices, self.faces, self._planes[0], centric=self.is_centric)

    @cached_property
    def _patches(self) -> list[_Patch]:
        normals, distances = self._planes
        return [
            _patch(self.vertices[list(face)], n, float(d))
            for face, n, d in zip(self.faces, normals, distances, strict=True)
        ]

    def amplitude(self, q: Array) -> Array:
        xp = array_namespace(q)
        value = self._transform(xp.reshape(q, (3, -1))) * float(self.density)
        return xp.reshape(value, q.shape[1:])

    def _transform(self, q: Array) -> Array:
        """The volume's transform at q, (3, P)."""
        xp = array_namespace(q)
        values, doubts = [], []
        for piece in chunks(q, 2 * len(self._net.rows)):
            value, doubtful = self._by_edges(piece)
            values.append(value)
            doubts.append(doubtful)
        total, doubtful = (xp.concat(parts) if len(parts) != 1 else parts[0] for parts in (values, doubts))
        where = xp.nonzero(doubtful)[0]
        if where.shape[0]:
            some = xp.take(q, where, axis=1)
            single = q.dtype == xp.float32
            # In double precision the same sum is good much nearer to its singularities.
            again = self._transform(xp.astype(some, xp.float64)) if single else self._careful(some)
            total[where] = xp.astype(again, total.dtype)
        return total

    def _by_edges(self, q: Array) -> tuple[Array, Array]:
        """The double sum at q, (3, P), and (P,) bool where its cancellation costs too many digits."""
        xp = array_namespace(q)
        net = self._net
        table = xp.matmul(like(net.rows, q), q)
        middle, half, normal = (table[part, :] for part in (net.middles, net.halves, net.normals))
        # Adding a number far below the smallest phase that matters keeps 0/0 away and changes nothing else.
        half += 1e-30
        wave = xp.sin(half)
        wave /= half
        half *= half
        half += 1e-20
        edges = [wave * xp.cos(middle)] if self.is_centric else [wave * xp.cos(middle), wave * xp.sin(middle)]
        sums: list[Any] = [0] * len(edges)
        flattest: Any = None
        for group in net.groups:
            flat = xp.take(half, like_index(group.edges[0], q), axis=0)
            first = table[group.outward[0], :]
            flat += first * first
            share = normal[group.faces, :] / flat
            flat *= like(group.sizes, q)[:, None]
            nearest = xp.min(flat, axis=0)
            flattest = nearest if flattest is None else xp.minimum(flattest, nearest)
            for part, edge in enumerate(edges):
                rim: Any = None
                for numbers, outward in zip(group.edges, group.outward, strict=True):
                    term = xp.take(edge, like_index(numbers, q), axis=0)
                    term *= table[outward, :]
                    rim = term if rim is None else xp.add(rim, term)
                rim *= share
                sums[part] = sums[part] + xp.sum(rim, axis=0)
        q2 = xp.sum(q * q, axis=0)
        divisor = -xp.where(q2 > 0, q2, like(1.0, q))
        value = sums[0] / divisor if self.is_centric else as_complex(sums[0] / divisor, sums[1] / divisor)
        size = q.dtype.itemsize
        return value, (flattest < _FLAT[size] ** 2) | (q2 < (_NEAR[size] / self.radius) ** 2)

    def _careful(self, q: Array) -> Array:
        """The volume's transform at q, (3, P) float64, slower and without a place where digits are lost."""
        xp = array_namespace(q)
        q2 = xp.sum(q * q, axis=0)
        total = xp.zeros_like(q2) + 0j
        near = q2 < (_SMOOTH / self.radius) ** 2
        close = xp.nonzero(near)[0]
        if close.shape[0]:
            total[close] = _integral(self._rule, xp.take(q, close, axis=1))
        far = xp.nonzero(~near)[0]
        if far.shape[0]:
            some, some2 = xp.take(q, far, axis=1), xp.take(q2, far)
            total[far] = sum(patch.flux(some) for patch in self._patches) / (1j * some2)
        return xp.real(total) if self.is_centric else total

    def depth(self, points: Real) -> Real:
        """How far (nm) each of the (N, 3) points lies inside the surface, negative outside; never overstated."""
        nearest = np.full(len(points), np.inf)
        # Face by face: a table of points and faces would not fit the cache.
        for normal, distance in zip(*self._planes, strict=True):
            np.minimum(nearest, distance - points @ normal, out=nearest)
        return nearest

    def add_to(self, grid: Grid) -> None:
        """Add the density to a grid of voxels."""
        fill_uniform(grid, self.depth, self.density, self.radius)

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        grid = grid_for(self.radius, step_nm, rotation)
        self.add_to(grid)
        return grid.values, grid.origin


@dataclass(frozen=True, eq=False)
class _Patch:
    """One face.

    Attributes:
        normal: outward.
        centre, size: of a circle about the face, nm.
        starts, ends: (E, 3) corners about the centre.
        outward: (E, 3) normals of the edges within the face.
        rule: points (about the centre) and weights of Gauss's rule.
    """

    normal: Real
    centre: Real
    size: float
    starts: Real
    ends: Real
    outward: Real
    rule: tuple[Real, Real]

    def flux(self, q: Array) -> Array:
        """(P,) complex (q·n) ∫ exp(i q·r) dS over the face, for q (3, P) float64."""
        xp = array_namespace(q)
        along = xp.tensordot(like(self.normal, q), q, axes=1)
        flat = q - like(self.normal, q)[:, None] * along
        flat2 = xp.sum(flat * flat, axis=0)
        smooth = flat2 < (_SMOOTH / self.size) ** 2
        start, end = xp.matmul(like(self.starts, q), flat), xp.matmul(like(self.ends, q), flat)
        lengths = like(np.linalg.norm(self.ends - self.starts, axis=1), q)[:, None]
        half = (end - start) / 2 + 1e-300
        edges = phasor((end + start) / 2) * (lengths * xp.sin(half) / half)
        rim = xp.sum(xp.matmul(like(self.outward, q), flat) * edges, axis=0)
        area = rim / (1j * xp.where(smooth, xp.ones_like(flat2), flat2))
        some = xp.nonzero(smooth)[0]
        if some.shape[0]:
            area[some] = _integral(self.rule, xp.take(flat, some, axis=1))
        return along * phasor(xp.tensordot(like(self.centre, q), q, axes=1)) * area


def _patch(corners: Real, normal: Real, distance: float) -> _Patch:
    centre = corners.mean(axis=0)
    # Onto the plane exactly: the phases within the face then do not see the part of q along its normal.
    centre = centre + (distance - normal @ centre) * normal
    local = corners - centre
    way = np.roll(local, -1, axis=0) - local
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    size = float(np.linalg.norm(local, axis=1).max())
    ends = np.roll(local, -1, axis=0)
    return _Patch(normal, centre, size, local, ends, np.cross(way, normal), triangles_rule(_fan(local)))


def _integral(rule: tuple[Real, Real], q: Array) -> Array:
    """(P,) complex Σ w exp(i q·r) for q (3, P)."""
    xp = array_namespace(q)
    points, weights = rule
    phase, strength = xp.matmul(like(points, q), q), like(weights, q)
    return as_complex(xp.matmul(strength, xp.cos(phase)), xp.matmul(strength, xp.sin(phase)))


def _normal(corners: Real) -> Real:
    fan = np.cross(corners[1:-1] - corners[0], corners[2:] - corners[0]).sum(axis=0)
    return np.asarray(fan / np.linalg.norm(fan))


def _fan(corners: Real) -> Real:
    """(T, 3, 3) triangles that make up a face."""
    first = np.broadcast_to(corners[0], corners[2:].shape)
    return np.stack([first, corners[1:-1], corners[2:]], axis=1)
