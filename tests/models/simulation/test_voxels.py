"""Densities on voxels, and the amplitudes of densities given on voxels."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import BadParameter, CannotOpen
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.shapes import (
    Atoms,
    Blobs,
    Layered,
    Shape,
    VoxelMap,
    box,
    convex,
    helium_droplet,
    icosahedron,
    sphere,
    spheroid,
    tetrahedron,
)
from models.simulation.shapes.map_file import read_map
from models.simulation.shapes.materials import PROTEIN
from models.simulation.shapes.spectrum import Spectrum

_RNG = np.random.default_rng(5)
BODIES: dict[str, Shape] = {
    "icosahedron": icosahedron(100, 3.0),
    "box": box(40, 60, 90),
    "tetrahedron": tetrahedron(100),
    "hull": convex(_RNG.normal(0, 30, (14, 3))),
    "sphere": sphere(80, 0.5),
    "spheroid": spheroid(90, 60),
    "hollow": Layered(icosahedron(100), 0.7, -1.0),
    "helium": helium_droplet(80, 0.7, core_diameter=20, core_at=(15, 0, 0)),
    "blobs": Blobs(_RNG.normal(0, 15, (40, 3)), np.ones(40), 4.0),
}
TURN = rotation_matrix(random_quaternions(np.random.default_rng(8), 1)[0])


def mismatch(value: np.ndarray, reference: np.ndarray) -> float:
    """R = Σ|√I − √I_ref| / Σ√I_ref"""
    return float(np.abs(np.abs(value) - np.abs(reference)).sum() / np.abs(reference).sum())


@pytest.mark.parametrize("name", BODIES)
def test_voxels_scatter_like_the_body_in_its_orientation(name: str):
    body, step = BODIES[name], 2.0
    values, origin = body.voxels(step, TURN)
    assert values.dtype == np.float32
    assert len(set(values.shape)) == 1
    np.testing.assert_allclose(origin + (len(values) - 1) / 2 * step, 0, atol=1e-12)
    assert values.sum(dtype=np.float64) * step**3 == pytest.approx(body.electrons, rel=1e-3)
    way = np.random.default_rng(1).normal(size=(3, 800))
    q = way / np.linalg.norm(way, axis=0) * np.linspace(0.0, 0.6, 800)
    cut = VoxelMap(values, np.full(3, step), origin, averaged=True)
    assert mismatch(cut.amplitude(q), body.amplitude(TURN.T @ q)) < 2e-3
    assert mismatch(cut.amplitude(q.astype(np.float32)), body.amplitude(TURN.T @ q)) < 2e-3


def test_edges_are_means_over_the_voxel():
    values, _ = box(10, 10, 10, 4.0).voxels(3.0)
    # The faces at ±5 nm cut the voxels that reach from 4.5 to 7.5 nm at a sixth.
    profile = values[:, len(values) // 2, len(values) // 2]
    np.testing.assert_allclose(profile[profile > 0], [4 / 6, 4, 4, 4, 4 / 6], rtol=1e-5)
    middle = len(values) // 2
    assert values[middle + 2, middle + 2, middle + 2] == pytest.approx(4 / 6**3, abs=0.02 * 4)


def test_molecules_can_be_cut_into_voxels():
    rng = np.random.default_rng(2)
    atoms = Atoms(rng.normal(0, 1, (200, 3)), rng.choice([6, 7, 8], 200), np.ones(200))
    values, origin = atoms.voxels(0.1)
    assert values.sum(dtype=np.float64) * 1e-3 == pytest.approx(atoms.electrons, rel=1e-4)
    q = rng.normal(0, 2, (3, 300))
    cut = VoxelMap(values, np.full(3, 0.1), origin, averaged=True)
    assert mismatch(cut.amplitude(q), atoms.amplitude(q)) < 3e-3


def test_steps_that_make_no_sense_are_refused():
    with pytest.raises(BadParameter, match="voxels of 0"):
        sphere(10).voxels(0.0)
    with pytest.raises(BadParameter, match=r"voxels of 0\.01 nm for a particle of 100 nm") as raised:
        sphere(100).voxels(0.01)
    assert "at least 0.13 nm" in raised.value.sentence()


@settings(max_examples=25, deadline=None)
@given(shape=st.tuples(*[st.integers(1, 20)] * 3), seed=st.integers(0, 10**6))
def test_the_spectrum_is_the_direct_sum(shape: tuple[int, int, int], seed: int):
    rng = np.random.default_rng(seed)
    values, steps, origin = rng.normal(size=shape), rng.uniform(0.3, 3, 3), rng.normal(0, 5, 3)
    q = rng.uniform(-1, 1, (3, 40)) * (np.pi / steps)[:, None]
    q[:, :4] = (np.pi / steps)[:, None] * np.array([[1, 1, 1], [-1, -1, -1], [0, 0, 0], [1, 0, -1]]).T
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 3) * steps + origin
    direct = values.ravel() @ np.exp(1j * places @ q)
    scale = np.sqrt((values**2).sum())
    assert np.abs(Spectrum(values, steps, origin).at(q) - direct).max() < 1e-5 * scale


def test_a_map_holds_nothing_beyond_two_voxels():
    cut = VoxelMap(np.ones((8, 8, 8)), np.full(3, 2.0), np.full(3, -7.0))
    edge = np.pi / 2
    assert np.abs(cut.amplitude(np.array([[0.9 * edge], [0.3], [0.1]]))) > 1
    assert cut.amplitude(np.array([[1.1 * edge], [0.3], [0.1]])) == 0


def test_a_map_can_be_cut_anew():
    values, origin = icosahedron(60, 2.0).voxels(1.0)
    first = VoxelMap(values, np.ones(3), origin, averaged=True)
    assert first.radius == pytest.approx(30, abs=2)
    for step in (1.0, 2.0, 2.5):
        again, start = first.voxels(step, TURN)
        assert again.sum(dtype=np.float64) * step**3 == pytest.approx(first.electrons, rel=2e-3)
        q = np.random.default_rng(4).normal(0, 0.1, (3, 200))
        second = VoxelMap(again, np.full(3, step), start, averaged=True)
        assert mismatch(second.amplitude(TURN @ q), icosahedron(60, 2.0).amplitude(q)) < 1e-2


def write_map(
    path: Path,
    values: np.ndarray,
    step_angstrom: tuple[float, float, float] = (2.0, 3.0, 4.0),
    order: tuple[int, int, int] = (1, 2, 3),
    angles: tuple[float, float, float] = (90.0, 90.0, 90.0),
) -> Path:
    """An MRC 2014 file after its published layout; `order` are the axes of columns, rows and sections."""
    stored = np.ascontiguousarray(values.transpose([axis - 1 for axis in order]).transpose(2, 1, 0), dtype="<f4")
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, *(values.shape[axis - 1] for axis in order), 2)
    struct.pack_into("<3i", header, 28, *values.shape)
    struct.pack_into("<6f", header, 40, *(n * s for n, s in zip(values.shape, step_angstrom, strict=True)), *angles)
    struct.pack_into("<3i", header, 64, *order)
    struct.pack_into("<3f", header, 76, float(values.min()), float(values.max()), float(values.mean()))
    struct.pack_into("<i", header, 88, 1)
    header[208:212] = b"MAP "
    header[212:216] = b"\x44\x44\x00\x00"
    path.write_bytes(bytes(header) + stored.tobytes())
    return path


def lump() -> np.ndarray:
    values = np.zeros((9, 11, 14), dtype=np.float32)
    values[2:5, 3:8, 4:6] = [[[1.0, 3.0]]]
    values[0, 0, 0] = -0.5
    return values


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3)])
def test_map_files_are_read_in_nanometres_about_their_electrons(tmp_path: Path, order: tuple[int, int, int]):
    density = read_map(write_map(tmp_path / "small.mrc", lump(), order=order), electrons=5000.0)
    np.testing.assert_allclose(density.steps, [0.2, 0.3, 0.4])
    assert density.values.shape == (3, 5, 2)
    assert density.electrons == pytest.approx(5000, rel=1e-6)
    assert density.values[0, 0, 1] == pytest.approx(3 * density.values[0, 0, 0])
    np.testing.assert_allclose(density.origin, [-0.2, -0.6, -0.3], atol=1e-7)
    assert np.abs(density.amplitude(np.zeros((3, 1)))) == pytest.approx(5000, rel=1e-5)


def test_without_a_number_of_electrons_the_map_is_protein(tmp_path: Path):
    path = write_map(tmp_path / "small.map", lump())
    volume = 0.2 * 0.3 * 0.4
    assert read_map(path).electrons == pytest.approx(PROTEIN.electrons_per_nm3 * 30 * volume, rel=1e-6)
    assert read_map(path, contour=2.0).electrons == pytest.approx(PROTEIN.electrons_per_nm3 * 15 * volume, rel=1e-6)


def test_bad_maps_are_refused_with_a_reason(tmp_path: Path):
    good = write_map(tmp_path / "good.mrc", lump())
    content = good.read_bytes()
    cases = {
        "cut.mrc": (content[:-10], "shorter than its header says"),
        "header.mrc": (content[:500], "shorter than a header"),
        "zeros.mrc": (bytes(4096), "makes no sense"),
        "huge.mrc": (struct.pack("<3i", 900_000, 900_000, 900_000) + content[12:], "more than"),
        "phases.mrc": (content[:12] + struct.pack("<i", 4) + content[16:], "mode 4"),
        "nan.mrc": (content[:-4] + struct.pack("<f", np.nan), "not numbers"),
        "cell.mrc": (content[:40] + bytes(12) + content[52:], "cell"),
    }
    for name, (damaged, reason) in cases.items():
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(CannotOpen) as raised:
            read_map(tmp_path / name)
        assert name in raised.value.sentence()
        assert reason in raised.value.sentence()
    with pytest.raises(CannotOpen, match="contour level 9"):
        read_map(good, contour=9.0)
    with pytest.raises(CannotOpen, match="skewed"):
        read_map(write_map(tmp_path / "skewed.mrc", lump(), angles=(90.0, 90.0, 120.0)))
    with pytest.raises(CannotOpen, match=r"none\.mrc"):
        read_map(tmp_path / "none.mrc")
    with pytest.raises(BadParameter, match="-3 electrons"):
        read_map(good, electrons=-3.0)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_maps_give_a_density_or_a_sentence(tmp_path: Path, data: st.DataObject):
    path = write_map(tmp_path / "damaged.mrc", lump())
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, 300))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(len(damaged) - 3000, len(damaged)))])
    try:
        density = read_map(path)
    except CannotOpen as error:
        assert path.name in error.sentence()  # noqa: PT017
    else:
        assert np.isfinite(density.values).all()
        assert density.electrons > 0
