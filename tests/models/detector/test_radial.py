"""Ring averages."""

from __future__ import annotations

import numpy as np
import pytest

from models.detector.geometry import radius_map
from models.detector.radial import radial_average
from models.errors import BadParameter

CENTRE = (20.0, 24.0)
RADIUS = radius_map((41, 50), CENTRE)
ALL = np.ones((41, 50), bool)


def test_profile_of_a_function_of_radius_is_that_function():
    ring = np.floor(RADIUS)
    profile = radial_average(ring**2, ALL, RADIUS)
    np.testing.assert_allclose(profile.mean, np.arange(len(profile.mean)) ** 2, rtol=1e-6)
    np.testing.assert_allclose(profile.deviation, 0, atol=1e-6)
    np.testing.assert_allclose(profile.position, np.arange(len(profile.mean)) + 0.5)
    assert profile.pixels.sum() == RADIUS.size


def test_masked_pixels_do_not_count_whatever_they_hold():
    frame = np.full((41, 50), 7.0, np.float32)
    valid = ALL.copy()
    valid[10:30, :20] = False
    frame[~valid] = np.nan
    profile = radial_average(frame, valid, RADIUS)
    np.testing.assert_allclose(profile.mean, 7)
    assert profile.pixels.sum() == valid.sum()


def test_rings_without_pixels_are_nan_and_the_length_stays():
    valid = ~((RADIUS >= 3) & (RADIUS < 5))
    profile = radial_average(np.ones((41, 50)), valid, RADIUS)
    assert np.isnan(profile.mean[3:5]).all()
    assert np.isnan(profile.deviation[3:5]).all()
    assert np.isfinite(np.delete(profile.mean, [3, 4])).all()
    assert len(profile.mean) == len(radial_average(np.ones((41, 50)), ALL, RADIUS).mean)


def test_mean_and_deviation_of_a_ring_are_its_pixels():
    frame = np.random.default_rng(0).poisson(3.0, (41, 50)).astype(np.uint16)
    profile = radial_average(frame, ALL, RADIUS, step=2.5, rings=4)
    ring = frame[(RADIUS >= 5) & (RADIUS < 7.5)].astype(float)
    assert len(profile.mean) == 4
    assert profile.mean[2] == pytest.approx(ring.mean())
    assert profile.deviation[2] == pytest.approx(ring.std())
    assert profile.pixels[2] == len(ring)


def test_wrong_step_or_shapes_are_refused():
    with pytest.raises(BadParameter, match="ring width"):
        radial_average(np.ones((41, 50)), ALL, RADIUS, step=0.0)
    with pytest.raises(BadParameter, match="differ in shape"):
        radial_average(np.ones((4, 5)), ALL, RADIUS)
