"""Species are functions of their numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.errors import BadParameter, CannotOpen
from models.simulation import rotations
from models.simulation.particles import (
    FAMILIES,
    FILE_IDS,
    MAP,
    MOLECULE,
    NAMED_FAMILIES,
    PROTEIN_FAMILIES,
    SHAPE_FAMILIES,
    TEST_IDS,
    TRAIN_IDS,
    VALIDATION_IDS,
    load_particle,
    random_droplet,
    random_species,
)
from models.simulation.shapes import Blobs, Polyhedron
from tests.models.simulation.test_atoms import atom, pdb
from tests.models.simulation.test_voxels import lump, write_map

Q = np.random.default_rng(0).normal(0, 0.1, (3, 50))


def test_a_number_gives_the_same_particle_every_time():
    first, again, other = random_species(41), random_species(41), random_species(42)
    assert (first.id, first.family, first.diameter_nm) == (again.id, again.family, again.diameter_nm)
    np.testing.assert_array_equal(first.shape.amplitude(Q), again.shape.amplitude(Q))
    assert first.diameter_nm != other.diameter_nm


# Bundled weights, the demo run and published figures depend on these particles: they were written down with the first
# release and must never change. Number, family, diameter, and the amplitude at two q.
PINNED = [
    (
        0,
        "rod",
        89.80521467334258,
        186.20365412855045 - 0.10447816321352835j,
        73.23736626029137 + 0.07289678259588511j,
    ),
    (
        1,
        "globule",
        204.20798518218365,
        216.4841764966834 - 0.0441152143456j,
        19.838773827417075 + 26.421793002557106j,
    ),
    (2, "icosahedron", 141.50964308726975, 683692.0869851558, -55858.282529135264),
    (
        3,
        "cage",
        127.86600008233205,
        191.94096448376817 + 2.5401938881250725j,
        -14.578474056936567 + 48.54106624390417j,
    ),
    (
        5,
        "oligomer",
        162.92350000320687,
        220.330828996184 - 1.47230515323048j,
        -39.12648619078686 + 11.73176655079261j,
    ),
    (
        1_000_000,
        "oligomer",
        177.14684455359833,
        199.9672166257822 - 2.445090974640253j,
        -13.155397133878255 + 14.475525329438769j,
    ),
    (
        2_000_007,
        "oligomer",
        134.94580292561443,
        171.98571475202962 + 0.6731197285225388j,
        94.32210882266011 - 10.53888443427355j,
    ),
    (2_000_011, "sphere", 146.33435160283415, 1086122.6930987446, -115742.46892241413),
]


@pytest.mark.parametrize("pinned", PINNED, ids=[str(row[0]) for row in PINNED])
def test_numbers_mean_the_same_particles_for_ever(pinned: tuple[int, str, float, complex, complex]):
    number, family, diameter, inner, outer = pinned
    species = random_species(number)
    assert species.family == family
    assert species.diameter_nm == pytest.approx(diameter, rel=1e-12)
    q = np.array([[0.01, 0.02, -0.015], [-0.05, 0.04, 0.06]]).T
    value = species.shape.amplitude(q)
    assert value[0] == pytest.approx(inner, rel=1e-9)
    assert value[1] == pytest.approx(outer, rel=1e-9)


def test_training_validation_and_test_numbers_are_disjoint():
    assert not set(TRAIN_IDS) & set(VALIDATION_IDS)
    assert not set(VALIDATION_IDS) & set(TEST_IDS)
    assert not set(TRAIN_IDS) & set(TEST_IDS)
    drawn = random_species(np.random.default_rng(3))
    assert drawn.id in TRAIN_IDS
    np.testing.assert_array_equal(drawn.shape.amplitude(Q), random_species(drawn.id).shape.amplitude(Q))


@pytest.mark.parametrize("family", NAMED_FAMILIES)
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


@pytest.mark.parametrize("family", SHAPE_FAMILIES)
def test_shapes_are_asked_for_by_name_and_vary(family: str):
    first, again, other = (random_species(number, family) for number in (7, 7, 8))
    np.testing.assert_array_equal(first.shape.amplitude(Q), again.shape.amplitude(Q))
    same_size = random_species(8, family, (first.diameter_nm, first.diameter_nm))
    assert np.abs(same_size.shape.amplitude(Q) - first.shape.amplitude(Q)).max() > 1e-3 * first.shape.electrons
    assert other.diameter_nm != first.diameter_nm
    for number in range(6):
        shape = random_species(number, family).shape
        assert shape.amplitude(np.zeros((3, 1)))[0] == pytest.approx(shape.electrons, rel=1e-9)
        assert shape.electrons > 0
        if isinstance(shape, Polyhedron):
            assert np.abs(shape.centroid).max() < 1e-9 * shape.radius


def test_a_molecule_and_a_map_are_recognised_by_their_names(tmp_path: Path):
    (tmp_path / "some.PDB").write_text(pdb(atom(1, " C  ", (0, 0, 0), "C"), atom(2, " O  ", (9, 0, 0), "O")))
    molecule = load_particle(tmp_path / "some.PDB")
    density = load_particle(write_map(tmp_path / "some.ccp4", lump()), electrons=800.0)
    assert (molecule.family, density.family) == (MOLECULE, MAP)
    assert (molecule.shape.electrons, density.shape.electrons) == (14, pytest.approx(800, rel=1e-6))
    for species in (molecule, density):
        assert species.id in FILE_IDS
        assert species.diameter_nm == 2 * species.shape.radius
    assert load_particle(tmp_path / "some.PDB").id == molecule.id != density.id


@pytest.mark.parametrize("name", ["run.cxi", "protein", "half.map.gz", "notes.txt.gz"])
def test_files_of_other_kinds_are_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(CannotOpen) as raised:
        load_particle(tmp_path / name)
    assert name in raised.value.sentence()


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
