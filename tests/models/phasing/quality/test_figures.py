"""Figures of agreement against their published definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import poisson

from models.patterns import Pattern
from models.phasing.quality import figures


def small(intensity: list[list[float]], measured: list[list[bool]] | None = None, unit: str = "photons") -> Pattern:
    values = np.array(intensity, np.float32)
    mask = np.ones(values.shape, bool) if measured is None else np.array(measured)
    return Pattern(np.where(mask, values, 0), mask, unit=unit)


def test_r_factor_of_an_exact_small_case() -> None:
    pattern = small([[4, 9], [16, 1]], [[True, True], [True, False]])
    calculated = np.array([[1.0, 3.0], [5.0, 100.0]])
    assert figures.r_factor(calculated, pattern, np.ones((2, 2), bool)) == pytest.approx((1 + 0 + 1) / (2 + 3 + 4))
    only = np.array([[True, False], [False, True]])
    assert figures.r_factor(calculated, pattern, only) == pytest.approx(1 / 2)
    assert math.isnan(figures.r_factor(calculated, pattern, np.zeros((2, 2), bool)))


def test_the_deviance_is_twice_the_logarithm_of_the_likelihood_ratio() -> None:
    n = np.array([0.0, 1, 2, 7, 300])
    m = np.array([0.4, 1.7, 2.0, 3.0, 310.0])
    expected = 2 * (poisson.logpmf(n, np.maximum(n, 1e-300)) - poisson.logpmf(n, m))
    expected[0] = 2 * m[0]
    np.testing.assert_allclose(figures.deviance(n, m), expected, rtol=1e-9, atol=1e-12)


def test_a_perfect_model_of_bright_pixels_has_a_deviance_of_one() -> None:
    model = np.full((300, 300), 25.0)
    counts = np.random.default_rng(0).poisson(model)
    pattern = Pattern(counts.astype(np.float32), np.ones_like(counts, bool))
    held = np.ones_like(counts, bool)
    assert figures.free_log_likelihood(np.sqrt(model), pattern, held) == pytest.approx(1.0, abs=0.03)
    assert figures.free_log_likelihood(np.sqrt(model * 1.3), pattern, held) > 2


def test_one_stray_photon_where_the_model_has_none_costs_no_more_than_at_the_floor() -> None:
    pattern = small([[1, 0]])
    held = np.ones((1, 2), bool)
    value = figures.free_log_likelihood(np.array([[0.0, 0.0]]), pattern, held)
    floor = figures.MODEL_FLOOR
    assert value == pytest.approx((2 * (floor - 1 - math.log(floor)) + 2 * floor) / 2)


def test_the_free_figure_looks_at_measured_held_out_pixels_only() -> None:
    pattern = small([[4, 4], [4, 4]], [[True, True], [True, False]])
    held = np.array([[True, False], [False, True]])
    right = np.full((2, 2), 2.0)
    wrong_elsewhere = np.array([[2.0, 50.0], [50.0, 50.0]])
    assert figures.free_log_likelihood(right, pattern, held) == 0
    assert figures.free_log_likelihood(wrong_elsewhere, pattern, held) == 0
    assert math.isnan(figures.free_log_likelihood(right, pattern, np.zeros((2, 2), bool)))


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e5])
def test_in_arbitrary_units_the_figure_does_not_depend_on_the_unit(unit: float) -> None:
    pattern = small([[4 * unit, 9 * unit]], unit="arbitrary")
    calculated = np.array([[1.0, 3.5]]) * math.sqrt(unit)
    value = figures.free_log_likelihood(calculated, pattern, np.ones((1, 2), bool))
    assert value == pytest.approx((1 + 0.25) / 13, rel=1e-5)


def test_masked_power_is_the_share_outside_the_measured_pixels() -> None:
    pattern = small([[1, 1], [1, 1]], [[True, False], [True, True]])
    assert figures.masked_power(np.array([[1.0, 3.0], [1.0, 1.0]]), pattern) == pytest.approx(9 / 12)
    assert math.isnan(figures.masked_power(np.zeros((2, 2)), pattern))


def test_oversampling_counts_numbers_by_unknowns() -> None:
    measured = np.ones((8, 8), bool)
    pattern = Pattern(np.ones((8, 8), np.float32), measured)
    support = np.zeros((8, 8), bool)
    support[2:6, 2:6] = True
    assert figures.oversampling(pattern, support) == 4
    half = Pattern(np.ones((8, 8), np.float32), np.arange(64).reshape(8, 8) >= 32)
    assert figures.oversampling(half, support) == 2
    # For a real object the other half says the same, but for the row that has no mate here.
    assert figures.oversampling(half, support, real=True) == (64 - 8) / 16
    assert math.isnan(figures.oversampling(pattern, np.zeros((8, 8), bool)))


def test_the_ring_prediction_is_the_mean_of_each_ring_without_the_held_out() -> None:
    y, x = np.mgrid[-8:8, -8:8]
    ring = np.rint(np.hypot(y, x)).astype(int)
    truth = (100.0 / (1 + ring)).astype(np.float32)
    held = np.zeros((16, 16), bool)
    held[3:6, 3:6] = True
    spoilt = np.where(held, 1e6, truth).astype(np.float32)
    predicted = figures.ring_prediction(Pattern(spoilt, np.ones((16, 16), bool)), held)
    np.testing.assert_allclose(predicted**2, truth, rtol=1e-5)


def test_a_stop_smaller_than_the_central_speckle_leaves_nothing_free() -> None:
    y, x = np.mgrid[-64:64, -64:64]
    radius = np.hypot(y, x)
    support = radius < 16  # central speckle: half width about 128 / 32 = 4 px
    for stop, free in ((1.5, False), (12.0, True)):
        pattern = Pattern(np.ones((128, 128), np.float32), radius > stop)
        assert (figures.centre_modes(pattern, support) > 1) is free
    gaps_elsewhere = Pattern(np.ones((128, 128), np.float32), radius < 40)
    assert figures.centre_modes(gaps_elsewhere, support) == 0
