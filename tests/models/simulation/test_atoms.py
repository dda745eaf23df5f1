"""Atoms: the sum against one written out, form factors against the published table, files good and bad."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import BadParameter, CannotOpen
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.shapes import Atoms
from models.simulation.shapes.form_factors import dispersion, form_factor
from models.simulation.shapes.structure_file import read_atoms

# International Tables for Crystallography, vol. C (1992), table 6.1.1.4, as printed: a₁ b₁ … a₄ b₄ c.
PRINTED = {
    6: (2.31, 20.8439, 1.02, 10.2075, 1.5886, 0.5687, 0.865, 51.6512, 0.2156),
    7: (12.2126, 0.0057, 3.1322, 9.8933, 2.0125, 28.9975, 1.1663, 0.5826, -11.529),
    8: (3.0485, 13.2771, 2.2868, 5.7011, 1.5463, 0.3239, 0.867, 32.9089, 0.2508),
    26: (11.7695, 4.7611, 7.3573, 0.3072, 3.5222, 15.3535, 2.3045, 76.8805, 1.0369),
}


def printed(number: int, q: np.ndarray) -> np.ndarray:
    """f at |q| in nm⁻¹, scaled to the atomic number at 0."""
    *pairs, constant = PRINTED[number]
    s2 = (q / 10 / (4 * np.pi)) ** 2
    value = sum(a * np.exp(-b * s2) for a, b in zip(pairs[::2], pairs[1::2], strict=True)) + constant
    return value * number / (sum(pairs[::2]) + constant)


def molecule(n: int, seed: int = 0) -> Atoms:
    rng = np.random.default_rng(seed)
    return Atoms(rng.normal(0, 2.5, (n, 3)), rng.choice(list(PRINTED), n), rng.uniform(0.2, 1, n))


@pytest.mark.parametrize("number", PRINTED)
def test_form_factors_are_the_printed_ones(number: int):
    q = np.linspace(0, 200, 50)
    np.testing.assert_allclose(form_factor(number).at(q**2), printed(number, q), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("number", range(1, 99))
def test_every_element_has_all_its_electrons_and_loses_them_with_angle(number: int):
    value = form_factor(number).at(np.linspace(0, 150, 40) ** 2)
    assert value[0] == pytest.approx(number, rel=1e-12)
    assert (np.diff(value) < 1e-3).all()
    assert 0 < form_factor(number).spread < 0.15


def test_elements_without_a_table_are_refused():
    with pytest.raises(BadParameter, match="atomic number 110"):
        form_factor(110)


def test_amplitude_is_the_sum_over_atoms():
    atoms = molecule(700)
    q = np.random.default_rng(1).normal(0, 5, (3, 300))
    size = np.linalg.norm(q, axis=0)
    direct = np.zeros(300, dtype=np.complex128)
    for place, number, share in zip(atoms.positions, atoms.numbers, atoms.occupancies, strict=True):
        direct += share * printed(int(number), size) * np.exp(1j * (place @ q))
    scale = np.abs(direct).sum()
    assert np.abs(atoms.amplitude(q) - direct).sum() < 2e-6 * scale
    single = atoms.amplitude(q.astype(np.float32))
    assert np.abs(np.abs(single) - np.abs(direct)).sum() < 5e-5 * scale


def test_dispersion_breaks_friedels_law():
    atoms = molecule(60)
    q = np.random.default_rng(1).normal(0, 3, (3, 50))
    resonant = Atoms(atoms.positions, atoms.numbers, atoms.occupancies, photon_energy_eV=7200.0)
    plain, there, back = atoms.amplitude(q), resonant.amplitude(q), resonant.amplitude(-q)
    assert np.abs(np.abs(atoms.amplitude(-q)) - np.abs(plain)).max() < 1e-9 * atoms.electrons
    assert np.abs(np.abs(back) - np.abs(there)).max() > 1e-3 * atoms.electrons
    # Iron at the copper Kα line, International Tables C, table 4.2.6.8.
    assert dispersion(26, 8047.8) == pytest.approx(-1.134 + 3.197j, abs=0.03)
    with pytest.raises(BadParameter, match="100 eV"):
        dispersion(26, 100.0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.tuples(*[st.floats(-20, 20)] * 3))
def test_molecules_turn_and_move(seed: int, shift: tuple[float, float, float]):
    atoms = molecule(40, seed)
    rng = np.random.default_rng(seed)
    turn = rotation_matrix(random_quaternions(rng, 1)[0])
    q = rng.normal(0, 4, (3, 30))
    moved = Atoms(atoms.positions @ turn.T + shift, atoms.numbers, atoms.occupancies)
    expected = atoms.amplitude(q) * np.exp(1j * (np.array(shift) @ (turn @ q)))
    np.testing.assert_allclose(moved.amplitude(turn @ q), expected, atol=1e-9 * atoms.electrons)


def pdb(*lines: str) -> str:
    return "\n".join([*lines, "END", ""])


def atom(serial: int, name: str, xyz: tuple[float, float, float], element: str, **more: object) -> str:
    record = more.get("record", "ATOM")
    residue, chain, altloc = more.get("residue", "ALA"), more.get("chain", "A"), more.get("altloc", " ")
    occupancy, number = more.get("occupancy", 1.0), more.get("number", 1)
    x, y, z = xyz
    return (
        f"{record:<6}{serial:>5} {name:<4}{altloc}{residue:>3} {chain}{number:>4}    "
        f"{x:8.3f}{y:8.3f}{z:8.3f}{occupancy:6.2f}{20.0:6.2f}          {element:>2}"
    )


TWO_FOLD = (
    "REMARK 350 BIOMOLECULE: 1",
    "REMARK 350 APPLY THE FOLLOWING TO CHAINS: A",
    "REMARK 350   BIOMT1   1  1.000000  0.000000  0.000000        0.00000",
    "REMARK 350   BIOMT2   1  0.000000  1.000000  0.000000        0.00000",
    "REMARK 350   BIOMT3   1  0.000000  0.000000  1.000000        0.00000",
    "REMARK 350   BIOMT1   2 -1.000000  0.000000  0.000000       40.00000",
    "REMARK 350   BIOMT2   2  0.000000 -1.000000  0.000000        0.00000",
    "REMARK 350   BIOMT3   2  0.000000  0.000000  1.000000        0.00000",
)


def write(folder: Path, text: str, name: str = "small.pdb") -> Path:
    path = folder / name
    path.write_text(text, encoding="ascii")
    return path


def test_a_small_file_is_read_in_nanometres_about_its_electrons(tmp_path: Path):
    path = write(tmp_path, pdb(atom(1, " C  ", (10, 0, 0), "C"), atom(2, "FE  ", (30, 0, 0), "FE", record="HETATM")))
    atoms = read_atoms(path)
    assert atoms.electrons == 32
    assert atoms.numbers.tolist() == [6, 26]
    np.testing.assert_allclose(atoms.positions[:, 0], [-2 * 26 / 32, 2 * 6 / 32])
    np.testing.assert_allclose(atoms.amplitude(np.zeros((3, 1))), 32)


def test_the_biological_assembly_is_built_unless_declined(tmp_path: Path):
    path = write(tmp_path, pdb(*TWO_FOLD, atom(1, " C  ", (0, 1, 2), "C"), atom(2, " O  ", (3, 1, 2), "O")))
    whole, part = read_atoms(path), read_atoms(path, assembly=False)
    assert (len(whole.numbers), len(part.numbers)) == (4, 2)
    # Carbons at 0 and 40 Å along x, ±1 Å along y.
    carbons = whole.positions[whole.numbers == 6]
    np.testing.assert_allclose(np.abs(carbons[1] - carbons[0]), [4.0, 0.2, 0.0], atol=1e-9)


def test_of_alternative_locations_the_likeliest_is_kept_whole(tmp_path: Path):
    lines = [
        atom(1, " N  ", (0, 0, 0), "N"),
        atom(2, " CA ", (1, 0, 0), "C", altloc="A", occupancy=0.3),
        atom(3, " CA ", (0, 1, 0), "C", altloc="B", occupancy=0.7),
        atom(4, " CB ", (2, 0, 0), "O", altloc="A", occupancy=0.3),
        atom(5, " CB ", (0, 2, 0), "O", altloc="B", occupancy=0.7),
    ]
    atoms = read_atoms(write(tmp_path, pdb(*lines)))
    assert sorted(atoms.numbers.tolist()) == [6, 7, 8]
    assert atoms.electrons == 21
    assert np.ptp(atoms.positions[:, 0]) < 1e-12


def test_water_hydrogens_models_and_unknown_elements(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    lines = [
        "MODEL        1",
        atom(1, " C  ", (0, 0, 0), "C"),
        atom(2, " H  ", (1, 0, 0), "H", occupancy=0.5),
        atom(3, " O  ", (5, 0, 0), "O", residue="HOH", record="HETATM", number=2),
        atom(4, " X  ", (9, 0, 0), "X", residue="UNX", record="HETATM", number=3),
        "ENDMDL",
        "MODEL        2",
        atom(1, " C  ", (7, 0, 0), "C"),
        "ENDMDL",
    ]
    path = write(tmp_path, pdb(*lines))
    assert read_atoms(path).electrons == 6.5
    assert read_atoms(path, water=True).electrons == 14.5
    assert "1 atoms of unknown element left out" in caplog.text


def test_mmcif_and_compressed_files_are_the_same_molecule(tmp_path: Path):
    import gemmi

    text = pdb(*TWO_FOLD, atom(1, " C  ", (0, 1, 2), "C"), atom(2, " O  ", (3, 1, 2), "O"))
    plain = write(tmp_path, text)
    (tmp_path / "small.pdb.gz").write_bytes(gzip.compress(text.encode()))
    structure = gemmi.read_pdb(str(plain))
    structure.setup_entities()
    (tmp_path / "small.cif").write_text(structure.make_mmcif_document().as_string(), encoding="utf-8")
    expected = read_atoms(plain)
    for name in ("small.pdb.gz", "small.cif"):
        np.testing.assert_allclose(read_atoms(tmp_path / name).positions, expected.positions, atol=1e-6)


def test_old_files_with_line_numbers_in_place_of_elements_are_read(tmp_path: Path):
    line = "ATOM      1  N   MET     1      36.644 -24.949   8.853  1.00 29.12      2LZM 129"
    assert read_atoms(write(tmp_path, pdb(line))).numbers.tolist() == [7]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.pdb", b""),
        ("prose.pdb", b"this is no molecule\n"),
        ("short.pdb", b"ATOM      1  N   MET     1      36.644\n"),
        ("binary.pdb", bytes(range(256)) * 20),
        ("empty.cif", b""),
        ("header.cif", b"data_x\nloop_\n_atom_site.id\n"),
        ("cut.cif", b"data_x\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n1"),
        ("notgz.pdb.gz", b"ATOM"),
        ("nan.pdb", pdb(atom(1, " C  ", (0, 0, 0), "C").replace("   0.000", "     nan")).encode()),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CannotOpen) as raised:
        read_atoms(path)
    assert name in raised.value.sentence()
    assert raised.value.cause or raised.value.hint


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(CannotOpen, match=r"none\.pdb"):
        read_atoms(tmp_path / "none.pdb")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from([".pdb", ".cif"]))
def test_damaged_files_give_a_molecule_or_a_sentence(tmp_path: Path, data: st.DataObject, suffix: str):
    whole = pdb(*TWO_FOLD, *[atom(i, " CA ", (i, 2 * i, 3), "C", number=i) for i in range(1, 9)]).encode()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 12))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(whole)))])
    try:
        atoms = read_atoms(path)
    except CannotOpen as error:
        assert path.name in error.sentence()  # noqa: PT017
    else:
        assert np.isfinite(atoms.positions).all()
        assert atoms.electrons > 0


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "atoms", "radius_nm"),
    [("lysozyme", 1309, 3.1), ("2cex", 2363, 3.8), ("1EI7", 83980, 10.0), ("DNA", 100, 1.1), ("1N0U1", 6410, 7.5)],
)
def test_measured_structures_are_read(shared_data: Path, name: str, atoms: int, radius_nm: float):
    molecule = read_atoms(shared_data / "pdb" / f"{name}.pdb")
    assert len(molecule.numbers) == atoms
    assert molecule.radius == pytest.approx(radius_nm, abs=0.1)


@pytest.mark.real_data
def test_a_virus_is_built_with_its_symmetry(shared_data: Path):
    capsid = read_atoms(shared_data / "pdb" / "2bfu.pdb")
    assert len(capsid.numbers) % 60 == 0
    # An icosahedral group leaves no direction preferred.
    moments = np.cov(capsid.positions.T, aweights=capsid.numbers)
    np.testing.assert_allclose(moments, np.eye(3) * moments[0, 0], atol=1e-4 * moments[0, 0])
    assert capsid.radius == pytest.approx(16.1, abs=0.1)
