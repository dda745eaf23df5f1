"""From amplitudes to the detector: surfaces in q space, aggregates, symmetry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.simulation.particles import random_species
from models.simulation.propagation import Placed, aggregate, amplitude, intensity, q_axes, q_map
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings
from models.simulation.shapes import icosahedron, sphere

SETTINGS = SimulationSettings(height=48, width=64, centre_jitter_px=0.0)
STILL = np.zeros(3)


def placed(number: int, family: str | None = None) -> Placed:
    species = random_species(number, family)
    turn = rotation_matrix(random_quaternions(np.random.default_rng(number), 1)[0])
    return Placed(species.shape, turn, STILL)


def misfit(a: np.ndarray, b: np.ndarray) -> float:
    """Σ|√a − √b| / Σ√b."""
    return float(np.abs(np.sqrt(a) - np.sqrt(b)).sum() / np.sqrt(b).sum())


def test_ewald_map_has_elastic_scattering():
    q = q_map(replace(SETTINGS, surface="ewald", distance_m=0.02), dtype=np.float64)
    k = 2 * np.pi / SETTINGS.wavelength_nm
    np.testing.assert_allclose(np.linalg.norm(q + np.array([0, 0, k])[:, None, None], axis=0), k, rtol=1e-12)
    centre = q_map(replace(SETTINGS, surface="ewald", height=49, width=65), dtype=np.float64)[:, 24, 32]
    np.testing.assert_array_equal(centre, 0)


def test_beam_displacement_moves_the_origin_of_q():
    qy, qx = q_axes(SETTINGS, (2.0, -3.0))
    assert np.interp(0.0, qy, np.arange(48)) == pytest.approx(23.5 + 2)
    assert np.interp(0.0, qx, np.arange(64)) == pytest.approx(31.5 - 3)


@pytest.mark.parametrize("family", ["globule", "capsid"])
def test_projection_obeys_friedels_law_and_the_ewald_sphere_does_not(family: str):
    body = [placed(3, family)]
    flat = intensity(body, replace(SETTINGS, surface="projected"))
    np.testing.assert_allclose(flat, flat[::-1, ::-1], rtol=1e-3, atol=1e-6 * flat.max())
    assert misfit(flat, flat[::-1, ::-1]) < 1e-3
    if family == "globule":
        curved = intensity(body, replace(SETTINGS, surface="ewald", distance_m=0.1))
        assert misfit(curved, curved[::-1, ::-1]) > 0.02


@pytest.mark.parametrize("family", ["icosahedron", "capsid", "oligomer", "rod"])
def test_friedels_law_is_exact_where_density_is_real_and_the_surface_flat(family: str):
    body = placed(3, family)
    q = np.tensordot(body.rotation.T, q_map(replace(SETTINGS, surface="projected"), dtype=np.float64), axes=1)
    value = np.abs(body.shape.amplitude(q))
    np.testing.assert_allclose(value, value[::-1, ::-1], rtol=1e-9, atol=1e-12 * value.max())


@pytest.mark.parametrize("surface", ["projected", "paraxial"])
def test_the_matrix_product_is_the_sum_over_blobs(surface: str):
    settings = replace(SETTINGS, surface=surface)
    body = placed(7, "oligomer")
    body = Placed(body.shape, body.rotation, np.array([20.0, -30.0, 40.0]), 1.1)
    q = q_map(settings, dtype=np.float64)
    turned = np.tensordot(body.rotation.T * 1.1, q, axes=1)
    direct = body.shape.amplitude(turned) * 1.1**3 * np.exp(1j * np.tensordot(body.position, q, axes=1))
    fast = amplitude([body], settings)
    assert np.abs(fast - direct).max() < 2e-4 * np.abs(direct).max()


def test_surfaces_agree_at_small_angles_and_part_at_large_ones():
    body = [placed(3, "globule"), placed(4, "icosahedron")]
    wide = replace(SETTINGS, height=96, width=96)
    errors = {}
    for distance in (0.1, 0.5, 5.0):
        # The same q range every time: a longer distance with a shorter wavelength has smaller angles.
        energy = wide.photon_energy_eV * distance / wide.distance_m
        at = replace(wide, distance_m=distance, photon_energy_eV=energy)
        exact = intensity(body, replace(at, surface="ewald"))
        errors[distance] = [misfit(intensity(body, replace(at, surface=s)), exact) for s in ("projected", "paraxial")]
    projected, paraxial = np.array(list(errors.values())).T
    # Leaving out the curvature is an error of first order in the angle, the paraboloid's error is of second order.
    assert projected[0] > 0.03
    assert projected[1] < projected[0] / 4
    assert projected[2] < projected[1] / 8
    assert paraxial[1] < 1e-3
    assert paraxial[1] < paraxial[0] / 15
    assert paraxial[2] < 1e-4


def test_two_equal_spheres_make_cosine_fringes():
    settings = replace(SETTINGS, surface="ewald")
    apart = np.array([30.0, 50.0, 20.0])
    pair = [Placed(sphere(60), np.eye(3), apart), Placed(sphere(60), np.eye(3), -apart)]
    alone = intensity([Placed(sphere(60), np.eye(3), STILL)], settings)
    fringes = 4 * np.cos(np.tensordot(apart, q_map(settings, dtype=np.float64), axes=1)) ** 2
    np.testing.assert_allclose(intensity(pair, settings), fringes * alone, rtol=1e-3, atol=1e-5 * alone.max())


def test_spheres_in_an_aggregate_touch_and_do_not_overlap():
    for seed in range(10):
        copies = 2 + seed % 3
        members, turns = aggregate(sphere(60), copies, np.random.default_rng(seed))
        positions = np.stack([m.position for m in members])
        gaps = np.linalg.norm(positions[:, None] - positions[None], axis=2)[np.triu_indices(copies, 1)]
        assert gaps.min() == pytest.approx(60)
        assert np.count_nonzero(np.abs(gaps - 60) < 1e-9) >= copies - 1
        assert turns.shape == (copies, 4)
        np.testing.assert_allclose(positions.mean(axis=0), 0, atol=1e-9)


def test_blob_aggregates_touch_by_their_outlines_and_turn_independently():
    shape = random_species(5, "rod").shape
    members, turns = aggregate(shape, 3, np.random.default_rng(1), 1.05)
    assert len({tuple(turn) for turn in turns.round(6)}) == 3
    beads = [np.concatenate([m.shape.beads[:, :3] @ m.rotation.T * 1.05 + m.position], axis=1) for m in members]
    radius = shape.beads[0, 3] * 1.05
    for i in (1, 2):
        present = np.concatenate(beads[:i])
        gaps = np.linalg.norm(present[:, None] - beads[i][None], axis=2)
        assert gaps.min() == pytest.approx(2 * radius)


def test_orientation_turns_the_pattern():
    settings = replace(SETTINGS, height=64, surface="projected")
    shape = icosahedron(150)
    quarter = rotation_matrix([np.sqrt(0.5), 0, 0, np.sqrt(0.5)])
    upright = intensity([Placed(shape, np.eye(3), STILL)], settings)
    turned = intensity([Placed(shape, quarter, STILL)], settings)
    np.testing.assert_allclose(turned, upright[:, ::-1].T, rtol=1e-3, atol=1e-6 * upright.max())
