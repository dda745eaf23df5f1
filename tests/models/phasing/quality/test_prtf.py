"""The phase retrieval transfer function against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.patterns import Pattern
from models.phasing.quality import CUTOFF, cutoff, phase_transfer
from models.phasing.quality.prtf import chance_level, q_steps
from models.phasing.quality.rings import distance
from models.phasing.quality.transform import to_fourier, to_object
from models.phasing.types import Prtf
from tests.models.phasing.quality.objects import particle, pattern_of


def curve(values: list[float], q_per_px: float | None = None) -> Prtf:
    radius = np.arange(len(values), dtype=np.float32)
    q = None if q_per_px is None else radius * np.float32(q_per_px)
    return Prtf(radius, np.array(values, np.float32), np.ones(len(values), np.int32), q)


def test_it_is_the_sum_of_amplitudes_over_the_sum_of_moduli_in_each_ring() -> None:
    truth, _ = particle((32, 32))
    spectrum = to_fourier(truth)
    far = distance((32, 32)) > 8
    # Two starts whose phases differ by 2α far from the beam: |e^{iα} + e^{−iα}| / 2 = cos α.
    alpha = 1.1
    objects = [to_object(np.where(far, spectrum * np.exp(sign * 1j * alpha), spectrum)) for sign in (1, -1)]
    found = phase_transfer(pattern_of(truth), objects)
    np.testing.assert_allclose(found.values[found.radius_px <= 7], 1, atol=1e-5)
    np.testing.assert_allclose(found.values[found.radius_px >= 10], math.cos(alpha), atol=1e-5)


def test_random_phases_give_the_level_of_chance() -> None:
    truth, _ = particle((96, 96))
    spectrum = to_fourier(truth)
    chance = np.random.default_rng(0)
    for n in (2, 8, 20):
        objects = [to_object(spectrum * np.exp(2j * np.pi * chance.random((96, 96)))) for _ in range(n)]
        found = phase_transfer(pattern_of(truth), objects)
        assert np.average(found.values[5:], weights=found.pixels[5:]) == pytest.approx(chance_level(n), rel=0.03)


def test_rings_without_a_measured_pixel_say_nothing() -> None:
    truth, _ = particle((64, 64))
    found = phase_transfer(pattern_of(truth, stop=6), [truth, truth])
    assert np.isnan(found.values[found.radius_px < 5]).all()
    assert (found.pixels[found.radius_px < 5] == 0).all()
    np.testing.assert_allclose(found.values[found.radius_px > 7], 1, rtol=1e-6)


def test_the_edge_is_half_the_period_of_two_pixels() -> None:
    truth, _ = particle((64, 64))
    found = phase_transfer(pattern_of(truth), [truth, truth])
    radius, q, resolution = cutoff(found)
    assert radius == 32
    assert q == pytest.approx(2 * math.pi / 10)
    assert resolution == pytest.approx(10)  # two pixels of 5 nm


def test_rings_are_of_equal_q_where_pixels_are_not() -> None:
    """A detector twice as high as wide has the same q per pixel, and so object pixels half as high as wide."""
    shape = (64, 32)
    pattern = Pattern(np.ones(shape, np.float32), np.ones(shape, bool), pixel_nm=(5.0, 10.0))
    assert q_steps(pattern) == pytest.approx((2 * math.pi / 320,) * 2)
    found = phase_transfer(pattern, [particle(shape)[0]] * 2)
    assert found.radius_px[-1] == 32
    assert found.q_nm is not None
    assert found.q_nm[-1] == pytest.approx(math.pi / 5)


def test_in_three_dimensions_rings_are_shells() -> None:
    truth, _ = particle((16, 18, 20))
    found = phase_transfer(pattern_of(truth), [truth, truth])
    assert found.pixels[3] > 80
    np.testing.assert_allclose(found.values, 1, rtol=1e-5)


def test_the_cutoff_is_the_first_crossing_between_rings() -> None:
    found = curve([1, 0.9, CUTOFF + 0.2, CUTOFF - 0.1, 0.9, 0.1], q_per_px=0.02)
    radius, q, resolution = cutoff(found)
    assert radius == pytest.approx(2 + 2 / 3)
    assert q == pytest.approx(0.02 * radius)
    assert resolution == pytest.approx(2 * math.pi / q)
    assert cutoff(found, 0.95)[0] == pytest.approx(0.5)


def test_unmeasured_rings_are_passed_over_and_no_geometry_means_no_nanometres() -> None:
    radius, q, resolution = cutoff(curve([math.nan, math.nan, 0.8, 0.6, 0.1]))
    assert radius == pytest.approx(3 + (0.6 - CUTOFF) / 0.5)
    assert math.isnan(q)
    assert math.isnan(resolution)


def test_a_curve_that_never_was_above_has_no_cutoff() -> None:
    assert math.isnan(cutoff(curve([0.1, 0.5, 0.2]))[0])
    assert math.isnan(cutoff(curve([math.nan, math.nan]))[0])
