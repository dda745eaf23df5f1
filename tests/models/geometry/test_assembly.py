"""Frames put together: every pixel in its place, gaps flagged, nothing invented."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadGeometry
from models.geometry.assembly import Assembly, index_map
from models.geometry.crystfel import parse_geom, read_geom
from models.geometry.positions import bad_flags, positions_of
from models.runs.types import PixelFlag
from tests.models.geometry.files import REAL, TWO_PANELS

ONE = """res = 10000
p/min_fs = 0
p/max_fs = 4
p/min_ss = 0
p/max_ss = 2
p/corner_x = {x}
p/corner_y = {y}
p/fs = {fs}
p/ss = {ss}
"""


def put_together(
    text: str, frame: np.ndarray, flags: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, Assembly]:
    detector = parse_geom(text)
    positions = positions_of(detector, frame.shape)
    assembly = Assembly(index_map(positions), frame.shape, bad=bad_flags(detector, positions))
    raw, put = assembly.apply(frame, np.zeros(frame.shape, np.uint8) if flags is None else flags)
    return raw, put, assembly


FRAME = np.arange(1, 16, dtype=np.int32).reshape(3, 5)


def test_the_picture_is_that_of_someone_looking_into_the_beam():
    """+x to the right and +y up, wherever the panel starts."""
    for fs, ss, wanted in (
        ("x", "-y", FRAME),
        ("x", "y", FRAME[::-1]),
        ("-x", "-y", FRAME[:, ::-1]),
        ("y", "x", FRAME.T[::-1]),
        ("-y", "x", FRAME.T),
    ):
        for start in (0, 0.5, -7.25, 1e4 + 0.3):
            raw, flags, assembly = put_together(ONE.format(x=start, y=-start, fs=fs, ss=ss), FRAME)
            assert np.array_equal(raw, wanted)
            assert not flags.any()
            assert assembly.found.collisions == 0
            assert assembly.found.farthest_px < 1e-6


def test_the_beam_is_where_x_and_y_are_nothing():
    *_, assembly = put_together(ONE.format(x=-2, y=1, fs="x", ss="-y"), FRAME)
    # the middle of the first pixel is at x = −1.5, y = 0.5 pixels
    assert assembly.found.origin_px == pytest.approx((0.5, 1.5))
    own = parse_geom(TWO_PANELS)
    found = index_map(positions_of(own, (8, 6)))
    y, x = np.argwhere(found.index == 0)[0]
    at = positions_of(own, (8, 6))
    assert found.origin_px[0] - y == pytest.approx(at.y[0, 0] / found.pitch_m)
    assert x - found.origin_px[1] == pytest.approx(at.x[0, 0] / found.pitch_m)


def test_two_panels_lie_apart_with_nothing_between():
    frame = np.arange(1, 49, dtype=np.uint16).reshape(8, 6)
    raw, flags, assembly = put_together(TWO_PANELS, frame)
    gaps = flags == PixelFlag.MISSING
    assert assembly.shape == raw.shape == (11, 14)
    assert raw.dtype == np.uint16
    assert gaps.sum() == assembly.found.gaps == 11 * 14 - 48
    assert not raw[gaps].any()
    assert sorted(raw[~gaps]) == list(range(1, 49))
    assert raw[0, 8] == 1  # panel a starts at its upper left corner
    assert raw[10, 0] == 25  # panel b at its lower left corner


def test_outlines_frame_the_panels():
    *_, assembly = put_together(TWO_PANELS, np.zeros((8, 6), np.uint8))
    a, b = assembly.found.outlines
    assert a.min(axis=0) == pytest.approx((-0.5, 7.5))
    assert a.max(axis=0) == pytest.approx((3.5, 13.5))
    assert b.min(axis=0) == pytest.approx((4.5, -0.5))
    assert b.max(axis=0) == pytest.approx((10.5, 3.5))


def test_flags_travel_with_their_pixels():
    flags = np.zeros((8, 6), np.uint8)
    flags[0, 0], flags[4, 0] = PixelFlag.SATURATED, PixelFlag.MASKED
    _, put, _ = put_together(TWO_PANELS + "bad1/min_fs = 5\nbad1/panel = a\n", np.zeros((8, 6)), flags)
    assert put[0, 8] == PixelFlag.SATURATED
    assert put[10, 0] == PixelFlag.MASKED
    assert (put[:4, 13] == PixelFlag.MASKED).all()
    assert np.count_nonzero(put == PixelFlag.MASKED) == 5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_sparse_and_dense_flags_come_out_alike(seed, share):
    detector = parse_geom(TWO_PANELS)
    assembly = Assembly(index_map(positions_of(detector, (8, 6))), (8, 6))
    rng = np.random.default_rng(seed)
    flags = np.where(rng.random((8, 6)) < share, rng.integers(1, 64, (8, 6)), 0).astype(np.uint8)
    _, put = assembly.apply(np.zeros((8, 6)), flags)
    index = assembly.found.index
    assert np.array_equal(put, np.where(index < 0, PixelFlag.MISSING, flags.ravel()[index]))


def test_flags_that_stay_are_worked_out_once_and_changed_ones_anew():
    detector = parse_geom(TWO_PANELS)
    assembly = Assembly(index_map(positions_of(detector, (8, 6))), (8, 6))
    still = np.zeros((8, 6), np.uint8)
    still.setflags(write=False)
    first, again = (assembly.apply(np.zeros((8, 6)), still)[1] for _ in range(2))
    assert first is again
    assert not first.flags.writeable
    moving = np.zeros((8, 6), np.uint8)
    assembly.apply(np.zeros((8, 6)), moving)
    moving[0, 0] = 1
    assert assembly.apply(np.zeros((8, 6)), moving)[1][0, 8] == 1


def test_modules_laid_out_on_a_grid_find_back_to_their_places():
    """The run shows modules side by side; positions are told of the stored block."""
    detector = parse_geom(TWO_PANELS)
    found = index_map(positions_of(detector, (2, 4, 6)))
    slab = np.arange(1, 49).reshape(2, 4, 6)
    side_by_side = np.concatenate(list(slab), axis=1)
    index = np.concatenate(list(np.arange(48, dtype=np.int32).reshape(2, 4, 6)), axis=1)
    raw, flags = Assembly(found, (4, 12), index).apply(side_by_side, np.zeros((4, 12), np.uint8))
    plain, same = Assembly(found, (8, 6)).apply(slab.reshape(8, 6), np.zeros((8, 6), np.uint8))
    assert np.array_equal(raw, plain)
    assert np.array_equal(flags, same)


def test_the_nearest_pixel_has_the_place_and_the_others_are_counted():
    text = """res = 1
