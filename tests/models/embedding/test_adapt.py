"""Adapting to a run: new weights that say where they come from, nothing replaced, nothing written when stopped."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.embedding import weights
from models.embedding.network import NetworkConfig, SpeckleNet
from models.embedding.training.adapt import AdaptSettings, adapt, conditions_of
from models.embedding.training.run_sample import sample_run
from models.errors import BadParameter, BadWeights, FrameUnreadable, NotEnoughExamples, NotSaved
from models.progress import drain
from models.runs.types import Frame, PixelFlag, RunIdentity

SMALL = NetworkConfig(radii=8, angles=8, polar_channels=(4, 8, 8), image_channels=(4, 8, 8), hidden=16, dimensions=12)


class RunInMemory:
    name = "made-up"
    shape = (80, 40)

    def __init__(self, n, mean=0.5, noise=0.0, unreadable=()):
        rng = np.random.default_rng(0)
        self.frames = rng.poisson(mean, (n, *self.shape)) + noise * rng.standard_normal((n, *self.shape))
        self.unreadable = unreadable
        self.identity = RunIdentity("0123456789abcdef", n)

    def __len__(self):
        return len(self.frames)

    def load(self, index):
        if index in self.unreadable:
            raise FrameUnreadable(f"frame {index} cannot be read", index=index)
        flags = np.zeros(self.shape, np.uint8)
        flags[60:] = PixelFlag.MISSING
        return Frame(index, self.frames[index].astype(np.float32), flags)


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    torch.manual_seed(0)
    return weights.save(SpeckleNet(SMALL), tmp_path_factory.mktemp("parent") / "parent.safetensors", {})


@pytest.fixture(scope="module")
def quick(parent):
    return AdaptSettings(
        weights=str(parent.path), frames=40, steps=3, run_frames_per_batch=4, species=8, species_per_batch=2
    )


def sampled(run, frames=40, also=()):
    return drain(sample_run(run, frames, also, 0))


@pytest.fixture(scope="module")
def adapted(quick, tmp_path_factory):
    """One adaptation to look at, and its records."""
    records = []
    return drain(adapt(RunInMemory(50), quick, tmp_path_factory.mktemp("adapted")), records.append), records


def test_the_new_weights_load_and_name_parent_run_settings_and_figures(adapted, parent):
    path, records = adapted
    network, info = weights.load(path)
    assert network.config == SMALL
    assert info.digest != parent.digest
    words = info.provenance["adapted"]
    assert words["parent"] == parent.digest
    assert words["run"] == {"name": "made-up", "digest": "0123456789abcdef", "frames": 50}
    assert words["settings"]["steps"] == 3
    assert words["frames_read"] == 40
    for figures in (words["before"], words["after"]):
        assert 0 <= figures["frames_recognised"] <= 1
        assert 0.3 < figures["simulated_balanced_accuracy"] <= 1
    assert records[-1].fraction == 1.0
    assert np.isfinite(records[-1].loss)
    assert weights.digest(parent.path) == parent.digest


def test_the_same_settings_give_the_same_weights_and_a_second_file(adapted, quick):
    first = adapted[0]
    second = drain(adapt(RunInMemory(50), quick, first.parent))
    assert first != second
    assert weights.digest(first) == weights.digest(second)


def test_stopping_halfway_writes_nothing(quick, tmp_path):
    work = adapt(RunInMemory(50), quick, tmp_path / "new")
    for record in work:
        if record.message == "adapting":
            break
    work.close()
    assert not (tmp_path / "new").exists()


def test_labels_change_what_is_learnt(adapted, quick, tmp_path):
    examples = {3: "a", 4: "a", 5: "b", 6: "b", 7: "alone"}
    taught = drain(adapt(RunInMemory(50), quick, tmp_path, examples))
    assert weights.digest(adapted[0]) != weights.digest(taught)
    assert weights.load(taught)[1].provenance["adapted"]["frames_labelled"] == 4


def test_a_run_without_enough_frames_is_refused(quick, tmp_path):
    with pytest.raises(NotEnoughExamples, match="made-up"):
        drain(adapt(RunInMemory(40, unreadable=range(20)), quick, tmp_path))
    with pytest.raises(BadParameter, match="steps"):
        drain(adapt(RunInMemory(50), replace(quick, steps=0), tmp_path))
    with pytest.raises(BadWeights):
        drain(adapt(RunInMemory(50), replace(quick, weights="nowhere.safetensors"), tmp_path))


def test_a_folder_that_cannot_be_written_is_told(quick, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotSaved, match="cannot be saved"):
        drain(adapt(RunInMemory(50), quick, tmp_path / "file"))


def test_the_sample_knows_the_runs_detector_and_doses():
    sample = sampled(RunInMemory(60))
    assert sample.counted
    assert sample.share.shape == (40, 64, 32)
    assert (sample.share[:, 48:] == 0).all()
    low, high = conditions_of(sample).photons
    assert low == pytest.approx(0.5 * 60 * 40, rel=0.1)
    assert high == pytest.approx(0.5 * 60 * 40, rel=0.1)


def test_frames_in_adu_are_not_taken_for_photons():
    sample = sampled(RunInMemory(60, noise=0.2))
    assert not sample.counted
    view = sample.view(torch.arange(5), torch.Generator().manual_seed(0))
    assert torch.isfinite(view).all()
    assert conditions_of(sample).photons[1] > 1e4


def test_a_view_shows_the_same_frame_with_fewer_photons():
    run = RunInMemory(40, mean=0.0)
    run.frames[:, 10:50, 10:30] = 3
    sample = sampled(run)
    chance = torch.Generator().manual_seed(0)
    first, second = (sample.view(torch.arange(8), chance) for _ in range(2))
    assert first.shape == (8, 2, 64, 32)
    assert not torch.equal(first, second)
    lit = (first[:, 0] > 0).float().mean((1, 2))
    whole = float((sample.counts[0] > 0).float().mean())
    assert (lit > 0).all()
    assert (lit <= whole + 0.1).all()
    assert ((first[:, 0] > 0) <= (first[:, 1] > 0)).all()  # no light where masked


def test_the_verb_reports_before_and_after_and_refuses_labels_that_are_not_there(parent, tmp_path, capsys):
    import json

    from app.cli.dispatch import dispatch

    np.save(tmp_path / "run.npy", np.random.default_rng(3).poisson(0.7, (40, 30, 26)).astype(np.uint16))
    (tmp_path / "labels.csv").write_text("index,label\n1,a\n2,a\n3,b\n4,b\n5,b\n")
    argv = ["adapt", str(tmp_path / "run.npy"), "--out", str(tmp_path / "out"), "--weights", str(parent.path)]
    small = ["--frames", "32", "--steps", "2", "--species", "8", "--species-per-batch", "2"]
    assert dispatch([*argv, *small, "--labels", str(tmp_path / "labels.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parent"] == parent.digest
    assert found["frames_labelled"] == 5
    assert weights.digest(found["weights"]) == found["digest"]
    assert {"frames_recognised_before", "frames_recognised_after"} <= set(found)
    assert dispatch([*argv, *small, "--labels", str(tmp_path / "none.csv")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
