"""What every body owes: electrons at q = 0, Friedel's law, its place and turn and size, numpy and torch alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadParameter
from models.simulation.shapes import (
    Atoms,
    Blobs,
    Ellipsoid,
    Layered,
    Nested,
    Shape,
    VoxelMap,
    box,
    convex,
    core_shell,
    helium_droplet,
    icosahedron,
    nested,
    sphere,
    spheroid,
    tetrahedron,
)

_RNG = np.random.default_rng(11)
BODIES: dict[str, Shape] = {
    "sphere": sphere(80, 3.0),
    "spheroid": spheroid(90, 50, 2.0),
    "icosahedron": icosahedron(100, 0.5),
    "tetrahedron": tetrahedron(100, 4.0),
    "hull": convex(_RNG.normal(0, 25, (12, 3)), 1.5),
    "layered": Layered(icosahedron(100, 2.0), 0.7, -0.6),
    "layered hull": Layered(tetrahedron(90, 2.0), 0.5, 1.0),
    "core-shell": core_shell(5.0, 2.0, 100.0, 60.0),
    "three layers": nested(
        spheroid(90, 70, 1.0), sphere(50, 0.0), box(10, 12, 14, 9.0), positions=[[0, 0, 0], [8, 0, 5], [10, -4, 6]]
    ),
    "helium": helium_droplet(90, 0.7, core_diameter=20, core_at=(15, 5, 0)),
    "blobs": Blobs(_RNG.normal(0, 20, (60, 3)), _RNG.uniform(0.5, 2, 60), 3.0),
    "atoms": Atoms(_RNG.normal(0, 2, (80, 3)), _RNG.choice([1, 6, 7, 8, 16, 26], 80), _RNG.uniform(0.3, 1, 80)),
    "map": VoxelMap(_RNG.random((12, 15, 20)), np.array([4.0, 3.0, 5.0]), np.array([-22.0, -21.0, -48.0])),
}
NAMES = list(BODIES)


def some_q(body: Shape, n: int = 200, seed: int = 0) -> np.ndarray:
    """q that sees some speckles of the body; the map's own band is not left."""
    return np.random.default_rng(seed).uniform(-1, 1, (3, n)) * min(0.6, 12 / body.radius)


@pytest.mark.parametrize("name", NAMES)
def test_the_amplitude_at_zero_is_the_number_of_electrons(name: str):
    body = BODIES[name]
    assert body.amplitude(np.zeros((3, 2))) == pytest.approx(body.electrons, rel=1e-5 if name == "map" else 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_friedels_law_holds_for_real_densities(name: str):
    body = BODIES[name]
    q = some_q(body)
    np.testing.assert_allclose(body.amplitude(-q), np.conj(body.amplitude(q)), atol=1e-6 * abs(body.electrons))


@pytest.mark.parametrize("name", NAMES)
def test_any_arrangement_of_q_gives_its_own_arrangement(name: str):
    body = BODIES[name]
    q = some_q(body, 24)
    flat = body.amplitude(q)
    np.testing.assert_array_equal(body.amplitude(q.reshape(3, 2, 3, 4)), flat.reshape(2, 3, 4))
    assert body.amplitude(q[:, :0]).shape == (0,)
    np.testing.assert_allclose(body.amplitude(q[:, 0]), flat[0], rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_torch_and_numpy_agree(name: str):
    body = BODIES[name]
    q = some_q(body)
    for kind, tolerance in ((np.float32, 2e-6), (np.float64, 1e-12)):
        with_numpy = body.amplitude(q.astype(kind))
        with_torch = body.amplitude(torch.from_numpy(q.astype(kind)))
        assert isinstance(with_torch, torch.Tensor)
        assert isinstance(with_numpy, np.ndarray)
        assert with_torch.numpy().dtype == with_numpy.dtype
        assert with_numpy.real.dtype == kind
        np.testing.assert_allclose(with_torch.numpy(), with_numpy, atol=tolerance * abs(body.electrons))


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_keeps_five_digits(name: str):
    body = BODIES[name]
    q = some_q(body).astype(np.float32)
    exact = np.abs(body.amplitude(q.astype(np.float64)))
    assert np.abs(np.abs(body.amplitude(q)) - exact).sum() < 1e-5 * exact.sum()


@pytest.mark.parametrize("name", NAMES)
def test_beads_lie_within_the_bounding_sphere(name: str):
    body = BODIES[name]
    assert body.beads.shape[1] == 4
    reach = np.linalg.norm(body.beads[:, :3], axis=1) + body.beads[:, 3]
    assert reach.max() <= body.radius * (1 + 1e-9)


def test_numbers_of_numpy_as_sizes_do_not_change_the_precision():
    size = np.float64(40.0)
    bodies = (
        Ellipsoid((size, size, size), size),
        Layered(sphere(80), np.float64(0.5), size),
        icosahedron(size, size),
    )
    for body in bodies:
        assert body.amplitude(np.ones((3, 4), dtype=np.float32)).dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(
    axes=st.tuples(*[st.floats(0.5, 500)] * 3),
    density=st.floats(-5, 5e3).filter(lambda x: abs(x) > 1e-3),
    seed=st.integers(0, 1000),
    factor=st.floats(0.1, 10),
)
def test_ellipsoids_scale_and_turn(axes: tuple[float, float, float], density: float, seed: int, factor: float):
    body = Ellipsoid(axes, density)
    rng = np.random.default_rng(seed)
    q = rng.normal(0, 4 / body.radius, (3, 50))
    value = body.amplitude(q)
    tiny = 1e-10 * abs(body.electrons)
    larger = Ellipsoid((axes[0] * factor, axes[1] * factor, axes[2] * factor), density)
    np.testing.assert_allclose(larger.amplitude(q / factor), factor**3 * value, atol=factor**3 * tiny)
    # A quarter turn about z exchanges x and y.
    swapped = Ellipsoid((axes[1], axes[0], axes[2]), density)
    np.testing.assert_allclose(swapped.amplitude(np.stack([-q[1], q[0], q[2]])), value, atol=tiny)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), place=st.tuples(*[st.floats(-200, 200)] * 3))
