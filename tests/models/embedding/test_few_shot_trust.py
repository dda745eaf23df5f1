"""What the labels say of the verdicts: held-out examples, reliability curves, operating points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.embedding.few_shot import (
    HeldOut,
    Verdicts,
    calibration_curve,
    cross_validate,
    fit_head,
    held_out_calibration,
    hold_out,
    precision_recall,
    run_statistics,
)
from models.embedding.few_shot.calibration_curve import wilson
from models.errors import BadParameter
from tests.models.embedding.crowds import crowds, examples_of


def held_and_judged(seed: int, each: int = 10) -> tuple[HeldOut, Verdicts, np.ndarray]:
    vectors, truth = crowds(seed=seed, sizes=(900, 500, 100), separation=2.5)
    chosen = examples_of(truth, each, seed=seed)
    run = run_statistics(vectors)
    held = hold_out(vectors[chosen], truth[chosen], "abc", run=run)
    return held, fit_head(vectors[chosen], truth[chosen], "abc", run=run).verdicts(vectors), truth


def test_held_out_examples_are_judged_without_themselves() -> None:
    vectors, truth = crowds(seed=1, sizes=(300, 300), separation=6.0)
    chosen = examples_of(truth, 6)
    given = truth[chosen].copy()
    given[0] = 1 - given[0]
    held = hold_out(vectors[chosen], given, "ab", run=run_statistics(vectors))
    assert len(held) == 12
    np.testing.assert_allclose(held.probabilities.sum(axis=1) + held.unknown, 1.0, atol=1e-5)
    assert not held.right[held.rows == 0].any(), "a wrong label cannot vouch for itself"
    assert held.right.mean() > 0.8
    confusion = cross_validate(vectors[chosen], given, "ab", run=run_statistics(vectors))
    np.testing.assert_array_equal(held.confusion().matrix, confusion.matrix)


def test_rows_point_back_to_what_was_handed_in() -> None:
    vectors, truth = crowds(seed=2)
    chosen = np.concatenate([examples_of(truth, 3), np.flatnonzero(truth == 0)[:1]])
    lonely = np.concatenate([chosen[truth[chosen] < 2], np.flatnonzero(truth == 2)[:1]])
    vectors[lonely[1]] = np.nan
    held = hold_out(vectors[lonely], truth[lonely], "abc")
    assert held.untested == ("c",)
    assert held.rows.tolist() == [0, *range(2, len(lonely) - 1)]
    np.testing.assert_array_equal(held.labels, truth[lonely][held.rows])


def test_true_confidences_lie_on_the_diagonal_and_false_ones_do_not() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.4, 1.0, 20_000)
    right = rng.random(20_000) < confidence
    honest = calibration_curve(confidence, right)
    assert honest.error < 0.02
    inside = (honest.low <= honest.confidence) & (honest.confidence <= honest.high)
    assert inside.sum() >= len(inside) - 2
    boastful = calibration_curve(np.sqrt(confidence), right)
    assert boastful.error > 5 * boastful.error_by_chance
    assert honest.frames.sum() == honest.n == 20_000


def test_few_examples_say_that_their_error_may_be_chance() -> None:
    rng = np.random.default_rng(1)
    errors, chances, widths = [], [], []
    for _ in range(40):
        confidence = rng.uniform(0.5, 1.0, 20)
        curve = calibration_curve(confidence, rng.random(20) < confidence)
        errors.append(curve.error)
        chances.append(curve.error_by_chance)
        widths.append(float((curve.high - curve.low).min()))
    assert np.mean(errors) == pytest.approx(np.mean(chances), rel=0.25)
    assert np.mean(chances) > 0.08
    assert min(widths) > 0.2
    empty = calibration_curve([], [])
    assert (empty.n, empty.error, empty.error_by_chance) == (0, 0.0, 0.0)


@given(st.integers(0, 60), st.integers(0, 60))
def test_wilson_intervals_hold_their_share(right: int, wrong: int) -> None:
    n = right + wrong
    share = np.array([right / n if n else 0.5])
    low, high = wilson(share, np.array([float(n)]))
    assert 0.0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1.0
    if n:
        assert high - low > 0.01
    else:
        assert (float(low[0]), float(high[0])) == (0.0, 1.0)


def test_expected_precision_comes_true() -> None:
    expected, found, inside = [], [], []
    for seed in range(8):
        held, verdicts, truth = held_and_judged(seed)
        curve = precision_recall(verdicts, "b", held)
        point = curve.for_recall(0.8)
        kept = verdicts.probabilities[:, 1] >= np.float32(point.threshold)
        assert np.count_nonzero(kept) == point.frames_kept
        true = np.mean(truth[kept] == 1)
        expected.append(point.precision)
        found.append(true)
        inside.append(point.precision_low <= true <= point.precision_high)
        assert point.precision_low <= point.precision <= point.precision_high
    assert np.mean(expected) == pytest.approx(np.mean(found), abs=0.08)
    assert np.mean(inside) >= 0.6


def test_more_labels_narrow_the_interval() -> None:
    widths = []
    for each in (3, 12, 80):
        held, verdicts, _ = held_and_judged(5, each)
        curve = precision_recall(verdicts, "b", held)
        widths.append(float(np.mean(curve.precision_high - curve.precision_low)))
        assert curve.examples == 3 * each
    assert widths[0] > widths[1] > widths[2] > 0.0


def test_held_out_mistakes_lower_what_is_promised() -> None:
    """Examples that turn out not to be what their probabilities say must cost precision."""
    held, verdicts, _ = held_and_judged(6, 20)
    swapped = replace(held, labels=np.where(held.labels == 1, 0, np.where(held.labels == 0, 1, 2)))
    honest, doubtful = (precision_recall(verdicts, "b", h).at(0.5) for h in (held, swapped))
    assert doubtful.precision < honest.precision - 0.1
    assert doubtful.frames_kept == honest.frames_kept


def test_thresholds_trade_recall_for_fewer_frames() -> None:
    held, verdicts, _ = held_and_judged(3)
    curve = precision_recall(verdicts, "c", held)
    assert (np.diff(curve.recall) <= 1e-12).all()
    assert (np.diff(curve.frames_kept) <= 0).all()
    assert curve.frames_kept[0] == len(verdicts)
    assert curve.at(0.5).threshold == pytest.approx(0.5)
    assert curve.at(2.0).threshold > 0.999
    precise = curve.for_precision(0.9)
    assert precise is not None
    assert precise.precision >= 0.9
    assert precise.frames_expected == pytest.approx(precise.frames_kept * precise.precision)
    assert curve.for_precision(1.1) is None
    assert 0.0 < curve.average_precision_low <= curve.average_precision_high <= 1.0
    with pytest.raises(BadParameter, match="no precision"):
        precision_recall(verdicts, "z", held)


def test_a_whole_set_with_truth_has_a_reliability_curve_too() -> None:
    held, verdicts, truth = held_and_judged(4)
    whole = calibration_curve(verdicts.confidence, verdicts.label == truth)
    few = held_out_calibration(held)
    assert few.error_by_chance > whole.error_by_chance
    assert few.n == 30
