"""The autocorrelation behind a stop, and the area it tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.patterns import Pattern
from models.patterns.read import read_pattern
from models.phasing.support import autocorrelation, autocorrelation_support, estimate_area, fit_autocorrelation
from tests.models.phasing.support.particles import diffracted, outline, particle


def _pattern(seed: int, area: float, photons: float, stop_px: float, shape: tuple[int, ...] = (128, 128)):
    rng = np.random.default_rng(seed)
    support = outline(shape, area, rng)
    return diffracted(particle(support, rng), photons, stop_px, rng), support


@pytest.mark.parametrize("stop_px", [0, 3, 6])
@pytest.mark.parametrize(("area", "photons"), [(0.02, 1e5), (0.05, 1e6), (0.1, 1e8)])
def test_the_area_is_found_behind_a_stop(stop_px: float, area: float, photons: float) -> None:
    pattern, support = _pattern(int(1000 * area), area, photons, stop_px)
    low, high = estimate_area(pattern)
    assert low < support.mean() < high
    assert high / low < 4


def test_the_extent_of_a_disc_is_twice_its_own() -> None:
    y, x = np.ogrid[:150, :150]
    disc = np.hypot(y - 75, x - 75) <= 20.5
    fit = fit_autocorrelation(diffracted(disc.astype(float), 1e7, 0, np.random.default_rng(0)))
    assert fit.radius * 150 == pytest.approx(41, rel=0.08)
    assert fit.hull_area == pytest.approx(disc.mean(), rel=0.2)
    assert fit.reach == pytest.approx(np.full(8, fit.radius), rel=0.15)


def test_an_oblong_object_has_an_oblong_extent() -> None:
    y, x = np.ogrid[:128, :128]
    bar = ((y - 64) / 30) ** 2 + ((x - 64) / 10) ** 2 <= 1
    fit = fit_autocorrelation(diffracted(bar.astype(float), 1e7, 3, np.random.default_rng(1)))
    along, across = (fit.reach[np.abs(fit.directions @ axis) > 0.999][0] for axis in np.eye(2))
    assert along / across > 1.8
    assert fit.hull_area == pytest.approx(bar.mean(), rel=0.4)


def test_a_stop_changes_the_autocorrelation_little_where_zeros_ruin_it() -> None:
    whole, _ = _pattern(3, 0.05, 1e7, 0)
    stopped, _ = _pattern(3, 0.05, 1e7, 3)
    truth = autocorrelation(whole)
    zeros = np.abs(np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(stopped.intensity))))

    def likeness(values: np.ndarray) -> float:
        return float(np.corrcoef(values.ravel(), truth.ravel())[0, 1])

    fitted = autocorrelation(stopped)
    assert fitted.shape == truth.shape
    assert fitted[64, 64] == fitted.max() == 1
    assert likeness(fitted) > 0.97 > likeness(zeros) + 0.1


@pytest.mark.parametrize("shape", [(128, 128), (101, 150)])
def test_the_first_support_lies_on_the_object(shape: tuple[int, int]) -> None:
    pattern, support = _pattern(4, 0.06, 1e6, 3, shape)
    found = autocorrelation_support(pattern, float(support.mean()))
    assert found.mean() == pytest.approx(support.mean(), rel=0.02)
    assert (found & support).sum() > 0.8 * support.sum()


def test_a_volume() -> None:
    pattern, support = _pattern(5, 0.02, 1e7, 2, (30, 32, 34))
    low, high = estimate_area(pattern)
    assert low < support.mean() < high
    found = autocorrelation_support(pattern, float(support.mean()))
    assert (found & support).sum() > 0.7 * support.sum()


def test_missing_pixels_of_the_fit_only_are_changed() -> None:
    pattern, _ = _pattern(6, 0.05, 1e6, 3)
    hole = Pattern(pattern.intensity, pattern.measured.copy())
    fit = fit_autocorrelation(hole)
    y, x = np.ogrid[:128, :128]
    centre = np.hypot(y - 64, x - 64) < 20
    assert np.allclose(fit.filled[centre & pattern.measured], pattern.intensity[centre & pattern.measured])
    assert (fit.filled[~pattern.measured] != 0).any()


@pytest.mark.parametrize(
    ("intensity", "measured", "words"),
    [
        (np.zeros((64, 64)), np.ones((64, 64), bool), "no intensity"),
        (np.ones((64, 64)), np.zeros((64, 64), bool), "too few"),
        (np.ones((3, 5)), np.ones((3, 5), bool), "too few"),
        (np.random.default_rng(0).poisson(1.0, (64, 64)), np.ones((64, 64), bool), "photons"),
    ],
)
def test_where_nothing_can_be_seen_it_says_so(intensity: np.ndarray, measured: np.ndarray, words: str) -> None:
    pattern = Pattern(intensity.astype(np.float32), measured)
    fit = fit_autocorrelation(pattern)
    assert words in fit.note
    low, high = estimate_area(pattern)
    assert 0 < low < high <= 1
    assert autocorrelation_support(pattern, 0.1, fit).any()


def test_an_object_as_large_as_the_array_is_told() -> None:
    rng = np.random.default_rng(7)
    pattern = diffracted(particle(np.ones((96, 96), bool), rng), 1e8, 0, rng)
    assert "fills the array" in fit_autocorrelation(pattern).note


def test_units_that_are_not_photons_do_not_matter_much() -> None:
    pattern, support = _pattern(8, 0.05, 1e6, 3)
    scaled = Pattern(pattern.intensity * 37.5, pattern.measured, unit="arbitrary")
    low, high = estimate_area(scaled)
    assert low < support.mean() < high


@pytest.mark.real_data
def test_the_measured_ring_behind_its_saturated_centre(shared_data: Path) -> None:
    # The recipe published with it needs to be told: a support of 5 % of the array at first, 3.5 % at the end.
    low, high = estimate_area(read_pattern(shared_data / "hawk_ring" / "ring.h5"))
    assert low < 0.035
    assert 0.05 < high < 0.1
