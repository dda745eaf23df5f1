"""An adaptation from beginning to end, with a network that takes milliseconds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.denoising import weights
from models.denoising.adapt import likelihood
from models.denoising.adapt.adapt import _recalibrate, _verdict, adapt
from models.denoising.adapt.likelihood import Comparison, Judged, loss
from models.denoising.adapt.settings import DenoiseAdaptSettings
from models.denoising.network import DenoiseConfig, DenoiseNet
from models.errors import BadParameter
from models.progress import drain
from tests.models.denoising.adapt.runs import CountedRun, counted, middle, small_weights, striped

SHAPE = (32, 32)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def quick(tmp_path: Path) -> DenoiseAdaptSettings:
    return DenoiseAdaptSettings(
        weights=str(small_weights(tmp_path)), steps=60, learning_rate=4e-3, averaging=0.9, batch=6
    )


def run_of(rate: np.ndarray, n: int = 60) -> CountedRun:
    return CountedRun(counted(rate, n), centre_px=middle(SHAPE))


def test_what_all_frames_have_in_common_is_learned(quick: DenoiseAdaptSettings, tmp_path: Path) -> None:
    run = run_of(striped())
    seen = []
    made = drain(adapt(run, quick, tmp_path / "out"), seen.append)  # type: ignore[arg-type]
    assert made.better
    assert made.gain.sigmas > 3
    assert not set(made.frames_judged) & set(made.frames_learned + made.frames_watched)
    assert seen[-1].done == seen[-1].total == quick.steps
    assert np.isfinite([record.loss for record in seen if record.message == "adapting"]).all()
    network, info = weights.load(made.path)  # type: ignore[arg-type]
    about = json.loads(made.path.with_suffix(".json").read_text())["adapted"]  # type: ignore[union-attr]
    assert about["run"]["digest"] == run.identity.digest
    assert about["parent"] == weights.load(quick.weights)[1].digest != info.digest
    assert about["settings"]["seed"] == 0
    assert about["before"]["nats_per_photon"] > about["after"]["nats_per_photon"]
    # Nearer to the truth, too, on counts nobody has seen.
    rate = torch.from_numpy(striped().astype(np.float32))
    counts = torch.from_numpy(counted(striped(), 8, seed=9))
    y, x = np.mgrid[:32, :32] - 15.5
    radius = torch.from_numpy(np.hypot(y, x).astype(np.float32)).expand_as(counts)
    old, new = (
        float((of(counts, torch.ones_like(counts), radius).rate.sqrt() - rate.sqrt()).square().mean())
        for of in (weights.load(quick.weights)[0], network)
    )
    assert new < old


def test_nothing_is_written_where_nothing_is_gained(
    quick: DenoiseAdaptSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that is taught the opposite."""
    monkeypatch.setattr(likelihood, "loss", lambda *args: -loss(*args))
    made = drain(adapt(run_of(striped()), quick, tmp_path / "out"))
    assert made.path is None
    assert not made.better
    assert "the network stays as it is" in made.verdict
    assert made.gain.gain == 0
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    ("gain", "hidden", "good", "words"),
    [
        (Comparison(2e-3, 1e-3, 9, 8), None, True, "+2 ± 1 millinats"),
        (Comparison(1e-3, 2e-3, 9, 8), None, False, "not foretold better"),
        (Comparison(2e-3, 1e-3, 9, 8), Comparison(-5e-3, 1e-3, 9, 1), False, "hidden islands worse"),
        (Comparison(2e-3, 1e-3, 9, 8), Comparison(-1e-3, 1e-3, 9, 3), True, "foretold better"),
    ],
)
def test_only_what_is_better_beyond_its_error_is_kept(
    gain: Comparison, hidden: Comparison | None, good: bool, words: str
) -> None:
    found, verdict = _verdict(gain, hidden, 40)
    assert found is good
    assert words in verdict


def test_a_stopped_adaptation_leaves_nothing(quick: DenoiseAdaptSettings, tmp_path: Path) -> None:
    work = adapt(run_of(striped()), quick, tmp_path / "out")
    for record in work:
        if record.message == "adapting":
            break
    work.close()
    assert not list((tmp_path / "out").glob("*"))


def test_the_same_seed_gives_the_same_weights_and_replaces_none(quick: DenoiseAdaptSettings, tmp_path: Path) -> None:
    run = run_of(striped())
    settings = replace(quick, steps=20)
    paths = [drain(adapt(run, settings, tmp_path / "out")).path for _ in range(2)]
    assert paths[0] != paths[1]
    one, other = (weights.load(path)[0].state_dict() for path in paths)  # type: ignore[arg-type]
    for name, value in one.items():
        torch.testing.assert_close(other[name], value)


def test_the_time_is_kept(quick: DenoiseAdaptSettings, tmp_path: Path) -> None:
    made = drain(adapt(run_of(striped()), replace(quick, steps=100_000, minutes=0.05), tmp_path / "out"))
    assert made.steps < 100_000
    assert made.seconds < 60


def test_an_empty_range_is_refused(quick: DenoiseAdaptSettings, tmp_path: Path) -> None:
    with pytest.raises(BadParameter) as refused:
        drain(adapt(run_of(striped()), replace(quick, shown_low=0.9, shown_high=0.6), tmp_path))
    assert "the range is empty" in refused.value.sentence()


def test_deviations_follow_the_errors_found() -> None:
    """Errors half as large on kept photons make deviations half as large; none found change nothing."""

    def judged(excess: tuple[float, float]) -> Judged:
        nothing = np.ones(2)
        return Judged(nothing, nothing, nothing, nothing, np.full((2, 2), excess), np.ones((2, 2)))

    network = DenoiseNet(DenoiseConfig((4, 4), (1, 1)))
    factors = _recalibrate(network, judged((4.0, 1.0)), judged((1.0, -0.1)))
    assert factors == pytest.approx((0.5, 1.0))
    np.testing.assert_allclose(network.deviation_scale.numpy(), (0.5, 1.0))


def test_deviations_stay_where_photons_do_not_tell_errors_from_noise() -> None:
    nothing = np.ones(4)
    noise = np.array([[3.0], [-2.5], [2.0], [-1.5]]).repeat(2, 1)
    judged = Judged(nothing, nothing, nothing, nothing, noise, np.ones((4, 2)))
    network = DenoiseNet(DenoiseConfig((4, 4), (1, 1)))
    assert _recalibrate(network, judged, judged) == (1.0, 1.0)
