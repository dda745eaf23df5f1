"""A pass over a run against numpy on all its frames at once."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import BadParameter, CannotOpen, FriedelError
from models.progress import drain
from models.statistics import REST, RunStatistics, StatisticsSettings, run_statistics
from models.treatment import RunReference

FRAMES, SIDE = 60, 24


@pytest.fixture
def stack() -> np.ndarray:
    return np.random.default_rng(3).poisson(1.5, (FRAMES, SIDE, SIDE)).astype(np.uint16)


@pytest.fixture
def source(tmp_path: Path, stack: np.ndarray) -> RunReference:
    path = tmp_path / "run.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("entry/data", data=stack, chunks=(1, SIDE, SIDE), compression="gzip")
    return RunReference(path)


def same(found: RunStatistics, stack: np.ndarray) -> None:
    stack = stack.astype(np.float64)
    np.testing.assert_allclose(found.whole.mean, stack.mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.whole.variance, stack.var(0, ddof=1), rtol=1e-4)
    np.testing.assert_array_equal(found.whole.maximum, stack.max(0))
    np.testing.assert_allclose(found.whole.lit_fraction, (stack >= 1).mean(0), rtol=1e-6)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_process_or_several_find_the_same(
    source: RunReference, stack: np.ndarray, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.statistics.run._FEW_BYTES", 0)
    said = []
    found = drain(run_statistics(source, settings=StatisticsSettings(workers=workers)), said.append)
    same(found, stack)
    np.testing.assert_array_equal(found.numbers.total, stack.sum((1, 2)))
    np.testing.assert_array_equal(found.numbers.lit_pixels, (stack >= 1).sum((1, 2)))
    np.testing.assert_array_equal(found.numbers.largest, stack.max((1, 2)))
    assert found.unreadable == ()
    assert said[-1].done == said[-1].total == FRAMES
    assert len(said) > 2, "there is something to look at while it runs"


def test_a_powder_for_each_class_and_one_for_the_rest(source: RunReference, stack: np.ndarray) -> None:
    codes = np.arange(FRAMES) % 3 - 1
    found = drain(run_statistics(source, codes=codes, names=("single", "multi", "never")))
    assert list(found.by_class) == [REST, "single", "multi"]
    np.testing.assert_allclose(found.by_class["multi"].mean, stack[codes == 1].mean(0), rtol=1e-5)
    np.testing.assert_array_equal(found.by_class["single"].maximum, stack[codes == 0].max(0))
    same(found, stack)


def test_chosen_frames_and_every_nth(source: RunReference, stack: np.ndarray) -> None:
    found = drain(run_statistics(source, range(10, 30), settings=StatisticsSettings(every=5)))
    same(found, stack[10:30:5])
    assert found.whole.frames == 4
    assert np.isnan(found.numbers.total[11])
    assert found.numbers.lit_pixels[11] == -1


def test_what_cannot_be_done_is_said(source: RunReference, tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="5 classes were given for 60 frames"):
        drain(run_statistics(source, codes=np.zeros(5, int), names=("a",)))
    with pytest.raises(BadParameter, match="frames 60 … 60"):
        drain(run_statistics(source, [60]))
    with pytest.raises(FriedelError, match="no statistics"):
        drain(run_statistics(source, []))
    with pytest.raises(CannotOpen):
        drain(run_statistics(RunReference(tmp_path / "gone.h5")))


def test_an_unreadable_frame_is_left_out_and_named(source: RunReference, stack: np.ndarray) -> None:
    with h5py.File(source.path) as file:
        dataset = file["entry/data"]
        place = dataset.id.get_chunk_info_by_coord((7, 0, 0)).byte_offset
    with source.path.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xff" * 60)
    found = drain(run_statistics(source))
    assert found.unreadable == (7,)
    same(found, np.delete(stack, 7, 0))


def test_a_stopped_pass_leaves_no_process(source: RunReference, monkeypatch: pytest.MonkeyPatch) -> None:
    def readers() -> list[str]:
        return [child.name for child in multiprocessing.active_children() if child.name.startswith("statistics")]

    monkeypatch.setattr("models.statistics.run._FEW_BYTES", 0)
    work = run_statistics(source, settings=StatisticsSettings(workers=2))
    next(work)
    next(work)
    assert readers()
    work.close()
    assert not readers()