a/min_fs = 0
a/max_fs = 9
a/min_ss = 0
a/max_ss = 9
a/corner_x = 0
a/corner_y = 0
b/min_fs = 10
b/max_fs = 10
b/min_ss = 0
b/max_ss = 9
b/corner_x = 0.3
b/corner_y = 0
c/min_fs = 11
c/max_fs = 11
c/min_ss = 0
c/max_ss = 9
c/corner_x = 10.1
c/corner_y = 0
"""
    frame = np.arange(120).reshape(10, 12)
    raw, _, assembly = put_together(text, frame)
    assert assembly.found.collisions == 10
    assert not np.isin(frame[:, 10], raw).any()
    assert np.isin(frame[:, :10], raw).all()


def test_geometries_that_no_frame_could_hold_are_refused():
    far = TWO_PANELS.replace("b/corner_x = -6", "b/corner_x = -6e6")
    with pytest.raises(BadGeometry, match="cannot be assembled"):
        index_map(positions_of(parse_geom(far), (8, 6)))
    heap = TWO_PANELS.replace("b/corner_x = -6", "b/corner_x = 2").replace("b/fs = y", "b/fs = 0.001x")
    heap = heap.replace("b/ss = x", "b/ss = 0.1y").replace("a/fs = +1.0x", "a/fs = 0.01x")
    with pytest.raises(BadGeometry, match="cannot be assembled"):
        index_map(positions_of(parse_geom(heap), (8, 6)))


def test_a_frame_of_another_shape_is_refused():
    *_, assembly = put_together(TWO_PANELS, np.zeros((8, 6)))
    with pytest.raises(BadGeometry, match="does not fit"):
        assembly.apply(np.zeros((6, 8)), np.zeros((6, 8), np.uint8))


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_detectors_are_put_together(shared_data, name):
    """Every pixel lands on the nearest place; next to none is lost; every value is the file's own."""
    detector = read_geom(shared_data / "geometry" / f"{name}.geom")
    slab = detector.slab_shape
    positions = positions_of(detector, slab)
    found = index_map(positions)
    total = int(np.prod(slab))
    assert found.index.size - found.gaps == total - found.collisions
    assert found.collisions <= 1e-4 * total
    rows, columns = np.nonzero(found.index[::5] >= 0)
    rows *= 5
    shown = found.index[rows, columns]
    assert np.bincount(shown, minlength=total).max() == 1
    y, x = positions.y.ravel()[shown] / found.pitch_m, positions.x.ravel()[shown] / found.pitch_m
    off = np.hypot(found.origin_px[0] - rows - y, columns - found.origin_px[1] - x)
    assert off.max() <= np.sqrt(0.5) + 1e-6
    flat = (int(np.prod(slab[:-1])), slab[-1])
    frame = np.arange(total, dtype=np.int32).reshape(flat)
    raw, flags = Assembly(found, flat).apply(frame, np.zeros(flat, np.uint8))
    missing = flags == PixelFlag.MISSING
    assert np.array_equal(np.where(missing, -1, raw), found.index)
