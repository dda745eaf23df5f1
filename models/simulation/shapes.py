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
    """A uniform convex polyhedron around the origin.

    The divergence theorem turns the volume integral into one over faces, and again into one over edges, each of which
    is a phase times a sinc (Wuttke, J. Appl. Cryst. 54 (2021) 580, whose removable singularities q → 0 and q ∥ face
    normal are handled by expansions here too).

    Attributes:
        vertices: (V, 3) corners, nm.
        faces: corner numbers of each face, counter-clockwise seen from outside.
    """

    vertices: Real
    faces: tuple[tuple[int, ...], ...]

    @property
    def radius(self) -> float:
        return float(np.linalg.norm(self.vertices, axis=1).max())

    @cached_property
    def _planes(self) -> list[tuple[Real, float, float, Real]]:
        """Of each face: outward normal, distance from the origin, area, centroid."""
        planes = []
        for face in self.faces:
            corners = self.vertices[list(face)]
            fan = np.cross(corners[1:-1] - corners[0], corners[2:] - corners[0]) / 2
            areas = np.linalg.norm(fan, axis=1)
            normal = fan.sum(axis=0) / np.linalg.norm(fan.sum(axis=0))
            centroids = (corners[0] + corners[1:-1] + corners[2:]) / 3
            centroid = (areas[:, None] * centroids).sum(axis=0) / areas.sum()
            planes.append((normal, float(normal @ corners[0]), float(areas.sum()), centroid))
        return planes

    @cached_property
    def volume(self) -> float:
        return float(sum(distance * area for _, distance, area, _ in self._planes) / 3)

    @cached_property
    def second_moments(self) -> Real:
        """(3, 3) volume average of r rᵀ, from the tetrahedra that join the origin to each face's triangles."""
        total = np.zeros((3, 3))
        for face in self.faces:
            corners = self.vertices[list(face)]
            for b, c in itertools.pairwise(corners[1:]):
                tetra = np.stack([corners[0], b, c])
                volume = np.linalg.det(tetra) / 6
                s = tetra.sum(axis=0)
                total += volume * (np.outer(s, s) + tetra.T @ tetra) / 20
        return np.asarray(total / self.volume)

    @property
    def beads(self) -> Real:
        inner = min(distance for _, distance, _, _ in self._planes)
        tip = 0.05 * self.radius
        corners = self.vertices * (1 - tip / np.linalg.norm(self.vertices, axis=1, keepdims=True))
        return np.concatenate(
            [[[0.0, 0.0, 0.0, inner]], np.concatenate([corners, np.full((len(corners), 1), tip)], axis=1)]
        )

    @cached_property
    def centrosymmetric(self) -> bool:
        """True where −r is in the body with every r: then F is real and half of the faces are enough."""
        return all(bool((np.abs(self.vertices + v).sum(axis=1) < 1e-9 * self.radius).any()) for v in self.vertices)

    def amplitude(self, q: Real) -> Amplitude:
        shape = q.shape[1:]
        q = np.ascontiguousarray(q.reshape(3, -1))
        real = q.dtype.type
        size = self.radius
        # Below these |q|·size the edge sums cancel and the expansions are the better half of the digits.
        flat = real(1e-2 if q.dtype == np.float32 else 1e-5) / size
        near = real(3e-2 if q.dtype == np.float32 else 1e-3) / size
        q2 = np.einsum("ip,ip->p", q, q)
        corner_phase = self.vertices.astype(q.dtype) @ q
        total: Any = 0
        edges: dict[tuple[int, int], Amplitude] = {}
        for face, (normal, _, area, centroid) in zip(self.faces, self._planes, strict=True):
            if self.centrosymmetric and _lower_half(normal):
                continue
            along = normal.astype(q.dtype) @ q
            across = q - normal.astype(q.dtype)[:, None] * along
            across2 = np.einsum("ip,ip->p", across, across)
            edge_sum: Any = 0
            for start, end in zip(face, face[1:] + face[:1], strict=True):
                edge = self.vertices[end] - self.vertices[start]
                key = (min(start, end), max(start, end))
                if key not in edges:
                    edges[key] = _edge_integral(corner_phase[start], corner_phase[end], float(np.linalg.norm(edge)))
                outward = np.cross(edge, normal) / np.linalg.norm(edge)
                edge_sum = edge_sum + (outward.astype(q.dtype) @ q) * edges[key]
            tiny = across2 < flat**2
            integral = edge_sum * (-1j / np.where(tiny, real(1), across2))
            if tiny.any():
                # At q ∥ normal the face scatters in phase: area × phase of its centroid.
                phase = centroid.astype(q.dtype) @ q[:, tiny]
                integral[tiny] = real(area) * (np.cos(phase) + 1j * np.sin(phase))
            total = total + along * integral
        small = q2 < near**2
        total = total * (-1j / np.where(small, real(1), q2)).astype(total.dtype)
        result = 2 * total.real if self.centrosymmetric else total
        if small.any():
            quadratic = np.einsum("ip,ij,jp->p", q[:, small], self.second_moments.astype(q.dtype), q[:, small])
            result[small] = real(self.volume) * (1 - quadratic / 2)
        reshaped: Amplitude = result.reshape(shape)
        return reshaped


def _lower_half(normal: Real) -> bool:
    """Exactly one of a face normal and its opposite is in the lower half."""
    for component in normal[::-1]:
        if abs(component) > 1e-9:
            return bool(component < 0)
    return False


def _edge_integral(start: Real, end: Real, length: float) -> Amplitude:
    """∫ exp(i q·r) dl along an edge of `length`, from the phases q·r at its two ends."""
    half = (end - start) / 2
    middle = (end + start) / 2
    small = np.abs(half) < 1e-3
    sinc = np.where(small, 1 - half * half / 6, np.sin(half) / np.where(small, half.dtype.type(1), half))
    scaled = half.dtype.type(length) * sinc
    value = np.empty(half.shape, dtype=np.result_type(half.dtype, np.complex64))
    value.real = scaled * np.cos(middle)
    value.imag = scaled * np.sin(middle)
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
