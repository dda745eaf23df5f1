"""What a start begins from."""

import numpy as np
import pytest

from models.patterns import Pattern
from models.phasing.first_object import expected_intensity, random_object
from tests.models.phasing.engine_cases import particle, pattern_of, transform


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("shape", [(32, 30), (12, 13, 14)])
def test_it_has_the_support_the_power_and_the_seed(shape, real):
    wave, inside = particle(shape)
    pattern = pattern_of(wave)
    found = [
        random_object(pattern, pattern.measured, inside, np.random.default_rng(seed), real=real) for seed in (1, 1, 2)
    ]
    assert np.iscomplexobj(found[0]) != real
    assert not found[0][~np.fft.ifftshift(inside)].any()
    assert np.sum(np.abs(found[0]) ** 2) == pytest.approx(pattern.intensity.sum())
    assert np.array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])


def test_a_missing_centre_is_expected_as_bright_as_a_disc_of_the_supports_size_has_it():
    side = 128
    y, x = np.mgrid[:side, :side] - side // 2
    disc = np.hypot(y, x) < 12
    intensity = np.abs(transform(disc * 10.0)) ** 2
    for stop in (3, 6):
        known = np.hypot(y, x) > stop
        found = expected_intensity(np.where(known, intensity, 0), known, int(disc.sum()))
        power = intensity[~known].sum()
        assert power / 3 < found[~known].sum() < 3 * power
    assert np.allclose(expected_intensity(intensity, np.ones_like(disc), 1).sum(), intensity.sum())


def test_rings_are_of_q_in_oblong_patterns():
    """A round particle is an ellipse in an oblong array, whose pixels are finer along its longer side."""
    shape = (96, 160)
    y, x = np.ogrid[: shape[0], : shape[1]]
    y, x = y - shape[0] // 2, x - shape[1] // 2
    round_one = np.hypot(y / shape[0], x / shape[1]) < 0.1
    intensity = np.abs(transform(round_one * 10.0)) ** 2
    gaps = (np.arctan2(y, x) > 1.2) & (np.arctan2(y, x) < 1.9) & (np.hypot(y, x) < 30)
    found = expected_intensity(np.where(gaps, 0, intensity), ~gaps, int(round_one.sum()))
    fringes = gaps & (np.hypot(y, x) > 4)
    assert np.corrcoef(found[fringes], intensity[fringes])[0, 1] > 0.98


def test_gaps_are_filled_from_the_rings_beside_them():
    intensity = np.full((32, 32), 4.0)
    known = np.ones((32, 32), bool)
    known[10:12] = False
    assert np.allclose(expected_intensity(np.where(known, intensity, 0), known, 50), 4.0)


def test_nothing_of_what_is_not_fitted_is_used():
    wave, inside = particle()
    pattern = pattern_of(wave)
    fitted = np.random.default_rng(0).random(wave.shape) > 0.2
    spoilt = Pattern(np.where(fitted, pattern.intensity, 1e9), pattern.measured)
    one, other = (random_object(p, fitted, inside, np.random.default_rng(0), real=False) for p in (pattern, spoilt))
    assert np.array_equal(one, other)
