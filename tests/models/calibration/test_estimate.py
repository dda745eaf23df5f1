"""The value of one photon is found, with how sure that is; the numbers of a stage are those of its making."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import CalibrationSettings, Stage, make_calibrator
from models.calibration.effect import peak_range, stage_figures, value_histogram
from models.calibration.estimate import estimate_from, estimate_gain
from models.calibration.zero_peak import zero_peak, zero_peaks
from models.errors import BadParameter
from models.progress import drain
from tests.models.calibration.make import ASIC, GAIN, NOISE, SHAPE, known


def values_of(rate, gain=GAIN, noise=NOISE, zero=5.0, n=150_000, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.poisson(rate, n) * gain + rng.normal(zero, noise, n)).astype(np.float32)


@pytest.mark.parametrize("rate", [0.03, 0.1, 0.5])
@pytest.mark.parametrize("gain", [12.0, 20.0, 60.0])
def test_the_value_of_a_photon_is_found_within_a_hundredth(rate, gain):
    found = estimate_from(values_of(rate, gain))
    assert found.adu_per_photon == pytest.approx(gain, rel=0.01)
    assert found.zero == pytest.approx(5.0, abs=0.1)
    assert found.sigma == pytest.approx(NOISE, rel=0.05)
    if rate >= 0.1:
        assert found.second == pytest.approx(2.0, abs=0.03)
        assert found.confidence == "sure"
        assert "(sure)" in found.words


def test_without_a_second_peak_it_is_likely_at_most():
    found = estimate_from(values_of(0.02))
    assert found.second is None
    assert found.confidence == "likely"
    assert "no peak of two photons" in found.words


@pytest.mark.parametrize("values", [values_of(0.0), values_of(0.3, gain=2.0), np.zeros(50_000, np.float32)])
def test_where_there_is_no_clear_peak_none_is_made_up(values):
    assert estimate_from(values) is None


def test_many_frames_are_looked_at_after_the_steps_before_the_gain(tmp_path):
    made = known(6, rate=0.1)
    np.save(tmp_path / "dark.npy", made.pedestal)
    asked = CalibrationSettings(
        dark=str(tmp_path / "dark.npy"), common_mode="row", asic_height_px=ASIC[0], asic_width_px=ASIC[1],
        adu_per_photon=3.0, round_from=0.5,
    )  # fmt: skip
    made.run.unreadable = (2,)
    found = drain(estimate_gain(made.run, range(6), make_calibrator(asked, made.run)))
    assert found.adu_per_photon == pytest.approx(GAIN, rel=0.02)
    assert found.frames == 5
    assert drain(estimate_gain(made.run, range(6))) is None  # the pedestal hides it
    made.run.unreadable = tuple(range(6))
    with pytest.raises(BadParameter):
        drain(estimate_gain(made.run, range(6)))


@settings(max_examples=40, deadline=None)
@given(st.floats(-1e4, 1e4), st.floats(0.1, 50), st.floats(0, 0.8), st.integers(0, 99))
def test_the_zero_peak_is_where_pixels_without_photons_lie(zero, sigma, rate, seed):
    values = values_of(rate, gain=8 * sigma, noise=sigma, zero=zero, n=5000, seed=seed)
    position, found = zero_peak(values)
    assert position == pytest.approx(zero, abs=0.15 * sigma)
    assert found == pytest.approx(sigma, rel=0.15)


def test_groups_are_found_each_for_itself_whatever_is_left_of_them():
    rng = np.random.default_rng(0)
    zeros = rng.normal(0, 50, 40)
    values = (zeros[:, None] + rng.normal(0, 1, (40, 64))).astype(np.float32)
    values[3] = np.inf
    values[4, 5:] = np.inf
    values[5, 20:] = np.inf
    found = zero_peaks(values)
    assert not found.found[3]
    assert not found.found[4]
    rest = np.delete(np.arange(40), [3, 4])
    assert found.found[rest].all()
    np.testing.assert_allclose(found.position[rest], zeros[rest], atol=1.2)
    assert found.sigma == pytest.approx(1.0, rel=0.2)


def test_no_values_have_no_peak():
    assert zero_peak(np.zeros(0, np.float32)) is None
    assert zero_peak(np.full(5, 3.0, np.float32)) is None


def test_the_numbers_of_a_stage():
    values = values_of(0.2, zero=0.0, n=SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    flags = np.zeros(SHAPE, np.uint8)
    flags[0] = 1
    stage = Stage("dark", "Pedestal", values, flags, "ADU")
    figures = stage_figures(stage, GAIN)
    assert figures.pixels == (SHAPE[0] - 1) * SHAPE[1]
    assert figures.photons == pytest.approx(values[1:].sum() / GAIN, rel=0.02)
    assert figures.sigma == pytest.approx(NOISE, rel=0.1)
    low, high = peak_range(figures, GAIN)
    assert low < -3 * NOISE
    assert high > 4 * GAIN
    assert stage_figures(stage).photons is None


def test_a_histogram_counts_every_value_once():
    values = values_of(0.5)
    found = value_histogram(values, -10, 60)
    assert found.counts.sum() + found.outside == values.size
    assert found.outside == np.count_nonzero((values < found.edges[0]) | (values > found.edges[-1]))
    whole = value_histogram(np.rint(values / GAIN), -2, 5)
    assert np.allclose(np.diff(whole.edges), 1)
    assert np.allclose(whole.edges % 1, 0.5)
