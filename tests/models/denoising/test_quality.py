"""Tests of a result without truth: they pass the truth, and name what is wrong with what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from models.denoising.deviation import halves
from models.denoising.quality import judge, judge_halves, ring_correlation
from models.denoising.registry import make
from models.denoising.settings import GaussianSettings, TotalVariationSettings
from tests.models.denoising.scenes import counts, gap_and_stop, sphere

MIDDLE = (31.5, 31.5)


def test_the_truth_passes_as_often_as_sigmas_say() -> None:
    rate, measured = sphere(photons=3000.0), gap_and_stop()
    half = (rate / 2).astype(np.float32)
    found = []
    for k in range(60):
        a, b = halves(counts(rate, k) * measured, np.random.default_rng(k))
        verdict = judge_halves(a, b, half, half, measured, MIDDLE)
        assert verdict.mates is not None
        found.append([verdict.chi_square.sigmas, verdict.neighbours.sigmas, verdict.mates.sigmas])
    assert np.abs(np.mean(found, axis=0)).max() < 0.6
    assert np.std(found, axis=0).min() > 0.6
    assert np.std(found, axis=0).max() < 1.7


def test_blurring_over_fringes_is_noticed() -> None:
    frame, whole = counts(sphere(photons=20_000.0)), np.ones((64, 64), bool)
    much = judge(frame, whole, make("gaussian", GaussianSettings(sigma_px=4.0, splits=0)), MIDDLE)
    assert much is not None
    assert not much.sound
    assert much.chi_square.value > 1.5
    assert much.neighbours.sigmas > 4
    assert much.sentences[0].startswith("more than counting noise was removed")
    fair = judge(frame, whole, make("tv", TotalVariationSettings(splits=0)), MIDDLE)
    assert fair is not None
    assert fair.chi_square.value < much.chi_square.value
    assert abs(fair.neighbours.sigmas) < abs(much.neighbours.sigmas)


def test_averaging_mates_that_differ_is_noticed() -> None:
    rate = sphere(photons=20_000.0) * (1 + 0.5 * np.tanh((np.arange(64) - 31.5) / 8))
    frame, whole = counts(rate), np.ones((64, 64), bool)
    forced = judge(frame, whole, make("tv", TotalVariationSettings(friedel="on", splits=0)), MIDDLE)
    assert forced is not None
    assert any("mates were averaged that differ" in words for words in forced.sentences)
    free = judge(frame, whole, make("tv", TotalVariationSettings(friedel="off", splits=0)), MIDDLE)
    assert free is not None
    assert not any("mates were averaged" in words for words in free.sentences)


def test_leaving_the_noise_in_is_no_fault_but_is_said() -> None:
    frame, whole = counts(np.full((64, 64), 2.0)), np.ones((64, 64), bool)
    a, b = halves(frame, np.random.default_rng(0))
    verdict = judge_halves(a, b, a, b, whole, MIDDLE)
    assert verdict.kept_noise == pytest.approx(1, abs=0.1)
    assert verdict.chi_square.passed


def test_the_photons_show_fringes_and_noise_shows_none() -> None:
    whole = np.ones((64, 64), bool)
    a, b = halves(counts(sphere(photons=20_000.0)), np.random.default_rng(0))
    fringes = ring_correlation(a, b, whole)
    assert fringes.finest_px is not None
    assert 64 / 12 * 0.95 < fringes.finest_px < 64 / 12 * 1.4  # it fades towards the finest fringes
    a, b = halves(counts(np.full((64, 64), 0.5)), np.random.default_rng(0))
    noise = ring_correlation(a, b, whole)
    assert noise.finest_px is None or noise.finest_px > 20
    same = ring_correlation(a, a, whole)
    np.testing.assert_allclose(same.correlation, 1, rtol=1e-6)


def test_too_few_photons_cannot_be_judged() -> None:
    assert judge(np.eye(8), np.ones((8, 8), bool), make("gaussian")) is None
