"""Labels checked against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.embedding.few_shot import Confusion, cross_validate, fit_head
from models.embedding.few_shot.folds import stratified_folds
from models.errors import NotEnoughExamples
from tests.models.embedding.crowds import crowds, examples_of


def test_confusion_foretells_the_accuracy_on_the_run() -> None:
    estimates, truths = [], []
    for seed in range(6):
        vectors, truth = crowds(seed=seed, sizes=(400, 400, 400), separation=2.5)
        chosen = examples_of(truth, 20, seed=seed)
        confusion = cross_validate(vectors[chosen], truth[chosen], "abc")
        assert confusion.n_examples == 60
        assert confusion.folds == 5
        verdicts = fit_head(vectors[chosen], truth[chosen], "abc").verdicts(vectors)
        estimates.append(confusion.balanced_accuracy)
        truths.append(np.mean([np.mean(verdicts.label[truth == k] == k) for k in range(3)]))
    assert np.mean(estimates) == pytest.approx(np.mean(truths), abs=0.05)


def test_a_wrong_label_shows_off_the_diagonal() -> None:
    vectors, truth = crowds(seed=1, sizes=(300, 300), separation=6.0)
    chosen = examples_of(truth, 8)
    given = truth[chosen].copy()
    given[0] = 1 - given[0]
    confusion = cross_validate(vectors[chosen], given, ["single", "multi"])
    assert confusion.matrix[given[0], truth[chosen][0]] == 1
    assert confusion.matrix.sum() == 16
    assert confusion.folds == 16, "few examples are left out one by one"


def test_the_only_example_of_a_class_is_not_tested() -> None:
    vectors, truth = crowds(seed=2)
    chosen = examples_of(truth, 3)
    chosen = np.concatenate([chosen[truth[chosen] < 2], np.flatnonzero(truth == 2)[:1]])
    confusion = cross_validate(vectors[chosen], truth[chosen] + 1, ["unused", "a", "b", "c"])
    assert confusion.classes == ("a", "b", "c")
    assert confusion.untested == ("c",)
    assert confusion.examples.tolist() == [3, 3, 0]
    assert np.isnan(confusion.recall[2])
    assert np.isfinite(confusion.balanced_accuracy)


def test_examples_without_embedding_are_left_out() -> None:
    vectors, truth = crowds(seed=3)
    chosen = examples_of(truth, 4)
    vectors[chosen[0]] = np.nan
    assert cross_validate(vectors[chosen], truth[chosen], "abc").n_examples == 11


def test_too_few_examples_are_said_so() -> None:
    vectors, truth = crowds(seed=4)
    chosen = examples_of(truth, 1)
    with pytest.raises(NotEnoughExamples, match="cannot be checked"):
        cross_validate(vectors[chosen], truth[chosen], "abc")


def test_figures_of_a_confusion() -> None:
    confusion = Confusion(("a", "b"), np.array([[6, 1, 1], [2, 2, 0]]))
    assert confusion.recall.tolist() == [0.75, 0.5]
    assert confusion.precision.tolist() == [0.75, 2 / 3]
    assert confusion.balanced_accuracy == 0.625
    assert (confusion.n_examples, confusion.called.tolist(), confusion.correct.tolist()) == (12, [8, 3], [6, 2])
    never = Confusion(("a", "b"), np.array([[0, 0, 3], [0, 0, 0]]))
    assert np.isnan(never.precision).all()
    assert never.balanced_accuracy == 0.0


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(2, 10))
def test_every_fold_leaves_an_example_of_each_class(classes: list[int], folds: int) -> None:
    numbers = np.array(classes)
    fold = stratified_folds(numbers, folds)
    sizes = np.bincount(numbers)
    np.testing.assert_array_equal(fold >= 0, sizes[numbers] > 1)
    for part in np.unique(fold[fold >= 0]):
        assert set(numbers[fold != part]) == set(numbers)
    renamed = 4 - numbers
    np.testing.assert_array_equal(stratified_folds(renamed, folds), fold)
