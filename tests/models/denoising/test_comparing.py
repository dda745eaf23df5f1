"""Before beside after: residuals against the deviance, rings, and spectra against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from models.denoising.comparing import length_of, power_spectrum, removed, rests_counted, rings
from models.denoising.types import Rests
from models.runs.types import Geometry
from tests.models.denoising.scenes import counts, gap_and_stop, sphere

ALL = np.ones((48, 64), np.bool_)


def test_what_was_removed_is_in_standard_deviations_of_counting_noise() -> None:
    rate = np.full((200, 200), 3.0, np.float32)
    drawn = np.random.default_rng(1).poisson(rate)
    found = removed(drawn, rate, np.ones(rate.shape, np.bool_))
    assert found.share == pytest.approx(1.0, abs=0.03)
    assert found.sigmas.std() == pytest.approx(1.0, abs=0.1)
    # √(2 (n ln(n/r) − n + r)) with the sign of n − r, and −√(2 r) where nothing was counted.
    one = removed(np.array([[5, 0]]), np.array([[3.0, 2.0]], np.float32), np.ones((1, 2), np.bool_))
    assert one.sigmas[0] == pytest.approx([np.sqrt(2 * (5 * np.log(5 / 3) - 2)), -2.0], rel=1e-5)


def test_smoothed_structure_and_followed_photons_show_in_the_share() -> None:
    rate = sphere(n=64, photons=20_000).astype(np.float32)
    drawn, seen = counts(rate), np.ones(rate.shape, np.bool_)
    flat = np.full_like(rate, rate.mean())
    assert removed(drawn, flat, seen).share > 10
    assert removed(drawn, drawn, seen).share == 0
    nothing = removed(drawn * 0, flat * 0, seen)
    assert np.isnan(nothing.share)
    assert np.abs(nothing.sigmas).max() < 1e-3


def test_what_was_not_measured_has_no_difference() -> None:
    drawn = np.full((4, 4), np.nan, np.float32)
    seen = np.zeros((4, 4), np.bool_)
    drawn[1, 1], seen[1, 1] = 2, True
    found = removed(drawn, np.ones((4, 4), np.float32), seen)
    assert np.isfinite(found.sigmas).sum() == 1


def test_counting_noise_has_a_white_spectrum_of_one() -> None:
    drawn = np.random.default_rng(2).poisson(0.7, (128, 96))
    found = power_spectrum(drawn, np.ones(drawn.shape, np.bool_), float(drawn.sum()))
    assert found.frequency[0] == pytest.approx(1 / 128)
    assert found.frequency[-1] == pytest.approx(0.5)
    assert found.power[4:].mean() == pytest.approx(1.0, abs=0.05)


def test_a_single_pixel_has_the_same_power_at_every_frequency() -> None:
    spike = np.zeros((48, 64))
    spike[10, 20] = 7
    found = power_spectrum(spike, ALL, 7.0)
    assert found.power == pytest.approx(np.full(len(found.power), 7.0), rel=1e-4)


@pytest.mark.parametrize("width", [64, 63])
def test_fringes_of_one_period_are_one_peak(width: int) -> None:
    """1 + cos(2π·x·6/width): |F| is N/2 at two frequencies, however many lie in the ring."""
    x = np.arange(width)
    fringes = np.broadcast_to(1 + np.cos(2 * np.pi * 6 * x / width), (width, width))
    found = power_spectrum(fringes, np.ones(fringes.shape, np.bool_), float(fringes.sum()))
    peak = int(np.argmax(found.power))
    assert found.frequency[peak] == pytest.approx(6 / width)
    total = np.abs(np.fft.fft2(fringes)) ** 2 / fringes.sum()
    fy, fx = np.fft.fftfreq(width)[:, None], np.fft.fftfreq(width)[None]
    ring = np.rint(np.hypot(fy, fx) * width) == 6
    assert found.power[peak] == pytest.approx(total[ring].mean(), rel=1e-4)
    assert found.power[peak] == pytest.approx(2 * (width**2 / 2) ** 2 / width**2 / ring.sum(), rel=1e-4)


def test_gaps_are_in_both_spectra_alike() -> None:
    rate = sphere(n=64, photons=1e5)
    seen = gap_and_stop(64)
    noisy = np.where(seen, rate, np.nan)
    a, b = (power_spectrum(values, seen, 1e5).power for values in (noisy, rate))
    assert a == pytest.approx(b, rel=1e-5)


def test_rings_are_means_of_measured_pixels_and_of_the_others() -> None:
    rate = sphere(n=64, photons=5000).astype(np.float32)
    seen = gap_and_stop(64)
    where = Geometry(1.0, (1e-4, 1e-4), 1000.0)
    found = rings(np.where(seen, 2 * rate, np.nan), rate, seen, (31.5, 31.5), where)
    good = np.isfinite(found.counted)
    assert found.counted[good] == pytest.approx(2 * found.rate[good], rel=1e-5)
    assert np.isnan(found.counted[0])
    assert found.filled[0] == pytest.approx(float(rate[31, 31]), rel=0.02)
    assert found.q_per_nm is not None
    # q ≈ 2π p r / (λ z)
    expected = 2 * np.pi * found.position * 1e-4 / 1.239841984e-9 * 1e-9
    assert found.q_per_nm == pytest.approx(expected, rel=1e-5)
    assert rings(rate, rate, seen, (31.5, 31.5)).q_per_nm is None


def test_the_length_of_a_frequency_is_where_two_points_would_be() -> None:
    where = Geometry(0.5, (3e-4, 3e-4), 1239.841984332)
    length = length_of(np.array([0.1]), where)
    assert length is not None
    assert length[0] == pytest.approx(0.1 * 1e-9 * 0.5 / 3e-4 * 1e9)
    assert length_of(np.array([0.1]), None) is None


def test_pixels_are_counted_by_what_they_rest_on() -> None:
    found = rests_counted(np.array([[0, 0, 1], [3, 3, 3]], np.uint8))
    assert found == {Rests.MEASURED: 2, Rests.MATE: 1, Rests.FILLED: 0, Rests.GUESSED: 3}
