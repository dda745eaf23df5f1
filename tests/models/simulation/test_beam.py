"""The pulse: focus, hits, and fluctuations as the source makes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.simulation.beam import JOULE_PER_EV, BeamSettings, draw_shot, focus

PROFILES = ("gaussian", "top-hat", "lorentzian")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_whole_pulse_is_in_the_focus(profile: str):
    # To a radius of 10⁴ widths: a Lorentzian keeps 10⁻⁴ of its power beyond that.
    radius = np.concatenate([np.linspace(0, 20, 200_001), np.geomspace(20, 2e4, 20_001)[1:]])
    share = focus(profile, 2.0, radius) * 1e6
    assert np.trapezoid(2 * np.pi * radius * share, radius) == pytest.approx(1, abs=2e-4)


@given(fwhm=st.floats(0.01, 100.0), profile=st.sampled_from(("gaussian", "lorentzian")))
def test_half_of_the_peak_at_half_the_width(fwhm: float, profile: str):
    assert focus(profile, fwhm, fwhm / 2) == pytest.approx(focus(profile, fwhm, 0.0) / 2, rel=1e-12)


def test_a_knife_edge_sees_a_lorentzian():
    y = np.sinh(np.linspace(-12, 12, 4001))
    x = np.array([0.0, 0.5, 1.0, 3.0])
    line = np.array([np.trapezoid(focus("lorentzian", 1.0, np.hypot(at, y)), y) for at in x])
    half_width2 = 0.25 / (2 ** (2 / 3) - 1)
    np.testing.assert_allclose(line / line[0], 1 / (1 + x**2 / half_width2), rtol=1e-3)


def test_hits_are_uniform_over_their_disc_and_fluence_follows_the_profile():
    beam = BeamSettings(fluence="physical", hit_radius=1.5, focus_fwhm_um=2.0, sase_modes=0, transmission=0.25)
    rng = np.random.default_rng(3)
    shots = [draw_shot(rng, beam, 1000.0) for _ in range(4000)]
    radius = np.array([np.hypot(*shot.position_um) for shot in shots])
    assert radius.max() < 3.0
    # r² is uniform: the median radius is that of half the area.
    assert np.median(radius) == pytest.approx(3.0 / np.sqrt(2), rel=0.03)
    photons = 2e-3 * 0.25 / (1000.0 * JOULE_PER_EV)
    np.testing.assert_allclose([s.fluence_per_nm2 for s in shots], photons * focus("gaussian", 2.0, radius))
    assert {s.pulse_energy_J for s in shots} == {2e-3}


def test_pulse_energies_of_a_self_amplified_source_are_gamma_distributed():
    beam = BeamSettings(fluence="physical", sase_modes=9.0, pulse_energy_J=1e-3, photon_energy_spread=0.004)
    rng = np.random.default_rng(5)
    shots = [draw_shot(rng, beam, 8000.0) for _ in range(6000)]
    energy = np.array([shot.pulse_energy_J for shot in shots]) / 1e-3
    assert energy.mean() == pytest.approx(1, abs=0.02)
    assert energy.std() == pytest.approx(1 / 3, rel=0.05)
    # Skewness of a gamma variable with M modes: 2/√M; a normal one would have none.
    assert ((energy - energy.mean()) ** 3).mean() / energy.std() ** 3 == pytest.approx(2 / 3, abs=0.12)
    colour = np.array([shot.photon_energy_eV for shot in shots])
    assert colour.std() / colour.mean() == pytest.approx(0.004, rel=0.05)


def test_without_physical_fluence_a_shot_says_nothing_of_it():
    shot = draw_shot(np.random.default_rng(0), BeamSettings(), 1660.0)
    assert shot.photon_energy_eV == 1660.0
    assert np.isnan([shot.pulse_energy_J, shot.fluence_per_nm2, *shot.position_um]).all()
