"""Frames under conditions unlike the plain run, and the figures made of them."""

import numpy as np
import pytest

from models.embedding.training.conditions import (
    CONDITIONS,
    PLAIN,
    Condition,
    ConditionScore,
    auroc,
    evaluate_conditions,
    expose,
    lost,
    subset,
)
from models.progress import drain
from models.simulation.generate import Kind
from models.simulation.particles import VALIDATION_IDS
from models.simulation.settings import SimulationSettings

STATION = SimulationSettings(height=40, width=32)
RIM = 3


def exposed(condition, n=60):
    signal = np.ones((n, 40 + 2 * RIM, 32 + 2 * RIM), np.float32)
    return expose(signal, [VALIDATION_IDS[0], VALIDATION_IDS[1]], condition, STATION, 0)


def test_lost_modules_are_quarters_in_turn():
    shares = [lost((10, 8), quarters / 4).mean() for quarters in range(4)]
    assert shares == [0, 0.25, 0.5, 0.75]
    half = lost((10, 8), 0.5)
    assert half[5:].all()
    assert not half[:5].any()
    frames = exposed(Condition("half", missing=0.5))
    assert not frames.valid[20:].any()


def test_photons_belong_to_the_whole_detector_and_follow_the_number_of_particles_only_where_asked():
    plain, by_number = exposed(CONDITIONS[PLAIN]), exposed(CONDITIONS["by number"])
    multi = plain.kind == Kind.MULTI
    np.testing.assert_array_equal(plain.photons[~multi], by_number.photons[~multi])
    ratio = by_number.photons[multi] / plain.photons[multi]
    assert set(np.rint(ratio).astype(int)) == {2, 3, 4}
    total = plain.counts.sum((1, 2))
    np.testing.assert_allclose(total, plain.photons, atol=6 * np.sqrt(plain.photons.max()))


def test_streaks_add_light():
    plain, streaked = exposed(CONDITIONS[PLAIN]), exposed(CONDITIONS["streaks"])
    more = streaked.counts.sum((1, 2)) / plain.counts.sum((1, 2))
    assert np.median(more) > 1.2
    assert not streaked.counts[:, ~streaked.valid].any()


def test_a_part_of_a_set_keeps_frames_and_truth_together():
    frames = exposed(CONDITIONS[PLAIN])
    bright = subset(frames, frames.photons > 1000)
    assert 0 < len(bright.counts) == len(bright.kind) == len(bright.species) < len(frames.counts)
    assert bright.photons.min() > 1000


@pytest.mark.parametrize(
    ("negatives", "positives", "area"),
    [([0, 1], [2, 3], 1.0), ([2, 3], [0, 1], 0.0), ([1, 1], [1, 1], 0.5), ([0, 2], [1], 0.5)],
)
def test_auroc_is_the_chance_that_a_stranger_is_farther(negatives, positives, area):
    assert auroc(np.array(negatives), np.array(positives)) == area


def test_spread_is_that_of_a_mean_over_species():
    values = np.random.default_rng(0).normal(0.9, 0.05, 64)
    assert ConditionScore("x", values).spread == pytest.approx(1.96 * 0.05 / 8, rel=0.35)
    assert ConditionScore("x", np.full(64, 0.9)).spread == 0


def test_an_embedding_of_noise_is_at_chance_and_one_that_knows_is_not():
    rng = np.random.default_rng(0)

    def noise(frames, valid):
        v = rng.normal(size=(len(frames), 8)).astype(np.float32)
        return v / np.linalg.norm(v, axis=1, keepdims=True)

    names = [PLAIN, "half missing"]
    report = drain(evaluate_conditions(noise, VALIDATION_IDS[:3], 12, names))
    assert [score.name for score in report.scores] == names
    assert all(0.35 < score.mean < 0.65 for score in report.scores)
    assert 0.35 < report.droplets < 0.65
    assert 0.35 < report.strangers < 0.65
