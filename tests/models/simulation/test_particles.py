"""Species are functions of their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import BadParameter
from models.simulation import rotations
from models.simulation.particles import (
    FAMILIES,
    PROTEIN_FAMILIES,
    TEST_IDS,
    TRAIN_IDS,
    VALIDATION_IDS,
    random_droplet,
    random_species,
)
from models.simulation.shapes import Blobs

Q = np.random.default_rng(0).normal(0, 0.1, (3, 50))


def test_a_number_gives_the_same_particle_every_time():
    first, again, other = random_species(41), random_species(41), random_species(42)
    assert (first.id, first.family, first.diameter_nm) == (again.id, again.family, again.diameter_nm)
    np.testing.assert_array_equal(first.shape.amplitude(Q), again.shape.amplitude(Q))
    assert first.diameter_nm != other.diameter_nm


def test_training_validation_and_test_numbers_are_disjoint():
    assert not set(TRAIN_IDS) & set(VALIDATION_IDS)
    assert not set(VALIDATION_IDS) & set(TEST_IDS)
    assert not set(TRAIN_IDS) & set(TEST_IDS)
    drawn = random_species(np.random.default_rng(3))
    assert drawn.id in TRAIN_IDS
    np.testing.assert_array_equal(drawn.shape.amplitude(Q), random_species(drawn.id).shape.amplitude(Q))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_fills_its_diameter(family: str):
    for number in range(8):
        species = random_species(number, family, (100.0, 150.0))
        assert species.family == family
        assert 100 <= species.diameter_nm <= 150
        assert species.shape.radius == pytest.approx(species.diameter_nm / 2, rel=1e-9)


@pytest.mark.parametrize("family", PROTEIN_FAMILIES)
def test_protein_like_particles_are_100_to_400_centred_blobs(family: str):
    for number in range(12):
        cloud = random_species(number, family).shape
        assert isinstance(cloud, Blobs)
        assert 100 <= len(cloud.positions) <= 400
        centre = (cloud.weights[:, None] * cloud.positions).sum(axis=0) / cloud.weights.sum()
        assert np.linalg.norm(centre) < 1e-9 * cloud.radius
        assert np.linalg.norm(cloud.beads[:, :3], axis=1).max() + cloud.beads[0, 3] == pytest.approx(cloud.radius)


def test_left_to_itself_the_number_picks_every_family():
    assert {random_species(i).family for i in range(150)} == set(FAMILIES)


def test_unknown_family_and_empty_range_are_refused():
    with pytest.raises(BadParameter, match="teapot"):
        random_species(1, "teapot")
    with pytest.raises(BadParameter, match=r"diameters 100\.0"):
        random_species(1, None, (100.0, 50.0))
    with pytest.raises(BadParameter, match="species number -1"):
        random_species(-1)


def test_droplets_are_round_or_nearly():
    for seed in range(20):
        droplet = random_droplet(np.random.default_rng(seed), (100.0, 200.0))
        along = [abs(droplet.shape.amplitude(np.eye(3)[:, [axis]] * 0.01)[0]) for axis in range(3)]
        assert droplet.shape.radius == pytest.approx(droplet.diameter_nm / 2)
        assert min(along) > 0.7 * max(along)


@pytest.mark.parametrize(
    ("group", "order"),
    [
        (rotations.cyclic(5), 5),
        (rotations.dihedral(3), 6),
        (rotations.tetrahedral(), 12),
        (rotations.octahedral(), 24),
        (rotations.icosahedral(), 60),
    ],
)
def test_rotation_groups_are_complete(group: np.ndarray, order: int):
    assert group.shape == (order, 3, 3)
    np.testing.assert_allclose(np.linalg.det(group), 1)
    products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 1, 9)
    assert np.abs(products - group.reshape(1, order, 9)).sum(axis=2).min(axis=1).max() < 1e-9


def test_random_orientations_are_uniform():
    rng = np.random.default_rng(0)
    turned = np.stack([rotations.rotation_matrix(q) @ [0, 0, 1] for q in rotations.random_quaternions(rng, 4000)])
    np.testing.assert_allclose(turned.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(np.cov(turned.T), np.eye(3) / 3, atol=0.03)
