"""The standard deviation by splitting, against many exposures; and what a pixel rests on."""

from __future__ import annotations

import numpy as np
import pytest

from models.denoising.deviation import halves, split_deviation
from models.denoising.registry import make
from models.denoising.settings import GaussianSettings, RadialMeanSettings, TotalVariationSettings
from models.denoising.speckle import find_speckle
from models.denoising.types import Rests
from models.denoising.validity import find_validity
from models.runs.types import Geometry
from tests.models.denoising.scenes import counts, gap_and_stop, sphere

RADIUS = np.hypot(*(np.mgrid[:64, :64] - 31.5))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("gaussian", GaussianSettings(friedel="on", splits=1)),
        ("tv", TotalVariationSettings(friedel="on", splits=1)),
        ("radial", RadialMeanSettings(splits=1)),
    ],
)
@pytest.mark.parametrize("photons", [300.0, 20_000.0])
def test_the_deviation_is_what_further_exposures_change(name: str, settings: object, photons: float) -> None:
    """Within 45 % where there is light; in the stop, and where hardly a photon falls, it may err to the safe side."""
    rate, measured = sphere(photons=photons), gap_and_stop()
    made = [make(name, settings).predict(counts(rate, k), measured, (31.5, 31.5)) for k in range(16)]
    true = np.var([one.rate for one in made], axis=0, ddof=1)
    stated = np.mean([one.deviation**2 for one in made], axis=0)
    lit = [(RADIUS >= 3) & (RADIUS < 10) & measured, (RADIUS >= 10) & (RADIUS < 20) & measured]
    for zone, most in zip([*lit, RADIUS < 3, RADIUS >= 20], (1.45, 1.45, 2.4, 2.4), strict=True):
        assert 0.65 < np.sqrt(stated[zone].mean() / true[zone].mean()) < most


def test_even_light_at_a_twentieth_of_a_photon_is_no_structure_for_sure() -> None:
    """Total variation leaves clusters of photons standing; the deviation has to say that they are chance."""
    whole = np.ones((64, 64), bool)
    made = [
        make("tv", TotalVariationSettings(friedel="on", splits=1)).predict(
            counts(np.full((64, 64), 0.05), k), whole, (31.5, 31.5)
        )
        for k in range(12)
    ]
    error = np.mean([(one.rate - 0.05) ** 2 for one in made])
    stated = np.mean([one.deviation**2 for one in made])
    assert 0.75 < np.sqrt(stated / error) < 1.4


def test_without_draws_there_is_no_deviation() -> None:
    found = make("tv", TotalVariationSettings(splits=0)).predict(counts(sphere()), gap_and_stop(), (31.5, 31.5))
    assert np.isnan(found.deviation).all()


def test_darkness_is_not_certainty() -> None:
    frame = np.zeros((64, 64))
    frame[:8, :8] = 20
    found = make("gaussian", GaussianSettings(friedel="off")).predict(frame, np.ones((64, 64), bool))
    assert found.rate[60, 60] == 0
    assert 0 < found.deviation[60, 60] < 0.01


def test_halves_are_binomial_and_whole() -> None:
    frame = np.zeros((40, 40), np.float32)
    frame[::2] = 7
    a, b = halves(frame, np.random.default_rng(1))
    np.testing.assert_array_equal(a + b, frame)
    assert a[::2].mean() == pytest.approx(3.5, abs=0.2)
    assert a[::2].var() == pytest.approx(7 / 4, rel=0.2)
    assert a[1::2].max() == 0


@pytest.mark.parametrize("diameter", [6.0, 9.0, 13.0])
@pytest.mark.parametrize("photons", [150.0, 3000.0])
def test_the_speckle_size_is_the_fringe_spacing(diameter: float, photons: float) -> None:
    frame = counts(sphere(diameter=diameter, photons=photons), 3)
    found = find_speckle(frame, np.ones((64, 64), bool))
    assert found is not None
    assert found.size_px == pytest.approx(64 / diameter, rel=0.2)


def test_the_speckle_size_in_nm() -> None:
    geometry = Geometry(distance_m=0.5, pixel_size_m=(0.3e-3, 0.3e-3), photon_energy_eV=1660.0)
    found = find_speckle(counts(sphere(diameter=8.0)), np.ones((64, 64), bool), geometry)
    assert found is not None
    assert found.size_per_nm is not None
    assert found.diameter_nm is not None
    assert found.diameter_nm == pytest.approx(1245 / found.size_px, rel=0.01)
    assert found.size_per_nm == pytest.approx(found.size_px * 0.00505, rel=0.01)
    assert "nm⁻¹" in found.words()


def test_behind_a_beam_stop_the_size_is_a_lower_bound() -> None:
    frame = counts(sphere(diameter=9.0, photons=50_000.0))
    free = find_speckle(frame, np.ones((64, 64), bool))
    stopped = find_speckle(frame * gap_and_stop(stop=5.0), gap_and_stop(stop=5.0))
    assert free is not None
    assert stopped is not None
    assert not free.at_least
    assert stopped.at_least
    assert 0.3 * free.size_px < stopped.size_px <= 1.1 * free.size_px
    assert "at least" in stopped.words()


def test_no_light_or_even_light_has_no_speckles() -> None:
    whole = np.ones((64, 64), bool)
    assert find_speckle(np.zeros((64, 64), np.float32), whole) is None
    even = sum(find_speckle(counts(np.full((64, 64), 0.2), k), whole) is not None for k in range(40))
    assert even <= 1


def test_validity_by_distance_from_what_is_known() -> None:
    measured = np.ones((20, 20), bool)
    measured[4:16, 4:16] = False
    found = find_validity(measured, 6.0)
    assert found[0, 0] == Rests.MEASURED
    assert found[10, 6] == Rests.FILLED  # 3 px from column 3
    assert found[10, 7] == Rests.GUESSED
    assert (find_validity(measured, None)[~measured] == Rests.GUESSED).all()
    about = find_validity(measured, 6.0, (9.5, 19.0))
    assert about[10, 7] == Rests.GUESSED
    left = np.ones((20, 20), bool)
    left[:, 2:5] = False
    assert (find_validity(left, None, (9.5, 9.5))[:, 2:5] == Rests.MATE).all()


def test_a_method_that_says_nothing_where_photons_fell_is_not_sure_of_it() -> None:
    frame, seen = np.zeros((32, 32), np.float32), np.ones((32, 32), bool)
    frame[10, 10] = 5
    nothing = np.zeros_like(frame)
    found = split_deviation(lambda _part: nothing, frame, seen, nothing)
    assert (found > 0).all()
