"""Hot and dead pixels that were put into simulated runs are found, and scattering is not taken for them."""

from __future__ import annotations

import numpy as np
import pytest

from models.masking.hot_dead import HotDeadSettings, find_hot_dead
from models.progress import drain
from models.statistics.types import PixelStatistics

SIDE = 128


def scattering(peak: float) -> np.ndarray:
    """Mean photons of a run: a steep fall-off with rings and speckles, and the sharp edge of a beam stop."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    radius = np.hypot(y, x)
    rings = peak * np.cos(radius / 6) ** 2 / (1 + (radius / 12) ** 4) ** 0.5
    speckle = 0.5 + 0.5 * np.sin(y / 2.5) * np.sin(x / 3.1)
    return np.where(radius < 9, 0.0, rings * speckle + 1e-4 * peak)


def statistics(frames: np.ndarray, valid: np.ndarray | None = None) -> PixelStatistics:
    lit = (frames > 0.5).mean(axis=0)
    used = np.ones(frames.shape[1:], bool) if valid is None else valid
    count = np.where(used, len(frames), 0)
    return PixelStatistics(len(frames), frames.mean(axis=0), frames.var(axis=0), frames.max(axis=0), lit, count)


def photons(peak: float, frames: int = 300, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shots = rng.gamma(4, 0.25, frames)  # pulses differ
    return rng.poisson(shots[:, None, None] * scattering(peak)).astype(np.float32)


@pytest.mark.parametrize("peak", [0.05, 1.0, 200.0])
def test_pure_scattering_has_hardly_any(peak: float) -> None:
    found = drain(find_hot_dead(statistics(photons(peak))))
    assert sum(found.counts.values()) <= 2, found.counts


@pytest.mark.parametrize("peak", [0.3, 20.0])
def test_what_was_put_in_is_found(peak: float) -> None:
    frames = photons(peak)
    usual = scattering(peak)
    rng = np.random.default_rng(5)
    places = rng.permutation(np.argwhere(usual > 0.05 * peak))[:40]
    hot, dead = places[:20], places[20:]
    for y, x in hot:
        frames[:, y, x] += rng.poisson(4 * usual[y, x] + 2, len(frames))
    frames[:, dead[:, 0], dead[:, 1]] = 0
    found = drain(find_hot_dead(statistics(frames)))
    bright = found.hot | found.noisy
    assert bright[hot[:, 0], hot[:, 1]].all()
    sure = len(frames) * usual[dead[:, 0], dead[:, 1]] > 40
    assert found.dead[dead[:, 0], dead[:, 1]][sure].all()
    wrong = found.any.copy()
    wrong[places[:, 0], places[:, 1]] = False
    assert wrong.sum() <= 3, found.counts


def test_too_few_frames_make_nothing_dead() -> None:
    found = drain(find_hot_dead(statistics(photons(0.05, frames=10))))
    assert found.counts["dead"] == 0


def test_raw_units_noise_and_stuck_pixels() -> None:
    rng = np.random.default_rng(8)
    frames = rng.normal(1000 + 3 * rng.normal(0, 1, (64, 64)), 5.0, (100, 64, 64)).astype(np.float32)
    frames[:, 10, 10] += rng.normal(0, 200, 100)
    frames[:, 20, 20] = 1000.0
    frames[:, 30, 30] += 400
    found = drain(find_hot_dead(statistics(frames)))
    assert found.noisy[10, 10] or found.hot[10, 10]
    assert found.stuck[20, 20]
    assert found.hot[30, 30]
    assert found.any.sum() <= 5, found.counts


def test_masked_pixels_are_neither_judged_nor_asked() -> None:
    frames = photons(20.0)
    valid = np.ones((SIDE, SIDE), bool)
    valid[:, 60:70] = False
    frames[:, :, 60:70] = 1e6
    found = drain(find_hot_dead(statistics(frames, valid)))
    assert not found.any[:, 60:70].any()
    assert found.any.sum() <= 3, found.counts
    nothing = drain(find_hot_dead(statistics(frames, np.zeros_like(valid))))
    assert not nothing.any.any()


def test_thresholds_are_the_users_and_progress_is_told() -> None:
    frames = photons(20.0)
    frames[:, 30, 64] += 60
    records = []
    strict = drain(
        find_hot_dead(statistics(frames), HotDeadSettings(hot_sigma=1000, noisy_sigma=1000)), records.append
    )
    assert not strict.hot.any()
    assert [record.done for record in records] == list(range(records[-1].total))
    assert drain(find_hot_dead(statistics(frames))).hot[30, 64]
