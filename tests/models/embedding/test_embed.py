"""Embedding a run: every frame, once, also after an interruption and past unreadable frames."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.embedding import weights
from models.embedding.embed import EmbedSettings, embed_frames, embed_run
from models.embedding.network import NetworkConfig, SpeckleNet
from models.errors import BadParameter, BadWeights, FrameUnreadable
from models.progress import drain
from models.runs.types import Frame, PixelFlag, RunIdentity

SMALL = NetworkConfig(radii=8, angles=8, polar_channels=(4, 8, 8), image_channels=(4, 8, 8), hidden=16, dimensions=12)


class RunInMemory:
    """As much of a run as embedding asks for."""

    shape = (24, 20)

    def __init__(self, n, unreadable=(), masked=()):
        self.frames = np.random.default_rng(0).poisson(1.0, (n, *self.shape)).astype(np.uint16)
        self.unreadable, self.masked, self.loaded = unreadable, masked, []
        self.identity = RunIdentity("0123456789abcdef", n)

    def __len__(self):
        return len(self.frames)

    def load(self, index):
        self.loaded.append(index)
        if index in self.unreadable:
            raise FrameUnreadable(f"frame {index} cannot be read", cause="bad chunk", index=index)
        flags = np.zeros(self.shape, np.uint8)
        flags[:3] = PixelFlag.MASKED
        if index in self.masked:
            flags[:] = PixelFlag.MISSING
        return Frame(index, self.frames[index], flags)


class StoreInMemory:
    def __init__(self, n):
        self.rows = np.full((n, SMALL.dimensions), np.nan, np.float32)
        self.written = np.zeros(n, bool)
        self.finished = False

    def missing(self):
        return np.flatnonzero(~self.written)

    def write(self, indices, vectors):
        assert not self.written[indices].any()
        self.rows[indices] = vectors
        self.written[indices] = True

    def finish(self):
        self.finished = True
        return Path("store")

    def vectors(self):
        return self.rows


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    return weights.save(SpeckleNet(SMALL), path, {})


def settings_with(model, **changes):
    return EmbedSettings(weights=str(model.path), **changes)


def test_every_frame_gets_the_vector_it_gets_alone(model):
    run, store = RunInMemory(11), StoreInMemory(11)
    embedding = drain(embed_run(run, store, settings_with(model, batch_frames=4)))
    network, _ = weights.load(model.path)
    valid = np.ones(run.shape, bool)
    valid[:3] = False
    alone = np.concatenate([embed_frames(f[None].astype(np.float32), valid, network) for f in run.frames])
    np.testing.assert_allclose(embedding.vectors, alone, atol=1e-5)
    assert (embedding.run_digest, embedding.model_digest) == (run.identity.digest, model.digest)
    assert store.finished
    assert not embedding.missing.any()


def test_unreadable_and_fully_masked_frames_are_counted_and_the_others_go_on(model):
    run, store = RunInMemory(9, unreadable=(2, 3), masked=(7,)), StoreInMemory(9)
    records = []
    embedding = drain(embed_run(run, store, settings_with(model, batch_frames=4)), records.append)
    assert np.flatnonzero(embedding.missing).tolist() == [2, 3, 7]
    assert records[-1].unreadable == 3
    assert store.written.all()


def test_an_interrupted_embedding_goes_on_where_it_stopped(model):
    run, store = RunInMemory(10), StoreInMemory(10)
    work = embed_run(run, store, settings_with(model, batch_frames=3))
    for record in work:
        if record.done >= 6:
            break
    work.close()
    assert not store.finished
    before = store.rows.copy()
    run.loaded.clear()
    records = []
    embedding = drain(embed_run(run, store, settings_with(model, batch_frames=3)), records.append)
    assert run.loaded == [6, 7, 8, 9]
    assert [r.done for r in records] == [6, 9, 10]
    np.testing.assert_array_equal(embedding.vectors[:6], before[:6])
    assert not embedding.missing.any()


def test_progress_ends_with_all_frames_and_a_rate(model):
    records = []
    drain(embed_run(RunInMemory(5), StoreInMemory(5), settings_with(model, batch_frames=2)), records.append)
    assert [r.done for r in records] == [0, 2, 4, 5]
    assert records[-1].fraction == 1.0
    assert records[-1].frames_per_s > 0


def test_a_complete_store_needs_no_reading(model):
    run, store = RunInMemory(3), StoreInMemory(3)
    drain(embed_run(run, store, settings_with(model)))
    run.loaded.clear()
    drain(embed_run(run, store, settings_with(model)))
    assert run.loaded == []


def test_bad_settings_and_weights_are_told_before_any_frame_is_read(model, tmp_path):
    run = RunInMemory(3)
    with pytest.raises(BadParameter, match="batch_frames"):
        drain(embed_run(run, StoreInMemory(3), settings_with(model, batch_frames=0)))
    with pytest.raises(BadWeights):
        drain(embed_run(run, StoreInMemory(3), EmbedSettings(weights=str(tmp_path / "none.safetensors"))))
    assert run.loaded == []


@pytest.mark.real_data
def test_measured_frames_with_an_infinite_pixel_embed(shared_data):
    folder = shared_data / "pr772_pnccd"
    frames = np.load(folder / "test_adu.npy", allow_pickle=False)
    valid = np.load(folder / "mask.npy", allow_pickle=False) == 0
    network, _ = weights.load()
    vectors = embed_frames(frames, valid, network)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    # By eye, 1, 2, 6 and 9 show one virus each; 3, 4 and 5 have the fine speckles of more than one.
    alike = vectors @ vectors.T
    single, several = [1, 2, 6, 9], [3, 4, 5]
    assert alike[np.ix_(single, single)].min() > alike[np.ix_(single, several)].max()


def test_a_file_is_embedded_into_the_workspaces_store_across_an_interruption(model, tmp_path):
    from models.runs import open_run
    from models.workspace.store import EmbeddingStore

    np.save(tmp_path / "run.npy", np.random.default_rng(3).poisson(0.7, (7, 30, 26)).astype(np.uint16))
    run = open_run(tmp_path / "run.npy")

    def store():
        return EmbeddingStore.open(tmp_path / "work", run.identity.digest, len(run), SMALL.dimensions, model.digest)

    work = embed_run(run, store(), settings_with(model, batch_frames=2))
    next(work), next(work)
    work.close()
    assert store().missing().tolist() == [2, 3, 4, 5, 6]
    embedding = drain(embed_run(run, store(), settings_with(model, batch_frames=2)))
    run.close()
    assert store().finished
    np.testing.assert_allclose(np.linalg.norm(embedding.vectors, axis=1), 1.0, atol=1e-5)
