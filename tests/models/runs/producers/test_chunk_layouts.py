"""Frames in chunks of any shape: read right, slow ones said, and no more kept in memory than helps."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import open_run
from models.runs.hdf5.chunks import ChunkCost
from models.runs.hdf5.file import LARGEST_CHUNK_CACHE
from models.runs.layout import read_layout

SHAPE = (120, 48, 40)


def cost_of(path, shape, chunks, **how):
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("data", shape, "u2", chunks=chunks, **how)
        return ChunkCost.of(dataset, read_layout(shape)[0])


@pytest.mark.parametrize("chunks", [(1, 48, 40), (120, 8, 8), (100, 48, 40), (7, 11, 13), None])
@pytest.mark.parametrize("compression", [None, 1])
def test_every_frame_is_read_right_in_any_order(tmp_path, chunks, compression):
    if chunks is None and compression:
        pytest.skip("contiguous data cannot be compressed")
    data = np.random.default_rng(1).integers(0, 9, SHAPE).astype(np.uint16)
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file.create_dataset("data", data=data, chunks=chunks, compression=compression)
    with open_run(tmp_path / "c.h5") as run:
        for index in (0, 119, 3, 60, 118, 4):
            np.testing.assert_array_equal(run.load(index).raw, data[index])


def test_chunks_through_all_frames_are_kept_whole_and_said(tmp_path):
    cost = cost_of(tmp_path / "c.h5", (1000, 512, 256), (1000, 16, 16))
    assert (cost.frames, cost.block_bytes) == (1000, 1000 * 512 * 256 * 2)
    assert cost.cache_bytes == cost.block_bytes < 1.2 * LARGEST_CHUNK_CACHE
    assert "1000 frames" in cost.note("/data")
    with open_run(tmp_path / "c.h5") as run:
        assert any("chunks that span 1000 frames" in text for text in run.warnings)


def test_packed_groups_of_frames_are_kept_several_at_a_time(tmp_path):
    cost = cost_of(tmp_path / "c.h5", (1000, 256, 256), (100, 256, 256), compression=1)
    assert cost.block_bytes == 100 * 256 * 256 * 2
    assert 4 * cost.block_bytes <= cost.cache_bytes <= 64 * 2**20
    assert not cost.note("/data")


def test_large_chunks_that_are_not_packed_are_read_in_place(tmp_path):
    cost = cost_of(tmp_path / "c.h5", (1000, 256, 256), (100, 256, 256))
    assert cost == ChunkCost(0, 1)


def test_one_chunk_for_each_frame_needs_no_more_than_that(tmp_path):
    cost = cost_of(tmp_path / "c.h5", (50, 1024, 1024), (1, 1024, 1024), compression=1)
    assert cost.cache_bytes == 2 * 1024**2
