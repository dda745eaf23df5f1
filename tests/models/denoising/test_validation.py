"""The figures by which denoisers are compared, against closed forms."""

import numpy as np
import pytest

from models.denoising.training import validation

Y, X = np.mgrid[:64, :64] - 31.5
RADIUS, ANGLE = np.hypot(Y, X), np.arctan2(Y, X)
WHOLE = np.ones((64, 64), bool)
ROUND = 50 * np.exp(-RADIUS / 8)
FRINGED = ROUND * (1 + 0.3 * np.cos(2 * ANGLE)) ** 2


def test_fringes_are_whole_in_the_truth_and_gone_in_its_azimuthal_mean():
    same = validation.anisotropy(FRINGED, FRINGED, WHOLE)
    assert (same.likeness, same.contrast) == pytest.approx((1, 1))
    mean = validation.anisotropy(ROUND, FRINGED, WHOLE)
    assert abs(mean.likeness) < 0.02
    assert abs(mean.contrast) < 0.01
    rings = np.rint(RADIUS).astype(int)
    pixels = np.maximum(np.bincount(rings.ravel()), 1)
    plain = (np.bincount(rings.ravel(), FRINGED.ravel()) / pixels)[rings]
    assert validation.anisotropy(plain, FRINGED, WHOLE).likeness == pytest.approx(0, abs=1e-9)


def test_blurred_fringes_lose_contrast_and_turned_ones_likeness():
    weak = ROUND * (1 + 0.15 * np.cos(2 * ANGLE)) ** 2
    half = validation.anisotropy(weak, FRINGED, WHOLE)
    assert half.likeness > 0.98
    assert half.contrast == pytest.approx(0.5, abs=0.02)
    turned = ROUND * (1 + 0.3 * np.sin(2 * ANGLE)) ** 2
    assert abs(validation.anisotropy(turned, FRINGED, WHOLE).likeness) < 0.02


def test_noise_has_no_fringes():
    counts = np.random.default_rng(0).poisson(np.full((64, 64), 4.0)).astype(np.float64)
    assert abs(validation.anisotropy(counts, FRINGED, WHOLE).likeness) < 0.1


def test_hidden_pixels_and_the_beam_are_minded():
    mask = X > -20
    spoilt = np.where(mask, FRINGED, 1e4)
    assert validation.anisotropy(spoilt, FRINGED, mask).likeness == pytest.approx(1)
    shifted = np.roll(ROUND, (7, -4), (0, 1))
    truth = np.roll(FRINGED, (7, -4), (0, 1))
    near = np.hypot(Y - 7, X + 4) < 20
    about = validation.anisotropy(shifted, truth, near, (38.5, 27.5))
    assert abs(about.likeness) < 0.05


def test_no_fringes_to_keep_is_no_figure():
    assert np.isnan(validation.anisotropy(ROUND, np.zeros((64, 64)), WHOLE).likeness)


@pytest.mark.parametrize("rate", [0.0, 0.01, 1.0, 400.0])
def test_the_deviation_of_the_root_is_that_of_the_rate(rate):
    root = np.float64(0.3)
    of_rate = np.sqrt(4 * rate * root**2 + 2 * root**4)
    drawn = (np.sqrt(rate) + root * np.random.default_rng(1).standard_normal(200_000)) ** 2
    assert drawn.std() == pytest.approx(of_rate, rel=0.01)
    found = validation.root_deviation(np.array([[rate]], np.float32), np.array([[of_rate]], np.float32))
    assert found == pytest.approx(root, rel=1e-4)


def test_a_deviation_without_bounds_stays_so():
    zero = np.zeros((1, 1), np.float32)
    assert np.isinf(validation.root_deviation(zero, np.full((1, 1), np.inf, np.float32)))
    assert validation.root_deviation(zero, zero) == 0


def test_the_logarithmic_figure_knows_no_scale_of_its_own():
    assert validation.log_norm_error(ROUND, ROUND) == 0
    # Of one pixel of four that is wrong by all there is, in a picture as bright as the truth.
    truth, found = np.array([[4.0, 0.0], [0.0, 0.0]]), np.array([[4.0, 4.0], [0.0, 0.0]])
    assert validation.log_norm_error(found, truth) == pytest.approx(0.25)


def test_nothing_said_where_light_is_costs_a_finite_divergence():
    truth = np.full((4, 4), 2.0)
    found = validation.judge(np.zeros((4, 4)), np.zeros((4, 4), np.float32), truth, np.ones((4, 4), bool))
    expected = 16 * (2 * np.log(2 / validation.LEAST_RATE) - 2 + validation.LEAST_RATE)
    assert found.divergence == pytest.approx(expected)
