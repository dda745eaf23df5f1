"""The store of vectors: it goes on where it stopped, and no row is ever wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.embedding.types import VectorStore
from models.errors import NotSaved
from models.workspace.store import EmbeddingStore

N, D = 300, 16


def rows(indices: object) -> np.ndarray:
    """The right vectors of some frames, no two alike."""
    frames = np.asarray(indices, dtype=np.float32)
    return frames[:, None] + np.arange(D, dtype=np.float32)[None, :] / 64


def new(folder: Path, **more: object) -> EmbeddingStore:
    return EmbeddingStore.open(
        folder, **{"run_digest": "run1", "n_frames": N, "dim": D, "model_digest": "net1", **more}
    )  # type: ignore[arg-type]


def test_a_store_goes_on_where_it_stopped(tmp_path: Path) -> None:
    store: VectorStore = new(tmp_path / "w")
    assert store.missing().tolist() == list(range(N))
    assert np.isnan(store.vectors()).all()
    store.write(np.array([7, 3, 4, 299]), rows([7, 3, 4, 299]))
    again = new(tmp_path / "w")
    assert len(again.missing()) == N - 4
    np.testing.assert_array_equal(again.vectors()[[3, 4, 7, 299]], rows([3, 4, 7, 299]))
    assert np.isnan(again.vectors()[again.missing()]).all()


def test_a_file_that_vanishes_while_looking_is_no_problem(tmp_path: Path) -> None:
    writer = new(tmp_path)
    reader = EmbeddingStore.find(tmp_path, "run1")
    (tmp_path / "embedding-net2-run1.partial").symlink_to(tmp_path / "gone")
    assert EmbeddingStore.find(tmp_path, "run1").path == writer.path
    writer.write(np.arange(N), rows(np.arange(N)))
    writer.finish()
    np.testing.assert_array_equal(reader.vectors(), rows(np.arange(N)))


def test_another_process_sees_it_grow_and_finish(tmp_path: Path) -> None:
    writer, reader = new(tmp_path), EmbeddingStore.find(tmp_path, "run1")
    assert reader is not None
    vectors = reader.vectors()
    writer.write(np.arange(10), rows(np.arange(10)))
    np.testing.assert_array_equal(vectors[:10], rows(np.arange(10)))
    assert reader.done.sum() == 10
    writer.write(writer.missing(), rows(writer.missing()))
    path = writer.finish()
    assert reader.done.all()
    assert reader.finished
    assert reader.path == path
    np.testing.assert_array_equal(reader.vectors(), rows(np.arange(N)))
    np.testing.assert_array_equal(vectors, rows(np.arange(N)))


def test_the_finished_store_is_plain_hdf5_and_is_found_by_run_and_network(tmp_path: Path) -> None:
    store = new(tmp_path)
    store.write(np.arange(N), rows(np.arange(N)))
    path = store.finish()
    assert store.finish() == path
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["vectors"][()], rows(np.arange(N)))
        assert file["vectors"].chunks is None
        assert (file.attrs["run_digest"], file.attrs["model_digest"]) == ("run1", "net1")
    assert EmbeddingStore.find(tmp_path, "run1", "net1") is not None
    assert EmbeddingStore.find(tmp_path, "run1", "net2") is None
    assert EmbeddingStore.find(tmp_path, "run2") is None
    assert len(new(tmp_path).missing()) == 0
    with pytest.raises(NotSaved, match="finished"):
        new(tmp_path).write([0], rows([0]))


def test_rows_without_a_vector_count_as_written(tmp_path: Path) -> None:
    store = new(tmp_path)
    some = rows(np.arange(N))
    some[5] = np.nan
    store.write(np.arange(N), some)
    store.finish()
    assert np.isnan(store.vectors()[5]).all()


def test_a_store_with_gaps_cannot_be_finished(tmp_path: Path) -> None:
    store = new(tmp_path)
    store.write(np.arange(N - 1), rows(np.arange(N - 1)))
    with pytest.raises(NotSaved) as caught:
        store.finish()
    assert f"1 of {N} frames are missing, the first is {N - 1}" in caught.value.sentence()
    assert len(new(tmp_path).missing()) == 1


@pytest.mark.parametrize("damage", [b"", b"Friedel vectors 1\n{", b"junk" * 3000])
@pytest.mark.parametrize("suffix", [".partial", ".h5"])
def test_a_damaged_store_is_made_again(tmp_path: Path, damage: bytes, suffix: str) -> None:
    store = new(tmp_path)
    store.write(np.arange(N), rows(np.arange(N)))
    if suffix == ".h5":
        store.finish()
    store.path.write_bytes(damage)
    assert EmbeddingStore.find(tmp_path, "run1") is None
    assert len(new(tmp_path).missing()) == N


@pytest.mark.parametrize("finished", [False, True])
def test_the_store_of_a_run_that_grew_goes_on_with_what_there_was(tmp_path: Path, finished: bool) -> None:
    frames = np.arange(N if finished else 5)
    store = new(tmp_path)
    store.write(frames, rows(frames))
    if finished:
        store.finish()
    grown = new(tmp_path, n_frames=N + 7)
    assert grown.missing().tolist() == list(range(len(frames), N + 7))
    np.testing.assert_array_equal(grown.vectors()[: len(frames)], rows(frames))
    found = EmbeddingStore.find(tmp_path, "run1", "net1")
    assert found is not None
    assert found.n_frames == N + 7
    assert found.vectors(N).shape == (N, D)
    rest = grown.missing()
    grown.write(rest, rows(rest))
    grown.finish()
    np.testing.assert_array_equal(new(tmp_path, n_frames=N + 7).vectors(), rows(np.arange(N + 7)))


def test_wrong_shapes_and_frames_are_refused(tmp_path: Path) -> None:
    store = new(tmp_path)
    for indices, vectors in (([0], rows([0, 1])), ([N], rows([N])), ([-1], rows([0])), ([0], rows([0])[:, 1:])):
        with pytest.raises(ValueError, match="frame"):
            store.write(indices, vectors)
    assert not store.done.any()


def test_an_empty_run_is_no_problem(tmp_path: Path) -> None:
    store = new(tmp_path, n_frames=0)
    store.finish()
    assert store.vectors().shape == (0, D)


def test_a_full_disk_is_said_when_the_store_is_made(tmp_path: Path) -> None:
    program = f"""
