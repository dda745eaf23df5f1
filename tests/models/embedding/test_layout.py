"""Maps of a run: PCA at once, UMAP as long work."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.embedding.layout import LayoutProgress, UmapSettings, pca, umap_layout
from models.embedding.layout.neighbour_graph import fuzzy_graph, nearest
from models.errors import BadParameter
from models.progress import drain
from tests.models.embedding.crowds import crowds

QUICK = UmapSettings(epochs=60)


def purity(layout: np.ndarray, truth: np.ndarray, k: int = 10) -> float:
    """Share of a frame's neighbours on the map that belong to its own crowd."""
    distance = ((layout[:, None] - layout[None]) ** 2).sum(axis=2)
    near = np.argsort(distance, axis=1)[:, 1 : k + 1]
    return float(np.mean(truth[near] == truth[:, None]))


def test_pca_agrees_with_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    vectors, _ = crowds(seed=1, sizes=(5000, 5000))
    ours = pca(vectors)
    theirs = PCA(2, svd_solver="full").fit_transform(vectors.astype(np.float64))
    theirs *= np.sign((theirs * ours).sum(axis=0))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_pca_is_the_same_every_time_whatever_the_order_of_frames() -> None:
    vectors, _ = crowds(seed=2)
    order = np.random.default_rng(0).permutation(len(vectors))
    np.testing.assert_allclose(pca(vectors[order]), pca(vectors)[order], atol=1e-4)
    np.testing.assert_array_equal(pca(vectors), pca(vectors))


def test_pca_of_frames_far_from_the_origin_is_still_exact() -> None:
    vectors, _ = crowds(seed=3)
    np.testing.assert_allclose(pca(vectors + np.float32(1000.0)), pca(vectors), atol=2e-3)


def test_pca_gives_missing_frames_no_place() -> None:
    vectors, _ = crowds(seed=4)
    vectors[3], vectors[8, 2] = np.nan, np.inf
    layout = pca(vectors)
    assert np.flatnonzero(np.isnan(layout).any(axis=1)).tolist() == [3, 8]
    assert np.isnan(layout[[3, 8]]).all()
    keep = np.setdiff1d(np.arange(len(vectors)), [3, 8])
    np.testing.assert_allclose(layout[keep], pca(vectors[keep]), atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, st.tuples(st.integers(0, 7), st.integers(1, 5)), elements=st.floats(-4, 4, width=16)))
def test_pca_of_anything_small_is_finite_and_centred(vectors: np.ndarray) -> None:
    layout = pca(vectors)
    assert layout.shape == (len(vectors), 2)
    assert np.isfinite(layout).all()
    if len(vectors):
        np.testing.assert_allclose(layout.mean(axis=0), 0.0, atol=1e-4)
        assert np.ptp(layout[:, 0]) >= 0.0
        assert layout[:, 0].var() >= layout[:, 1].var() - 1e-4


def test_neighbours_by_cells_are_nearly_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, _ = crowds(seed=5, sizes=(2000, 2000, 1000))
    rows = np.arange(len(vectors))
    exact, distances = drain(nearest(vectors, rows, vectors, 10, itself=True))
    assert (exact != rows[:, None]).all()
    assert (np.diff(distances, axis=1) >= 0).all()
    np.testing.assert_allclose(distances[7], np.linalg.norm(vectors[exact[7]] - vectors[7], axis=1), atol=1e-4)
    monkeypatch.setattr("models.embedding.layout.neighbour_graph._EXACT_BELOW", 100)
    found, _ = drain(nearest(vectors, rows, vectors, 10, itself=True))
    assert (found != rows[:, None]).all()
    assert np.mean([len(set(a) & set(b)) for a, b in zip(exact, found, strict=True)]) > 8.5
    elsewhere, _ = drain(nearest(vectors.copy(), rows[40:60], vectors, 3))
    np.testing.assert_array_equal(elsewhere[:, 0], rows[40:60])


