"""Photons divided, and what a network is told of how it foretold them: against closed forms of Poisson counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.denoising.adapt.likelihood import compare, judge, surprise
from models.denoising.adapt.sample import Sample
from models.denoising.adapt.settings import DenoiseAdaptSettings
from models.denoising.adapt.splitting import Split, draw, halves, islands, split
from models.denoising.network import Estimate
from tests.models.denoising.adapt.runs import counted, middle, striped


def sample_of(counts: np.ndarray, *, folded: bool, measured: np.ndarray | None = None) -> Sample:
    shape = counts.shape[1:]
    y, x = np.mgrid[: shape[0], : shape[1]]
    cy, cx = middle(shape)
    seen = np.ones(shape, np.bool_) if measured is None else measured
    return Sample(
        np.arange(len(counts)),
        counts * seen,
        np.broadcast_to(seen.astype(np.float32), counts.shape),
        np.full(len(counts), folded),
        np.hypot(y - cy, x - cx).astype(np.float32),
        (cy, cx),
        1,
        0,
        (),
    )


@given(st.integers(0, 1000), st.floats(0.05, 0.95))
@settings(max_examples=25, deadline=None)
def test_no_photon_is_lost_or_made(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(3.0, (8, 8)).astype(np.float32)
    shown, rest = split(counts, share, rng)
    np.testing.assert_array_equal(shown + rest, counts)
    assert shown.min() >= 0
    assert rest.min() >= 0


def test_parts_of_poisson_counts_are_independent_poisson_counts() -> None:
    rng = np.random.default_rng(1)
    shown, rest = split(rng.poisson(2.0, (400, 400)).astype(np.float32), 0.7, rng)
    assert shown.mean() == pytest.approx(1.4, abs=0.02)
    assert shown.var() == pytest.approx(1.4, abs=0.03)
    assert rest.mean() == pytest.approx(0.6, abs=0.01)
    assert abs(np.corrcoef(shown.ravel(), rest.ravel())[0, 1]) < 4 / 400


def test_islands_cover_the_share() -> None:
    rng = np.random.default_rng(2)
    covered = [islands((128, 128), 0.1, rng).mean() for _ in range(20)]
    assert 0.1 <= np.mean(covered) < 0.13
    assert not islands((16, 16), 0.0, rng).any()


@pytest.mark.parametrize("side", [12, 13])
@pytest.mark.parametrize("folded", [True, False])
def test_every_photon_is_foretold_once(side: int, folded: bool) -> None:
    """Half of the answer with mates summed holds all of the photons, and what is hidden is kept back whole."""
    counts = counted(striped((side, side)), 3)
    measured = np.ones((side, side), np.bool_)
    measured[2:4] = False
    sample = sample_of(counts, folded=folded, measured=measured)
    first, second = halves(sample, np.arange(3), 0.2, 0)
    for made in (first, second):
        hidden = (made.exposure == 0) & (made.times > 0)
        assert hidden.any()
        assert (made.shown[made.exposure == 0] == 0).all()
        assert (made.times[made.times > 0].unique() <= 4).all()
    both = sum(float(made.answered(made.kept_back).sum()) for made in (first, second))
    twice = float(first.answered(first.kept_back * (first.exposure == 0)).sum())
    assert both - twice == pytest.approx(sample.counts.sum())


def test_batches_are_cut_where_there_is_light() -> None:
    counts = counted(striped((48, 64), 3000.0), 4)
    wanted = DenoiseAdaptSettings(weights="-", crop_px=32)
    made = draw(sample_of(counts, folded=True), np.arange(4), wanted, np.random.default_rng(0))
    assert made.shown.shape == (4, 32, 32)
    assert made.half is None
    assert (made.shown.sum((1, 2)) > 0).all()
    assert made.exposure.max() == 2
    whole = draw(sample_of(counts, folded=False), np.arange(4), DenoiseAdaptSettings(), np.random.default_rng(0))
    assert whole.shown.shape == (4, 48, 64)
    # p photons in a pixel are followed by (1 − p)/p as many.
    followed = whole.times * whole.shown
    assert float(whole.kept_back[whole.exposure > 0].sum()) == pytest.approx(float(followed.sum()), rel=0.1)


def _made(kept_back: torch.Tensor, exposure: torch.Tensor, times: torch.Tensor) -> Split:
    return Split(torch.zeros_like(kept_back), exposure, torch.zeros_like(kept_back), kept_back, times, None)


def test_the_true_rate_surprises_least_and_by_the_divergence() -> None:
    """The expected difference of two answers is their Poisson divergence from the truth."""
    rate = torch.from_numpy(striped((64, 64), 40_000.0))[None]
    kept_back = torch.poisson(rate, generator=torch.Generator().manual_seed(0))
    made = _made(kept_back, torch.ones_like(rate), torch.ones_like(rate))
    nats = {factor: surprise(rate * factor, made)[0].item() for factor in (0.9, 1.0, 1.1)}
    assert min(nats, key=nats.__getitem__) == 1.0
    divergence = 40_000 * (math.log(1 / 1.1) - 1 + 1.1)
    assert nats[1.1] - nats[1.0] == pytest.approx(divergence, abs=4 * math.sqrt(40_000) * math.log(1.1))
    assert surprise(rate, made)[2].item() == 0


class Told:
    """A network that says the same whatever it is shown."""

    def __init__(self, rate: np.ndarray, deviation: np.ndarray) -> None:
        self.rate, self.deviation = (torch.from_numpy(x.astype(np.float32)) for x in (rate, deviation))

    def __call__(self, counts: torch.Tensor, _e: torch.Tensor, _r: torch.Tensor, half: int | None) -> Estimate:
        n = len(counts)
        rate, deviation = (x[None, :half].expand(n, -1, -1) for x in (self.rate, self.deviation))
        return Estimate(rate, deviation.log())


@pytest.mark.parametrize("folded", [True, False])
def test_errors_are_told_apart_from_counting_noise(folded: bool) -> None:
    """Rates off by a known deviation are found to be off by as much, from counts alone."""
    rng = np.random.default_rng(3)
    truth = np.full((33, 32), 8.0)
    noise = rng.normal(0, 0.3, truth.shape)
    noise = (noise + noise[::-1, ::-1]) / math.sqrt(2)
    # Rates are those of half of the photons.
    said = (np.sqrt(truth / 2) + noise) ** 2
    sample = sample_of(rng.poisson(truth, (40, 33, 32)).astype(np.float32), folded=folded)
    for factor in (1.0, 2.0):
        found = judge(Told(said, np.full(truth.shape, factor * 0.3)), sample, np.arange(40), 0.1, 0)  # type: ignore[arg-type]
        ratio = np.sqrt(found.excess.sum(0) / found.stated.sum(0))
        np.testing.assert_allclose(ratio, 1 / factor, rtol=0.15)


def test_mates_summed_or_not_surprise_alike() -> None:
    rate = striped((15, 14), 900.0)
    counts = counted(2 * rate, 5)
    network = Told(rate, np.ones_like(rate))
    one, other = (judge(network, sample_of(counts, folded=f), np.arange(5), 0.0, 7) for f in (True, False))  # type: ignore[arg-type]
    np.testing.assert_allclose(one.nats, other.nats, rtol=1e-5)
    np.testing.assert_allclose(one.photons, other.photons)


def test_gain_is_a_mean_over_photons_with_its_error_over_frames() -> None:
    photons = np.array([10.0, 20.0, 30.0])
    found = compare(np.array([5.0, 6.0, 7.0]), np.array([4.0, 4.0, 4.0]), photons)
    assert found.gain == pytest.approx(6 / 60)
    assert found.error == pytest.approx(1 / math.sqrt(3) / 20)
    assert (found.frames, found.better) == (3, 3)
