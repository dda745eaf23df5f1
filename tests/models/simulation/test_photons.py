"""Photons per pixel: solid angle, polarisation, and the whole cross-section of a sphere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.progress import drain
from models.simulation import detector, mie
from models.simulation.beam import BeamSettings
from models.simulation.generate import simulate
from models.simulation.panels import DetectorSettings
from models.simulation.photons import ELECTRON_RADIUS_NM, pixel_weights, polarisation, solid_angle
from models.simulation.propagation import Placed, intensity, q_map
from models.simulation.settings import SimulationSettings
from models.simulation.shapes import sphere

WIDE = SimulationSettings(height=60, width=80, pixel_size_m=1e-3, distance_m=0.05, surface="ewald")
OPEN = DetectorSettings(layout="whole")


def test_pixels_cover_the_solid_angle_of_the_whole_detector():
    a, b = 0.030 / 0.05, 0.040 / 0.05
    rectangle = 4 * np.arcsin(a * b / np.sqrt((1 + a * a) * (1 + b * b)))
    assert solid_angle(WIDE).sum() == pytest.approx(rectangle, rel=2e-4)


def test_solid_angle_is_that_of_the_pixel_s_own_centre():
    odd = replace(WIDE, height=61, width=81)
    omega = solid_angle(odd)
    assert omega[30, 40] == pytest.approx((1e-3 / 0.05) ** 2, rel=1e-15)
    np.testing.assert_array_equal(omega, omega[::-1, ::-1])
    moved = solid_angle(odd, (2.0, -3.0))
    np.testing.assert_allclose(moved[5:, :-5], np.roll(omega, (2, -3), axis=(0, 1))[5:, :-5], rtol=1e-12)


def test_polarisation_is_a_dipole_s():
    def factor(kind: str) -> np.ndarray:
        return np.asarray(polarisation(replace(WIDE, beam=BeamSettings(polarisation=kind))))

    y, x = np.meshgrid((np.arange(60) - 29.5) * 1e-3, (np.arange(80) - 39.5) * 1e-3, indexing="ij")
    r2 = x**2 + y**2 + 0.05**2
    np.testing.assert_allclose(factor("horizontal"), 1 - x**2 / r2, rtol=1e-12)
    np.testing.assert_allclose(factor("vertical"), 1 - y**2 / r2, rtol=1e-12)
    # (1 + cos² 2θ)/2
    np.testing.assert_allclose(factor("unpolarised"), (1 + 0.05**2 / r2) / 2, rtol=1e-12)
    assert (factor("ignored") == 1).all()


def test_weights_are_left_out_unless_asked_for():
    assert pixel_weights(WIDE) is None
    asked = replace(WIDE, beam=BeamSettings(solid_angle=True))
    np.testing.assert_array_equal(pixel_weights(asked), solid_angle(asked))
    body = [Placed(sphere(20), np.eye(3), np.zeros(3))]
    np.testing.assert_allclose(intensity(body, asked), intensity(body, WIDE) * solid_angle(WIDE), rtol=1e-6)


def test_a_small_sphere_scatters_as_a_dipole_does_in_maxwell_s_theory():
    """Thomson scattering with polarisation and solid angle is the weak, small limit of Mie's."""
    settings = replace(WIDE, photon_energy_eV=100.0, beam=BeamSettings(polarisation="horizontal"))
    density = 400.0
    delta = ELECTRON_RADIUS_NM * settings.wavelength_nm**2 * density / (2 * np.pi)
    body = [Placed(sphere(6, density), np.eye(3), np.zeros(3))]
    weighted = intensity(body, replace(settings, beam=replace(settings.beam, solid_angle=True)))
    ours = weighted.astype(float) * ELECTRON_RADIUS_NM**2 / solid_angle(settings)
    exact = mie.cross_section(settings, 6.0, complex(1 - delta))
    # The refractive decrement itself, 6·10⁻³, is the size of what the first Born approximation leaves out.
    assert np.abs(ours / exact - 1).max() < 4 * delta