def test_weights_of_a_frame_add_up_as_umap_wants() -> None:
    vectors, _ = crowds(seed=6)
    near, distances = drain(nearest(vectors, np.arange(len(vectors)), vectors, 14, itself=True))
    graph = fuzzy_graph(near, distances)
    assert abs(graph - graph.T).max() < 1e-6
    assert graph.data.min() > 0.0
    assert graph.data.max() <= 1.0 + 1e-6
    # The nearest neighbour always belongs fully.
    np.testing.assert_allclose(graph[np.arange(len(vectors)), near[:, 0]], 1.0, atol=1e-5)
    directed = graph.sum(axis=1).mean() / 2
    assert np.log2(15) / 2 < directed < np.log2(15)


def test_umap_parts_crowds_that_pca_overlays() -> None:
    vectors, truth = crowds(seed=7, sizes=(200,) * 5, separation=4.5)
    layout = drain(umap_layout(vectors, QUICK))
    assert layout.dtype == np.float32
    assert purity(layout, truth) > 0.97
    assert purity(layout, truth) > purity(pca(vectors), truth)


def test_umap_reports_epochs_and_shows_itself_unfolding() -> None:
    vectors, _ = crowds(seed=8, sizes=(150, 150))
    records: list[LayoutProgress] = []
    final = drain(umap_layout(vectors, QUICK), records.append)
    done = [record.done for record in records]
    assert done == sorted(done)
    assert records[-1].fraction == 1.0
    assert records[-1].message == "epoch 60 of 60"
    assert {(r.sampled, r.placed) for r in records} == {(300, 300)}
    shown = [record.layout for record in records if record.layout is not None]
    np.testing.assert_array_equal(shown[-1], final)
    # It begins as the PCA map, so nothing jumps when it starts.
    start = pca(vectors)
    np.testing.assert_allclose(shown[0] / np.abs(shown[0]).max(), start / np.abs(start).max(), atol=1e-2)
    assert not np.allclose(shown[0], final)


def test_umap_is_a_function_of_its_seed() -> None:
    vectors, _ = crowds(seed=9, sizes=(120, 120))
    first = drain(umap_layout(vectors, QUICK))
    np.testing.assert_array_equal(first, drain(umap_layout(vectors, QUICK)))
    assert not np.allclose(first, drain(umap_layout(vectors, UmapSettings(epochs=60, seed=1))))


def test_umap_stops_when_nobody_asks_for_more() -> None:
    vectors, _ = crowds(seed=10, sizes=(150, 150))
    work = umap_layout(vectors, UmapSettings(epochs=10_000))
    for _ in range(4):
        assert next(work).fraction < 1.0
    work.close()
    with pytest.raises(StopIteration):
        next(work)


def test_frames_beyond_the_sample_are_placed_in_their_crowd() -> None:
    vectors, truth = crowds(seed=11, sizes=(400, 400, 400), separation=6.0)
    vectors[13] = np.nan
    records: list[LayoutProgress] = []
    layout = drain(umap_layout(vectors, UmapSettings(epochs=60, max_frames=300)), records.append)
    assert (records[-1].sampled, records[-1].placed) == (300, 1199)
    assert np.flatnonzero(np.isnan(layout).any(axis=1)).tolist() == [13]
    keep = np.arange(len(vectors)) != 13
    assert purity(layout[keep], truth[keep]) > 0.95


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 9])
def test_small_runs_get_a_map(n: int) -> None:
    vectors = np.random.default_rng(0).standard_normal((n, 16)).astype(np.float32)
    layout = drain(umap_layout(vectors, QUICK))
    assert layout.shape == (n, 2)
    assert np.isfinite(layout).all()


def test_alike_frames_do_not_upset_the_map() -> None:
    same = np.ones((40, 8), np.float32)
    assert np.isfinite(drain(umap_layout(same, QUICK))).all()
    vectors, _ = crowds(seed=12, sizes=(100, 100))
    vectors[:90] = vectors[0]
    assert np.isfinite(drain(umap_layout(vectors, QUICK))).all()
    nothing = np.full((6, 8), np.nan, np.float32)
    assert np.isnan(drain(umap_layout(nothing, QUICK))).all()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(BadParameter, match="n_neighbors"):
        next(umap_layout(np.zeros((9, 2), np.float32), UmapSettings(n_neighbors=1)))
