"""Denoised rates as amplitudes: what is fitted, what is not, and that nothing held out is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.denoising.settings import TotalVariationSettings
from models.errors import BadParameter
from models.phasing.denoised import denoiser_named, denoiser_words, inputs
from models.phasing.quality import held_out_pixels
from models.phasing.reconstruct import reconstruct
from models.phasing.settings import INPUTS, PhasingSettings
from models.phasing.starts import Change, run_starts
from models.progress import drain
from tests.models.patterns.make import intensities, photon_pattern, speckle_object

PATTERN = photon_pattern(n=48, width=12, photons=3e4, stop=2)
HELD_OUT = held_out_pixels(PATTERN, 0.05, 0)
OTHERS = INPUTS[1:]
SETTINGS = PhasingSettings(schedule="20 RAAR + SW + 10 ER", starts=2, refine_iterations=10, denoiser="gaussian")


def test_counts_are_fitted_as_they_are_unless_something_else_is_asked_for():
    made = inputs(PATTERN, PhasingSettings(), HELD_OUT)
    assert made.counted is made.starts is made.refinement is PATTERN
    assert made.warnings == ()


@pytest.mark.parametrize("kind", ["denoised", "bounded"])
def test_amplitudes_come_nearer_to_the_true_ones(kind):
    # Wide speckles, which hardly a blur of one pixel can harm.
    truth = np.sqrt(intensities(speckle_object(48, 5), 3e3))
    pattern = photon_pattern(n=48, width=5, photons=3e3)
    made = inputs(pattern, replace(SETTINGS, input=kind, denoiser="gaussian sigma_px=1"), None)

    def misfit(intensity):
        return np.square(np.sqrt(intensity) - truth).sum()

    assert misfit(made.starts.intensity) < 0.7 * misfit(pattern.intensity)


@pytest.mark.parametrize("kind", OTHERS)
def test_what_was_counted_in_held_out_pixels_changes_no_amplitude(kind):
    other = PATTERN.intensity.copy()
    other[HELD_OUT] = np.random.default_rng(1).permutation(1000 * other[HELD_OUT] + 5)
    settings = replace(SETTINGS, input=kind)
    made = [
        inputs(replace(PATTERN, intensity=counts), settings, HELD_OUT).starts.intensity
        for counts in (PATTERN.intensity, other)
    ]
    np.testing.assert_array_equal(made[0][~HELD_OUT], made[1][~HELD_OUT])
    # They are judged by their counts.
    np.testing.assert_array_equal(made[1][HELD_OUT], other[HELD_OUT])
    assert not np.array_equal(made[0][~HELD_OUT], PATTERN.intensity[~HELD_OUT])


def test_pixels_that_were_not_measured_stay_so():
    for pattern in (inputs(PATTERN, replace(SETTINGS, input="denoised"), HELD_OUT).starts, PATTERN):
        np.testing.assert_array_equal(pattern.measured, PATTERN.measured)
        assert not pattern.intensity[~pattern.measured].any()


def test_bounded_amplitudes_go_part_of_the_way_and_no_farther_than_the_bound():
    def moved(**settings):
        made = inputs(PATTERN, replace(SETTINGS, **settings), None).starts
        return (np.sqrt(made.intensity) - np.sqrt(PATTERN.intensity))[PATTERN.measured]

    all_the_way = moved(input="denoised")
    half = moved(input="bounded", denoised_share=0.5, bound_sigma=10)
    np.testing.assert_allclose(half, 0.5 * all_the_way, atol=1e-3)
    bounded = moved(input="bounded", denoised_share=0.5, bound_sigma=0.5)
    np.testing.assert_allclose(bounded, np.clip(half, -0.25, 0.25), atol=1e-3)
    assert np.ptp(half) > 1  # the bound did something
    assert not moved(input="bounded", denoised_share=0).any()


@pytest.mark.parametrize("kind", ["denoised", "bounded"])
def test_rates_first_end_with_counts(kind):
    first = inputs(PATTERN, replace(SETTINGS, input=f"{kind}-first"), HELD_OUT)
    assert first.refinement is PATTERN
    throughout = inputs(PATTERN, replace(SETTINGS, input=kind), HELD_OUT)
    np.testing.assert_array_equal(first.starts.intensity, throughout.starts.intensity)
    assert not np.array_equal(throughout.refinement.intensity, PATTERN.intensity)


@pytest.mark.parametrize("kind", OTHERS)
def test_the_result_says_what_was_fitted_and_is_judged_by_counts(kind):
    settings = replace(SETTINGS, input=kind, denoiser="gaussian sigma_px=0.8")
    result = drain(run_starts(PATTERN, settings, workers=0))
    np.testing.assert_array_equal(result.pattern.intensity, PATTERN.intensity)
    step = result.pattern.steps[-1]
    assert step.name == "denoising"
    assert step.values["method"] == "gaussian"
    assert step.values["parameters"]["sigma_px"] == 0.8
    assert result.settings["input"] == kind
    assert any("only counts were fitted" in said and "Gaussian blur" in said for said in result.trust.warnings)


def test_the_free_log_likelihood_is_that_of_the_counts():
    from models.phasing.quality import free_log_likelihood
    from models.phasing.quality.transform import to_fourier

    settings = replace(SETTINGS, input="denoised", refine_iterations=0)
    result = drain(run_starts(PATTERN, settings, workers=0))
    best = result.starts[0]
    expected = free_log_likelihood(np.abs(to_fourier(best.object)), PATTERN, result.held_out)
    assert best.free_log_likelihood == pytest.approx(expected, rel=1e-3)


def test_the_input_cannot_be_changed_on_the_way():
    work = run_starts(PATTERN, replace(SETTINGS, input="denoised"), workers=0)
    next(work)
    work.send(Change(replace(SETTINGS, input="raw", beta=0.8)))
    assert drain(work).changes[0][1]["input"] == "denoised"


def test_one_start_alone_is_fitted_to_the_same():
    runs = [drain(reconstruct(PATTERN, replace(SETTINGS, input=kind))) for kind in ("raw", "denoised")]
    assert not np.allclose(runs[0].object, runs[1].object)


def test_words_of_a_denoiser_come_back_as_they_were_said():
    for words in ("tv", "tv weight=0.7", "low-pass speckle_px=auto", "gaussian friedel=off sigma_px=2"):
        name, parameters = denoiser_named(words)
        assert denoiser_named(denoiser_words(name, parameters)) == (name, parameters)
    assert denoiser_words("tv", TotalVariationSettings(weight=0.7)) == "tv weight=0.7"
    assert denoiser_named("")[0]


@pytest.mark.parametrize("words", ["nothing", "tv nothing=1", "tv weight", "tv weight=much", "tv weight=1000"])
def test_words_that_say_nothing_are_refused(words):
    with pytest.raises(BadParameter):
        denoiser_named(words)


def test_volumes_and_other_units_are_refused():
    settings = replace(SETTINGS, input="denoised")
    with pytest.raises(BadParameter, match="not to be had"):
        inputs(replace(PATTERN, unit="arbitrary"), settings, HELD_OUT)
    volume = replace(PATTERN, intensity=np.ones((8, 8, 8), np.float32), measured=np.ones((8, 8, 8), bool))
    with pytest.raises(BadParameter, match="images only"):
        inputs(volume, settings, None)
