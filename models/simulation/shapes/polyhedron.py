"""Uniform convex polyhedra and their exact Fourier transform.

The divergence theorem turns the volume integral into one over faces, and again into one over edges (Wuttke, J. Appl.
Cryst. 54 (2021) 580). Written edge by edge, with t the edge's direction, n and m its two faces' outward normals and
the edge's outward normals within them, L its length and r̄ its middle,

    F(q) = −1/q² Σ_edges L exp(i q·r̄) sinc(L q·t/2) Σ_{two faces} (q·n)(q·m) / ((q·t)² + (q·m)²).

The denominators vanish where q is along a face normal and at q = 0. There the sums cancel, and the face, or the whole
body, is integrated by Gauss's rule instead, which is exact to rounding as long as the phase varies little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from models.simulation.shapes.body import Array, Real, as_complex, chunks, like, phasor
from models.simulation.shapes.quadrature import tetrahedra_rule, triangles_rule
from models.simulation.shapes.voxels import Grid, fill_uniform, grid_for

# Phases (q times the size of the face, of the body) below which the edges' sum is not trusted, by precision of q:
# there the rounding of one phase, divided by this, or by its square, is what is lost.
_FLAT = {4: 0.15, 8: 1e-2}
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
    def _edges(self) -> _Edges:
        return _edges(self.vertices, self.faces, self._planes[0], half=self.is_centric)

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
        for _, piece in chunks(q, 8 * len(self._edges.lengths)):
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
        """The sum over edges at q, (3, P), and (P,) bool where its cancellation costs too many digits."""
        xp = array_namespace(q)
        edges, count = self._edges, len(self._edges.lengths)
        table = xp.matmul(like(edges.rows, q), q)
        middle, along, across, other, normal, second = (table[i * count : (i + 1) * count, :] for i in range(6))
        half = along * like(edges.lengths[:, None] / (2 * self.radius), q)
        # Adding a number far below the smallest phase that matters keeps 0/0 away and changes nothing else.
        half += 1e-30
        wave = xp.sin(half)
        wave /= half
        # In place from here on: this is the simulator's innermost loop.
        along *= along
        along += 1e-30
        normal *= across
        across *= across
        across += along
        normal /= across
        second *= other
        other *= other
        other += along
        second /= other
        normal += second
        wave *= normal
        q2 = xp.sum(q * q, axis=0)
        divisor = -xp.where(q2 > 0, q2, like(1.0, q))
        value = xp.sum(wave * xp.cos(middle), axis=0) / divisor
        if not self.is_centric:
            value = as_complex(value, xp.sum(wave * xp.sin(middle), axis=0) / divisor)
        flattest = xp.minimum(xp.min(across, axis=0), xp.min(other, axis=0))
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
class _Edges:
    """What the sum over edges needs.

    Attributes:
        rows: (6 E, 3) what q is multiplied with: the middles, and, times the body's radius, the directions, the
            outward normals within the first and the second face, and these faces' normals times the edge's length.
        lengths: (E,) nm.
    """

    rows: Real
    lengths: Real


def _edges(vertices: Real, faces: Sequence[tuple[int, ...]], normals: Real, *, half: bool) -> _Edges:
    """Of a body that is its own mirror image (`half`), one edge of each opposite pair, counted twice."""
    radius = np.linalg.norm(vertices, axis=1).max()
    sides: dict[tuple[int, int], list[int]] = {}
    for number, face in enumerate(faces):
        for start, end in zip(face, face[1:] + face[:1], strict=True):
            sides.setdefault((min(start, end), max(start, end)), []).append(number)
    groups: list[list[Real]] = [[] for _ in range(6)]
    lengths = []
    for (start, end), (first, second) in sides.items():
        middle = (vertices[start] + vertices[end]) / 2
        if half and _in_lower_half(middle, radius):
            continue
        way = vertices[end] - vertices[start]
        length = float(np.linalg.norm(way))
        way = way / length
        outward = []
        for number in (first, second):
            across = np.cross(way, normals[number])
            centre = vertices[list(faces[number])].mean(axis=0)
            outward.append(across if across @ (middle - centre) > 0 else -across)
        weight = length * radius * (2 if half else 1)
        for group, row in zip(
            groups,
            (
                middle,
                way * radius,
                outward[0] * radius,
                outward[1] * radius,
                normals[first] * weight,
                normals[second] * weight,
            ),
            strict=True,
        ):
            group.append(row)
        lengths.append(length)
    return _Edges(np.concatenate([np.stack(group) for group in groups]), np.array(lengths))


def _in_lower_half(middle: Real, radius: float) -> bool:
    """True for exactly one of a place and its opposite."""
    for component in middle[::-1]:
        if abs(component) > 1e-9 * radius:
            return bool(component < 0)
    return False


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
