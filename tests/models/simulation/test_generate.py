"""Simulated runs: reproducible, honest about brightness, with statistics as photons have them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import BadParameter, CannotOpen
from models.parameters import to_dict
from models.progress import drain
from models.simulation import detector
from models.simulation.beam import BeamSettings
from models.simulation.generate import (
    KIND_NAMES,
    Kind,
    SimulatedBlock,
    Truth,
    join,
    render_batch,
    simulate,
    species_of,
)
from models.simulation.particles import random_species
from models.simulation.photons import ELECTRON_RADIUS_NM, solid_angle
from models.simulation.propagation import Placed, intensity
from models.simulation.rotations import rotation_matrix
from models.simulation.settings import SimulationSettings, checked

SMALL = SimulationSettings(frames=40, height=32, width=32, gap_rows=2, beam_stop_px=2.0, family="proteins", seed=4)


def run(settings: SimulationSettings, block_frames: int = 32) -> tuple[np.ndarray, Truth]:
    blocks: list[SimulatedBlock] = []
    truth = drain(simulate(settings, block_frames), blocks.append)
    return np.concatenate([block.counts for block in blocks]), truth


def test_a_run_is_a_function_of_its_settings():
    counts, truth = run(SMALL)
    again, truth_again = run(SMALL, block_frames=7)
    np.testing.assert_array_equal(counts, again)
    for field in fields(Truth):
        np.testing.assert_array_equal(getattr(truth, field.name), getattr(truth_again, field.name))
    shorter, _ = run(replace(SMALL, frames=10))
    np.testing.assert_array_equal(shorter, counts[:10])
    other, _ = run(replace(SMALL, seed=5))
    assert (other != counts).any(axis=(1, 2)).all()


def test_blocks_say_how_far_they_are_and_carry_their_truth():
    blocks: list[SimulatedBlock] = []
    truth = drain(simulate(SMALL, 16), blocks.append)
    assert [(b.start, b.done, b.total) for b in blocks] == [(0, 16, 40), (16, 32, 40), (32, 40, 40)]
    assert blocks[0].counts.dtype == np.uint16
    np.testing.assert_array_equal(join([b.truth for b in blocks]).photons, truth.photons)


def test_truth_describes_the_frames():
    _, truth = run(replace(SMALL, frames=200, beam_stop_px=0.0))
    blank, single = truth.kind == Kind.BLANK, truth.kind == Kind.SINGLE
    multi, droplet = truth.kind == Kind.MULTI, truth.kind == Kind.CONTAMINANT
    assert (truth.particles[blank] == 0).all()
    assert (truth.particles[single | droplet] == 1).all()
    assert set(truth.particles[multi]) == {2, 3, 4}
    numbers = {species.id for species in species_of(SMALL)}
    assert set(truth.species[single | multi]) == numbers
    assert (truth.species[blank | droplet] == -1).all()
    np.testing.assert_allclose(np.linalg.norm(truth.orientation[~blank], axis=1), 1, rtol=1e-5)
    assert np.isnan(truth.diameter_nm[blank]).all()
    np.testing.assert_allclose(truth.background[blank], truth.photons[blank])
    shares = np.bincount(truth.kind, minlength=4) / 200
    np.testing.assert_allclose(shares, [0.35, 0.2, 0.3, 0.15], atol=0.1)
    assert len(KIND_NAMES) == len(Kind)


def test_truth_of_aggregates_makes_the_picture_again():
    settings = replace(SMALL, frames=12, single=0.0, multi=1.0, blank=0.0, contaminant=0.0, size_spread=0.0)
    settings = replace(settings, photons_low=1e6, photons_high=1e6, centre_jitter_px=0.0)
    counts, truth = run(settings)
    shapes = {species.id: species.shape for species in species_of(settings)}
    seen = detector.usable(settings)
    for i in range(len(truth)):
        n = int(truth.particles[i])
        assert np.isfinite(truth.orientations[i, :n]).all()
        assert np.isnan(truth.orientations[i, n:]).all()
        assert np.isnan(truth.positions_nm[i, n:]).all()
        placed = [
            Placed(shapes[int(truth.species[i])], rotation_matrix(turn), place.astype(float))
            for turn, place in zip(truth.orientations[i, :n], truth.positions_nm[i, :n], strict=True)
        ]
        sample = intensity(placed, settings)
        sample *= (truth.photons[i] - truth.background[i]) / sample[seen].sum()
        # What is left is the background and noise; the mirrored aggregate would leave more.
        rest = counts[i] - sample
        assert np.abs(rest[seen]).sum() < truth.background[i] + np.sqrt(sample[seen]).sum()
        assert np.abs(counts[i] - sample[:, ::-1])[seen].sum() > np.abs(rest[seen]).sum()


def test_brightness_is_the_same_for_every_class():
    counts, truth = run(replace(SMALL, frames=600, seed=1))
    usable = detector.usable(SMALL)
    assert not counts[:, ~usable].any()
    logs = np.log(counts.sum(axis=(1, 2)))
    # Log-uniform over two decades has standard deviation ln(100)/√12; a class mean must lie within four errors.
    expected, deviation = np.log(np.sqrt(200.0 * 20_000.0)), np.log(100.0) / np.sqrt(12)
    for kind in Kind:
        mine = logs[truth.kind == kind]
        assert len(mine) > 50
        assert mine.mean() == pytest.approx(expected, abs=4 * deviation / np.sqrt(len(mine)))
        assert mine.std() == pytest.approx(deviation, rel=0.3)
    assert np.exp(logs.min()) > 150
    assert np.exp(logs.max()) < 21_000


def test_counts_are_poisson_around_the_expected_photons():
    rng = np.random.default_rng(0)
    expected = np.array([0.0, 0.01, 0.5, 4.0, 300.0])
    counts = detector.sample_counts(rng, np.broadcast_to(expected, (40_000, 5)))
    assert counts.dtype == np.uint16
    error = 5 * np.sqrt(expected / 40_000)
    assert (np.abs(counts.mean(axis=0) - expected) <= error).all()
    np.testing.assert_allclose(counts.var(axis=0)[1:], expected[1:], rtol=0.15)
    assert detector.sample_counts(rng, np.array([1e6]))[0] == 65_535


def test_expected_counts_give_the_photons_asked_for():
    rng = np.random.default_rng(2)
    signal = render_batch([random_species(1), None], [Kind.SINGLE, Kind.BLANK], None, rng, SMALL)
    usable = detector.usable(SMALL)
    expected = detector.expected_counts(signal, [500.0, 300.0], 0.1, rng, SMALL)
    np.testing.assert_allclose(expected.sum(axis=(1, 2)), [500, 300], rtol=1e-4)
    assert not expected[:, ~usable].any()
    bare = detector.expected_counts(signal, [500.0, 300.0], 1.0, rng, SMALL)
    assert not np.allclose(bare[0], expected[0])


def test_rendered_batches_have_the_photons_asked_for_and_fresh_orientations():
    species = random_species(3)
    kinds = [Kind.SINGLE, Kind.SINGLE, Kind.MULTI, Kind.BLANK, Kind.CONTAMINANT]
    rng = np.random.default_rng(0)
    unit = render_batch([species] * 5, kinds, None, rng, SMALL)
    usable = detector.usable(SMALL)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit[:, usable].sum(axis=1), [1, 1, 1, 0, 1], rtol=1e-4)
    assert not np.allclose(unit[0], unit[1], rtol=0.01)
    asked = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    scaled = render_batch([species, species, species, None, None], kinds, asked, np.random.default_rng(0), SMALL)
    np.testing.assert_allclose(scaled, unit * asked[:, None, None], rtol=1e-5)


def test_mask_has_the_gap_and_the_beam_stop():
    settings = SimulationSettings(height=64, width=64, gap_rows=4, beam_stop_px=6.0)
    usable = detector.usable(settings)
    assert not usable[30:34].any()
    assert usable[[29, 34], 0].all()
    assert not usable[27, 31]
    assert usable[24, 31]
    assert usable.sum() == 64 * 60 - (detector.beam_stop(settings) & ~detector.gap(settings)).sum()
    assert detector.usable(replace(settings, gap_rows=0, beam_stop_px=0.0)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"photons_low": 500.0, "photons_high": 100.0},
        {"single": 0.0, "multi": 0.0, "blank": 0.0, "contaminant": 0.0},
        {"gap_rows": 32},
        {"beam_stop_px": 30.0},
        {"frames": 0},
        {"surface": "spherical"},
    ],
)
def test_impossible_runs_are_refused(wrong: dict[str, object]):
    with pytest.raises(BadParameter):
        next(simulate(replace(SMALL, **wrong)))
    assert checked(SMALL) is SMALL


def test_the_default_run_is_what_it_was():
    """Weights, the demo run and published figures were made with these frames."""
    settings = SimulationSettings(frames=12, height=32, width=40, gap_rows=2, beam_stop_px=2.0, seed=9)
    counts, truth = run(settings)
    assert hashlib.sha256(counts.tobytes()).hexdigest().startswith("eb81a3d0df6dc2b3")
    first = ("kind", "species", "particles", "photons", "background", "orientation", "diameter_nm", "centre_px")
    digest = hashlib.sha256(b"".join(getattr(truth, name).tobytes() for name in first))
    assert digest.hexdigest().startswith("057b9218f3bb28c8")


def test_threads_do_not_change_a_frame():
    alone = np.concatenate([block.counts for block in simulate(SMALL, threads=1)])
    together = np.concatenate([block.counts for block in simulate(SMALL, threads=5)])
    np.testing.assert_array_equal(alone, together)


def test_photons_in_proportion_to_the_particles():
    beam = BeamSettings(fluence="proportional")
    settings = replace(SMALL, frames=80, photons_low=1000.0, photons_high=1000.0, beam=beam)
    counts, truth = run(settings)
    sample = truth.photons - truth.background
    share = truth.background / 1000
    np.testing.assert_allclose(sample, 1000 * (1 - share) * truth.particles, rtol=1e-5)
    assert (share > 0.019).all()
    assert (share < 0.201).all()
    totals = counts.sum(axis=(1, 2))
    assert (np.abs(totals - truth.photons) < 5 * np.sqrt(truth.photons)).all()


def test_physical_brightness_is_fluence_times_what_the_particle_scatters():
    beam = BeamSettings(fluence="physical", background_photons=50.0, pulse_energy_J=1e-6, sase_modes=9.0)
    settings = replace(SMALL, frames=60, species=1, size_spread=0.0, beam=beam, centre_jitter_px=0.0, multi=0.0)
    settings = replace(settings, family="sphere", contaminant=0.0)
    counts, truth = run(settings)
    single = truth.kind == Kind.SINGLE
    np.testing.assert_allclose(truth.background, 50 * truth.pulse_energy_J / 1e-6, rtol=1e-5)
    np.testing.assert_allclose(truth.photons[~single], truth.background[~single], rtol=1e-5)
    # One sphere in every orientation: the sample's photons are proportional to the fluence and to nothing else.
    sample = (truth.photons - truth.background)[single].astype(float)
    np.testing.assert_allclose(
        sample / truth.fluence_per_nm2[single], sample[0] / truth.fluence_per_nm2[single][0], rtol=1e-3
    )
    assert sample.max() > 5 * sample.min()
    denser, more = run(replace(settings, electrons_per_nm3=400.0))
    np.testing.assert_allclose((more.photons - more.background)[single], 4 * sample, rtol=1e-3)
    assert denser.sum() > counts.sum()


def test_the_pulse_does_not_know_what_it_hits():
    beam = BeamSettings(fluence="physical", photon_energy_spread=0.01)
    _, truth = run(replace(SMALL, beam=beam))
    _, other = run(replace(SMALL, beam=beam, single=0.0, multi=1.0, blank=0.0, contaminant=0.0, seed=SMALL.seed))
    for name in ("photon_energy_eV", "pulse_energy_J"):
        np.testing.assert_array_equal(getattr(truth, name), getattr(other, name))
    hit = truth.kind != Kind.BLANK
    for name in ("hit_position_um", "fluence_per_nm2"):
        np.testing.assert_array_equal(getattr(truth, name)[hit], getattr(other, name)[hit])
        assert np.isnan(getattr(truth, name)[~hit]).all()
    assert truth.photon_energy_eV.std() > 5


def test_species_weights():
    settings = replace(SMALL, frames=300, single=1.0, multi=0.0, blank=0.0, contaminant=0.0, species=3)
    _, truth = run(replace(settings, species_weights=(0.0, 3.0, 1.0)))
    shares = [(truth.species == number).mean() for number in range(3)]
    np.testing.assert_allclose(shares, [0, 0.75, 0.25], atol=0.08)
    for wrong in ((1.0,), (1.0, -1.0, 1.0), (0.0, 0.0, 0.0)):
        with pytest.raises(BadParameter, match="species_weights"):
            checked(replace(settings, species_weights=wrong))


def test_particles_from_files_are_the_sample(tmp_path: Path):
    atoms = [(0, 0, 0), (30, 0, 0), (0, 40, 10), (-20, 5, -30)]
    lines = [
        f"ATOM  {i + 1:5d}  C   ALA A{i + 1:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           C  "
        for i, (x, y, z) in enumerate(atoms)
    ]
    (tmp_path / "four.pdb").write_text("\n".join([*lines, "END", ""]))
    settings = replace(
        SMALL,
        frames=6,
        single=1.0,
        multi=0.0,
        blank=0.0,
        contaminant=0.0,
        particle_files=(str(tmp_path / "four.pdb"),),
        photon_energy_eV=8000.0,
        distance_m=0.1,
        pixel_size_m=2e-3,
        surface="ewald",
        beam_stop_px=0.0,
        beam=BeamSettings(
            fluence="physical", hit_radius=0.0, sase_modes=0.0, background_photons=0.0, focus_fwhm_um=0.1
        ),
    )
    _, truth = run(settings)
    (molecule,) = species_of(settings)
    assert (truth.species == molecule.id).all()
    np.testing.assert_allclose(truth.diameter_nm, molecule.diameter_nm)
    # 24 electrons: between those of four lone atoms and of four atoms in step, and never scaled by any density.
    everything = truth.fluence_per_nm2 * ELECTRON_RADIUS_NM**2 * solid_angle(settings).sum()
    assert (truth.photons < 24**2 * everything).all()
    assert (truth.photons > 0.05 * 4 * 6**2 * everything).all()
    with pytest.raises(CannotOpen, match=r"gone\.pdb"):
        next(simulate(replace(settings, particle_files=("gone.pdb",))))


def test_settings_survive_json():
    settings = replace(SMALL, beam=BeamSettings(fluence="physical"), species_weights=(1.0, 2.0, 1.0, 1.0))
    stored = json.loads(json.dumps(to_dict(settings)))
    assert stored["beam"]["fluence"] == "physical"
    assert stored["detector"]["layout"] == "halves"


def test_a_run_by_torch_is_the_run_by_numpy():
    counts, truth = run(replace(SMALL, surface="ewald"))
    blocks = list(simulate(replace(SMALL, surface="ewald"), device="cpu"))
    theirs = np.concatenate([block.counts for block in blocks])
    # The libraries round differently, which rarely moves one photon and with it the rest of that frame.
    assert (theirs == counts).all(axis=(1, 2)).mean() > 0.9
    np.testing.assert_array_equal(join([block.truth for block in blocks]).photons, truth.photons)
    with pytest.raises(BadParameter, match="abacus"):
        next(simulate(SMALL, device="abacus"))
