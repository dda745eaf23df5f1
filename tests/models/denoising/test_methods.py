"""What every method keeps, whatever it is given; and what each is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.denoising.registry import DEFAULT, METHODS, make, method
from models.denoising.settings import GaussianSettings, TotalVariationSettings
from models.denoising.types import Denoised, Rests
from models.errors import BadParameter, BadPattern
from models.parameters import describe
from tests.models.denoising.scenes import counts, gap_and_stop, sphere

MIDDLE = (31.5, 31.5)


def denoised(name: str, frame: np.ndarray, measured: np.ndarray, **more: object) -> Denoised:
    plain = method(name).parameters()
    if hasattr(plain, "splits"):
        more = {"splits": 0, **more}
    return make(name, replace(plain, **more)).predict(frame, measured, MIDDLE)


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), photons=st.sampled_from([30.0, 1000.0, 50_000.0]), masked=st.booleans())
def test_photons_are_conserved_and_rates_are_rates(name: str, seed: int, photons: float, masked: bool) -> None:
    measured = gap_and_stop() if masked else np.ones((64, 64), bool)
    frame = counts(sphere(photons=photons), seed)
    found = denoised(name, frame, measured)
    assert found.rate.dtype == np.float32
    assert found.rate.shape == frame.shape
    assert np.isfinite(found.rate).all()
    assert found.rate.min() >= 0
    assert found.rate[measured].sum() == pytest.approx(frame[measured].sum(), rel=1e-4)
    assert (found.validity == Rests.MEASURED)[measured].all()
    assert not (found.validity == Rests.MEASURED)[~measured].any()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("friedel", ["on", "off"])
def test_what_masked_pixels_hold_changes_nothing(name: str, friedel: str) -> None:
    frame, measured = counts(sphere(photons=3000.0)), gap_and_stop()
    found = denoised(name, frame, measured, friedel=friedel)
    rubbish = frame.astype(np.float64)
    rubbish[~measured] = np.resize([np.nan, np.inf, -7, 1e9], (~measured).sum())
    for mask in (measured, measured.astype(np.uint8) * 255, measured.astype(np.int32)):
        again = denoised(name, rubbish, mask, friedel=friedel)
        np.testing.assert_array_equal(again.rate, found.rate)
        np.testing.assert_array_equal(again.validity, found.validity)
        assert again.warnings == found.warnings


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("friedel", ["on", "off", "auto"])
def test_padding_a_frame_changes_nothing(name: str, friedel: str) -> None:
    frame, measured = counts(sphere(photons=3000.0)), gap_and_stop()
    more = {"splits": 1} if hasattr(method(name).parameters, "splits") else {}
    settings_ = replace(method(name).parameters(), friedel=friedel, **more)
    found = make(name, settings_).predict(frame, measured, MIDDLE)
    pads = ((3, 10), (17, 4))
    padded, mask = np.pad(frame, pads, constant_values=99), np.pad(measured, pads)
    again = make(name, settings_).predict(padded, mask, (MIDDLE[0] + 3, MIDDLE[1] + 17))
    inner = np.s_[3:67, 17:81]
    np.testing.assert_allclose(again.rate[inner], found.rate, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(again.deviation[inner], found.deviation, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(again.validity[inner], found.validity)
    assert again.notes == found.notes or friedel == "auto"


@pytest.mark.parametrize("name", METHODS)
def test_a_blank_stays_blank(name: str) -> None:
    measured = gap_and_stop()
    found = make(name).predict(np.zeros((64, 64), np.uint16), measured, MIDDLE)
    assert (found.rate == 0).all()
    assert found.deviation[measured] == pytest.approx(1 / measured.sum())
    assert found.speckle_px is None
    assert (found.validity[~measured] >= Rests.MATE).all()
    assert not (found.validity == Rests.FILLED).any()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("friedel", ["on", "off"])
def test_a_single_photon_is_not_lost(name: str, friedel: str) -> None:
    frame = np.zeros((64, 64))
    frame[20, 40] = 1
    assert denoised(name, frame, gap_and_stop(), friedel=friedel).rate[gap_and_stop()].sum() == pytest.approx(
        1, rel=1e-3
    )


def test_nothing_measured_is_said_and_not_invented() -> None:
    found = make(DEFAULT).predict(np.ones((16, 16)), np.zeros((16, 16), bool))
    assert "no pixel is measured" in found.warnings[0]
    assert (found.rate == 0).all()
    assert np.isinf(found.deviation).all()


@pytest.mark.parametrize("name", ["network", "tv", "gaussian", "radial", "nlm"])
def test_denoising_brings_a_frame_nearer_to_its_rates(name: str) -> None:
    rate = sphere(photons=3000.0)
    frame = counts(rate)
    found = denoised(name, frame, np.ones((64, 64), bool))

    def miss(of: np.ndarray) -> float:
        return float(((np.sqrt(of) - np.sqrt(rate)) ** 2).sum())

    assert miss(found.rate) < 0.55 * miss(frame)


def test_a_gaussian_leaves_even_light_even_holes_included() -> None:
    found = denoised("gaussian", np.full((64, 64), 5), gap_and_stop(), sigma_px=2.0, friedel="off")
    np.testing.assert_allclose(found.rate, 5, rtol=1e-4)


def test_the_gaussian_is_the_gaussian() -> None:
    frame = np.zeros((65, 65))
    frame[32, 32] = 1000
    found = make("gaussian", GaussianSettings(friedel="off", sigma_px=2.0, splits=0)).predict(
        frame, np.ones((65, 65), bool)
    )
    y, x = np.mgrid[:65, :65] - 32
    want = 1000 / (2 * np.pi * 4) * np.exp(-(y**2 + x**2) / 8)
    np.testing.assert_allclose(found.rate, want, atol=0.002 * want.max())


def test_the_radial_mean_is_that_of_rings() -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    ring = np.rint(np.hypot(y, x))
    frame = counts(sphere(photons=3000.0))
    found = denoised("radial", frame, np.ones((64, 64), bool))
    centre = found.rate[31, 36:60]
    means = [frame[ring == k].mean() for k in range(1, 32)]
    want = np.interp(np.hypot(0.5, np.arange(36, 60) - 31.5), range(1, 32), means)
    np.testing.assert_allclose(centre / centre.sum(), want / want.sum(), rtol=1e-4)


def test_the_low_pass_removes_what_is_finer_than_the_fringes() -> None:
    frame = counts(sphere(photons=20_000.0))
    found = denoised("low-pass", frame, np.ones((64, 64), bool), speckle_px=4.0, friedel="off")
    spectrum = np.abs(np.fft.fft2(found.rate))
    finer = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64))) > 0.3
    before = np.abs(np.fft.fft2(frame))
    assert (spectrum[finer] ** 2).mean() < 0.2 * (before[finer] ** 2).mean()


def test_mates_fill_gaps_and_are_named_so() -> None:
    frame = counts(sphere(photons=50_000.0))
    measured = np.ones((64, 64), bool)
    measured[20:24] = False
    found = denoised("friedel", frame, measured, friedel="on")

    assert (found.validity[20:24] == Rests.MATE).all()
    np.testing.assert_allclose(found.rate[20:24], found.rate[40:44][::-1, ::-1], rtol=1e-5)

    off = denoised("friedel", frame, measured, friedel="off")
    assert not (off.validity == Rests.MATE).any()


def test_auto_says_what_it_did() -> None:
    whole = np.ones((64, 64), bool)
    rate = sphere(photons=20_000.0)
    fair = denoised("tv", counts(rate), whole)
    assert any("were averaged: nothing" in words for words in fair.notes)
    np.testing.assert_allclose(fair.rate, fair.rate[::-1, ::-1], rtol=1e-5)
    x = np.arange(64) - 31.5
    skewed = denoised("tv", counts(rate * (1 + 0.5 * np.tanh(x / 8))), whole)
    assert any("were not averaged: they differ by" in words for words in skewed.notes)
    dark = np.zeros((64, 64))
    dark[3, 3] = 1
    assert any("too few photons" in words for words in denoised("tv", dark, whole).notes)


def test_the_beam_is_found_where_it_is_not_given() -> None:
    frame = counts(sphere(photons=3000.0, centre=(28.0, 35.5)))
    found = make("tv", TotalVariationSettings(splits=0)).predict(frame, np.ones((64, 64), bool))
    assert found.centre_px == pytest.approx((28.0, 35.5), abs=0.5)
    assert any("found by symmetry" in words for words in found.notes)
    unsaid = make("tv", TotalVariationSettings(splits=0)).predict(frame, np.ones((64, 64), bool), (np.nan, np.nan))
    assert unsaid.centre_px == found.centre_px
    lost = make("tv", TotalVariationSettings(splits=0)).predict(np.zeros((64, 64)), np.ones((64, 64), bool))
    assert any("beam is not known" in words for words in lost.warnings)
    assert lost.centre_px is None  # the middle was not used, and nobody is to take it for the beam
    used = make("tv", TotalVariationSettings(friedel="on", splits=0)).predict(
        np.zeros((64, 64)), np.ones((64, 64), bool)
    )
    assert used.centre_px == (31.5, 31.5)


def test_marks_that_are_no_counts_are_taken_as_not_measured() -> None:
    frame = counts(sphere(photons=3000.0)).astype(np.float32)
    frame[30, 20], frame[31, 20] = 1e30, np.finfo(np.float32).max
    mask = np.ones((64, 64), bool)
    found = make("tv").predict(frame, mask)
    assert any(words.startswith("2 measured pixels hold numbers above") for words in found.warnings)
    mask[30:32, 20] = False
    np.testing.assert_array_equal(found.rate, make("tv").predict(frame, mask).rate)


@pytest.mark.parametrize("centre", [(-900.0, 31.5), (31.5, 5000.0)])
def test_a_beam_far_off_the_frame_has_no_mates(centre: tuple[float, float]) -> None:
    found = make("tv").predict(counts(sphere()), np.ones((64, 64), bool), centre)
    assert any("no pixel's mate is on the detector" in words for words in found.notes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda n: n * 0.37, "not whole numbers"),
        (lambda n: n * 17, "multiple of 17"),
        (lambda n: n - 1, "below 0"),
        (np.log1p, "look like log(1 + counts)"),
        (lambda n: np.log10(1 + n), "look like log10(1 + counts)"),
        (np.sqrt, "look like √counts"),
    ],
)
def test_what_is_no_count_is_noticed(change: object, words: str) -> None:
    frame = change(counts(sphere(photons=20_000.0)).astype(float))  # type: ignore[operator]
    found = denoised("gaussian", frame, np.ones((64, 64), bool))
    assert any(words in warning for warning in found.warnings), found.warnings


def test_counts_raise_no_warning() -> None:
    for kind in (np.uint8, np.int32, np.float64):
        assert denoised("tv", counts(sphere()).astype(kind), gap_and_stop()).warnings == ()


def test_what_is_no_frame_is_refused() -> None:
    for frame, mask in ((np.zeros((4, 4, 4)), np.ones((4, 4, 4))), (np.zeros((4, 5)), np.ones((5, 4)))):
        with pytest.raises(BadPattern, match="cannot be denoised"):
            make(DEFAULT).predict(frame, mask)
    with pytest.raises(BadPattern, match="type complex"):
        make(DEFAULT).predict(np.zeros((4, 4), complex), np.ones((4, 4)))


def test_every_method_says_what_it_is() -> None:
    for name, info in METHODS.items():
        assert info.name == name
        assert info.when.endswith(".")
        assert describe(info.parameters)
    with pytest.raises(BadParameter, match="there is no method 'x'"):
        make("x")
    with pytest.raises(BadParameter, match="are no parameters"):
        make("tv", GaussianSettings())
    with pytest.raises(BadParameter, match="weight is 0"):
        make("tv", TotalVariationSettings(weight=0.0))
