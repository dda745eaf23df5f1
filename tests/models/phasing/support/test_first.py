"""First supports."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import BadParameter
from models.patterns import Pattern
from models.phasing.settings import PhasingSettings
from models.phasing.support import disc, first_support, fit_autocorrelation, middle_of, within_estimate
from tests.models.phasing.support.particles import diffracted, outline, particle


def _pattern(shape: tuple[int, ...]) -> Pattern:
    rng = np.random.default_rng(0)
    return diffracted(particle(outline(shape, 0.05, rng), rng), 1e6, 3, rng)


@pytest.mark.parametrize("shape", [(64, 64), (65, 90), (33, 40, 28)])
@pytest.mark.parametrize("area", [0.01, 0.1, 0.3])
def test_a_disc_covers_its_share_in_the_middle(shape: tuple[int, ...], area: float) -> None:
    support = disc(shape, area)
    assert support.mean() == pytest.approx(area, rel=0.15)
    assert middle_of(support) == pytest.approx([n // 2 for n in shape])


def test_a_disc_has_at_least_one_pixel() -> None:
    assert disc((5, 7), 1e-6).sum() == 1


def test_discs_are_drawn_between_the_smallest_and_the_largest_area_in_equal_ratios() -> None:
    pattern = _pattern((64, 64))
    settings = PhasingSettings(first_support="disc", area_low=0.01, area_high=0.16)
    rng = np.random.default_rng(1)
    areas = np.array([first_support(pattern, settings, rng).mean() for _ in range(300)])
    assert 0.008 < areas.min() < 0.013
    assert 0.14 < areas.max() < 0.17
    assert np.median(areas) == pytest.approx(0.04, rel=0.2)


def test_a_start_is_repeatable_from_its_seed() -> None:
    pattern = _pattern((64, 64))
    for kind in ("disc", "autocorrelation"):
        settings = PhasingSettings(first_support=kind)
        one, two = (first_support(pattern, settings, np.random.default_rng(5)) for _ in range(2))
        assert np.array_equal(one, two)


def test_the_estimate_narrows_what_is_drawn() -> None:
    pattern = _pattern((128, 128))
    fit = fit_autocorrelation(pattern)
    settings = within_estimate(PhasingSettings(area_low=1e-4, area_high=0.9), fit)
    assert (settings.area_low, settings.area_high) == pytest.approx(fit.area_range)
    rng = np.random.default_rng(2)
    wide = PhasingSettings(first_support="disc", area_low=1e-4, area_high=0.9)
    areas = [first_support(pattern, wide, rng, fit=fit).mean() for _ in range(50)]
    assert fit.area_range[0] * 0.95 < min(areas) <= max(areas) < fit.area_range[1] * 1.05
    elsewhere = PhasingSettings(area_low=0.3, area_high=0.4)
    assert within_estimate(elsewhere, fit) == elsewhere


def test_a_given_support_is_taken_as_it_is() -> None:
    pattern = _pattern((64, 64))
    settings = PhasingSettings(first_support="given")
    given = outline((64, 64), 0.07, np.random.default_rng(3))
    assert np.array_equal(first_support(pattern, settings, np.random.default_rng(0), given), given)


@pytest.mark.parametrize(
    ("given", "words"), [(None, "no support"), (np.zeros((64, 64), bool), "empty"), (np.ones((8, 9)), "8 × 9")]
)
def test_a_given_support_that_cannot_be_used_is_refused(given: np.ndarray | None, words: str) -> None:
    settings = PhasingSettings(first_support="given")
    with pytest.raises(BadParameter, match=words):
        first_support(_pattern((64, 64)), settings, np.random.default_rng(0), given)
