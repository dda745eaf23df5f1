"""Graphs of frames: Nyström's extension, two moons, the simplex."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifying.estimators.graph import GAUSSIAN, SELF_TUNED, Affinity, SpectralMap
from models.classifying.estimators.graph_cut import (
    QUADRATIC,
    TOTAL_VARIATION,
    GraphCut,
    GraphCutSettings,
    to_simplex,
)
from models.classifying.estimators.spectra import (
    DiffusionNeighbours,
    DiffusionSettings,
    SpectralClusters,
    SpectralSettings,
)


def moons(n=150, noise=0.06, seed=0):
    rng = np.random.default_rng(seed)
    turn = np.pi * rng.random(n)
    upper = np.stack([np.cos(turn), np.sin(turn)], 1)
    lower = np.stack([1 - np.cos(turn), 0.5 - np.sin(turn)], 1)
    X = np.concatenate([upper, lower]) + noise * rng.standard_normal((2 * n, 2))
    return X.astype(np.float32), np.repeat([0, 1], n)


def labelled(y, k, seed=0):
    rng = np.random.default_rng(seed)
    given_ = np.full(len(y), -1)
    for c in (0, 1):
        given_[rng.permutation(np.flatnonzero(y == c))[:k]] = c
    return given_


@pytest.mark.parametrize(("kind", "alpha"), [(SELF_TUNED, 0.0), (GAUSSIAN, 1.0)])
def test_nystrom_s_extension_of_a_training_row_is_its_own_coordinate(kind, alpha):
    X = np.random.default_rng(0).standard_normal((80, 5))
    spectrum = SpectralMap.of(Affinity.of(X, kind, 15), 6, alpha)
    np.testing.assert_allclose(spectrum.extend(X), spectrum.vectors, atol=1e-8)
    assert spectrum.values[0] == pytest.approx(1.0)
    np.testing.assert_allclose(spectrum.vectors[:, 0], 1.0)


def test_nystrom_s_extension_of_a_neighbour_is_near_its_coordinate():
    X, _ = moons()
    rows = X.astype(np.float64)
    spectrum = SpectralMap.of(Affinity.of(rows, GAUSSIAN, 40, sigma=0.05), 3, 1.0)
    near = spectrum.extend(rows[:20] + 1e-4)
    np.testing.assert_allclose(near, spectrum.vectors[:20], atol=0.05)


def test_the_sparse_and_the_dense_way_agree_on_the_eigenvalues():
    X = np.random.default_rng(1).standard_normal((320, 3))
    affinity = Affinity.of(X, SELF_TUNED, 12)
    few, many = SpectralMap.of(affinity, 4, 0.0), SpectralMap.of(affinity, 100, 0.0)
    np.testing.assert_allclose(few.values, many.values[:5], atol=1e-8)


@pytest.mark.parametrize("model", [QUADRATIC, TOTAL_VARIATION])
def test_a_graph_cut_follows_the_moons_where_distance_does_not(model):
    X, y = moons()
    fitted = GraphCut(GraphCutSettings(model=model, neighbours=10)).fit(X, labelled(y, 3))
    fresh, truth = moons(100, seed=5)
    assert np.mean(fitted.predict(fresh) == truth) > 0.97
    np.testing.assert_allclose(fitted.predict_proba(fresh).sum(1), 1.0, atol=1e-5)


def test_spectral_clusters_and_diffusion_follow_the_moons_too():
    X, y = moons()
    fresh, truth = moons(100, seed=5)
    spectral = SpectralClusters(SpectralSettings(clusters=6, neighbours=10)).fit(X, labelled(y, 6))
    assert np.mean(spectral.predict(fresh) == truth) > 0.9
    diffusion = DiffusionNeighbours(DiffusionSettings(neighbours=15, width=0.01, dimensions=3))
    assert np.mean(diffusion.fit(X, labelled(y, 3)).predict(fresh) == truth) > 0.9


def test_a_cluster_without_an_example_is_named_after_the_nearest_example():
    rng = np.random.default_rng(0)
    places = np.array([[0.0, 0], [10, 0], [0, 12], [1, 13]])
    X = np.concatenate([p + 0.1 * rng.standard_normal((40, 2)) for p in places]).astype(np.float32)
    y = np.full(len(X), -1)
    y[[0, 40, 80]] = [0, 0, 1]
    fitted = SpectralClusters(SpectralSettings(clusters=4, neighbours=10)).fit(X, y)
    assert (fitted.predict(X[80:120]) == 1).all()
    assert (fitted.predict(X[:80]) == 0).all()


@given(st.lists(st.lists(st.floats(-50, 50), min_size=3, max_size=3), min_size=1, max_size=20))
def test_the_nearest_point_of_the_simplex(rows):
    values = np.array(rows)
    found = to_simplex(values)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(1), 1.0)
    # Nearest: no corner is nearer than what moving towards it would gain.
    slope = found - values
    np.testing.assert_array_less((slope * found).sum(1) - 1e-7, slope.min(1))


def test_many_equal_rows_do_no_harm():
    X = np.concatenate([np.zeros((50, 2)), np.ones((50, 2)), np.array([[0.5, 0.2]])]).astype(np.float32)
    y = np.full(101, -1)
    y[[0, 1, 60, 61]] = [0, 0, 1, 1]
    for made in (
        GraphCut(GraphCutSettings()),
        SpectralClusters(SpectralSettings()),
        DiffusionNeighbours(DiffusionSettings()),
    ):
        told = made.fit(X, y).predict_proba(X)
        assert np.isfinite(told).all()
        assert (told[:50, 0] > 0.5).all()
        assert (told[50:100, 1] > 0.5).all()