def test_a_moved_body_gets_the_phase_of_its_place(seed: int, place: tuple[float, float, float]):
    rng = np.random.default_rng(seed)
    body = tetrahedron(float(rng.uniform(5, 100)))
    q = rng.normal(0, 0.1, (3, 60))
    moved = nested(body, positions=[place])
    expected = np.exp(1j * np.array(place) @ q) * body.amplitude(q)
    np.testing.assert_allclose(moved.amplitude(q), expected, atol=1e-9 * body.electrons)


def test_spheroid_is_the_formula_of_its_angle():
    """Written with the effective radius along q, R(α) = √(a² sin²α + c² cos²α) (Guinier & Fournet 1955)."""
    a, c = 45.0, 25.0
    q = np.random.default_rng(3).normal(0, 0.15, (3, 2000))
    size = np.linalg.norm(q, axis=0)
    cosine = q[2] / size
    x = size * np.sqrt(a**2 * (1 - cosine**2) + c**2 * cosine**2)
    expected = 4 * np.pi * a * a * c * 7.0 * (np.sin(x) - x * np.cos(x)) / x**3
    value = spheroid(2 * a, 2 * c, 7.0).amplitude(q)
    assert np.abs(np.abs(value) - np.abs(expected)).sum() < 1e-9 * np.abs(expected).sum()
    single = spheroid(2 * a, 2 * c, 7.0).amplitude(q.astype(np.float32))
    assert np.abs(np.abs(single) - np.abs(expected)).sum() < 2e-6 * np.abs(expected).sum()


def test_core_and_shell_are_two_spheres():
    q = some_q(BODIES["core-shell"])
    shell, core = sphere(100, 2.0).amplitude(q), sphere(60, 1.0).amplitude(q)
    np.testing.assert_allclose(BODIES["core-shell"].amplitude(q), shell + 3 * core, rtol=1e-9, atol=1e-6)
    assert core_shell(2.0, 2.0, 100, 60).electrons == pytest.approx(sphere(100, 2.0).electrons)


def test_an_inclusion_replaces_what_it_lies_in():
    body = BODIES["three layers"]
    assert isinstance(body, Nested)
    volumes = [spheroid(90, 70).volume, sphere(50).volume, 10 * 12 * 14]
    assert body.electrons == pytest.approx(1.0 * (volumes[0] - volumes[1]) + 9.0 * volumes[2])


def test_a_helium_droplet_has_the_density_of_the_liquid():
    assert helium_droplet(100).electrons == pytest.approx(0.0218 * 2 * 1e3 * np.pi / 6 * 1e6, rel=1e-12)
    oblate, prolate = helium_droplet(100, 0.5), helium_droplet(100, 2.0)
    assert isinstance(oblate, Ellipsoid)
    assert isinstance(prolate, Ellipsoid)
    assert oblate.semi_axes == (50, 50, 25)
    assert prolate.semi_axes == (25, 25, 50)
    assert helium_droplet(100, core_diameter=20).electrons > helium_droplet(100).electrons


def test_cores_that_do_not_fit_are_refused():
    with pytest.raises(BadParameter, match="core of 40 nm"):
        helium_droplet(100, core_diameter=40, core_at=(35, 0, 0))
    with pytest.raises(BadParameter, match="core of 60 nm in a particle of 50 nm"):
        core_shell(1.0, 2.0, 50.0, 60.0)
    with pytest.raises(BadParameter, match="droplet of 0 nm"):
        helium_droplet(0.0)
    with pytest.raises(BadParameter, match="without bodies"):
        nested()
    with pytest.raises(BadParameter, match="for 1 bodies"):
        nested(sphere(10), positions=[0.0, 0.0, 0.0])
