"""Every classifier behind one convention, and better than chance on frames that are easy to tell apart."""

import numpy as np
import pytest

from models.classifying.estimators.base import folds_of
from models.classifying.features import EXTRACTORS, extractor
from models.classifying.registry import CLASSIFIERS, DEFAULT, classifier, make
from models.errors import BadParameter, NotEnoughExamples
from models.parameters import describe, validate
from tests.models.classifying.scenes import few_labels, run

NAMES = [name for name, info in CLASSIFIERS.items() if not info.needs_weights]
QUICK = {"cnn": {"steps": 40}}


def made(name):
    return make(name, CLASSIFIERS[name].parameters(**QUICK.get(name, {})))


@pytest.fixture(scope="module")
def easy():
    """Features by extractor of 160 frames, one ball or two, and their classes."""
    frames, valid, classes = run(80)
    wanted = {CLASSIFIERS[name].features for name in NAMES}
    return {name: extractor(name).extract(frames, valid) for name in wanted}, classes


@pytest.mark.parametrize("name", NAMES)
def test_six_labels_of_each_tell_one_ball_from_two(name, easy):
    features, classes = easy
    X, y = features[CLASSIFIERS[name].features], few_labels(classes, 6)
    told = made(name).fit(X, y)
    rest = y < 0
    right = told.predict(X[rest]) == classes[rest]
    balanced = np.mean([right[classes[rest] == k].mean() for k in (0, 1)])
    assert balanced > 0.75  # chance is 0.5


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_sum_to_one_and_their_largest_is_the_prediction(name, easy):
    features, classes = easy
    X = features[CLASSIFIERS[name].features]
    fitted = made(name).fit(X, few_labels(classes, 3))
    shares = fitted.predict_proba(X)
    assert shares.shape == (len(X), 2)
    np.testing.assert_allclose(shares.sum(1), 1.0, atol=1e-5)
    clear = np.abs(shares[:, 0] - shares[:, 1]) > 1e-6
    np.testing.assert_array_equal(fitted.classes_[shares.argmax(1)][clear], fitted.predict(X)[clear])


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_any_numbers_and_one_class_is_no_error(name, easy):
    features, classes = easy
    X = features[CLASSIFIERS[name].features][:60]
    y = np.where(few_labels(classes[:60], 2) >= 0, 3 + 4 * classes[:60], -1)
    fitted = made(name).fit(X, y)
    assert fitted.classes_.tolist() == [3, 7]
    assert set(fitted.predict(X)) <= {3, 7}
    one = made(name).fit(X, np.where(y == 3, 3, -1))
    assert (one.predict(X) == 3).all()
    np.testing.assert_allclose(one.predict_proba(X), 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_labels_give_the_same_verdicts(name, easy):
    features, classes = easy
    X, y = features[CLASSIFIERS[name].features][:80], few_labels(classes[:80], 3)
    np.testing.assert_array_equal(made(name).fit(X, y).predict_proba(X), made(name).fit(X, y).predict_proba(X))


@pytest.mark.parametrize("name", NAMES)
def test_one_label_of_each_class_is_enough(name, easy):
    features, classes = easy
    X, y = features[CLASSIFIERS[name].features], few_labels(classes, 1, seed=1)
    assert np.isfinite(made(name).fit(X, y).predict_proba(X)).all()


@pytest.mark.parametrize("name", NAMES)
def test_bad_examples_are_refused_in_words(name, easy):
    features, _ = easy
    X = features[CLASSIFIERS[name].features][:10]
    with pytest.raises(NotEnoughExamples, match="no class can be learned"):
        made(name).fit(X, np.full(10, -1))
    with pytest.raises(BadParameter):
        made(name).fit(X, np.zeros(9, int))
    with pytest.raises(BadParameter):
        made(name).fit(np.where(np.eye(10, X.shape[1]) > 0, np.nan, X), np.arange(10) % 2)
    fitted = made(name).fit(X, np.arange(10) % 2)
    with pytest.raises(BadParameter):
        fitted.predict(X[:, :-1])


def test_probabilities_are_modest_where_the_features_say_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 30)).astype(np.float32), np.full(200, -1)
    y[:20] = np.arange(20) % 2
    for name in ("angular-prototype", "angular-mlp", "physics-svm", "diffusion", "graph-cut", "spectral"):
        assert make(name).fit(X, y).predict_proba(X[20:]).max(1).mean() < 0.85, name


def test_each_part_holds_out_alike_from_every_class():
    codes = np.array([0, 0, 0, 0, 1, 1, 1, 1, -1, 2])
    fold = folds_of(codes, 2)
    assert fold.tolist() == [0, 1, 0, 1, 0, 1, 0, 1, -1, -1]


def test_the_registry_describes_everything_a_user_chooses_by():
    assert next(iter(CLASSIFIERS)) == DEFAULT
    for name, info in CLASSIFIERS.items():
        assert name == info.name
        assert info.features in EXTRACTORS
        assert info.cost in ("fast", "moderate", "slow")
        assert info.title
        assert info.summary.endswith(".")
        validate(info.parameters())
        assert all(each.help for each in describe(info.parameters))
    with pytest.raises(BadParameter, match="no classifier 'none'"):
        classifier("none")
    with pytest.raises(BadParameter, match="DiffusionSettings are no parameters"):
        make("cnn", CLASSIFIERS["diffusion"].parameters())
