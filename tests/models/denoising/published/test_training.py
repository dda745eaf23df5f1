"""Trainings of the published networks, on a scale that takes seconds."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from models.denoising.published import partial_unet, restoring_unet, weights
from models.denoising.training import loop, validation
from models.denoising.training.published import train_partial_unet, train_restoring_unet
from models.denoising.training.settings import PartialUNetTrainingSettings, RestoringUNetTrainingSettings
from models.errors import BadParameter
from models.progress import drain
from tests.models.denoising.scenes import counts, sphere

SMALL = {
    partial_unet: partial_unet.PartialUNet(partial_unet.PartialUNetConfig((4, 6, 8), (5, 3, 3))),
    restoring_unet: restoring_unet.RestoringUNet(restoring_unet.RestoringUNetConfig((4, 6, 8))),
}


@pytest.mark.parametrize("module", SMALL)
def test_steps_lower_the_loss(module):
    torch.manual_seed(0)
    network = SMALL[module]
    rates = np.stack([sphere(32, d, p) for d in (6.0, 9.0) for p in (200.0, 3000.0)])
    rate = torch.from_numpy(rates).float()
    seen = torch.ones_like(rate)
    seen[:, 14:17] = 0
    light = torch.from_numpy(np.stack([counts(r) for r in rates])) * seen
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(30):
        loss = module.loss(network, light, seen, rate)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.7 * losses[0]


@pytest.mark.parametrize(
    ("name", "train", "settings"),
    [
        (weights.PARTIAL_UNET, train_partial_unet, PartialUNetTrainingSettings()),
        (weights.RESTORING_UNET, train_restoring_unet, RestoringUNetTrainingSettings()),
    ],
)
def test_a_training_taken_up_again_ends_as_if_it_had_not_been_left(name, train, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_BATCH", dict.fromkeys(loop._BATCH, 2))
    monkeypatch.setattr(validation, "render", partial(validation.render, side_px=48))
    tiny = replace(settings, epochs=2, steps_per_epoch=2, pool=8, renewed=4, validation_frames=4, test_frames=4)
    at_once = drain(train(tiny, tmp_path / "at_once"))
    begun = train(tiny, tmp_path)
    for _ in begun:
        if (tmp_path / f"{name}.checkpoint.safetensors").is_file():
            break
    begun.close()
    with pytest.raises(BadParameter, match="other settings"):
        drain(train(replace(tiny, seed=1), tmp_path))
    path = drain(train(tiny, tmp_path))
    network, info = weights.load(name, path)
    assert not network.training
    whole = weights.load(name, at_once)[0].state_dict()
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, whole[key], rtol=1e-4, atol=1e-6)
    assert info.provenance["data"]["frames"] == 8
    assert info.provenance["made_by"] == f"friedel train {name}"
    figures = info.provenance["metrics"]["test"]["1000 photons"]
    assert figures["worst_psnr_dB"] <= figures["psnr_dB"]
    assert "covered" not in figures  # these networks say no deviations
    assert set(info.provenance["metrics"]["validation"]) == {
        validation.key(d, masked=m) for d in validation.DOSES for m in (False, True)
    }