def test_all_photons_of_a_sphere_are_its_cross_section():
    """Total within 1 % of σ = 2π r_e² λ² ρ² R⁴ (the Rayleigh–Gans cross-section of a sphere much wider than λ)."""
    settings = SimulationSettings(
        frames=3,
        height=400,
        width=400,
        photon_energy_eV=1660.0,
        distance_m=0.04,
        pixel_size_m=0.1e-3,
        surface="ewald",
        beam_stop_px=0.0,
        family="sphere",
        species=1,
        diameter_low_nm=30.0,
        diameter_high_nm=30.0,
        size_spread=0.0,
        multi=0.0,
        blank=0.0,
        contaminant=0.0,
        electrons_per_nm3=334.0,
        beam=BeamSettings(fluence="physical", background_photons=0.0, sase_modes=0.0, hit_radius=0.0),
        detector=OPEN,
    )
    truth = drain(simulate(settings))
    radius = 15.0
    sigma = 2 * np.pi * (ELECTRON_RADIUS_NM * settings.wavelength_nm * 334.0) ** 2 * radius**4
    np.testing.assert_allclose(truth.photons, truth.fluence_per_nm2 * sigma, rtol=0.01)


def test_counted_photons_follow_poisson_statistics():
    """χ² of the counts of every brightness class against the Poisson distribution, and of all pixels together."""
    from scipy import stats

    settings = SimulationSettings(height=64, width=64, surface="ewald")
    picture = intensity([Placed(sphere(150), np.eye(3), np.zeros(3))], settings)[None]
    rng = np.random.default_rng(12)
    expected = detector.expected_counts(picture, 4000.0, 0.1, rng, settings)[0]
    counts = np.stack([detector.read_out(rng, expected, settings) for _ in range(400)])
    seen = expected > 0.05
    mean = expected[seen].astype(float)
    spread = ((counts[:, seen] - mean) ** 2 / mean).sum()
    # Σ(k − λ)²/λ has mean n and variance Σ(2 + 1/λ) for Poisson counts.
    n = counts.shape[0]
    assert abs(spread - n * len(mean)) < 4 * np.sqrt(n * (2 + 1 / mean).sum())
    order = np.argsort(mean)
    for group in np.array_split(order, 6):
        least = int(counts[:, seen][:, group].max())
        seen_times = np.bincount(counts[:, seen][:, group].ravel(), minlength=least + 1)
        told = stats.poisson.pmf(np.arange(least + 1)[:, None], mean[group]).sum(axis=1) * n
        told[-1] += n * len(group) - told.sum()
        often = told > 10
        observed = np.append(seen_times[often], seen_times[~often].sum())
        predicted = np.append(told[often], told[~often].sum())
        if predicted[-1] < 5:
            observed[-2] += observed[-1]
            predicted[-2] += predicted[-1]
            observed, predicted = observed[:-1], predicted[:-1]
        assert stats.chisquare(observed, predicted * observed.sum() / predicted.sum()).pvalue > 1e-3


@pytest.mark.parametrize("surface", ["ewald", "paraxial", "projected"])
def test_torch_computes_what_numpy_does(surface: str):
    import array_api_compat.torch as xp

    from models.simulation.particles import random_species
    from models.simulation.rotations import random_quaternions, rotation_matrix

    settings = replace(WIDE, surface=surface, beam=BeamSettings(solid_angle=True, polarisation="vertical"))
    np.testing.assert_allclose(q_map(settings, (1, 2), np.float64, xp).numpy(), q_map(settings, (1, 2), np.float64))
    turn = rotation_matrix(random_quaternions(np.random.default_rng(1), 1)[0])
    for family in ("icosahedron", "oligomer", "capsid"):
        shape = random_species(5, family, (40.0, 40.0)).shape
        body = [Placed(shape, turn, np.array([3.0, 4.0, 5.0]), 1.1), Placed(shape, np.eye(3), np.zeros(3))]
        ours = intensity(body, settings, (0.3, 0.2))
        theirs = intensity(body, settings, (0.3, 0.2), xp, "cpu")
        assert theirs.dtype == xp.float32
        np.testing.assert_allclose(theirs.numpy(), ours, rtol=2e-3, atol=2e-6 * ours.max())
