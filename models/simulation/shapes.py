"""Bodies and their Fourier amplitudes F(q) = ∫ ρ(r) exp(i q·r) dr.

Lengths are nanometres, q is in nm⁻¹ with |q| = 4π sin θ/λ. Each shape gives its amplitude in closed form at any
set of q, the radius of its bounding sphere about its origin, and a few *beads* (spheres) by which aggregates find
contact. Amplitudes keep the precision of q: float32 in gives complex64 (or float32) out, float64 the double.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.floating[Any]]
Amplitude = npt.NDArray[np.inexact[Any]]


class Shape(Protocol):
    """What the propagation needs of a body."""

    @property
    def radius(self) -> float:
        """Radius of the bounding sphere about the origin, nm."""
        ...

    @property
    def beads(self) -> Real:
        """(M, 4) float64: centre x, y, z and radius (nm) of spheres that stand for the surface."""
        ...

    def amplitude(self, q: Real) -> Amplitude:
        """F at q, an array (3, …) of x, y, z components in nm⁻¹; the result has shape (…)."""
        ...


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """A uniform ellipsoid; a sphere where the three semi-axes are equal.

    F = 3V (sin x − x cos x)/x³ with x² = (a qx)² + (b qy)² + (c qz)² (Rayleigh 1911 for the sphere).
    """

    semi_axes: tuple[float, float, float]

    @property
    def volume(self) -> float:
        a, b, c = self.semi_axes
        return 4 / 3 * np.pi * a * b * c

    @property
    def radius(self) -> float:
        return max(self.semi_axes)

    @property
    def beads(self) -> Real:
        return np.array([[0.0, 0.0, 0.0, self.radius]])

    def amplitude(self, q: Real) -> Amplitude:
        square = sum((axis * component) ** 2 for axis, component in zip(self.semi_axes, q, strict=True))
        x = np.sqrt(np.asarray(square))
        # The closed form loses all digits as x → 0: there its Taylor series (next term below 1e-12).
        small = x < 0.3
        safe = np.where(small, x.dtype.type(1), x)
        closed = (np.sin(safe) - safe * np.cos(safe)) / safe**3
        x2 = np.where(small, x * x, 0)
        series = 1 / 3 - x2 / 30 * (1 - x2 / 28 * (1 - x2 / 54 * (1 - x2 / 88)))
        result: Amplitude = (3 * self.volume * np.where(small, series, closed)).astype(x.dtype)
        return result


def sphere(diameter: float) -> Ellipsoid:
    """A uniform sphere."""
    return Ellipsoid((diameter / 2,) * 3)


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """A uniform convex polyhedron that is its own mirror image through the origin, so that F is real.

    The divergence theorem turns the volume integral into one over faces, and again into one over edges, each of which
    is a phase times a sinc (Wuttke, J. Appl. Cryst. 54 (2021) 580; the removable singularities at q = 0 and where q
    is along a face normal are bridged by expansions here too).

    Attributes:
        vertices: (V, 3) corners, nm; with every corner its opposite.
        faces: corner numbers of each face, counter-clockwise seen from outside.
    """

    vertices: Real
    faces: tuple[tuple[int, ...], ...]

    @property
    def radius(self) -> float:
        return float(np.linalg.norm(self.vertices, axis=1).max())

    @cached_property
    def _opposite(self) -> list[int]:
        """Of each corner the number of its mirror image."""
        return [int(np.abs(self.vertices + corner).sum(axis=1).argmin()) for corner in self.vertices]

    @cached_property
    def _planes(self) -> list[_Plane]:
        return [_plane(self.vertices, face) for face in self.faces]

    @cached_property
    def volume(self) -> float:
        return float(sum(plane.distance * plane.area for plane in self._planes) / 3)

    @cached_property
    def second_moments(self) -> Real:
        """(3, 3) volume average of r rᵀ, from the tetrahedra that join the origin to each face's triangles."""
        total = np.zeros((3, 3))
        for face in self.faces:
            corners = self.vertices[list(face)]
            for b, c in itertools.pairwise(corners[1:]):
                tetra = np.stack([corners[0], b, c])
                s = tetra.sum(axis=0)
                total += np.linalg.det(tetra) / 120 * (np.outer(s, s) + tetra.T @ tetra)
        return np.asarray(total / self.volume)

    @property
    def beads(self) -> Real:
        inner = min(plane.distance for plane in self._planes)
        tip = 0.05 * self.radius
        corners = self.vertices * (1 - tip / np.linalg.norm(self.vertices, axis=1, keepdims=True))
        tips = np.concatenate([corners, np.full((len(corners), 1), tip)], axis=1)
        return np.concatenate([[[0.0, 0.0, 0.0, inner]], tips])

    def amplitude(self, q: Real) -> Amplitude:
        shape = q.shape[1:]
        q = np.ascontiguousarray(q.reshape(3, -1))
        kind = q.dtype
        single = kind == np.float32
        # Below these |q| (times the size) the edge sums cancel and the expansions keep more digits.
        flat2 = kind.type(((1e-2 if single else 1e-5) / self.radius) ** 2)
        near2 = kind.type(((3e-2 if single else 1e-3) / self.radius) ** 2)
        phases = self.vertices.astype(kind) @ q
        edges: dict[tuple[int, int], Real] = {}
        total = np.zeros(q.shape[1], dtype=kind)
        for face, plane in zip(self.faces, self._planes, strict=True):
            if _in_lower_half(plane.axes[0]):
                continue  # the opposite face gives the complex conjugate: twice the real part of one is both
            along, across_a, across_b, *outward = plane.axes.astype(kind) @ q
            across2 = across_a * across_a + across_b * across_b
            rim = np.zeros_like(total)
            for component, start, end in zip(outward, face, face[1:] + face[:1], strict=True):
                # An edge and its opposite share the real part.
                there, back = sorted((start, end)), sorted((self._opposite[start], self._opposite[end]))
                key = min((there[0], there[1]), (back[0], back[1]))
                if key not in edges:
                    length = float(np.linalg.norm(self.vertices[end] - self.vertices[start]))
                    edges[key] = _edge(phases[start], phases[end], length)
                rim += component * edges[key]
            flat = np.flatnonzero(across2 < flat2)
            across2[flat] = 1
            rim *= along
            rim /= across2
            # Along its normal a face scatters in phase: area times the phase of its centroid.
            centroid_phase = plane.centroid.astype(kind) @ q[:, flat]
            rim[flat] = -along[flat] * kind.type(plane.area) * np.sin(centroid_phase)
            total -= rim
        q2 = np.einsum("ip,ip->p", q, q)
        near = np.flatnonzero(q2 < near2)
        q2[near] = 1
        total *= 2
        total /= q2
        quadratic = np.einsum("ip,ij,jp->p", q[:, near], self.second_moments.astype(kind), q[:, near])
        total[near] = kind.type(self.volume) * (1 - quadratic / 2)
        return total.reshape(shape)


