"""Friedel's network as users meet it: what it makes of frames, and when it says that it is out of its depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.denoising.learned import binning
from models.denoising.registry import make
from models.denoising.settings import NetworkSettings, TotalVariationSettings
from models.denoising.types import Denoised
from models.errors import BadWeights
from tests.models.denoising.scenes import counts, gap_and_stop, sphere

MIDDLE = (31.5, 31.5)
WHOLE = np.ones((64, 64), bool)


def found(frame: np.ndarray, measured: np.ndarray = WHOLE, friedel: str = "on") -> Denoised:
    centre = ((frame.shape[0] - 1) / 2, (frame.shape[1] - 1) / 2)
    return make("network", NetworkSettings(friedel=friedel)).predict(frame, measured, centre)


def miss(rate: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    return float(((np.sqrt(rate) - np.sqrt(truth)) ** 2)[where].sum())


@pytest.mark.parametrize("photons", [100.0, 1_000.0, 10_000.0])
def test_it_beats_total_variation_at_every_dose(photons: float) -> None:
    rate = sphere(photons=photons)
    frame = counts(rate)
    other = make("tv", TotalVariationSettings(friedel="on", splits=0)).predict(frame, WHOLE, MIDDLE)
    assert miss(found(frame).rate, rate, WHOLE) < 0.7 * miss(other.rate, rate, WHOLE)


def test_the_truth_lies_within_the_stated_deviation_as_often_as_it_should() -> None:
    shares = []
    for seed in range(6):
        rate, measured = sphere(photons=2_000.0), gap_and_stop()
        made = found(counts(rate, seed), measured)
        light = np.sqrt(rate)
        for where in (measured, ~measured):
            shares.append(((np.abs(made.rate - rate) <= made.deviation) * light)[where].sum() / light[where].sum())
    assert 0.5 < np.mean(shares[::2]) < 0.9
    assert 0.4 < np.mean(shares[1::2]) < 0.95


def test_even_light_stays_even() -> None:
    made = found(np.random.default_rng(0).poisson(0.5, (64, 64)))
    assert (made.rate / 0.5).std() < 0.08  # that of the counts is 1.4
    assert (np.abs(made.rate - 0.5) < 4 * made.deviation).all()


@pytest.mark.parametrize(("photons", "share"), [(1e6, 0.7), (1e8, 1.1)])
def test_beyond_its_training_it_goes_over_into_the_counts(photons: float, share: float) -> None:
    rate = sphere(photons=photons)
    frame = counts(rate)
    made = found(frame)
    assert miss(made.rate, rate, WHOLE) < share * miss((frame + frame[::-1, ::-1]) / 2, rate, WHOLE)
    bright = rate > 1e-4 * rate.max()
    np.testing.assert_allclose(made.rate[bright], rate[bright], rtol=8 / np.sqrt(rate[bright].min()))


def test_a_beam_off_the_frame_is_no_obstacle() -> None:
    rate = sphere(photons=2_000.0, centre=(-20.0, 70.0)) + 0.05
    frame = counts(rate)
    near = make("network").predict(frame, WHOLE, (-20.0, 70.0))
    assert miss(near.rate, rate, WHOLE) < 0.3 * miss(frame.astype(float), rate, WHOLE)
    far = make("network").predict(frame, WHOLE, (-2e7, 1e9))
    assert np.isfinite(far.rate).all()


def test_wide_speckles_are_summed_to_the_size_the_network_knows() -> None:
    assert binning(None, 16.0, 100.0) == binning(15.9, 16.0, 100.0) == 1
    assert binning(17.0, 16.0, 100.0) == 2
    assert binning(40.0, 16.0, 100.0) == 4
    assert binning(40.0, 16.0, 1e6) == 2
    fine, photons = sphere(photons=1.0), 3_000.0
    wide = np.kron(fine, np.full((4, 4), 1 / 16))
    # Blocks of four are no physics; a smooth version of them is.
    from scipy.ndimage import zoom

    wide = np.clip(zoom(fine, 4, order=3, grid_mode=True, mode="nearest"), 0, None)
    wide *= photons / wide.sum()
    frame = counts(wide)
    made = found(frame, np.ones(frame.shape, bool))
    assert made.speckle_px is not None
    assert made.speckle_px > 20
    every = np.ones(frame.shape, bool)
    other = make("tv", TotalVariationSettings(friedel="on", splits=0)).predict(frame, every, (127.5, 127.5))
    assert miss(made.rate, wide, every) < 0.3 * miss(other.rate, wide, every)
    assert made.rate.sum() == pytest.approx(frame.sum(), rel=1e-4)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (counts(sphere(photons=1e8)), "trained on at most 1e+06"),
        (counts(sphere(photons=20.0)), "trained on at least 50"),
        (counts(sphere(photons=5_000.0)) * 17, "multiple of 17"),
        (np.log1p(counts(sphere(photons=5_000.0))), "look like log(1 + counts)"),
        (counts(sphere(photons=5_000.0)) * 23.7 + 3.2, "not whole numbers"),
    ],
)
def test_it_says_when_a_frame_is_unlike_its_training(frame: np.ndarray, words: str) -> None:
    assert any(words in warning for warning in found(frame).warnings), found(frame).warnings


def test_holes_wider_than_in_training_are_named() -> None:
    frame = counts(sphere(photons=5_000.0))
    y, x = np.mgrid[:64, :64] - 31.5
    wide = np.hypot(y, x) > 13
    assert any("a hole of 2" in warning for warning in found(frame, wide).warnings)
    few = np.random.default_rng(0).random((64, 64)) < 0.05
    few &= few[::-1, ::-1]
    assert any("% of the pixels are measured" in warning for warning in found(frame, few).warnings)
    assert found(frame, gap_and_stop()).warnings == found(frame).warnings == ()


def test_other_weights_are_taken_and_named(tmp_path: Path) -> None:
    from models.denoising import weights
    from models.denoising.network import DenoiseNet

    weights.save(DenoiseNet(), tmp_path / "mine.safetensors", {})
    frame = counts(sphere(photons=2_000.0))
    made = make("network", NetworkSettings(weights=str(tmp_path / "mine.safetensors"))).predict(frame, WHOLE, MIDDLE)
    assert made.parameters["weights"].endswith("mine.safetensors")
    assert any("without a description" in warning for warning in made.warnings)
    assert not np.array_equal(made.rate, found(frame, friedel="auto").rate)
    with pytest.raises(BadWeights, match="there is no weight file"):
        make("network", NetworkSettings(weights="elsewhere.safetensors")).predict(frame, WHOLE, MIDDLE)
