"""The queue of next frames, and the neighbours of one."""

from __future__ import annotations

import numpy as np
import pytest

from models.embedding.few_shot import fit_head, neighbours, suggest
from tests.models.embedding.crowds import crowds, examples_of


def marked(n: int, frames: np.ndarray | list[int]) -> np.ndarray:
    mask = np.zeros(n, bool)
    mask[frames] = True
    return mask


def test_first_suggestions_cover_the_run() -> None:
    vectors, truth = crowds(seed=1, sizes=(600, 300, 60, 60), separation=6.0)
    first = suggest(None, vectors, marked(len(vectors), []), 8)
    assert first.dtype == np.int64
    assert len(set(first.tolist())) == 8
    assert set(truth[first]) == {0, 1, 2, 3}


def test_a_single_odd_frame_is_not_what_to_start_with() -> None:
    vectors, _ = crowds(seed=2, sizes=(500, 500))
    vectors[77] *= -30.0
    assert 77 not in suggest(None, vectors, marked(len(vectors), []), 5)


def test_suggestions_are_doubtful_frames() -> None:
    vectors, truth = crowds(seed=3, sizes=(1500, 1500, 1500), separation=3.0)
    chosen = examples_of(truth, 6)
    verdicts = fit_head(vectors[chosen], truth[chosen], "abc").verdicts(vectors)
    found = suggest(verdicts, vectors, marked(len(vectors), chosen), 30, pool=256)
    assert not np.isin(found, chosen).any()
    margin = np.sort(np.column_stack([verdicts.probabilities, verdicts.unknown]), axis=1)
    margin = margin[:, -1] - margin[:, -2]
    assert np.median(margin[found]) < 0.5 * np.median(margin)


def test_a_label_teaches_more_from_the_queue_than_at_random() -> None:
    gains = []
    for seed in range(6):
        vectors, truth = crowds(seed=seed, sizes=(1200, 1200, 120), separation=3.0)
        scores = []
        for picks in ("queue", "random"):
            chosen = list(examples_of(truth, 2, seed=seed))
            rng = np.random.default_rng(seed)
            for _ in range(4):
                verdicts = fit_head(vectors[chosen], truth[chosen], "abc").verdicts(vectors)
                mask = marked(len(vectors), chosen)
                more = suggest(verdicts, vectors, mask, 5) if picks == "queue" else rng.integers(0, len(truth), 5)
                chosen += list(more)
            best = fit_head(vectors[chosen], truth[chosen], "abc").verdicts(vectors).probabilities.argmax(axis=1)
            scores.append(np.mean([np.mean(best[truth == k] == k) for k in range(3)]))
        gains.append(scores[0] - scores[1])
    assert np.mean(gains) > 0.0


def test_ten_near_duplicates_are_not_ten_suggestions() -> None:
    vectors, truth = crowds(seed=4, sizes=(800, 800), separation=3.0)
    chosen = examples_of(truth, 5)
    head = fit_head(vectors[chosen], truth[chosen], "ab")
    doubtful = int(np.argmin(head.verdicts(vectors).confidence))
    rng = np.random.default_rng(0)
    copies = vectors[doubtful] + 1e-4 * rng.standard_normal((200, vectors.shape[1])).astype(np.float32)
    everything = np.vstack([vectors, copies])
    verdicts = head.verdicts(everything)
    found = suggest(verdicts, everything, marked(len(everything), chosen), 10, pool=400)
    assert np.count_nonzero((found >= len(vectors)) | (found == doubtful)) <= 1


def test_copies_of_labelled_frames_come_last() -> None:
    vectors, truth = crowds(seed=5, sizes=(60, 60))
    chosen = examples_of(truth, 3)
    everything = np.vstack([vectors, vectors[chosen]])
    verdicts = fit_head(vectors[chosen], truth[chosen], "ab").verdicts(everything)
    found = suggest(verdicts, everything, marked(len(everything), chosen), 100)
    assert (found < len(vectors)).all()


def test_frames_of_no_class_are_proposed() -> None:
    vectors, truth = crowds(seed=6, sizes=(900, 900, 40), separation=6.0)
    chosen = examples_of(truth, 8)
    chosen = chosen[truth[chosen] < 2]
    verdicts = fit_head(vectors[chosen], truth[chosen], "ab").verdicts(vectors)
    assert 2 in truth[suggest(verdicts, vectors, marked(len(vectors), chosen), 4)]


def test_the_same_seed_gives_the_same_frames_and_another_others() -> None:
    vectors, truth = crowds(seed=7, sizes=(4000, 4000))
    chosen = examples_of(truth, 4)
    verdicts = fit_head(vectors[chosen], truth[chosen], "ab").verdicts(vectors)
    mask = marked(len(vectors), chosen)
    for given in (verdicts, None):
        first = suggest(given, vectors, mask, 12, seed=3, pool=128)
        np.testing.assert_array_equal(first, suggest(given, vectors, mask, 12, seed=3, pool=128))
        np.testing.assert_array_equal(first, suggest(given, vectors, chosen, 12, seed=3, pool=128))
    assert set(first) != set(suggest(None, vectors, mask, 12, seed=4, pool=128))


@pytest.mark.parametrize("with_verdicts", [True, False])
def test_only_unlabelled_frames_with_embedding_are_left_at_the_end(with_verdicts: bool) -> None:
    vectors, truth = crowds(seed=8, sizes=(20, 20))
    vectors[:10] = np.nan
    chosen = np.arange(10, 36)
    verdicts = fit_head(vectors[chosen], truth[chosen], "ab").verdicts(vectors) if with_verdicts else None
    assert sorted(suggest(verdicts, vectors, marked(40, chosen), 50)) == [36, 37, 38, 39]
    assert len(suggest(verdicts, vectors, marked(40, range(40)), 5)) == 0
    assert len(suggest(verdicts, vectors, marked(40, chosen), 0)) == 0
    assert len(suggest(None, vectors[:0], marked(0, []), 5)) == 0


def test_neighbours_are_the_nearest_without_itself() -> None:
    vectors, _ = crowds(seed=9, sizes=(300, 300))
    vectors[4] = np.nan
    distance = np.linalg.norm(vectors - vectors[17], axis=1)
    distance[[4, 17]] = np.inf
    found = neighbours(vectors, 17, 25)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, np.argsort(distance)[:25])
    assert len(neighbours(vectors, 17, 10_000)) == 598
    assert len(neighbours(vectors, 4, 10)) == 0
    with pytest.raises(IndexError):
        neighbours(vectors, 600, 1)