@dataclass(frozen=True, eq=False)
class _Plane:
    """A face: `axes` holds its outward normal, two axes in its plane, and each edge's outward normal in its plane."""

    axes: Real
    distance: float
    area: float
    centroid: Real


def _plane(vertices: Real, face: tuple[int, ...]) -> _Plane:
    corners = vertices[list(face)]
    fan = np.cross(corners[1:-1] - corners[0], corners[2:] - corners[0]) / 2
    areas = np.linalg.norm(fan, axis=1)
    normal = fan.sum(axis=0) / np.linalg.norm(fan.sum(axis=0))
    centroids = (corners[0] + corners[1:-1] + corners[2:]) / 3
    along_edges = np.roll(corners, -1, axis=0) - corners
    along_edges /= np.linalg.norm(along_edges, axis=1, keepdims=True)
    axes = np.concatenate([[normal, along_edges[0], np.cross(normal, along_edges[0])], np.cross(along_edges, normal)])
    centroid = (areas[:, None] * centroids).sum(axis=0) / areas.sum()
    return _Plane(axes, float(normal @ corners[0]), float(areas.sum()), centroid)


def _in_lower_half(normal: Real) -> bool:
    """True for exactly one of a normal and its opposite."""
    for component in normal[::-1]:
        if abs(component) > 1e-9:
            return bool(component < 0)
    return False