import resource, pathlib
from models.errors import NotSaved
from models.workspace.store import EmbeddingStore
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))
try:
    EmbeddingStore.open(pathlib.Path({str(tmp_path)!r}), "run1", {N}, {D}, "net1")
except NotSaved as error:
    print(error.sentence())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "cannot be kept" in done.stdout
    assert list(tmp_path.iterdir()) == []


ROOT = Path(__file__).resolve().parents[3]

WRITER = """
import pathlib, random, sys
from tests.models.workspace.test_store import new, rows
store = new(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
missing = store.missing()
dice = random.Random(int(sys.argv[2]))
while len(missing):
    some, missing = missing[:dice.choice([1, 5, 20])], missing[5:]
    store.write(some, rows(some))
    print(len(some), flush=True)
store.finish()
"""


def test_a_kill_at_any_moment_leaves_no_wrong_row(tmp_path: Path) -> None:
    dice = np.random.default_rng(3)
    for n in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(n)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(dice.uniform(0, 0.02))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        store = EmbeddingStore.find(tmp_path, "run1")
        assert store is not None
        done = np.flatnonzero(store.done)
        np.testing.assert_array_equal(store.vectors()[done], rows(done))
        whole = np.flatnonzero(np.isfinite(store.vectors()).all(axis=1))
        np.testing.assert_array_equal(store.vectors()[whole], rows(whole))
