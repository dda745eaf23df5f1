"""The search for the support: what it tries, and that it finds an object it was told nothing of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.patterns import Pattern
from models.phasing.presets import DEFAULT
from models.phasing.quality import held_out_pixels, object_error
from models.phasing.search import (
    Search,
    area_range,
    at_resolution,
    dilated,
    finer_support,
    judged,
    lobed,
    low_resolution,
)
from models.phasing.settings import PhasingSettings
from models.phasing.solver import Solver
from models.phasing.types import Start


def particle(side: int = 96) -> np.ndarray:
    """A lopsided complex object with a hole, on 6 % of the array."""
    y, x = np.mgrid[:side, :side] - side // 2
    inside = (x / 15) ** 2 + (y / 10) ** 2 < 1
    inside |= (x - 8) ** 2 + (y - 9) ** 2 < 40
    inside &= (x + 5) ** 2 + (y + 1) ** 2 > 12
    values = inside * (1 + 0.2 * np.sin(x / 3) * np.cos(y / 4)) * np.exp(0.8j * np.sin((x + 2 * y) / 11))
    return values.astype(np.complex64)


def pattern_of(values: np.ndarray, photons: float, stop: float, seed: int = 0) -> tuple[Pattern, np.ndarray]:
    spectrum = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(values), norm="ortho"))
    scale = photons / np.square(np.abs(spectrum)).sum()
    counts = np.random.default_rng(seed).poisson(np.abs(spectrum) ** 2 * scale).astype(np.float32)
    y, x = np.mgrid[: len(values), : len(values)] - len(values) // 2
    measured = np.hypot(x, y) > stop
    return Pattern(np.where(measured, counts, 0).astype(np.float32), measured), values * np.sqrt(scale)


def test_an_object_is_found_behind_a_stop_without_being_told_its_area() -> None:
    pattern, truth = pattern_of(particle(), 3e5, 2.5)
    settings = replace(DEFAULT.settings, search_starts=6, search_rounds=0, starts=2)
    held = held_out_pixels(pattern, 0.05, 0)
    search = Search(pattern, settings, held)
    while trials := search.trials():
        search.take([_run(search, trial) for trial in trials])
    assert search.round == search.rounds + 1
    for trial in search.starts():
        assert trial.whole
        assert object_error(truth, _run(search, trial).object) < 0.25


def _run(search: Search, trial) -> Start:
    solver = Solver(
        search.pattern,
        trial.settings,
        trial.seed,
        held_out=search.held_out,
        support=trial.support,
        first=trial.first,
    )
    solver.run(solver.total)
    return solver.start()


def test_a_finer_grid_keeps_the_object_and_its_power() -> None:
    y, x = np.mgrid[:32, :32] - 16
    coarse = np.exp(-((x - 2) ** 2 + y**2) / 18) * np.exp(0.1j * x)
    fine = at_resolution(coarse, (64, 80))
    assert np.sum(np.abs(fine) ** 2) == pytest.approx(np.sum(np.abs(coarse) ** 2), rel=1e-5)
    # Index n // 2 stays the middle: the same places have the same values, on the finer grid's scale.
    scale = np.sqrt(64 * 80) / 32
    assert np.abs(fine[::2][:, ::5][:, :16] * scale - coarse[:, ::2]).max() < 1e-4


def test_the_middle_keeps_the_beam_and_what_was_held_out() -> None:
    pattern, _ = pattern_of(particle(256), 1e4, 3)
    held = held_out_pixels(pattern, 0.05, 0)
    low, low_held = low_resolution(pattern, held, 0.05)
    n = low.shape[0]
    assert 120 <= n <= 144
    cut = slice(128 - n // 2, 128 - n // 2 + n)
    assert np.array_equal(low.intensity, pattern.intensity[cut, cut])
    assert np.array_equal(low.measured, pattern.measured[cut, cut])
    assert np.array_equal(low_held, held[cut, cut])
    assert low.intensity.flags.c_contiguous


def test_a_bright_edge_is_tapered_and_a_faint_one_is_not() -> None:
    bright = Pattern(np.full((256, 256), 100, np.float32), np.ones((256, 256), bool))
    none = np.zeros((256, 256), bool)
    low, _ = low_resolution(bright, none, 0.05)
    n = low.shape[0]
    assert low.intensity[n // 2, n // 2] == 100
    assert low.intensity[0].max() == 0
    faint = replace(bright, intensity=np.ones((256, 256), np.float32))
    assert low_resolution(faint, none, 0.05)[0].intensity.min() == 1


@given(st.integers(0, 1000), st.floats(0.01, 0.3), st.sampled_from([(40, 40), (33, 60), (16, 18, 20)]))
def test_lobed_supports_cover_what_they_are_to_cover(seed: int, area: float, shape: tuple[int, ...]) -> None:
    found = lobed(shape, area, np.random.default_rng(seed))
    assert found.sum() >= round(area * found.size) - 1
    assert found.sum() <= 1.2 * area * found.size + 8
    assert found[tuple(n // 2 for n in shape)]


def test_lobed_supports_are_not_their_own_twin() -> None:
    found = lobed((65, 65), 0.1, np.random.default_rng(1))
    assert (found & ~found[::-1, ::-1]).sum() > 0.03 * found.sum()


def test_a_dilated_support_holds_the_support() -> None:
    y, x = np.mgrid[:64, :64] - 32
    support = (x / 12) ** 2 + (y / 7) ** 2 < 1
    grown = dilated(support, 1.5 * support.mean())
    assert grown.mean() == pytest.approx(1.5 * support.mean(), rel=0.03)
    assert (grown | ~support).all()
    finer = finer_support(support, (128, 128), support.mean())
    assert finer.mean() == pytest.approx(support.mean(), rel=0.01)
    assert (finer[::2, ::2] ^ support).sum() < 0.1 * support.sum()


def test_the_score_prefers_the_right_support_to_a_loose_one() -> None:
    values = particle()
    pattern, truth = pattern_of(values, 1e6, 2.5)
    held = held_out_pixels(pattern, 0.05, 0)
    tight = values != 0
    loose = dilated(tight, 2.2 * float(tight.mean()))
    scores, fits = [], []
    for support in (tight, loose):
        settings = PhasingSettings(schedule="60 RAAR + 60 ER", first_support="given")
        solver = Solver(pattern, settings, 0, held_out=held, support=support, first=truth)
        solver.run(solver.total)
        start = solver.start()
        scores.append(judged(pattern, held, start, "complex"))
        fits.append(start.r_factor)
    assert scores[0] < scores[1]
    assert fits[0] > fits[1]  # the R factor says the opposite


def test_a_support_with_more_unknowns_than_numbers_cannot_win() -> None:
    pattern, truth = pattern_of(particle(), 1e5, 0)
    none = np.zeros(pattern.shape, bool)
    solver = Solver(pattern, PhasingSettings(first_support="given"), 0, support=~none, first=truth)
    assert judged(pattern, none, solver.start(), "complex") == np.inf


def test_the_settings_bound_the_areas() -> None:
    pattern, _ = pattern_of(particle(), 1e6, 2.5)
    low, high = area_range(pattern, PhasingSettings())
    share = float((particle() != 0).mean())
    assert low < share < high
    assert area_range(pattern, PhasingSettings(area_low=0.9 * share, area_high=1.1 * share)) == pytest.approx(
        (0.9 * share, 1.1 * share)
    )


def test_patterns_bright_to_their_edge_begin_once_more_from_chance_in_the_found_supports() -> None:
    values = np.kron(particle(), np.ones((2, 2))).astype(np.complex64)
    pattern, _ = pattern_of(values, 1e8, 0)
    held = held_out_pixels(pattern, 0.05, 0)
    search = Search(pattern, replace(DEFAULT.settings, search_starts=4, starts=8), held)
    rounds = []
    while trials := search.trials():
        rounds.append(trials)
        there = [Solver(search.pattern, t.settings, t.seed, support=t.support, first=t.first) for t in trials[:4]]
        search.take([solver.start() for solver in there])
    assert len(rounds) == search.rounds
    assert all(trial.first is None and trial.whole for trial in rounds[-1])
    assert any(trial.first is not None for trial in rounds[-2])
    # Eight starts begin from more objects than two (which trials that were not run may share).
    assert len({trial.first.tobytes() for trial in search.starts() if trial.first is not None}) > 2
    weak, _ = pattern_of(values, 1e5, 0)
    assert Search(weak, DEFAULT.settings, held).rounds == search.rounds - 2


def test_failed_trials_may_be_missing_and_nothing_found_is_nothing() -> None:
    pattern, _ = pattern_of(particle(), 1e5, 2.5)
    search = Search(pattern, replace(DEFAULT.settings, search_starts=3), held_out_pixels(pattern, 0.05, 0))
    assert len(search.trials()) == 3
    search.take([])
    assert search.trials() == ()
    assert search.starts() == ()
