"""Gauss's rule on triangles and tetrahedra, folded out of the square and the cube (Duffy 1982)."""

from __future__ import annotations

import numpy as np

from models.simulation.shapes.body import Real

_NODES = 6


def _unit() -> tuple[Real, Real]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


def triangles_rule(triangles: Real) -> tuple[Real, Real]:
    """(N, 3) points and (N,) weights that integrate a smooth function over triangles (T, 3 corners, 3)."""
    nodes, weights = _unit()
    u, v = (axis.ravel() for axis in np.meshgrid(nodes, nodes, indexing="ij"))
    wu, wv = (axis.ravel() for axis in np.meshgrid(weights, weights, indexing="ij"))
    shares = np.stack([1 - u, u * (1 - v), u * v])
    a, b, c = triangles.transpose(1, 0, 2)
    double_areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    points = np.einsum("sn,tsx->tnx", shares, triangles)
    return points.reshape(-1, 3), (double_areas[:, None] * (wu * wv * u)).reshape(-1)


def tetrahedra_rule(apex: Real, triangles: Real) -> tuple[Real, Real]:
    """(N, 3) points and (N,) weights for the tetrahedra that join one apex to triangles (T, 3 corners, 3).

    A triangle seen counter-clockwise from the far side counts positive.
    """
    nodes, weights = _unit()
    u, v, w = (axis.ravel() for axis in np.meshgrid(nodes, nodes, nodes, indexing="ij"))
    wu, wv, ww = (axis.ravel() for axis in np.meshgrid(weights, weights, weights, indexing="ij"))
    shares = np.stack([u * (1 - v), u * v * (1 - w), u * v * w])
    arms = triangles - apex
    points = apex + np.einsum("sn,tsx->tnx", shares, arms)
    return points.reshape(-1, 3), (np.linalg.det(arms)[:, None] * (wu * wv * ww * u * u * v)).reshape(-1)
