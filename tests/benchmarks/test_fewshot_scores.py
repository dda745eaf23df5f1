"""Figures of merit of the few-shot benchmark against values worked out by hand or by scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.fewshot import scores


def test_false_alarms_count_what_is_let_through_with_the_positives():
    found = scores.false_alarms(
        np.array([0.9, 0.8, 0.7, 0.6, 0.75, 0.1]),
        np.array([True, True, True, True, False, False]),
        np.array([0.5, 0.75, 1.0]),
    )
    assert found.tolist() == [[0, 0], [1, 0], [1, 0]]


def test_equal_scores_let_everything_through():
    found = scores.false_alarms(np.full(10, 0.5), np.arange(10) < 5, np.array([0.2]))
    assert found.tolist() == [[1, 1, 1, 1, 1]]


def test_eighty_percent_of_twenty_is_sixteen():
    positives = np.arange(20, 0, -1) / 20
    at_the_sixteenth = positives[15]
    just_above, just_below = at_the_sixteenth + 0.01, at_the_sixteenth - 0.01
    both = np.concatenate([positives, [just_above, just_below]])
    found = scores.false_alarms(both, np.arange(22) < 20, np.array([0.8]))
    assert found.tolist() == [[1, 0]]


def test_precision_weighs_classes_by_their_share():
    shares = {"single": 0.05, "multi": 0.15, "blank": 0.8}
    found = scores.precision(np.array([0.8]), {"multi": np.array([0.1]), "blank": np.array([0.0])}, shares, "single")
    assert found == pytest.approx(0.04 / 0.055)


def test_area_agrees_with_average_precision():
    rng = np.random.default_rng(0)
    positive = np.arange(4000) < 2000
    ranked = rng.normal(size=4000) + 1.5 * positive
    recalls = np.linspace(0.01, 1.0, 100)
    alarms = scores.false_alarms(ranked, positive, recalls).mean(axis=1)
    found = scores.precision(recalls, {"no": alarms}, {"yes": 0.5, "no": 0.5}, "yes")
    assert scores.area(recalls, found) == pytest.approx(average_precision_score(positive, ranked), abs=3e-3)


def test_auroc_agrees_with_scikit_learn_also_with_ties():
    rng = np.random.default_rng(1)
    known, unknown = rng.integers(0, 6, 300), rng.integers(2, 8, 200)
    expected = roc_auc_score(np.repeat([0, 1], [300, 200]), np.concatenate([known, unknown]))
    assert scores.auroc(known, unknown) == pytest.approx(expected)


def test_calibration_error_of_overconfident_answers():
    confidence, right = np.full(1000, 0.9), np.arange(1000) < 600
    bins = scores.calibration_bins(confidence, right)
    assert bins[0].sum() == 1000
    assert scores.calibration_error(bins) == pytest.approx(0.3)


def test_calibration_bins_add_up_over_parts():
    rng = np.random.default_rng(2)
    confidence = rng.random(500)
    right = rng.random(500) < confidence
    whole = scores.calibration_bins(confidence, right)
    parts = scores.calibration_bins(confidence[:200], right[:200]) + scores.calibration_bins(
        confidence[200:], right[200:]
    )
    np.testing.assert_allclose(whole, parts)


def test_certain_answers_fall_in_the_last_bin():
    bins = scores.calibration_bins(np.array([1.0]), np.array([True]))
    assert bins[0, -1] == 1


def test_f1_of_a_confusion():
    confusion = np.array([[8, 2], [4, 6]])
    assert scores.f1(confusion) == pytest.approx(2 * 8 / (10 + 12))
