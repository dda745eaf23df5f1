"""Whether held-out pixels can tell two objects apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.patterns import Pattern
from models.phasing.quality import held_out_pixels
from models.phasing.quality.comparison import CLEARLY, HeldOutErrors, how_much_worse
from models.phasing.quality.figures import free_log_likelihood
from models.phasing.quality.transform import to_fourier
from tests.models.phasing.quality.objects import particle, pattern_of


@pytest.mark.parametrize("unit", ["photons", "arbitrary"])
def test_the_islands_add_up_to_the_figure(unit: str) -> None:
    truth = 5 * particle((64, 64))[0]
    pattern = pattern_of(truth, stop=4, unit=unit)
    held = held_out_pixels(pattern, 0.05, seed=0)
    islands = HeldOutErrors(pattern, held).of((truth * 3).astype(np.complex64))
    figure = free_log_likelihood(np.abs(to_fourier(truth * 3)), pattern, held)
    total = held.sum() if unit == "photons" else pattern.intensity[held].sum()
    assert islands.sum() / total == pytest.approx(figure, rel=1e-4)


def test_the_truth_is_told_from_another_object_and_not_from_itself_moved() -> None:
    truth, _ = particle((96, 96))
    chance = np.random.default_rng(0)
    scaled = truth * 300 / np.linalg.norm(truth)
    counts = chance.poisson(np.abs(to_fourier(scaled)) ** 2).astype(np.float32)
    pattern = Pattern(counts, np.ones((96, 96), bool))
    errors = HeldOutErrors(pattern, held_out_pixels(pattern, 0.05, seed=0))
    best = errors.of(scaled)
    assert how_much_worse(best, errors.of(np.roll(scaled, 3, axis=0))) == 0
    wrong = particle((96, 96), seed=5)[0] * 300 / np.linalg.norm(truth)
    assert how_much_worse(best, errors.of(wrong)) > 4


def test_by_chance_a_difference_is_rarely_called_clear() -> None:
    chance = np.random.default_rng(1)
    found = [how_much_worse(*chance.exponential(size=(2, 60))) for _ in range(1000)]
    assert np.mean(np.array(found) > CLEARLY) < 0.05
    assert np.std(found) == pytest.approx(1, abs=0.1)


def test_without_islands_nothing_can_be_told() -> None:
    assert math.isnan(how_much_worse(np.zeros(1), np.ones(1)))
    assert how_much_worse(np.ones(5), np.ones(5)) == 0
