"""Statistics frame by frame against numpy on the whole stack."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics import Accumulator


def of(stack: np.ndarray, valid: np.ndarray | None, lit_from: float = 1.0) -> Accumulator:
    made = Accumulator(stack.shape[1:], lit_from)
    flags = np.zeros(stack.shape, np.uint8) if valid is None else (~valid).astype(np.uint8)
    for place in range(0, len(stack), 3):
        made.add(stack[place : place + 3], flags[place : place + 3])
    return made


def agrees(made: Accumulator, stack: np.ndarray, valid: np.ndarray) -> None:
    masked = np.ma.masked_array(stack.astype(np.float64), ~valid)
    counts = valid.sum(0)
    seen = counts > 0
    np.testing.assert_array_equal(made.count, counts)
    np.testing.assert_allclose(made.mean()[seen], masked.mean(0).data[seen], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        made.variance()[counts > 1], masked.var(0, ddof=1).data[counts > 1], rtol=1e-3, atol=1e-4
    )
    np.testing.assert_array_equal(made.largest()[seen], masked.max(0).data[seen].astype(np.float32))
    assert np.isnan(made.mean()[~seen]).all()
    assert np.isnan(made.largest()[~seen]).all()
    lit = np.where(valid, stack >= made.lit_from, False).sum(0)
    np.testing.assert_allclose(made.lit_fraction()[seen], lit[seen] / counts[seen], rtol=1e-6)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(0, 9), st.floats(0, 1))
def test_parts_put_together_are_the_whole(seed: int, frames: int, cut: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    stack = rng.poisson(2.0, (frames, 3, 4)).astype(np.float32)
    valid = rng.random(stack.shape) < share
    stack[~valid] = np.nan
    cut = min(cut, frames)
    agrees(of(stack, valid), np.nan_to_num(stack), valid)
    made = of(stack[:cut], valid[:cut])
    made.merge(of(stack[cut:], valid[cut:]))
    agrees(made, np.nan_to_num(stack), valid)
    assert made.frames == frames


def test_small_differences_between_large_values_survive() -> None:
    stack = (1e6 + np.random.default_rng(1).normal(0, 1, (500, 8, 8))).astype(np.float32)
    variance = of(stack, None).variance()
    np.testing.assert_allclose(variance, stack.astype(np.float64).var(0, ddof=1), rtol=1e-4)


def test_each_frame_tells_its_sum_its_lit_pixels_and_its_largest_value() -> None:
    made = Accumulator((2, 2), 2.0)
    frame = np.array([[1, 2], [np.inf, 5]], np.float32)
    said = made.add(np.array([frame, frame]), np.array([[[0, 0], [4, 0]], [[1, 1], [1, 1]]], np.uint8))
    np.testing.assert_array_equal(said, [[8, 2, 5], [0, 0, np.nan]])


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int16, np.uint64, np.float16, np.float64, ">i4"])
def test_any_stored_type(kind: str) -> None:
    stack = np.random.default_rng(2).integers(0, 2, (5, 3, 3)).astype(kind)
    made = of(stack.astype(stack.dtype.newbyteorder("=")), None)
    np.testing.assert_allclose(made.mean(), stack.astype(float).mean(0), rtol=1e-6)


def test_frames_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="do not go with"):
        Accumulator((2, 2), 1.0).merge(Accumulator((2, 3), 1.0))
