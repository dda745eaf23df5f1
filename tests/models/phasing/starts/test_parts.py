"""The early stop, the combination of Chen 2007, and memory, each alone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.phasing.settings import PhasingSettings
from models.phasing.starts import memory, table
from models.phasing.starts.guided import combined, next_objects
from models.phasing.starts.hopeless import CHECKS, FAR_FREE, FAR_R, Watchman, far_behind, figures_at
from models.phasing.starts.searching import at_whole
from models.phasing.types import Preview
from models.progress import drain
from tests.models.phasing.starts.fakes import FakeSolver, Task


def curve(level, until=200, total=200):
    return [(at, level / 100, level, 10) for at in range(20, until + 1, 20)]


def test_starts_are_compared_at_the_same_iteration():
    late = [(at, 0.5 if at <= 100 else 0.1, 10.0 if at <= 100 else 1.0, 5) for at in range(20, 201, 20)]
    slow = [(at, 0.5, 10.0, 5) for at in range(20, 101, 20)]
    assert far_behind({0: late, 1: slow}, 100, 200) == frozenset()
    assert all(math.isnan(value) for value in figures_at(slow, 150, 200))  # it has not come so far


def test_the_r_factor_judges_where_nothing_is_held_out():
    blind = [(at, 0.5, math.nan, 5) for at in range(20, 101, 20)]
    good = [(at, 0.1, math.nan, 5) for at in range(20, 101, 20)]
    assert far_behind({0: blind, 1: good}, 100, 200) == {0}


def test_both_figures_have_to_be_far_behind():
    def steady(r, free):
        return [(at, r, free, 5) for at in range(20, 101, 20)]

    curves = {0: steady(0.3, 1.0), 1: steady(0.31, 9.0), 2: steady(0.9, 1.1), 3: steady(0.9, 9.0)}
    assert far_behind(curves, 100, 200) == {3}


def test_two_checks_in_a_row_and_all_there():
    watchman = Watchman(200)
    curves = {0: curve(1.0), 1: curve(1.1), 2: curve(10.0)}
    first, second = (round(share * 200) for share in CHECKS[:2])
    assert watchman.hopeless(curves, {0: first - 1, 1: 200, 2: 200}) == frozenset()
    assert watchman.hopeless(curves, {0: first, 1: 200, 2: 200}) == frozenset()
    assert watchman.hopeless(curves, {0: second, 1: 200, 2: 200}) == {2}


def test_who_recovers_in_between_is_spared():
    recovering = [(at, 0.1 if at <= 100 else 0.01, 10.0 if at <= 100 else 1.0, 5) for at in range(20, 201, 20)]
    watchman = Watchman(200)
    assert watchman.hopeless({0: curve(1.0), 1: curve(1.0), 2: recovering}, {0: 180, 1: 180, 2: 180}) == frozenset()


def test_at_least_two_are_left():
    curves = {0: curve(1.0), 1: curve(10.0), 2: curve(20.0)}
    assert Watchman(200).hopeless(curves, dict.fromkeys(range(3), 200)) == frozenset()
    assert Watchman(200).hopeless(curves, dict.fromkeys(range(3), 200), others=1) == {1, 2}


@given(st.lists(st.floats(1, 100), min_size=1, max_size=6))
def test_the_best_is_never_behind(levels):
    behind = far_behind({seed: curve(level) for seed, level in enumerate(levels)}, 200, 200)
    assert int(np.argmin(levels)) not in behind
    assert behind == {seed for seed, level in enumerate(levels) if level > max(FAR_R, FAR_FREE) * min(levels)}


def test_the_combination_is_the_geometric_mean():
    t = np.array([4.0, 9.0, 0.0, 1j, 4j], np.complex64)
    o = np.array([1.0, 4.0, 5.0, 1.0, -4j], np.complex64)
    expected = [2, 6, 0, np.exp(0.25j * np.pi), 4j]
    np.testing.assert_allclose(combined(t, o), expected, atol=1e-6)


def test_the_next_generation_is_aligned_to_the_best():
    rng = np.random.default_rng(0)
    shape = (32, 32)
    best = np.zeros(shape, np.complex64)
    best[12:20, 13:21] = rng.uniform(1, 2, (8, 8))
    settings = PhasingSettings(schedule="100 ER")
    starts = []
    for seed, shift in ((1, 0), (2, 3), (0, -4)):
        solver = FakeSolver(Task(seed), settings, 0.0, {})
        solver.run(100)
        made = solver.start()
        object_ = np.roll(best, shift, 0) * np.complex64(np.exp(1j * shift))
        starts.append(type(made)(**{**_fields(made), "object": object_, "support": object_ != 0}))
    found = drain(next_objects(starts[::-1], 4, np.ones(shape, bool)))
    assert found[3] is None
    for begun in found[:3]:
        np.testing.assert_allclose(np.abs(begun[0]), np.abs(best), atol=0.05)
        np.testing.assert_array_equal(begun[1], best != 0)


def _fields(start):
    return {name: getattr(start, name) for name in start.__dataclass_fields__}


def test_memory_limits_how_many_run_at_once(monkeypatch):
    monkeypatch.setattr(memory, "memory_bytes", lambda: 16 * 2**30)
    assert memory.running_at_once((256, 256), 8) > 100
    assert 1 <= memory.running_at_once((4096, 4096), 8) < 8
    assert memory.running_at_once((40000, 40000), 2) == 1
    assert memory.kept_at_most((256, 256)) > 1000
    assert memory.kept_at_most((40000, 40000)) == 4


@pytest.mark.parametrize("shape", [(64, 64), (16, 16, 16)])
def test_what_is_kept_takes_no_more_than_its_share(monkeypatch, shape):
    monkeypatch.setattr(memory, "memory_bytes", lambda: 2**30)
    objects = memory.kept_at_most(shape) * math.prod(shape) * 9
    assert objects <= 0.2 * 2**30


@pytest.mark.parametrize(
    ("low", "whole"), [((48, 48), (128, 128)), ((40, 32), (99, 80)), ((24, 24, 24), (32, 32, 40))]
)
def test_a_picture_of_a_trial_lies_where_the_object_lies(low, whole):
    """A Gaussian blob off the middle, in units of the array, and the power it has."""

    def blob(shape):
        grids = [(np.arange(n) - n // 2) / n for n in shape]
        axes = np.meshgrid(*grids, indexing="ij")
        return np.exp(-sum((axis - 0.1) ** 2 for axis in axes) / 0.02).astype(np.complex64)

    values = blob(low)
    box = tuple(slice(n // 4, n) for n in low)
    shown = at_whole(Preview(values[box], np.abs(values[box]) > 0.5, tuple(n // 4 for n in low), 1), low, whole)
    whole_values = np.zeros(whole, np.complex64)
    where = tuple(
        slice(c, c + s * shown.step, shown.step) for c, s in zip(shown.corner, shown.object.shape, strict=True)
    )
    whole_values[where] = shown.object
    expected = blob(whole) * np.sqrt(math.prod(low) / math.prod(whole))
    assert shown.step == 1
    assert (
        np.abs(whole_values - expected)[where].max() < 0.35 * np.abs(expected).max()
    )  # half a pixel along each axis
    assert np.sum(np.abs(whole_values) ** 2) == pytest.approx(np.sum(np.abs(values[box]) ** 2), rel=0.12)


def test_the_first_time_it_says_that_loops_are_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert table.loops_are_kept(tmp_path), "nothing is said of what is not known"
    (tmp_path / "kernels_numba.py").touch()
    assert not table.loops_are_kept(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "kernels_numba.advance-9.py311.nbi").touch()
    assert table.loops_are_kept(tmp_path)
    for kept in (True, False):
        monkeypatch.setattr(table, "loops_are_kept", lambda kept=kept: kept)
        assert ("first time" in table.best_words([])) == (not kept)
