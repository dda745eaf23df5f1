"""Judging a run with any classifier: every frame once, past unreadable ones, with the labels and without."""

from pathlib import Path

import numpy as np
import pytest

from models.classifying.features import extractor
from models.classifying.judge import JudgeSettings, extract_features, judge, judge_run
from models.errors import BadParameter, FrameUnreadable, NotEnoughExamples
from models.progress import drain
from models.runs.types import Frame, Geometry, PixelFlag, RunIdentity
from tests.models.classifying.scenes import run as scene

NAMES = ["ball", "unused", "pair"]


class RunInMemory:
    """As much of a run as judging asks for."""

    geometry = Geometry()

    def __init__(self, frames, valid, unreadable=()):
        self.frames, self.valid, self.unreadable = frames, valid, unreadable
        self.shape = frames.shape[1:]
        self.identity = RunIdentity("0123456789abcdef", len(frames))
        self.loaded = []

    def __len__(self):
        return len(self.frames)

    def load(self, index):
        self.loaded.append(index)
        if index in self.unreadable:
            raise FrameUnreadable(f"frame {index} cannot be read", cause="bad chunk", index=index)
        return Frame(index, self.frames[index], np.where(self.valid, 0, PixelFlag.MISSING).astype(np.uint8))


class StoreInMemory:
    def __init__(self, n, dimensions):
        self.rows = np.full((n, dimensions), np.nan, np.float32)
        self.written = np.zeros(n, bool)

    def missing(self):
        return np.flatnonzero(~self.written)

    def write(self, indices, vectors):
        self.rows[indices] = vectors
        self.written[indices] = True

    def finish(self):
        return Path("store")

    def vectors(self):
        return self.rows


@pytest.fixture(scope="module")
def sorted_run():
    frames, valid, classes = scene(50, seed=3)
    run = RunInMemory(frames, valid, unreadable=(5, 17))
    features = extractor("radial-angular")
    examples = np.concatenate([np.flatnonzero(classes == k)[3:9] for k in (0, 1)])
    work = judge_run(
        run, StoreInMemory(100, features.dimensions), features, examples, 2 * classes[examples], NAMES, "diffusion"
    )
    return run, classes, examples, drain(work)


def test_every_readable_frame_has_a_verdict(sorted_run):
    _, classes, _, found = sorted_run
    verdicts = found.verdicts
    assert verdicts.classes == ("ball", "pair")
    assert np.flatnonzero(verdicts.missing).tolist() == [5, 17]
    assert (verdicts.label[[5, 17]] == -1).all()
    np.testing.assert_allclose(verdicts.probabilities[~verdicts.missing].sum(1), 1.0, atol=1e-5)
    assert np.mean(verdicts.label[~verdicts.missing] == classes[~verdicts.missing]) > 0.8
    np.testing.assert_allclose(
        verdicts.confidence[~verdicts.missing], verdicts.probabilities[~verdicts.missing].max(1)
    )


def test_provenance_says_what_made_them(sorted_run):
    _, classes, examples, found = sorted_run
    told = found.verdicts.provenance
    assert told["classifier"] == "diffusion"
    readable = np.setdiff1d(examples, [5, 17])
    assert told["examples"] == {name: int((classes[readable] == k).sum()) for k, name in ((0, "ball"), (1, "pair"))}
    assert told["model"] == extractor("radial-angular").digest
    assert told["run"] == "0123456789abcdef"
    assert told["rejects"] is False
    assert told["settings"]["dimensions"] == 12


def test_held_out_examples_give_an_accuracy_on_the_labels(sorted_run):
    _, classes, examples, found = sorted_run
    assert sorted(found.held_out_frames) == sorted(set(examples) - {5, 17})
    accuracy = found.balanced_accuracy(examples, 2 * classes[examples], NAMES)
    assert 0.6 < accuracy <= 1.0


def test_features_are_taken_up_where_they_were_left(sorted_run):
    run = RunInMemory(sorted_run[0].frames[:30], sorted_run[0].valid)
    chosen = extractor("polar")
    store = StoreInMemory(30, chosen.dimensions)
    work = extract_features(run, store, chosen, JudgeSettings(batch_frames=8))
    seen = [next(work).done for _ in range(3)]
    assert seen == [0, 8, 16]
    work.close()
    drain(extract_features(run, store, chosen))
    assert sorted(run.loaded) == list(range(30))
    assert np.isfinite(store.rows).all()


def test_verdicts_do_not_depend_on_how_many_frames_are_judged_at_once():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((2100, 8)).astype(np.float32)
    features[::2] += 2.0
    frames, classes = np.arange(10), np.arange(10) % 2
    settings = JudgeSettings(sampled_frames=200)
    records = []
    found = drain(judge(features, frames, classes, ["a", "b"], "angular-prototype", None, settings), records.append)
    assert [r.done for r in records] == [0, 1024, 2048, 2100]
    assert found.verdicts.provenance["frames_without_label"] == 200
    assert np.mean(found.verdicts.label[10:] == np.arange(10, 2100) % 2) > 0.95


def test_the_few_shot_head_rejects_here_as_everywhere():
    rng = np.random.default_rng(0)
    middles = np.eye(3, 16)
    features = np.concatenate([m + 0.02 * rng.standard_normal((60, 16)) for m in middles]).astype(np.float32)
    frames = np.r_[0:6, 60:66]
    found = drain(judge(features, frames, np.repeat([0, 1], 6), ["a", "b"], "speckle")).verdicts
    assert found.provenance["rejects"] is True
    assert np.mean(found.label[120:] == -1) > 0.9
    assert np.mean(found.label[:60] == 0) > 0.8
    np.testing.assert_allclose(found.probabilities.sum(1) + found.unknown, 1.0, atol=1e-4)


@pytest.mark.parametrize(
    ("frames", "classes", "error"),
    [
        ([0, 99], [0, 1], BadParameter),
        ([0, 1], [0, 5], BadParameter),
        ([0, 1], [0], BadParameter),
        ([], [], NotEnoughExamples),
        ([3], [0], NotEnoughExamples),
    ],
)
def test_labels_that_do_not_fit_are_refused(frames, classes, error):
    features = np.ones((20, 4), np.float32)
    features[3] = np.nan
    with pytest.raises(error):
        drain(judge(features, frames, classes, ["a", "b"], "angular-prototype"))
