"""Automatic levels and the histogram."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.display import Levels, Scaling, auto_levels, histogram, thumbnail, ticks
from models.runs.types import PixelFlag
from tests.models.display.frames import frame_of


def test_percentiles_leave_outliers_out() -> None:
    raw = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    raw[0, 0] = 1e9
    levels = auto_levels(frame_of(raw), Scaling.LINEAR)
    assert levels.low == pytest.approx(100, abs=15)
    assert levels.high == pytest.approx(9950, abs=15)


def test_flagged_pixels_do_not_count() -> None:
    raw = np.full((20, 20), 5.0, np.float32)
    raw[:10] = np.linspace(0, 1, 200).reshape(10, 20)
    flags = np.zeros((20, 20), np.uint8)
    flags[10:] = PixelFlag.MASKED
    assert auto_levels(frame_of(raw, flags)).high <= 1.0


def test_few_photons_are_brighter_than_none() -> None:
    raw = np.zeros((400, 400), np.uint16)
    raw[17, 33] = 1
    assert auto_levels(frame_of(raw)) == Levels(0, 1)


@pytest.mark.parametrize(
    ("raw", "low"),
    [
        (np.zeros((4, 4), np.uint16), 0.0),
        (np.full((4, 4), -7.5, np.float32), -7.5),
        (np.full((4, 4), 1e12, np.float64), 1e12),
    ],
)
def test_constant_frames_get_levels_above_their_value(raw: np.ndarray, low: float) -> None:
    levels = auto_levels(frame_of(raw))
    assert levels.low == low
    assert levels.high > low


def test_a_frame_without_any_value_still_has_levels() -> None:
    assert auto_levels(frame_of(np.full((3, 3), np.nan, np.float32), PixelFlag.NONFINITE)) == Levels(0, 1)
    assert auto_levels(frame_of(np.ones((3, 3)), PixelFlag.MASKED)) == Levels(0, 1)


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int16, np.uint8]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
    )
)
def test_any_frame_has_levels(raw: np.ndarray) -> None:
    levels = auto_levels(frame_of(raw))
    assert levels.low < levels.high


def test_sampling_is_not_caught_in_one_column() -> None:
    """Frames as wide as the sampling step would otherwise be judged by a single column."""
    raw = np.zeros((1024, 1024), np.float32)
    raw[:, 512:] = 10.0
    levels = auto_levels(frame_of(raw), Scaling.LINEAR)
    assert (levels.low, levels.high) == (0.0, 10.0)


def test_histogram_counts_every_valid_pixel_once() -> None:
    rng = np.random.default_rng(5)
    raw = rng.normal(100, 40, (64, 64)).astype(np.float32)
    raw[3, 3] = np.nan
    flags = np.zeros(raw.shape, np.uint8)
    flags[3, 3] = PixelFlag.NONFINITE
    flags[:2] = PixelFlag.MASKED
    for scaling in Scaling:
        found = histogram(frame_of(raw, flags), Levels(50, 150), scaling, bins=20)
        assert int(found.counts.sum()) + found.below + found.above == 62 * 64 - 1
        assert found.below == int((raw[2:] < 50).sum())
        expected, _ = np.histogram(raw[2:][np.isfinite(raw[2:])].astype(np.float64), found.edges)
        assert np.abs(expected - found.counts).max() <= 2  # values on an edge may fall either way


def test_histogram_says_when_it_looked_at_some_pixels_only() -> None:
    found = histogram(frame_of(np.ones((100, 100))), Levels(0, 2), Scaling.LINEAR, max_pixels=2000)
    assert found.sampled == 5


@pytest.mark.parametrize("scaling", list(Scaling))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sign", [(1, 1), (-1, -1), (-1, 1)])
def test_frames_of_fill_values_have_levels_that_axes_can_show(scaling, dtype, sign):
    largest = np.finfo(dtype).max
    raw = np.full((8, 8), sign[0] * largest, dtype)
    raw[::2] = sign[1] * largest
    frame = frame_of(raw)
    levels = auto_levels(frame, scaling)
    assert ticks(levels, scaling, reach=(-0.05, 1.05), spacing=0.1)
    found = histogram(frame, levels, scaling, reach=(-0.05, 1.05))
    assert found.counts.sum() + found.below + found.above == 64
    assert np.isfinite(found.edges).all()
    assert thumbnail(frame, 4).shape == (4, 4)
