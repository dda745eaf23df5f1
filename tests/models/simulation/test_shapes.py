"""Amplitudes of bodies against closed forms, direct sums and Monte-Carlo integrals."""

from __future__ import annotations

import numpy as np
import pytest

from models.simulation.shapes import Blobs, Ellipsoid, Layered, Polyhedron, box, icosahedron, sphere

AWKWARD = np.array(
    [
        [0, 0, 0],
        [0.1, 0, 0],
        [0, 0.1, 0],
        [0, 0, -0.2],
        [0.1, 0.1, 0],
        [1e-9, 0, 0.3],
        [1e-4, 1e-5, 0],
        [1e-6, 0.2, 0],
    ]
).T


def some_q(n: int = 500, scale: float = 0.2) -> np.ndarray:
    return np.concatenate([AWKWARD, np.random.default_rng(5).normal(0, scale, (3, n))], axis=1)


def test_sphere_is_the_textbook_formula():
    q = some_q()
    x = np.linalg.norm(q, axis=0) * 40
    volume = 4 / 3 * np.pi * 40**3
    far = x > 1e-2
    expected = 3 * volume * (np.sin(x[far]) - x[far] * np.cos(x[far])) / x[far] ** 3
    value = sphere(80).amplitude(q)
    np.testing.assert_allclose(value[far], expected, rtol=1e-6, atol=1e-9 * volume)
    assert value[0] == pytest.approx(volume, rel=1e-12)


def test_sphere_amplitude_has_no_step_where_series_and_formula_meet():
    x = np.linspace(0.25, 0.35, 2001)
    value = Ellipsoid((1.0, 1.0, 1.0)).amplitude(np.stack([x, 0 * x, 0 * x]))
    assert np.abs(np.diff(value, 2)).max() < 1e-8


def test_ellipsoid_is_a_stretched_sphere():
    q = some_q()
    body = Ellipsoid((10.0, 20.0, 30.0))
    ball = Ellipsoid((1.0, 1.0, 1.0)).amplitude(q * np.array([[10.0], [20.0], [30.0]]))
    np.testing.assert_allclose(body.amplitude(q), ball * 6000, rtol=1e-10, atol=1e-8)


def test_box_polyhedron_is_the_sinc_product():
    a, b, c = 20.0, 30.0, 50.0
    q = some_q()
    expected = a * b * c * np.prod([np.sinc(q[i] * side / 2 / np.pi) for i, side in enumerate((a, b, c))], axis=0)
    np.testing.assert_allclose(box(a, b, c).amplitude(q), expected, atol=1e-6 * a * b * c)
    single = box(a, b, c).amplitude(q.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=5e-6 * a * b * c)


def test_polyhedron_is_smooth_across_its_removable_singularities():
    body = icosahedron(100)
    normal = body.vertices[list(body.faces[0])].mean(axis=0)
    normal /= np.linalg.norm(normal)
    sideways = np.cross(normal, [0.0, 0.0, 1.0])
    steps = np.concatenate([[0.0], np.geomspace(1e-12, 1e-3, 200)])
    value = body.amplitude(0.15 * normal[:, None] + sideways[:, None] * steps)
    assert np.ptp(value) < 1e-4 * body.volume
    towards_zero = body.amplitude(normal[:, None] * np.geomspace(1e-12, 1e-3, 200))
    np.testing.assert_allclose(towards_zero, body.volume, rtol=1e-3)


def test_icosahedron_volume_and_moments_are_the_textbook_ones():
    body = icosahedron(100)
    edge = 100 / np.sqrt(10 + 2 * np.sqrt(5)) * 2
    assert len(body.faces) == 20
    assert body.volume == pytest.approx(5 / 12 * (3 + 5**0.5) * edge**3, rel=1e-12)
    assert body.amplitude(np.zeros((3, 1)))[0] == pytest.approx(body.volume)
    np.testing.assert_allclose(body.second_moments, np.eye(3) * body.second_moments[0, 0], atol=1e-9)


def test_icosahedron_agrees_with_a_monte_carlo_integral():
    body = icosahedron(100)
    rng = np.random.default_rng(1)
    points = rng.uniform(-50, 50, (200_000, 3))
    normals = np.array([body.vertices[list(face)].mean(axis=0) for face in body.faces])
    inside = points[(points @ normals.T <= (normals**2).sum(axis=1)).all(axis=1)]
    q = rng.normal(0, 0.05, (3, 6))
    estimate = 100.0**3 / len(points) * np.exp(1j * inside @ q).sum(axis=0)
    # Four standard errors of a mean of 200 000 bounded terms.
    assert np.abs(body.amplitude(q) - estimate).max() < 4 * 100.0**3 * np.sqrt(0.25 / len(points))


def test_hollow_sphere_is_the_difference_of_two():
    q = some_q()
    shell = Layered(sphere(100), 0.7, -1.0)
    np.testing.assert_allclose(
        shell.amplitude(q), sphere(100).amplitude(q) - sphere(70).amplitude(q), rtol=1e-9, atol=1e-6
    )


def test_blobs_are_the_direct_sum():
    rng = np.random.default_rng(2)
    cloud = Blobs(rng.normal(0, 30, (50, 3)), rng.uniform(0.5, 1.5, 50), 4.0)
    q = some_q(40)
    expected = [
        sum(
            w * np.exp(1j * (r @ k) - 4.0**2 * (k @ k) / 2)
            for w, r in zip(cloud.weights, cloud.positions, strict=True)
        )
        for k in q.T
    ]
    np.testing.assert_allclose(cloud.amplitude(q), expected, atol=1e-10)
    assert cloud.amplitude(q.astype(np.float32)).dtype == np.complex64


@pytest.mark.parametrize("body", [sphere(80), icosahedron(80), box(10, 20, 30)], ids=["sphere", "icosahedron", "box"])
def test_bodies_stay_inside_their_bounding_sphere(body: Ellipsoid | Polyhedron):
    reach = np.linalg.norm(body.beads[:, :3], axis=1) + body.beads[:, 3]
    assert reach.max() <= body.radius * (1 + 1e-12)
