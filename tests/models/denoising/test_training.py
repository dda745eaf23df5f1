"""Data, objective and course of a training of DenoiseNet, on a scale that takes seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.denoising.network import Estimate
from models.denoising.training import validation
from models.denoising.training.exposures import expose, random_mask, with_background
from models.denoising.training.loop import learning_rate
from models.denoising.training.objective import objective
from models.denoising.training.pool import Pool
from models.denoising.training.settings import DenoiseTrainingSettings
from models.denoising.training.train import evaluate, train
from models.errors import BadParameter
from models.progress import drain

TINY = DenoiseTrainingSettings(
    epochs=2, steps_per_epoch=2, pool=8, renewed=4, validation_frames=4, test_frames=4, warmup_steps=1
)


def round_frame() -> np.ndarray:
    y, x = np.mgrid[:64, :64] - 31.5
    frame = np.exp(-np.hypot(y, x) / 6)
    return frame / frame.sum()


def test_exposures_are_counts_of_their_rates():
    settings = replace(TINY, photons_low=500.0, photons_common=500.0, rare=0.0)
    made = expose(round_frame, 200, settings, np.random.default_rng(0))
    assert (made.counts == np.rint(made.counts)).all()
    assert (made.counts[made.measured == 0] == 0).all()
    expected = (made.rate * made.measured).sum((1, 2))
    # Frames whose light is nearly all behind the stop keep less.
    assert np.median(expected) == pytest.approx(500, rel=0.01)
    residual = (made.counts.sum((1, 2)) - expected) / np.sqrt(expected)
    assert abs(residual.mean()) < 0.3
    assert residual.std() == pytest.approx(1, abs=0.2)


def test_the_background_is_smooth_and_a_share():
    frame = with_background(round_frame(), np.random.default_rng(3))
    assert frame.sum() == pytest.approx(1)
    assert frame[0, 0] > round_frame()[0, 0]


def test_masks_leave_something_to_see():
    rng = np.random.default_rng(0)
    shares = [random_mask((64, 64), rng).mean() for _ in range(200)]
    assert min(shares) >= 0.15
    assert np.mean(shares) < 0.95


def test_the_truth_is_the_best_answer():
    rate = torch.from_numpy((200 * round_frame()).astype(np.float32))[None]
    exposed = torch.ones_like(rate, dtype=torch.bool)
    deviation = torch.full_like(rate, -3.0)

    def loss(found: torch.Tensor) -> float:
        return objective(Estimate(found, deviation), exposed, rate, TINY).item()

    assert loss(rate) < min(loss(rate * 1.05), loss(rate * 0.95), loss(rate + 0.01))


def test_deviations_are_those_of_the_errors():
    rate = torch.full((1, 64, 64), 4.0)
    error = 0.1 * torch.randn(rate.shape, generator=torch.Generator().manual_seed(0))
    found = (2 + error) ** 2
    exposed = torch.ones_like(rate, dtype=torch.bool)
    losses = {
        s: objective(Estimate(found, torch.full_like(rate, np.log(s))), exposed, rate, TINY) for s in (0.05, 0.1, 0.2)
    }
    assert min(losses, key=lambda s: losses[s].item()) == 0.1


def test_the_pool_is_drawn_turned_and_whole():
    pool = Pool(TINY)
    for slot in range(TINY.pool):
        pool.render(slot, np.random.default_rng(slot))
    frame = pool.draw(np.random.default_rng(0), 96)
    assert frame.shape == (96, 96)
    assert frame.sum() == pytest.approx(1)
    assert (frame >= 0).all()


def test_figures_against_closed_forms():
    truth = np.full((8, 8), 4.0)
    measured = np.ones((8, 8), bool)
    measured[:2] = False
    rate = np.where(measured, 9.0, 1.0)
    deviation = np.where(measured, 1.5, 0.5).astype(np.float32)
    found = validation.judge(rate, deviation, truth, measured)
    assert found.psnr_dB == pytest.approx(10 * np.log10(4.0))
    assert found.divergence == pytest.approx(48 * (4 * np.log(4 / 9) - 4 + 9))
    assert found.hole_error == pytest.approx(0.5)
    assert (found.covered, found.hole_covered) == (1.0, 0.0)


def test_the_protocol_counts_what_it_says():
    protocol = validation.render(range(2_500_000, 2_500_012), 12, 0)
    made = validation.count(protocol, 1000.0, True, 0)
    assert protocol.frames.shape == (12, 128, 128)
    np.testing.assert_allclose(protocol.frames, protocol.frames[:, ::-1, ::-1], atol=1e-7 * protocol.frames.max())
    assert (made.counts[:, 64, 64] == 0).all()
    assert np.log((made.rate * made.measured).sum((1, 2)) / 1000).std() == pytest.approx(0.3, abs=0.15)


def test_learning_rate_rises_then_falls_to_nothing():
    settings = replace(TINY, warmup_steps=10)
    rates = [learning_rate(step, 100, settings) for step in range(100)]
    assert rates[0] < rates[9]
    assert rates[9] == max(rates)
    assert rates[-1] < 0.01 * settings.learning_rate


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path):
    from models.denoising import weights

    at_once = drain(train(TINY, tmp_path / "a"))
    begun = train(TINY, tmp_path / "b")
    for progress in begun:
        if (tmp_path / "b" / "denoise.checkpoint.safetensors").is_file():
            assert progress.done
            break
    begun.close()
    with pytest.raises(BadParameter, match="other settings"):
        drain(train(replace(TINY, seed=1), tmp_path / "b"))
    gone_on = drain(train(TINY, tmp_path / "b"))
    one, other = (weights.load(path)[0].state_dict() for path in (at_once, gone_on))
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-4, atol=1e-6)
    _, info = weights.load(at_once)
    assert set(info.provenance["metrics"]["test"]) == {
        f"{d:g} photons{h}" for d in validation.DOSES for h in ("", ", holes")
    }


def test_calibration_makes_deviations_cover_what_they_should():
    from models.denoising.network import DenoiseNet
    from models.denoising.training.train import calibrate

    network = DenoiseNet().eval().requires_grad_(False)
    frames = validation.render(range(1_500_000, 1_500_008), 8, 0)
    calibrate(network, frames, 1)
    covered = [of["covered"] for of in evaluate(network, frames, 1).values()]
    assert np.mean(covered) == pytest.approx(0.68, abs=0.05)
