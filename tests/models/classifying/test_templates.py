"""Templates: the photons of a frame choose the one they came from, turned or not, holes or not."""

import numpy as np
import pytest

from models.classifying.estimators.templates import (
    EigenImage,
    EigenImageSettings,
    LogLikelihood,
    LogLikelihoodSettings,
    template_likelihoods,
    template_rates,
    turns,
)
from models.classifying.features.pictures import RINGS, SECTORS, polar_counts
from tests.models.classifying.scenes import SIDE, expected


def rates(seed, n=6):
    return np.random.default_rng(seed).gamma(1.0, 1.0, (n, RINGS, SECTORS)) + 0.05


def test_photons_drawn_from_a_template_choose_it_at_any_brightness():
    truth, rng = rates(0), np.random.default_rng(1)
    area = np.full((6, RINGS, SECTORS), 3.0)
    flat = truth.reshape(6, -1).T
    for fluence in (0.3, 1.0, 30.0):
        found = template_likelihoods(rng.poisson(fluence * area * truth), area, flat, np.log(flat))
        np.testing.assert_array_equal(found.argmax(1), np.arange(6))


def test_likelihood_differences_are_those_of_poisson_s_law():
    truth, rng = rates(2, 2), np.random.default_rng(3)
    area = np.full((1, RINGS, SECTORS), 2.0)
    counts = rng.poisson(area * truth[:1]).astype(float)
    flat = truth.reshape(2, -1).T
    found = template_likelihoods(counts, area, flat, np.log(flat))[0]
    direct = []
    for template in truth:
        mean = area[0] * template
        mean *= counts.sum() / mean.sum()
        direct.append((counts[0] * np.log(mean) - mean).sum())
    assert found[0] - found[1] == pytest.approx(direct[0] - direct[1])


def test_missing_cells_are_dropped_whatever_they_hold():
    truth, rng = rates(4), np.random.default_rng(5)
    area = np.full((6, RINGS, SECTORS), 3.0)
    area[:, :, :12] = 0.0
    counts = rng.poisson(3 * truth).astype(float)
    flat = truth.reshape(6, -1).T
    other = np.where(area > 0, counts, 1e6)
    np.testing.assert_array_equal(
        template_likelihoods(other, area, flat, np.log(flat)), template_likelihoods(counts, area, flat, np.log(flat))
    )
    assert (template_likelihoods(counts, area, flat, np.log(flat)).argmax(1) == np.arange(6)).all()


def test_templates_are_nowhere_zero():
    counts = np.zeros((2, RINGS, SECTORS))
    counts[1, 0, 0] = 1.0
    area = np.ones_like(counts)
    area[1, 3] = 0.0
    found = template_rates(counts, area, 1.0)
    assert (found > 0).all()
    assert np.isfinite(found).all()


def test_turns_are_every_roll_of_the_sectors():
    pictures = rates(6, 2)
    every = turns(pictures, True)
    assert every.shape == (2, SECTORS, RINGS, SECTORS)
    np.testing.assert_array_equal(every[1, 5], np.roll(pictures[1], 5, axis=1))
    np.testing.assert_array_equal(turns(pictures, False)[:, 0], pictures)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(EigenImage, EigenImageSettings), (LogLikelihood, LogLikelihoodSettings)],
)
def test_a_turned_example_is_recognised_where_turns_are_templates(kind, settings):
    rng = np.random.default_rng(7)
    valid = np.ones((SIDE, SIDE), bool)

    def frames(copies, angles):
        pictures = np.stack([expected(copies, a) + 1e-3 for a in angles])
        return rng.poisson(4000 * pictures / pictures.sum((1, 2), keepdims=True)).astype(np.float32)

    X = polar_counts(np.concatenate([frames(1, [0, 0]), frames(2, [0.0, 0.05])]), valid)
    query = polar_counts(frames(2, np.linspace(0.6, 2.4, 12)), valid)
    fitted = kind(settings()).fit(X, np.array([0, 0, 1, 1]))
    assert (fitted.predict(query) == 1).all()
    fixed = kind(settings(turned=False)).fit(X, np.array([0, 0, 1, 1]))
    assert (fitted.predict_proba(query)[:, 1] > fixed.predict_proba(query)[:, 1]).mean() > 0.7
