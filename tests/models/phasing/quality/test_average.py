"""Averages, modes, agreement, and which starts are averaged."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.phasing.quality.agreement import agreement_map, choose_kept, mean_agreement
from models.phasing.quality.average import average, modes
from tests.models.phasing.quality.objects import particle


def noisy(n: int, strength: float) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    truth, support = particle((48, 48))
    chance = np.random.default_rng(1)
    noise = [chance.standard_normal((48, 48)) + 1j * chance.standard_normal((48, 48)) for _ in range(n)]
    return truth, [(support * (truth + strength * each)).astype(np.complex64) for each in noise], support


def test_the_average_loses_noise() -> None:
    truth, objects, _ = noisy(16, 0.4)
    errors = [np.linalg.norm(each - truth) for each in (average(objects), objects[0])]
    assert errors[0] == pytest.approx(errors[1] / 4, rel=0.1)


def test_modes_are_orthogonal_and_their_shares_add_up_to_the_power() -> None:
    _, objects, support = noisy(4, 0.5)
    found, shares = modes(objects, support)
    rows = found.reshape(len(found), -1).astype(np.complex128)
    gram = rows @ rows.conj().T
    power = np.mean([np.linalg.norm(each) ** 2 for each in objects])
    np.testing.assert_allclose(np.diag(gram).real, shares * power, rtol=1e-4)
    assert np.abs(gram - np.diag(np.diag(gram))).max() < 1e-4 * power
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(shares) <= 0).all()


def test_shares_are_those_of_the_singular_values() -> None:
    _, objects, _ = noisy(5, 0.3)
    singular = np.linalg.svd(np.stack([each.ravel() for each in objects]), compute_uv=False)
    np.testing.assert_allclose(modes(objects)[1], singular**2 / (singular**2).sum(), atol=1e-5)


def test_equal_objects_are_one_mode_and_that_is_the_object() -> None:
    truth, support = particle((32, 32))
    found, shares = modes([truth.astype(np.complex64)] * 6, support)
    assert len(found) == 5
    assert shares[0] == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(found[0], truth, atol=1e-5)


def test_agreement_is_one_for_equal_objects_and_nothing_for_unrelated_ones() -> None:
    truth, support = particle((48, 48))
    equal = agreement_map([truth] * 3, support)
    np.testing.assert_allclose(equal[support], 1, atol=1e-6)
    assert (equal[~support] == 0).all()
    chance = np.random.default_rng(0)
    for n in (2, 10):
        phases = [truth * np.exp(2j * np.pi * chance.random((48, 48))) for _ in range(n)]
        # Clipped at 0, so that unrelated pairs leave half of their scatter.
        assert agreement_map(phases, support)[support].mean() < 0.4 / math.sqrt(n - 1) + 0.02


def test_agreement_shows_where_starts_differ() -> None:
    truth, support = particle((48, 48))
    changed = truth.copy()
    changed[:24] *= -1
    found = agreement_map([truth, changed], support)
    assert found[:24][support[:24]].max() == 0
    assert found[24:][support[24:]].min() == pytest.approx(1, abs=1e-6)


def test_one_start_agrees_with_nothing() -> None:
    truth, support = particle((16, 16))
    assert np.isnan(agreement_map([truth], support)[support]).all()
    assert math.isnan(mean_agreement([truth], truth, support))


def test_mean_agreement_is_the_correlation_with_the_mean() -> None:
    truth, support = particle((32, 32))
    assert mean_agreement([truth, 2j * truth], truth, support) == pytest.approx(1)
    _, objects, support = noisy(2, 1.0)
    mean = average(objects)
    expected = [
        abs(np.vdot(mean[support], each[support])) / np.linalg.norm(mean[support]) / np.linalg.norm(each[support])
        for each in objects
    ]
    assert mean_agreement(objects, mean, support) == pytest.approx(np.mean(expected), rel=1e-6)


def test_kept_are_those_that_agree_with_the_best_and_fit_about_as_well() -> None:
    r_factors = [1.0, 1.05, 1.1, 1.2, 1.5]
    agreements = [1.0, 0.98, 0.4, 0.97, 0.99]
    finished, no_worse = ["finished"] * 5, [0.0] * 5
    assert choose_kept(r_factors, agreements, finished, no_worse) == [0, 1, 3]
    assert choose_kept(r_factors, agreements, ["finished", "hopeless", *finished[2:]], no_worse) == [0, 3]
    assert choose_kept([math.nan] * 3, [1.0, 0.95, 0.2], ["finished"] * 3, [math.nan] * 3) == [0, 1]
    assert choose_kept([1.0], [1.0], ["stopped"], [0.0]) == [0]


def test_what_predicts_clearly_worse_and_fits_worse_is_not_kept() -> None:
    kept = choose_kept([1.0, 1.05, 1.1, 1.1], [1.0] * 4, ["finished"] * 4, [0.0, 3.0, 3.0, 1.0])
    assert kept == [0, 1, 3]
