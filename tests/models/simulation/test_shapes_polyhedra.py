"""The transform of convex polyhedra against an independent evaluation, and where its denominators vanish."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadParameter
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.shapes import (
    Polyhedron,
    box,
    convex,
    dodecahedron,
    icosahedron,
    octahedron,
    tetrahedron,
    truncated,
)

SOLIDS = {
    "icosahedron": (icosahedron(100), 12, 20),
    "box": (box(20, 50, 90), 8, 6),
    "needle": (box(2, 3, 150), 8, 6),
    "tetrahedron": (tetrahedron(100), 4, 4),
    "octahedron": (octahedron(80), 6, 8),
    "dodecahedron": (dodecahedron(90), 20, 12),
    "truncated octahedron": (truncated(octahedron(100), 1 / 3), 24, 14),
    "football": (truncated(icosahedron(100), 1 / 3), 60, 32),
    "cuboctahedron": (truncated(octahedron(100), 1 / 2), 12, 14),
    "hull": (convex(np.random.default_rng(7).normal(0, 30, (14, 3))), None, None),
}


def by_tetrahedra(body: Polyhedron, q: np.ndarray) -> np.ndarray:
    """∫ exp(i q·r) over the tetrahedra that join the middle to every face's triangles: 3! V times the divided
    difference of exp at the four corners' phases (Hermite–Genocchi), in extended precision."""
    middle = body.vertices.mean(axis=0)
    total = np.zeros(q.shape[1], dtype=np.clongdouble)
    for face in body.faces:
        for second, third in itertools.pairwise(face[1:]):
            corners = np.stack([middle, body.vertices[face[0]], body.vertices[second], body.vertices[third]])
            phases = 1j * (corners.astype(np.longdouble) @ q.astype(np.longdouble))
            difference = sum(
                np.exp(phases[i]) / np.prod([phases[i] - phases[j] for j in range(4) if j != i], axis=0)
                for i in range(4)
            )
            total += np.linalg.det(corners[1:] - corners[0]) * difference
    return total.astype(complex)


def mismatch(value: np.ndarray, reference: np.ndarray) -> float:
    """R = Σ|√I − √I_ref| / Σ√I_ref"""
    return float(np.abs(np.abs(value) - np.abs(reference)).sum() / np.abs(reference).sum())


@pytest.mark.parametrize("name", SOLIDS)
def test_amplitude_agrees_with_tetrahedra(name: str):
    body, _, _ = SOLIDS[name]
    q = np.random.default_rng(1).normal(0, 0.1, (3, 1500))
    reference = by_tetrahedra(body, q)
    value = body.amplitude(q)
    assert mismatch(value, reference) < 1e-9
    assert np.abs(value - reference).max() < 1e-9 * body.volume
    single = body.amplitude(q.astype(np.float32))
    assert single.dtype == (np.float32 if body.is_centric else np.complex64)
    assert mismatch(single, reference) < 1e-5


@pytest.mark.parametrize("name", [name for name, (_, corners, _) in SOLIDS.items() if corners])
def test_solids_have_the_corners_and_faces_of_their_name(name: str):
    body, corners, faces = SOLIDS[name]
    assert (len(body.vertices), len(body.faces)) == (corners, faces)
    assert sum(map(len, body.faces)) / 2 == corners + faces - 2
    np.testing.assert_allclose(body.centroid, 0, atol=1e-9 * body.radius)
    for face in body.faces:
        ring = body.vertices[list(face)]
        outward = np.cross(ring[1] - ring[0], ring[2] - ring[1])
        assert outward @ ring[0] > 0


@pytest.mark.parametrize(
    ("body", "volume"),
    [
        (tetrahedron(100), (100 / 6**0.5 * 2) ** 3 / (6 * 2**0.5)),
        (octahedron(100), 2**0.5 / 3 * (100 / 2**0.5) ** 3),
        (dodecahedron(100), (15 + 7 * 5**0.5) / 4 * (100 / (3**0.5 * (1 + 5**0.5) / 2)) ** 3),
        (truncated(octahedron(90), 1 / 3), 8 * 2**0.5 * (90 / 2**0.5 / 3) ** 3),
        (box(2, 3, 150), 900.0),
    ],
)
def test_volumes_are_the_textbook_ones(body: Polyhedron, volume: float):
    assert body.volume == pytest.approx(volume, rel=1e-12)
    assert body.amplitude(np.zeros((3, 1)))[0] == pytest.approx(volume, rel=1e-12)


def exact(body: Polyhedron, q: np.ndarray) -> np.ndarray:
    """The same sum with 120 digits, a hair beside each q: what cancels leaves more than enough of them."""
    middle = body.vertices.mean(axis=0)
    corners = [*body.vertices, middle]
    pieces = [
        (face[0], second, third, len(body.vertices))
        for face in body.faces
        for second, third in itertools.pairwise(face[1:])
    ]
    values = []
    with mpmath.workdps(120):
        hair = [mpmath.mpf(f"{k}e-26") for k in (3, -5, 7)]
        for column in q.T:
            place = [mpmath.mpf(float(x)) + h for x, h in zip(column, hair, strict=True)]
            phases = [1j * mpmath.fdot(place, map(float, corner)) for corner in corners]
            waves = [mpmath.exp(phase) for phase in phases]
            total = mpmath.mpc(0)
            for piece in pieces:
                size = float(np.linalg.det(np.stack([corners[k] for k in piece[:3]]) - middle))
                for i in piece:
                    total += size * waves[i] / mpmath.fprod(phases[i] - phases[j] for j in piece if j != i)
            values.append(complex(total))
    return np.array(values)


