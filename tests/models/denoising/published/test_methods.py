"""The published networks as methods, with weights nobody trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.denoising.published import methods, weights
from models.denoising.published.partial_unet import PartialUNet, PartialUNetConfig
from models.denoising.published.restoring_unet import RestoringUNet, RestoringUNetConfig
from models.denoising.published.settings import PartialUNetSettings, RestoringUNetSettings
from models.denoising.types import Rests
from models.errors import BadWeights
from tests.models.denoising.scenes import counts, gap_and_stop, sphere

SETTINGS = {"photons_low": 50.0, "photons_high": 1e6, "diameter_low_nm": 80.0, "diameter_high_nm": 460.0}


@pytest.fixture(params=[weights.PARTIAL_UNET, weights.RESTORING_UNET])
def method(request, tmp_path):
    """A method with random weights, given its settings' changes."""
    torch.manual_seed(3)
    path = tmp_path / "mine.safetensors"
    if request.param == weights.PARTIAL_UNET:
        weights.save(PartialUNet(PartialUNetConfig((4, 6, 8), (5, 3, 3))), path, {"settings": SETTINGS})
        return lambda **set_: methods.partial_unet(PartialUNetSettings(weights=str(path), **set_))
    weights.save(RestoringUNet(RestoringUNetConfig((4, 6, 8))), path, {"settings": SETTINGS})
    return lambda **set_: methods.restoring_unet(RestoringUNetSettings(weights=str(path), **set_))


@pytest.mark.parametrize("friedel", ["off", "on"])
def test_a_denoised_frame_holds_its_photons(method, friedel):
    measured = gap_and_stop()
    light = counts(sphere()) * measured
    found = method(friedel=friedel).predict(light, measured, (31.5, 31.5))
    assert found.rate.shape == (64, 64)
    assert (found.rate >= 0).all()
    assert found.rate[measured].sum() == pytest.approx(light.sum(), rel=1e-4)
    assert np.isfinite(found.deviation).all()
    assert (found.deviation >= 0).all()
    assert (found.deviation[found.rate > 0] > 0).mean() > 0.9
    assert (found.validity[measured] == Rests.MEASURED).all()
    assert (found.validity[~measured] != Rests.MEASURED).all()
    if friedel == "on":
        np.testing.assert_allclose(found.rate, found.rate[::-1, ::-1], rtol=1e-3, atol=1e-5)


def test_no_deviation_where_none_is_asked_for(method):
    found = method(splits=0).predict(counts(sphere()), np.ones((64, 64), bool), (31.5, 31.5))
    assert np.isnan(found.deviation).all()


def test_what_hidden_pixels_hold_does_not_matter(method):
    measured = gap_and_stop()
    light = counts(sphere())
    one = method().predict(light, measured, (31.5, 31.5))
    other = method().predict(np.where(measured, light, np.nan), measured, (31.5, 31.5))
    np.testing.assert_array_equal(one.rate, other.rate)
    np.testing.assert_array_equal(one.deviation, other.deviation)


def test_marks_of_masks_and_kinds_of_numbers_do_not_matter(method):
    measured = gap_and_stop()
    light = counts(sphere())
    one = method().predict(light, measured, (31.5, 31.5))
    other = method().predict(light.astype(np.uint16), measured.astype(np.uint8) * 255, (31.5, 31.5))
    np.testing.assert_array_equal(one.rate, other.rate)


def test_pixels_around_a_frame_that_were_not_measured_change_nothing(method):
    light, measured = counts(sphere()), np.ones((64, 64), bool)
    one = method(splits=0).predict(light, measured, (31.5, 31.5))
    rim = ((5, 8), (11, 2))
    other = method(splits=0).predict(np.pad(light, rim), np.pad(measured, rim), (36.5, 42.5))
    np.testing.assert_allclose(other.rate[5:69, 11:75], one.rate, rtol=1e-4, atol=1e-6)


def test_a_beam_beside_the_middle_is_brought_there(method):
    light, measured = counts(sphere(centre=(24.0, 40.0))), np.ones((64, 64), bool)
    found = method(splits=0).predict(light, measured, (24.0, 40.0))
    assert found.rate.sum() == pytest.approx(light.sum(), rel=1e-4)
    assert not any("far beside" in words for words in found.warnings)


def test_a_beam_far_off_the_frame_costs_no_memory_and_is_named(tmp_path):
    path = tmp_path / "mine.safetensors"
    weights.save(PartialUNet(PartialUNetConfig((4, 6, 8), (5, 3, 3))), path, {"settings": SETTINGS})
    one = methods.partial_unet(PartialUNetSettings(weights=str(path), splits=0))
    found = one.predict(counts(sphere()), np.ones((64, 64), bool), (1e5, 31.5))
    assert any("far beside" in words for words in found.warnings)


def test_frames_unlike_the_training_are_named(method):
    bright = method(splits=0).predict(counts(sphere(photons=5e6)), np.ones((64, 64), bool), (31.5, 31.5))
    assert any("photons" in words for words in bright.warnings)
    usual = method(splits=0).predict(counts(sphere(photons=5e3)), np.ones((64, 64), bool), (31.5, 31.5))
    assert not any("trained" in words for words in usual.warnings)


def test_sizes_and_numbers_survive_the_journey_through_a_file(tmp_path):
    torch.manual_seed(0)
    light, measured = torch.from_numpy(counts(sphere()))[None], torch.ones(1, 64, 64)
    for name, network in (
        (weights.PARTIAL_UNET, PartialUNet(PartialUNetConfig((4, 6), (3, 3)))),
        (weights.RESTORING_UNET, RestoringUNet(RestoringUNetConfig((4, 6)))),
    ):
        network.train()(light, measured) if name == weights.PARTIAL_UNET else None  # norms that are not as new
        network.eval().requires_grad_(False)
        path = tmp_path / f"{name}.safetensors"
        weights.save(network, path, {})
        back, info = weights.load(name, path)
        assert back.config == network.config
        assert info.digest == info.provenance["digest"]
        torch.testing.assert_close(back.rate(light, measured), network.rate(light, measured), rtol=1e-4, atol=1e-6)


def test_weights_of_the_other_network_are_refused(tmp_path):
    path = tmp_path / "mine.safetensors"
    weights.save(PartialUNet(PartialUNetConfig((4, 6), (3, 3))), path, {})
    settings = RestoringUNetSettings(weights=str(path))
    with pytest.raises(BadWeights, match="not made for this network"):
        methods.restoring_unet(settings).predict(np.ones((8, 8)), np.ones((8, 8), bool))
    with pytest.raises(BadWeights, match="no weight file"):
        methods.restoring_unet(replace(settings, weights="none.safetensors")).predict(
            np.ones((8, 8)), np.ones((8, 8), bool)
        )
