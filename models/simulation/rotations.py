"""Rotations: random orientations and the rotation groups that symmetric particles are built with."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def random_quaternions(rng: np.random.Generator, n: int) -> Array:
    """(n, 4) unit quaternions (w, x, y, z), uniform on the rotation group (normalised 4-D Gaussians, w ≥ 0)."""
    q = rng.standard_normal((n, 4))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    return np.where(q[:, :1] < 0, -q, q)


def rotation_matrix(quaternion: npt.ArrayLike) -> Array:
    """(3, 3) matrix R of a unit quaternion (w, x, y, z); it turns a column vector r into R r."""
    w, x, y, z = np.asarray(quaternion, dtype=np.float64)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def about(axis: npt.ArrayLike, angle: float) -> Array:
    """(3, 3) rotation by `angle` (radians) about `axis` (any length)."""
    unit = np.asarray(axis, dtype=np.float64)
    unit = unit / np.linalg.norm(unit)
    return rotation_matrix(np.concatenate([[np.cos(angle / 2)], np.sin(angle / 2) * unit]))


def group(generators: list[Array]) -> Array:
    """(n, 3, 3) every rotation that products of the `generators` reach (a finite point group)."""
    found = [np.eye(3)]
    frontier = found
    while frontier:
        fresh: list[Array] = []
        for a, b in itertools.product(frontier, generators):
            candidate = a @ b
            if not any(np.allclose(candidate, known, atol=1e-6) for known in [*found, *fresh]):
                fresh.append(candidate)
        found = [*found, *fresh]
        frontier = fresh
    return np.stack(found)


def cyclic(n: int) -> Array:
    """(n, 3, 3) the group Cₙ about z."""
    return np.stack([about((0, 0, 1), 2 * np.pi * k / n) for k in range(n)])


def dihedral(n: int) -> Array:
    """(2n, 3, 3) the group Dₙ: Cₙ about z and a two-fold axis along x."""
    flip = np.diag([1.0, -1.0, -1.0])
    return np.concatenate([cyclic(n), cyclic(n) @ flip])


def tetrahedral() -> Array:
    """(12, 3, 3) the rotations of a tetrahedron."""
    return group([about((0, 0, 1), np.pi), about((1, 1, 1), 2 * np.pi / 3)])


def octahedral() -> Array:
    """(24, 3, 3) the rotations of a cube."""
    return group([about((0, 0, 1), np.pi / 2), about((1, 1, 1), 2 * np.pi / 3)])


def icosahedral() -> Array:
    """(60, 3, 3) the rotations of an icosahedron (two-fold axes along x, y and z)."""
    golden = (1 + 5**0.5) / 2
    return group([about((0, 1, golden), 2 * np.pi / 5), about((1, 1, 1), 2 * np.pi / 3)])
