"""Frames become indices; what has no value is marked and never looks like zero."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.display import (
    COLOUR_MAPS,
    DisplaySettings,
    Levels,
    Scaling,
    colour_table,
    colours_at,
    max_pool,
    prepare,
    thumbnail,
)
from models.display.picture import (
    FIRST_VALUE,
    LAST_VALUE,
    MASKED,
    MASKED_HATCH,
    MISSING,
    MISSING_HATCH,
    NONFINITE,
    SATURATED,
)
from models.errors import BadParameter
from models.runs.types import PixelFlag
from tests.models.display.frames import frame_of

FIXED = DisplaySettings(scaling=Scaling.LINEAR, levels=Levels(0, 249))


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.uint16, np.int16, np.int32, np.uint32, np.int64, np.float32, np.float64]
)
def test_every_type_of_pixel_is_spread_over_the_table(dtype: type) -> None:
    values = np.array([[0, 1, 100, 120, 125]], dtype)
    settings = DisplaySettings(scaling=Scaling.LINEAR, levels=Levels(0, 124.5))
    assert prepare(frame_of(values), settings).indices.tolist() == [[5, 7, 205, 245, 254]]


def test_signed_values_below_the_level_take_the_first_colour() -> None:
    values = np.array([[-300, -1, 0, 249, 30_000]], np.int16)
    assert prepare(frame_of(values), FIXED).indices.tolist() == [[5, 5, 5, 254, 254]]


def test_fixed_levels_do_not_follow_the_frame() -> None:
    bright = prepare(frame_of(np.full((2, 2), 200, np.uint16)), FIXED)
    assert bright.levels == Levels(0, 249)
    assert (bright.indices == 205).all()


@given(
    st.sampled_from([np.int8, np.uint8, np.int16, np.uint16]),
    st.floats(-70_000, 70_000),
    st.floats(0.5, 70_000),
    st.sampled_from(list(Scaling)),
)
def test_small_integers_are_drawn_like_the_same_numbers_as_floats(
    dtype: type, low: float, span: float, scaling: Scaling
) -> None:
    limits = np.iinfo(dtype)
    raw = np.linspace(limits.min, limits.max, 50).astype(dtype)[None]
    settings = DisplaySettings(scaling=scaling, levels=Levels(low, low + span))
    integers = prepare(frame_of(raw), settings).indices.astype(int)
    floats = prepare(frame_of(raw.astype(np.float64)), settings).indices.astype(int)
    assert np.abs(integers - floats).max() <= 1


def test_auto_levels_follow_the_frame() -> None:
    low = prepare(frame_of(np.arange(100.0).reshape(10, 10)), DisplaySettings())
    high = prepare(frame_of(np.arange(100.0).reshape(10, 10) * 50), DisplaySettings())
    assert high.levels.high > 10 * low.levels.high


@pytest.mark.parametrize(
    ("flag", "entries"),
    [
        (PixelFlag.MASKED, {MASKED, MASKED_HATCH}),
        (PixelFlag.USER, {MASKED, MASKED_HATCH}),
        (PixelFlag.MISSING, {MISSING, MISSING_HATCH}),
        (PixelFlag.SENTINEL, {MISSING, MISSING_HATCH}),
        (PixelFlag.NONFINITE, {NONFINITE}),
        (PixelFlag.SATURATED, {SATURATED}),
        (PixelFlag.MASKED | PixelFlag.SATURATED, {MASKED, MASKED_HATCH}),
    ],
)
def test_flagged_pixels_take_their_reserved_entries(flag: PixelFlag, entries: set[int]) -> None:
    raw = np.zeros((8, 8), np.uint16)
    flags = np.zeros((8, 8), np.uint8)
    flags[:, :4] = flag
    indices = prepare(frame_of(raw, flags), FIXED).indices
    assert set(indices[:, :4].ravel().tolist()) == entries
    assert (indices[:, 4:] == FIRST_VALUE).all()


def test_hidden_mask_shows_the_values_but_not_what_has_none() -> None:
    raw = np.array([[100.0, np.nan, 100.0, 100.0]], np.float32)
    flags = np.array([[PixelFlag.MASKED, PixelFlag.MASKED | PixelFlag.NONFINITE, PixelFlag.MISSING, 0]], np.uint8)
    hidden = DisplaySettings(scaling=Scaling.LINEAR, levels=Levels(0, 249), mask_shown=False)
    indices = prepare(frame_of(raw, flags), hidden).indices[0].tolist()
    assert indices[0] == indices[3] == 105
    assert indices[1] == NONFINITE
    assert indices[2] in (MISSING, MISSING_HATCH)


def test_non_finite_pixels_are_marked_even_if_the_reader_missed_them() -> None:
    raw = np.array([[np.nan, np.inf, -np.inf, 1.0]], np.float32)
    assert prepare(frame_of(raw), FIXED).indices.tolist() == [[NONFINITE, NONFINITE, NONFINITE, 6]]


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("factor", [1.03125, 2, 2.5, 3, 16])
def test_an_isolated_photon_survives_pooling(dtype: type, factor: float) -> None:
    raw = np.zeros((50, 41), dtype)
    raw[49, 40] = 249
    pooled = prepare(frame_of(raw), DisplaySettings(scaling=Scaling.LINEAR, levels=Levels(0, 249), pool=factor))
    assert pooled.indices.shape == (math.ceil(50 / factor), math.ceil(41 / factor))
    assert pooled.indices[-1, -1] == LAST_VALUE
    assert int((pooled.indices > FIRST_VALUE).sum()) == 1


def test_pooling_prefers_saturation_then_values_then_marks() -> None:
    raw = np.full((4, 4), 9, np.uint16)
    flags = np.zeros((4, 4), np.uint8)
    flags[0, 0] = PixelFlag.SATURATED
    flags[0:2, 2:4] = PixelFlag.MASKED
    flags[0, 3] = PixelFlag.MISSING
    flags[2:4, 0:2] = PixelFlag.MASKED
    flags[3, 1] = 0
    flags[2:4, 2:4] = PixelFlag.MISSING
    pooled = prepare(
        frame_of(raw, flags), DisplaySettings(scaling=Scaling.LINEAR, levels=Levels(0, 249), pool=2)
    ).indices
    assert pooled[0, 0] == SATURATED
    assert pooled[0, 1] in (MASKED, MASKED_HATCH)
    assert pooled[1, 0] == 14
    assert pooled[1, 1] in (MISSING, MISSING_HATCH)


@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    st.integers(1, 15),
)
def test_max_pool_is_the_maximum_of_each_block(image: np.ndarray, factor: int) -> None:
    pooled = max_pool(image, factor)
    for (y, x), value in np.ndenumerate(pooled):
        assert value == image[y * factor : (y + 1) * factor, x * factor : (x + 1) * factor].max()


@given(st.integers(0, 39), st.integers(0, 29), st.floats(1.0, 9.0))
def test_any_zoom_keeps_a_photon_once_and_in_its_place(y: int, x: int, factor: float) -> None:
    image = np.zeros((40, 30), np.uint16)
    image[y, x] = 1
    pooled = max_pool(image, factor)
    assert pooled.shape == (math.ceil(40 / factor), math.ceil(30 / factor))
    (row,), (column,) = np.nonzero(pooled)
    assert abs((row + 0.5) * factor - (y + 0.5)) <= factor / 2 + 1
    assert abs((column + 0.5) * factor - (x + 0.5)) <= factor / 2 + 1


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.uint16]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    ),
    st.sampled_from(list(Scaling)),
)
def test_any_frame_can_be_prepared(raw: np.ndarray, scaling: Scaling) -> None:
    picture = prepare(frame_of(raw), DisplaySettings(scaling=scaling))
    finite = np.isfinite(raw)
    assert (picture.indices[finite] >= FIRST_VALUE).all()
    assert (picture.indices[~finite] == NONFINITE).all()


def test_preparing_does_not_change_the_frame() -> None:
    frame = frame_of(np.array([[1.0, np.nan]], np.float32), [[0, PixelFlag.NONFINITE]])
    prepare(frame, DisplaySettings())
    assert frame.raw[0, 0] == 1.0
    assert frame.flags.tolist() == [[0, PixelFlag.NONFINITE]]


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_reserved_colours_are_unlike_every_colour_of_their_map(name: str) -> None:
    table = colour_table(name).astype(int)[:, :3]
    values = table[FIRST_VALUE : LAST_VALUE + 1]
    for entry in (MASKED, MASKED_HATCH, NONFINITE, SATURATED):
        distance = np.abs(values - table[entry]).sum(axis=1).min()
        assert distance >= 40, (name, entry, distance)


@pytest.mark.parametrize("name", [name for name in COLOUR_MAPS if name != "grey inverted"])
def test_colour_maps_get_brighter_all_the_way(name: str) -> None:
    rgb = colours_at(name, np.linspace(0, 1, 64))[:, :3].astype(float)
    luminance = rgb @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > -0.6).all()
    assert luminance[-1] - luminance[0] > 100


@pytest.mark.parametrize("name", ["viridis", "inferno", "magma", "cividis"])
def test_published_maps_are_reproduced(name: str) -> None:
    colormap = pytest.importorskip("pyqtgraph").colormap.get(name)
    published = colormap.getLookupTable(nPts=256, alpha=False).astype(int)
    ours = colours_at(name, np.linspace(0, 1, 256))[:, :3].astype(int)
    assert np.abs(ours - published).max() <= 6


def test_an_unknown_colour_map_is_named_with_those_there_are() -> None:
    with pytest.raises(BadParameter, match="'jet'") as refused:
        colour_table("jet")
    assert "viridis" in refused.value.sentence()


def test_moved_colours_show_what_a_new_picture_would() -> None:
    """Changing levels recolours the prepared picture: within a step of preparing it again."""
    frame = frame_of(np.arange(250, dtype=np.uint16)[None])
    made, wanted = DisplaySettings(Scaling.LINEAR, Levels(0, 249)), DisplaySettings(Scaling.SQRT, Levels(20, 180))
    assert made.levels is not None
    assert wanted.levels is not None
    old = prepare(frame, made)
    moved = colour_table("grey", (made.levels, made.scaling), (wanted.levels, wanted.scaling))[old.indices]
    exact = colour_table("grey")[prepare(frame, wanted).indices]
    assert np.abs(moved.astype(int) - exact.astype(int)).max() <= 2


def test_thumbnail_keeps_photons_and_holes() -> None:
    raw = np.zeros((200, 120), np.uint16)
    raw[150, 60] = 1
    flags = np.zeros(raw.shape, np.uint8)
    flags[:40] = PixelFlag.MISSING
    small = thumbnail(frame_of(raw, flags), 50)
    assert small.shape == (50, 30)
    assert small.dtype == np.uint8
    assert int((small > FIRST_VALUE).sum()) == 1
    assert (small[:10] <= MISSING_HATCH).all()
    assert (small[10:] >= FIRST_VALUE).all()


def test_thumbnail_of_a_small_frame_is_not_enlarged() -> None:
    assert thumbnail(frame_of(np.eye(7)), 50).shape == (7, 7)


@pytest.mark.real_data
def test_the_measured_frames_with_an_infinite_pixel_are_prepared(shared_data: Path) -> None:
    frames = np.load(shared_data / "pr772_pnccd" / "test_adu.npy")
    for index in (3, 4):
        picture = prepare(frame_of(frames[index]), DisplaySettings(scaling=Scaling.ARCSINH))
        assert int((picture.indices == NONFINITE).sum()) == 1
        assert 100 < picture.levels.high < 30_000
