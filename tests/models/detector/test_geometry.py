"""q and resolution of pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.detector.geometry import centre_of, known, q_at, q_map, radius_map, resolution_nm
from models.runs.types import PLANCK_TIMES_LIGHT_EV_M, Geometry
from models.simulation.propagation import q_map as simulated_q_map
from models.simulation.settings import SimulationSettings

PNCCD = Geometry(distance_m=0.5, pixel_size_m=(3e-4, 3e-4), photon_energy_eV=1660.0, centre_px=(60.0, 70.0))


def test_q_is_4_pi_sin_theta_over_lambda():
    wavelength_nm = PLANCK_TIMES_LIGHT_EV_M / 1660 * 1e9
    theta = math.atan(40 * 3e-4 / 0.5) / 2
    assert q_at(PNCCD, (128, 128), 60, 110) == pytest.approx(4 * math.pi * math.sin(theta) / wavelength_nm)
    assert q_at(PNCCD, (128, 128), 60, 70) == 0


def test_map_and_point_agree_and_pixels_may_be_oblong():
    oblong = Geometry(distance_m=0.1, pixel_size_m=(1e-3, 2e-3), photon_energy_eV=8000.0, centre_px=(3.5, 2.0))
    q = q_map(oblong, (10, 12))
    assert q is not None
    assert (q.shape, q.dtype) == ((10, 12), np.float32)
    for y, x in ((0, 0), (9, 11), (4, 2)):
        assert q[y, x] == pytest.approx(q_at(oblong, (10, 12), y, x), rel=1e-6)
    assert q_at(oblong, (10, 12), 3.5, 4.0) == pytest.approx(q_at(oblong, (10, 12), 7.5, 2.0))


def test_q_agrees_with_the_ewald_sphere_of_the_simulation():
    settings = SimulationSettings(height=32, width=48, distance_m=0.02, surface="ewald")
    exact = np.linalg.norm(simulated_q_map(settings, dtype=np.float64), axis=0)
    np.testing.assert_allclose(q_map(settings.geometry, settings.shape), exact, rtol=1e-5)


@pytest.mark.parametrize(
    "missing", [Geometry(), Geometry(distance_m=1.0, pixel_size_m=(1e-4, 1e-4)), Geometry(0.0, (1e-4, 1e-4), 1000.0)]
)
def test_an_incomplete_geometry_has_no_q(missing: Geometry):
    assert not known(missing)
    assert q_at(missing, (8, 8), 1, 1) is None
    assert q_map(missing, (8, 8)) is None


def test_without_a_centre_the_middle_of_the_frame_is_taken():
    assert centre_of(Geometry(), (10, 21)) == (4.5, 10.0)
    assert centre_of(PNCCD, (10, 21)) == (60.0, 70.0)


def test_resolution_is_full_period():
    assert resolution_nm(2 * math.pi / 25) == pytest.approx(25)
    assert resolution_nm(0.0) == math.inf


def test_radius_is_distance_in_pixels():
    radius = radius_map((5, 7), (2.0, 3.0))
    assert radius[2, 3] == 0
    assert radius[2, 6] == 3
    assert radius[0, 0] == pytest.approx(math.hypot(2, 3))