@pytest.mark.parametrize("name", ["icosahedron", "tetrahedron", "needle", "hull"])
def test_no_digits_are_lost_where_denominators_vanish(name: str):
    body, _, _ = SOLIDS[name]
    steps = np.array([0.0, 1e-12, 1e-5, 1.1e-3, 1.1e-2, 0.1]) / body.radius
    awkward = []
    for face in body.faces[:2]:
        ring = body.vertices[list(face)]
        normal = np.cross(ring[1] - ring[0], ring[2] - ring[1])
        normal /= np.linalg.norm(normal)
        edge = (ring[1] - ring[0]) / np.linalg.norm(ring[1] - ring[0])
        across = np.cross(normal, edge)
        for start, way in ((0.15 * normal, edge), (0.15 * normal, across), (0.2 * across, edge), (0 * edge, normal)):
            awkward.append(start[:, None] + way[:, None] * steps)
    q = np.concatenate(awkward, axis=1)
    assert np.abs(body.amplitude(q) - exact(body, q)).max() < 1e-9 * body.volume
    single = q.astype(np.float32)
    assert np.abs(body.amplitude(single) - exact(body, single)).max() < 5e-6 * body.volume


def test_a_body_off_its_origin_has_the_phase_of_its_place():
    body = icosahedron(100)
    place = np.array([3.0, -5.0, 8.0])
    moved = Polyhedron(body.vertices + place, body.faces)
    q = np.random.default_rng(2).normal(0, 0.1, (3, 300))
    assert not moved.is_centric
    np.testing.assert_allclose(
        moved.amplitude(q), body.amplitude(q) * np.exp(1j * place @ q), atol=1e-9 * body.volume
    )
    np.testing.assert_allclose(moved.centroid, place, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), corners=st.integers(4, 30), size=st.floats(0.1, 1e4), flatness=st.floats(0.05, 1.0)
)
def test_any_hull_is_a_body(seed: int, corners: int, size: float, flatness: float):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, size, (corners, 3)) * [1, 1, flatness]
    body = convex(points, 2.5)
    edges = sum(map(len, body.faces)) / 2
    assert len(body.vertices) - edges + len(body.faces) == 2
    assert np.abs(body.centroid).max() < 1e-9 * body.radius
    q = rng.normal(0, 3 / body.radius, (3, 40))
    value = body.amplitude(q)
    turn = rotation_matrix(random_quaternions(rng, 1)[0])
    turned = Polyhedron(body.vertices @ turn.T, body.faces, body.density)
    scaled = Polyhedron(body.vertices * 3, body.faces, body.density)
    tiny = 1e-9 * body.electrons
    assert np.abs(body.amplitude(np.zeros((3, 1)))[0] - body.electrons) < tiny
    assert np.abs(value).max() <= body.electrons * (1 + 1e-9)
    np.testing.assert_allclose(body.amplitude(-q), np.conj(value), atol=tiny)
    np.testing.assert_allclose(turned.amplitude(turn @ q), value, atol=tiny)
    np.testing.assert_allclose(scaled.amplitude(q / 3), 27 * value, atol=27 * tiny)


def test_points_within_and_doubled_points_do_not_matter():
    corners = np.array([(x, y, z) for x in (0, 4) for y in (0, 6) for z in (0, 8)], dtype=float)
    clutter = np.array([(2, 3, 4), (2, 3, 0), (2, 0, 0), (0, 0, 0), (4 + 1e-10, 6, 8)])
    body = convex(np.concatenate([corners, clutter]))
    assert (len(body.vertices), len(body.faces)) == (8, 6)
    q = np.random.default_rng(3).normal(0, 1, (3, 100))
    np.testing.assert_allclose(body.amplitude(q), box(4, 6, 8).amplitude(q), atol=1e-7)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((10, 3)),
        np.random.default_rng(0).normal(size=(10, 3)) * [1, 1, 0],
        np.ones((3, 3)),
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, np.nan]],
        np.arange(8.0),
    ],
    ids=["one point", "a plane", "three points", "not a number", "a row"],
)
def test_points_without_a_volume_are_refused(points: object):
    with pytest.raises(BadParameter, match="polyhedron from"):
        convex(points)


def test_an_origin_outside_is_refused():
    with pytest.raises(BadParameter, match="origin outside"):
        convex(tetrahedron(10).vertices + 50.0, centred=False)
    with pytest.raises(BadParameter, match=r"0\.7 of an edge"):
        truncated(octahedron(10), 0.7)