def _edge(start: Real, end: Real, length: float) -> Real:
    """Real part of ∫ exp(i q·r) dl along an edge of `length`, from the phases q·r at its two ends."""
    half = (end - start) / 2
    value: Real = np.cos((end + start) / 2)
    value *= half.dtype.type(length)
    small = np.flatnonzero(np.abs(half) < 1e-3)
    series = 1 - half[small] ** 2 / 6
    sine = np.sin(half)
    half[small], sine[small] = 1, series
    value *= sine
    value /= half
    return value


def icosahedron(diameter: float) -> Polyhedron:
    """A regular icosahedron whose opposite corners are `diameter` apart."""
    golden = (1 + 5**0.5) / 2
    corners = []
    for a in (-1.0, 1.0):
        for b in (-golden, golden):
            corners += [(0.0, a, b), (a, b, 0.0), (b, 0.0, a)]
    vertices = np.array(corners)
    edge = 2.0
    faces = []
    close = np.abs(np.linalg.norm(vertices[:, None] - vertices[None], axis=2) - edge) < 1e-6
    for i in range(12):
        for j in range(i + 1, 12):
            for k in range(j + 1, 12):
                if close[i, j] and close[j, k] and close[i, k]:
                    outward = np.linalg.det(vertices[[i, j, k]]) > 0
                    faces.append((i, j, k) if outward else (i, k, j))
    return Polyhedron(vertices * (diameter / 2 / np.linalg.norm(vertices[0])), tuple(faces))


def box(a: float, b: float, c: float) -> Polyhedron:
    """A rectangular box with sides a, b, c (nm) along x, y, z."""
    vertices = np.array([(x, y, z) for x in (-a, a) for y in (-b, b) for z in (-c, c)]) / 2
    faces = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    return Polyhedron(vertices, faces)


@dataclass(frozen=True, eq=False)
class Layered:
    """A body with a core of another density: F(q) + contrast · s³ F(s q), s the core's relative size.

    `contrast` is the core's density minus the shell's, over the shell's: −1 is hollow.
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

    def amplitude(self, q: Real) -> Amplitude:
        scale = q.dtype.type(self.core_size)
        core = self.outer.amplitude(q * scale) * q.dtype.type(self.contrast * self.core_size**3)
        result: Amplitude = self.outer.amplitude(q) + core
        return result


@dataclass(frozen=True, eq=False)
class Blobs:
    """A cloud of equal Gaussian blobs: F = exp(−q²σ²/2) Σ wⱼ exp(i q·rⱼ).

    Attributes:
        positions: (N, 3) float64 blob centres, nm.
        weights: (N,) float64 scattering of each blob.
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
        """Up to 48 blobs picked by farthest-point sampling: the tips first, so contact is found where it happens."""
        chosen = [int(np.linalg.norm(self.positions, axis=1).argmax())]
        gap = np.linalg.norm(self.positions - self.positions[chosen[0]], axis=1)
        while len(chosen) < min(48, len(self.positions)):
            chosen.append(int(gap.argmax()))
            gap = np.minimum(gap, np.linalg.norm(self.positions - self.positions[chosen[-1]], axis=1))
        return np.concatenate([self.positions[chosen], np.full((len(chosen), 1), 2 * self.sigma)], axis=1)

    def amplitude(self, q: Real) -> Amplitude:
        shape = q.shape[1:]
        flat = q.reshape(3, -1)
        phase = self.positions.astype(q.dtype) @ flat
        weights = self.weights.astype(q.dtype)
        envelope = np.exp(-(flat * flat).sum(axis=0) * q.dtype.type(self.sigma**2 / 2))
        value = np.empty(flat.shape[1], dtype=np.result_type(q.dtype, np.complex64))
        value.real = envelope * (weights @ np.cos(phase))
        value.imag = envelope * (weights @ np.sin(phase))
        return value.reshape(shape)
