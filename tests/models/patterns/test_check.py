"""Hostile patterns give a sentence; doubtful ones a warning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.errors import BadPattern
from models.patterns import Pattern
from models.patterns.check import UNDERSAMPLED, check_pattern
from tests.models.patterns.make import photon_pattern


def lit(shape, **changes):
    made = Pattern(np.random.default_rng(0).poisson(20.0, shape).astype(np.float32), np.ones(shape, bool))
    return replace(made, **changes)


def one_pixel_lit():
    values = np.zeros((32, 32), np.float32)
    values[16, 16] = 1e6
    return values


def with_value(value):
    values = np.ones((32, 32), np.float32)
    values[3, 4] = value
    return values


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (lit((64, 64), measured=np.zeros((64, 64), bool)), "every pixel is masked"),
        (lit((64, 64), measured=np.arange(4096).reshape(64, 64) < 5), "5 pixels"),
        (lit((64, 64), intensity=np.zeros((64, 64), np.float32)), "every measured pixel is 0"),
        (lit((32, 32), intensity=with_value(np.nan)), "1 pixel that"),
        (lit((32, 32), intensity=with_value(-1)), "below 0"),
        (lit((1, 1)), "1×1"),
        (lit((3, 5)), "3×5"),
        (lit((4, 64, 64)), "--frame"),
        (lit((64,)), "1 axes"),
        (lit((2, 2, 8, 8)), "4 axes"),
        (lit((64, 64), measured=np.ones((32, 32), bool)), "one shape"),
        (lit((32, 32), intensity=one_pixel_lit()), "one pixel"),
        (lit((32, 32), intensity=np.full((32, 32), 7, np.float32)), "the same everywhere"),
        (lit((32, 32), intensity=1e36 * with_value(2)), "too large for single precision"),
        (lit((32, 32), intensity=1e-40 * with_value(2), unit="arbitrary"), "too small for single precision"),
        (lit((64, 64), intensity=np.full((64, 64), 0.001, np.float32)), "4.1 photons"),
    ],
)
def test_what_cannot_be_phased_says_why(pattern, words):
    with pytest.raises(BadPattern) as caught:
        check_pattern(pattern)
    assert words in caught.value.sentence()
    assert caught.value.hint


def test_a_good_pattern_has_no_doubts():
    assert check_pattern(photon_pattern()) == ()
    assert check_pattern(photon_pattern(stop=3)) == ()


def test_a_large_pattern_is_checked_too():
    y, x = np.ogrid[-2048:2048, -2048:2048]
    fall = (1e6 / (1 + y * y + x * x)).astype(np.float32)
    assert check_pattern(Pattern(fall, np.ones(fall.shape, bool))) == ()


@pytest.mark.parametrize("unit", ["photons", "arbitrary"])
@pytest.mark.parametrize("width", [16, 28])
def test_an_object_of_less_than_half_the_array_is_not_called_undersampled(unit, width):
    for seed in range(5):
        assert check_pattern(replace(photon_pattern(width=width, photons=1e7, seed=seed), unit=unit)) == ()


@pytest.mark.parametrize("unit", ["photons", "arbitrary"])
@pytest.mark.parametrize("width", [56, 80])
def test_an_object_of_nearly_the_whole_array_is(unit, width):
    for seed in range(5):
        said = check_pattern(replace(photon_pattern(width=width, photons=1e7, seed=seed), unit=unit))
        assert said[0].startswith(UNDERSAMPLED)


def test_little_light_and_much_mask_are_said():
    said = check_pattern(photon_pattern(photons=800, stop=28))
    assert any("% of the pixels are measured" in text for text in said)
    assert any("little light" in text for text in said)


def test_a_plateau_at_the_top_is_perhaps_saturation():
    pattern = photon_pattern(photons=1e7)
    clipped = replace(pattern, intensity=np.minimum(pattern.intensity, 2000).astype(np.float32))
    assert any("saturat" in text for text in check_pattern(clipped))
