"""From a few labels to verdicts: what a user may rely on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.embedding.few_shot import FewShotSettings, Verdicts, fit_head, run_statistics
from models.embedding.few_shot.quantiles import student_quantile
from models.errors import BadParameter, NotEnoughExamples
from tests.models.embedding.crowds import crowds, examples_of

HEADS = ("prototype", "shrinkage", "logistic")


def test_a_few_labels_sort_the_run() -> None:
    vectors, truth = crowds(seed=1, sizes=(700, 500, 300), separation=4.0)
    chosen = examples_of(truth, 5)
    for head in HEADS:
        fitted = fit_head(vectors[chosen], truth[chosen], ["single", "multi", "blank"], FewShotSettings(head=head))
        verdicts = fitted.verdicts(vectors)
        right = [np.mean(verdicts.probabilities.argmax(axis=1)[truth == k] == k) for k in range(3)]
        assert np.mean(right) > 0.95, head


@pytest.mark.parametrize("head", HEADS)
def test_rows_sum_to_one_minus_unknown_and_labels_agree(head: str) -> None:
    vectors, truth = crowds(seed=2)
    chosen = examples_of(truth, 4)
    verdicts = fit_head(vectors[chosen], truth[chosen], "abc", FewShotSettings(head=head)).verdicts(vectors)
    assert verdicts.probabilities.dtype == verdicts.unknown.dtype == verdicts.confidence.dtype == np.float32
    assert verdicts.label.dtype == np.int16
    np.testing.assert_allclose(verdicts.probabilities.sum(axis=1) + verdicts.unknown, 1.0, atol=1e-5)
    known = verdicts.label >= 0
    assert known.any()
    shown = np.where(known, np.take_along_axis(verdicts.probabilities, verdicts.label.clip(0)[:, None], 1)[:, 0], 0)
    np.testing.assert_array_equal(verdicts.confidence, np.where(known, shown, verdicts.unknown))
    np.testing.assert_array_equal(verdicts.label[known], verdicts.probabilities[known].argmax(axis=1))
    np.testing.assert_array_equal(known, verdicts.unknown < 0.5)


def test_one_label_per_class_is_enough_to_start() -> None:
    vectors, truth = crowds(seed=3, separation=5.0)
    chosen = examples_of(truth, 1)
    head = fit_head(vectors[chosen], truth[chosen], "abc", run=run_statistics(vectors))
    verdicts = head.verdicts(vectors)
    assert np.mean(verdicts.label == truth) > 0.85
    np.testing.assert_array_equal(verdicts.label[chosen], truth[chosen])


def test_a_single_class_is_told_from_everything_else() -> None:
    vectors, truth = crowds(seed=4, separation=6.0)
    chosen = examples_of(truth, 6)
    chosen = chosen[truth[chosen] == 1]
    verdicts = fit_head(vectors[chosen], [0] * 6, ["multi"], run=run_statistics(vectors)).verdicts(vectors)
    assert verdicts.classes == ("multi",)
    assert np.mean(verdicts.label[truth == 1] == 0) > 0.9
    assert np.mean(verdicts.label[truth != 1] == -1) > 0.9


def test_an_unlabelled_crowd_becomes_unknown_and_the_labelled_ones_do_not() -> None:
    vectors, truth = crowds(seed=5, sizes=(400, 400, 400, 400), separation=6.0)
    chosen = examples_of(truth, 8)
    chosen = chosen[truth[chosen] < 3]
    verdicts = fit_head(vectors[chosen], truth[chosen], "abc", run=run_statistics(vectors)).verdicts(vectors)
    rest = np.setdiff1d(np.arange(len(truth)), chosen)
    of_class = rest[truth[rest] < 3]
    assert np.mean(verdicts.label[truth == 3] == -1) > 0.9
    assert np.mean(verdicts.label[of_class] == -1) < 0.05
    assert np.mean(verdicts.label[of_class] == truth[of_class]) > 0.93


def test_the_quantile_trades_found_strangers_for_lost_members() -> None:
    vectors, truth = crowds(seed=6, sizes=(400, 400, 400), separation=3.0)
    chosen = examples_of(truth, 8)
    chosen = chosen[truth[chosen] < 2]
    share = []
    for quantile in (0.8, 0.95, 0.999):
        head = fit_head(
            vectors[chosen],
            truth[chosen],
            "ab",
            FewShotSettings(unknown_quantile=quantile),
            run=run_statistics(vectors),
        )
        share.append(float(np.mean(head.verdicts(vectors).label == -1)))
    assert share[0] > share[1] > share[2]


def test_more_examples_than_are_compared_keep_members_known() -> None:
    vectors, truth = crowds(seed=7, sizes=(800, 800), separation=6.0)
    chosen = examples_of(truth, 120)
    head = fit_head(vectors[chosen], truth[chosen], "ab", FewShotSettings(compared_examples=8))
    verdicts = head.verdicts(vectors)
    rest = np.setdiff1d(np.arange(len(truth)), chosen)
    assert np.mean(verdicts.label[rest] == -1) < 0.05


@pytest.mark.parametrize("head", HEADS)
def test_confidence_means_what_it_says(head: str) -> None:
    """Reliability over many overlapping runs: of frames called with confidence c, a share near c is right."""
    confident, right = [], []
    for seed in range(12):
        vectors, truth = crowds(seed=seed, sizes=(300, 300, 300), separation=2.5)
        chosen = examples_of(truth, 12, seed=seed)
        verdicts = fit_head(vectors[chosen], truth[chosen], "abc", FewShotSettings(head=head)).verdicts(vectors)
        known = (verdicts.label >= 0) & ~np.isin(np.arange(len(truth)), chosen)
        confident.append(verdicts.confidence[known] / (1.0 - verdicts.unknown[known]))
        right.append(verdicts.label[known] == truth[known])
    confidence, correct = np.concatenate(confident), np.concatenate(right)
    assert 0.6 < correct.mean() < 0.97, "the runs must overlap for this to mean anything"
    bins = np.clip((confidence * 10).astype(int), 0, 9)
    gaps = [abs(confidence[bins == b].mean() - correct[bins == b].mean()) * np.mean(bins == b) for b in set(bins)]
    assert sum(gaps) < 0.08


@pytest.mark.parametrize("head", HEADS)
def test_the_order_of_classes_changes_nothing_but_columns(head: str) -> None:
    vectors, truth = crowds(seed=8)
    chosen = examples_of(truth, 6)
    plain = fit_head(vectors[chosen], truth[chosen], "abc", FewShotSettings(head=head)).verdicts(vectors)
    order = np.array([2, 0, 1])
    turned = fit_head(vectors[chosen], order[truth[chosen]], "bca", FewShotSettings(head=head)).verdicts(vectors)
    np.testing.assert_allclose(turned.probabilities[:, order], plain.probabilities, atol=2e-3)
    np.testing.assert_allclose(turned.unknown, plain.unknown, atol=1e-4)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("factor", [1e-3, 50.0])
def test_the_unit_of_the_embedding_does_not_matter(head: str, factor: float) -> None:
    vectors, truth = crowds(seed=9)
    chosen = examples_of(truth, 6)
    choice = FewShotSettings(head=head)
    plain = fit_head(vectors[chosen], truth[chosen], "abc", choice, run=run_statistics(vectors)).verdicts(vectors)
    vectors = vectors * np.float32(factor)
    scaled = fit_head(vectors[chosen], truth[chosen], "abc", choice, run=run_statistics(vectors)).verdicts(vectors)
    np.testing.assert_allclose(scaled.probabilities, plain.probabilities, atol=5e-3)


def test_frames_without_embedding_are_missing_not_unknown() -> None:
    vectors, truth = crowds(seed=10)
    vectors[5] = np.nan
    vectors[6, 3] = np.inf
    chosen = np.union1d(examples_of(truth, 4), [5])
    head = fit_head(vectors[chosen], truth[chosen], "abc")
    verdicts = head.verdicts(vectors)
    assert np.flatnonzero(verdicts.missing).tolist() == [5, 6]
    assert verdicts.probabilities[5].sum() == 0.0
    assert verdicts.unknown[5] == 1.0
    assert verdicts.confidence[5] == 0.0
    assert verdicts.label[5] == -1
    assert np.isfinite(verdicts.probabilities).all()
    assert head.provenance["examples_without_embedding"] == 1
    assert sum(verdicts.counts().values()) == len(vectors) - 2


def test_classes_without_examples_are_left_out_and_the_order_is_kept() -> None:
    vectors, truth = crowds(seed=11)
    chosen = examples_of(truth, 3)
    chosen = chosen[truth[chosen] != 1]
    head = fit_head(vectors[chosen], truth[chosen], ["single", "multi", "blank"], source={"model": "abc123"})
    assert head.classes == ("single", "blank")
    verdicts = head.verdicts(vectors)
    assert verdicts.probabilities.shape == (len(vectors), 2)
    assert verdicts.provenance["model"] == "abc123"
    assert verdicts.provenance["examples"] == {"single": 3, "blank": 3}
    assert verdicts.provenance["settings"]["head"] == "logistic"
    assert verdicts.provenance["unknown_threshold"] == 0.5


def test_verdicts_are_refreshed_in_place_and_by_blocks_alike() -> None:
    vectors, truth = crowds(seed=12, sizes=(9000, 9000))
    chosen = examples_of(truth, 5)
    head = fit_head(vectors[chosen], truth[chosen], "ab")
    threaded = head.verdicts(vectors, threads=2)
    again = head.verdicts(vectors, out=threaded, threads=1)
    assert again.probabilities is threaded.probabilities
    room = Verdicts.empty(len(vectors), head.classes)
    rows = list(head.blocks(vectors, room))
    assert len(rows) > 1
    assert (rows[0].start, rows[-1].stop) == (0, len(vectors))
    np.testing.assert_array_equal(room.label, again.label)
    np.testing.assert_allclose(room.probabilities, again.probabilities, atol=1e-6)


def test_memory_mapped_and_double_precision_vectors_are_taken(tmp_path) -> None:
    vectors, truth = crowds(seed=13)
    chosen = examples_of(truth, 5)
    head = fit_head(vectors[chosen], truth[chosen], "abc")
    np.save(tmp_path / "v.npy", vectors)
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    np.testing.assert_array_equal(head.verdicts(mapped).label, head.verdicts(vectors.astype(np.float64)).label)


def test_what_does_not_fit_is_refused_in_words() -> None:
    vectors, truth = crowds(seed=14)
    chosen = examples_of(truth, 2)
    head = fit_head(vectors[chosen], truth[chosen], "abc")
    with pytest.raises(BadParameter, match="embeddings of shape"):
        head.verdicts(vectors[:, :50])
    with pytest.raises(BadParameter, match="cannot be reused"):
        head.verdicts(vectors, out=Verdicts.empty(3, "abc"))
    with pytest.raises(BadParameter, match="examples cannot be used"):
        fit_head(vectors[chosen], truth[chosen][:2], "abc")
    with pytest.raises(BadParameter, match="examples cannot be used"):
        fit_head(vectors[chosen], truth[chosen] + 1, "abc")
    with pytest.raises(BadParameter, match="head is"):
        fit_head(vectors[chosen], truth[chosen], "abc", FewShotSettings(head="oracle"))
    with pytest.raises(NotEnoughExamples, match="no class"):
        fit_head(vectors[:0], [], "abc")
    with pytest.raises(NotEnoughExamples) as caught:
        fit_head(np.full((2, 8), np.nan), [0, 1], "ab")
    assert "embed" in caught.value.sentence()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    dimension=st.integers(1, 12),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    identical=st.booleans(),
    head=st.sampled_from(HEADS),
)
def test_any_examples_give_valid_probabilities(
    seed: int, dimension: int, sizes: list[int], identical: bool, head: str
) -> None:
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(len(sizes)), sizes)
    vectors = rng.standard_normal((len(classes), dimension)).astype(np.float32)
    if identical:
        vectors[:] = vectors[0]
    frames = np.vstack([vectors, rng.standard_normal((20, dimension)), np.zeros((1, dimension))]).astype(np.float32)
    fitted = fit_head(vectors, classes, [str(k) for k in range(len(sizes))], FewShotSettings(head=head))
    verdicts = fitted.verdicts(frames)
    assert np.isfinite(verdicts.probabilities).all()
    np.testing.assert_allclose(verdicts.probabilities.sum(axis=1) + verdicts.unknown, 1.0, atol=1e-4)
    assert (verdicts.probabilities >= 0).all()
    assert not verdicts.missing.any()


def test_logistic_head_agrees_with_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    from models.embedding.few_shot.discriminants import class_means, logistic

    vectors, truth = crowds(seed=15, separation=3.0)
    chosen = examples_of(truth, 15)
    x, y = vectors[chosen].astype(np.float64), truth[chosen]
    centre = class_means(x, y, 3).mean(axis=0)
    scale = np.sqrt(np.mean(((x - centre) ** 2).sum(axis=1)))
    peer = LogisticRegression(C=1 / 0.1, tol=1e-8, max_iter=2000).fit((x - centre) / scale, y)
    ours = logistic(x, y, 3, 0.1).scores(vectors.astype(np.float64))
    theirs = (vectors - centre) / scale @ peer.coef_.T + peer.intercept_
    ours -= ours.mean(axis=1, keepdims=True)
    theirs -= theirs.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(ours, theirs, atol=0.02 * np.abs(theirs).max())


def test_shrinkage_head_agrees_with_scikit_learn_when_labels_are_many() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    from models.embedding.few_shot.discriminants import shrinkage

    vectors, truth = crowds(seed=16, separation=2.5, dimension=16)
    x = vectors.astype(np.float64)
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[1 / 3] * 3).fit(x, truth)
    ours = shrinkage(x, truth, 3, 1.0).scores(x).argmax(axis=1)
    assert np.mean(ours == peer.predict(x)) > 0.98


def ranked(unknown: np.ndarray, strange: np.ndarray) -> float:
    """Chance that a stranger is thought stranger than a member."""
    places = np.argsort(np.argsort(unknown))
    n = np.count_nonzero(strange)
    return float((places[strange].sum() - n * (n - 1) / 2) / (n * (len(strange) - n)))


def test_one_label_each_ranks_strangers_behind_members_and_loses_few() -> None:
    order, lost, found = [], [], []
    for seed in range(8):
        vectors, truth = crowds(seed=seed, sizes=(300,) * 6, separation=8.0)
        for each in (1, 6):
            chosen = examples_of(truth, each, seed=seed)
            chosen = chosen[truth[chosen] < 4]
            head = fit_head(vectors[chosen], truth[chosen], "abcd", run=run_statistics(vectors))
            verdicts = head.verdicts(vectors)
            lost.append(np.mean(verdicts.label[truth < 4] == -1))
            if each == 1:
                order.append(ranked(verdicts.unknown, truth >= 4))
            else:
                found.append(np.mean(verdicts.label[truth >= 4] == -1))
    assert np.mean(order) > 0.93
    assert np.mean(lost) < 0.1
    assert np.mean(found) > 0.85


def test_two_kinds_within_a_class_do_not_make_everything_familiar() -> None:
    """One class of two far crowds, an example or two in each: their distance must not count as distance within it."""
    vectors, truth = crowds(seed=3, sizes=(300,) * 5, separation=7.0)
    classes = np.array([0, 0, 1, 1, 2])[truth]
    for each, least in ((1, 0.3), (3, 0.9)):
        chosen = examples_of(truth, each)
        chosen = chosen[truth[chosen] < 4]
        verdicts = fit_head(vectors[chosen], classes[chosen], "ab", run=run_statistics(vectors)).verdicts(vectors)
        assert ranked(verdicts.unknown, classes == 2) > 0.95
        assert np.mean(verdicts.label[classes == 2] == -1) > least
        assert np.mean(verdicts.label[classes < 2] == classes[classes < 2]) > 0.85


def test_statistics_of_a_run_follow_its_scale_and_forgive_missing_rows() -> None:
    vectors, _ = crowds(seed=17)
    vectors[::7] = np.nan
    plain, wide = run_statistics(vectors), run_statistics(vectors * 10)
    assert plain is not None
    assert wide is not None
    assert np.isfinite(plain.sample).all()
    np.testing.assert_allclose(np.abs(wide.places), np.abs(plain.places) * 10, rtol=1e-3, atol=1e-3)
    assert run_statistics(np.full((50, 4), np.nan)) is None
    assert run_statistics(vectors[1:3]) is None


def test_a_run_of_identical_frames_is_one_class() -> None:
    vectors = np.ones((50, 4), np.float32)
    verdicts = fit_head(vectors[:1], [0], "a", run=run_statistics(vectors)).verdicts(vectors)
    assert (verdicts.label == 0).all()


def test_the_stated_share_of_members_is_lost() -> None:
    """The false-alarm rate is what was asked for, within what so few examples allow."""
    for quantile, high in ((0.99, 0.03), (0.9, 0.16)):
        lost = []
        for seed in range(6):
            vectors, truth = crowds(seed=seed, sizes=(600, 300, 300), separation=3.0)
            chosen = examples_of(truth, 10, seed=seed)
            head = fit_head(
                vectors[chosen],
                truth[chosen],
                "abc",
                FewShotSettings(unknown_quantile=quantile),
                run=run_statistics(vectors),
            )
            lost.append(np.mean(np.delete(head.verdicts(vectors).label, chosen) == -1))
        assert np.mean(lost) < high
        assert np.mean(lost) > (1 - quantile) / 8


def test_rare_classes_get_a_smaller_share_only_where_asked_for() -> None:
    vectors, truth = crowds(seed=18, sizes=(1500, 100), separation=2.5)
    chosen = examples_of(truth, 10)
    run = run_statistics(vectors)
    kept = {}
    for how in ("equal", "estimated", "labelled"):
        head = fit_head(vectors[chosen], truth[chosen], "ab", FewShotSettings(class_shares=how), run=run)
        assert sum(head.shares) == pytest.approx(1.0)
        kept[how] = head.verdicts(vectors).counts()["b"], head.provenance["class_shares"]["b"]
    assert kept["equal"] == kept["labelled"]
    assert kept["equal"][1] == pytest.approx(0.5)
    assert 0.03 < kept["estimated"][1] < 0.3
    assert kept["estimated"][0] < kept["equal"][0]


@pytest.mark.parametrize(("share", "freedom", "table"), [(0.99, 6, 3.1427), (0.99, 20, 2.5280), (0.95, 10, 1.8125)])
def test_students_quantile_against_tables(share: float, freedom: float, table: float) -> None:
    assert student_quantile(share, freedom) == pytest.approx(table, rel=0.01)


def test_the_run_itself_says_where_classes_may_part() -> None:
    right = {False: [], True: []}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, 400)
        vectors = rng.standard_normal((400, 64))
        vectors[:, 5] += 7.0 * truth
        chosen = np.array([np.flatnonzero(truth == k)[0] for k in (0, 1)])
        for seen, found in right.items():
            run = run_statistics(vectors) if seen else None
            told = fit_head(vectors[chosen], truth[chosen], "ab", run=run).verdicts(vectors).probabilities.argmax(1)
            found.append(np.mean(told == truth))
    assert np.mean(right[True]) > np.mean(right[False]) + 0.05
    assert np.mean(right[True]) > 0.9


def test_directions_are_stretched_by_the_fourth_root_of_what_the_run_varies_along_them() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array([8.0, 4.0, 2.0, 1.0])
    vectors = rng.standard_normal((20_000, 4)) * sizes
    for scale in (1.0, 7.0):
        stretch = run_statistics(scale * vectors, sample=20_000).stretch
        np.testing.assert_allclose(stretch, np.diag((sizes / 8.0) ** 0.5), atol=0.02)


def test_a_run_of_one_frame_over_and_over_stretches_nothing() -> None:
    stretch = run_statistics(np.ones((50, 32))).stretch
    assert np.isfinite(stretch).all()
    np.testing.assert_allclose(stretch, stretch[0, 0] * np.eye(32), atol=1e-6)
