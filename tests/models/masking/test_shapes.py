"""Every shape against its own definition, pixel by pixel."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.masking.growth import grown, panel_edges
from models.masking.raster import apply_shape, rasterise
from models.masking.settings import MaskShape
from models.masking.shapes import stamps

H, W = 13, 17
FEW = settings(max_examples=60, deadline=None)
# halves and wholes hit edges and centres exactly; the others do not
position = st.one_of(st.integers(-8, 50).map(lambda n: n / 2), st.floats(-20, 40, allow_nan=False, width=32))
size = st.one_of(st.integers(0, 20).map(lambda n: n / 2), st.floats(0, 12, width=32))
point = st.tuples(position, position)
frames = st.tuples(st.integers(1, H), st.integers(1, W))


def covered(shape: MaskShape, frame: tuple[int, int]) -> np.ndarray:
    return rasterise((shape,), frame)


def by_definition(frame, inside) -> np.ndarray:
    return np.array([[bool(inside(float(y), float(x))) for x in range(frame[1])] for y in range(frame[0])])


@FEW
@given(frames, point, point)
def test_a_rectangle_holds_its_upper_left_edges_only(frame, a, b) -> None:
    (y0, y1), (x0, x1) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    expected = by_definition(frame, lambda y, x: y0 <= y < y1 and x0 <= x < x1)
    np.testing.assert_array_equal(covered(MaskShape("rectangle", points=(*a, *b)), frame), expected)


@FEW
@given(frames, point, size, size)
def test_an_ellipse_holds_its_outline(frame, centre, ry, rx) -> None:
    def inside(y: float, x: float) -> bool:
        return ry > 0 and rx > 0 and ((y - centre[0]) / ry) ** 2 + ((x - centre[1]) / rx) ** 2 <= 1

    shape = MaskShape("ellipse", points=(*centre, ry, rx))
    np.testing.assert_array_equal(covered(shape, frame), by_definition(frame, inside))


def crossings(corners, y: float, x: float) -> int:
    """Edges met on the way from the far left to (y, x), itself included."""
    count = 0
    for (y0, x0), (y1, x1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 <= y < y1) or (y1 <= y < y0):
            low, high = ((y0, x0), (y1, x1)) if y0 < y1 else ((y1, x1), (y0, x0))
            count += low[1] + (y - low[0]) * ((high[1] - low[1]) / (high[0] - low[0])) <= x
    return count


@FEW
@given(frames, st.lists(point, min_size=3, max_size=7))
def test_a_polygon_holds_what_an_odd_number_of_edges_is_left_of(frame, corners) -> None:
    shape = MaskShape("polygon", points=tuple(value for corner in corners for value in corner))
    expected = by_definition(frame, lambda y, x: crossings(corners, y, x) % 2)
    np.testing.assert_array_equal(covered(shape, frame), expected)


@FEW
@given(frames, st.lists(point, min_size=1, max_size=5), size)
def test_a_brush_holds_what_is_near_its_path(frame, path, diameter) -> None:
    def distance(y: float, x: float) -> float:
        best = math.inf
        for (ay, ax), (by, bx) in zip(path, path[1:] or path, strict=False):
            along = np.array([by - ay, bx - ax], np.float64)
            length2 = float(along @ along)
            t = 0.0 if length2 == 0 else min(max(float(np.array([y - ay, x - ax]) @ along) / length2, 0.0), 1.0)
            best = min(best, math.hypot(y - ay - t * along[0], x - ax - t * along[1]))
        return best

    got = covered(MaskShape("brush", points=tuple(v for p in path for v in p), size_px=diameter), frame)
    far = by_definition(frame, lambda y, x: distance(y, x) > diameter / 2 + 1e-9)
    near = by_definition(frame, lambda y, x: diameter > 0 and distance(y, x) < diameter / 2 - 1e-9)
    assert not (got & far).any()
    assert not (near & ~got).any()


def test_polygons_with_a_common_edge_share_no_pixel_and_leave_none_out() -> None:
    left = MaskShape("polygon", points=(0, 0, 0, 7, 12, 3, 12, 0))
    right = MaskShape("polygon", points=(0, 7, 0, 17, 12, 17, 12, 3))
    whole = MaskShape("rectangle", points=(0, 0, 12, 17))
    sum_of_both = covered(left, (H, W)).astype(int) + covered(right, (H, W))
    np.testing.assert_array_equal(sum_of_both, covered(whole, (H, W)).astype(int))


@FEW
@given(frames, point, point, st.integers(-4, 40).map(lambda n: n / 2), st.integers(-4, 40).map(lambda n: n / 2))
def test_a_mate_lies_on_the_other_side_of_the_beam(frame, a, b, cy, cx) -> None:
    for shape in (
        MaskShape("ellipse", points=(*a, 3.0, 5.0), mate_of=(cy, cx)),
        MaskShape("brush", points=(*a, *b), size_px=3.0, mate_of=(cy, cx)),
    ):
        both = covered(shape, (64, 64))
        alone = covered(replace(shape, mate_of=None), (64, 64))
        expected = alone.copy()
        for y, x in np.argwhere(covered(replace(shape, mate_of=None), (64, 64))):
            my, mx = 2 * cy - y, 2 * cx - x
            if 0 <= my < 64 and 0 <= mx < 64:
                expected[int(my), int(mx)] = True
        # A mate may also hold pixels whose own mate lies outside the frame; none inside it is missing.
        assert not (expected & ~both).any()
        assert (both & ~alone).sum() >= (expected & ~alone).sum()


def test_a_rectangle_drawn_over_whole_pixels_has_its_mate_on_whole_pixels() -> None:
    shape = MaskShape("rectangle", points=(1.5, 2.5, 4.5, 5.5), mate_of=(6.5, 8.0))
    got = covered(shape, (H, W))
    expected = np.zeros((H, W), bool)
    expected[2:5, 3:6] = True
    expected[9:12, 11:14] = True
    np.testing.assert_array_equal(got, expected)


@FEW
@given(
    st.integers(0, 2**32 - 1),
    frames,
    st.one_of(st.integers(-4, 4).map(float), st.floats(-4, 4, width=32)),
)
def test_growing_reaches_as_far_as_it_says(seed, frame, radius) -> None:
    mask = np.random.default_rng(seed).random(frame) < 0.2
    inside = mask if radius >= 0 else ~mask
    here = np.argwhere(inside)

    def near(y: float, x: float) -> bool:
        return bool(len(here)) and float(((here - (y, x)) ** 2).sum(axis=1).min()) <= radius * radius

    expected = by_definition(frame, near)
    np.testing.assert_array_equal(grown(mask, radius), expected if radius >= 0 else ~expected)


def test_edges_of_panels_lie_next_to_gaps_and_borders() -> None:
    missing = np.zeros((8, 12), bool)
    missing[:, 5:7] = True
    edges = panel_edges(missing, 1)
    expected = np.zeros((8, 12), bool)
    expected[[0, 7]] = True
    expected[:, [0, 4, 7, 11]] = True
    expected[:, 5:7] = False
    np.testing.assert_array_equal(edges, expected)
    assert not panel_edges(missing, 0).any()


def test_modules_that_touch_have_edges_too() -> None:
    edges = panel_edges(np.zeros((8, 6), bool), 1, module=(4, 6))
    assert edges[[0, 3, 4, 7]].all()
    assert not edges[[1, 2, 5, 6], 1:5].any()


def test_later_steps_win_and_order_matters() -> None:
    out = MaskShape("rectangle", points=(-0.5, -0.5, 9.5, 9.5))
    use = MaskShape("rectangle", use=True, points=(2.5, 2.5, 5.5, 5.5))
    grow = MaskShape("grow", size_px=1)
    first = rasterise((out, use), (H, W))
    assert first[2, 2]
    assert not first[3:6, 3:6].any()
    assert rasterise((use, out), (H, W))[3:6, 3:6].all()
    assert not np.array_equal(rasterise((out, use, grow), (H, W)), rasterise((out, grow, use), (H, W)))
    np.testing.assert_array_equal(rasterise((out, replace(use, hidden=True)), (H, W)), rasterise((out,), (H, W)))


@FEW
@given(st.lists(point, min_size=1, max_size=4), st.floats(0, 9, width=32), st.booleans())
def test_nothing_outside_the_box_that_is_told_changes(path, diameter, use) -> None:
    mask = np.full((H, W), use)
    before = mask.copy()
    shape = MaskShape("brush", use, tuple(v for p in path for v in p), diameter, mate_of=(6.0, 8.0))
    box = apply_shape(mask, shape, _no_pixels)
    outside = np.ones((H, W), bool)
    outside[box.slices] = False
    np.testing.assert_array_equal(mask[outside], before[outside])


def _no_pixels(shape: MaskShape) -> np.ndarray:
    raise AssertionError(f"{shape} has no pixels of its own")


def test_far_away_and_enormous_shapes_do_no_harm() -> None:
    for points in ((1e300, 1e300, -1e300, -1e300), (1e12, 1e12, 1e12 + 1, 1e12 + 1)):
        covered(MaskShape("rectangle", points=points), (H, W))
        covered(MaskShape("brush", points=points[:2], size_px=3), (H, W))
        covered(MaskShape("brush", points=points, size_px=3), (H, W))
        covered(MaskShape("polygon", points=(*points, 3, 4)), (H, W))
        covered(MaskShape("ellipse", points=points), (H, W))
    assert covered(MaskShape("rectangle", points=(-1e300, -1e300, 1e300, 1e300)), (H, W)).all()


def test_pixels_have_no_outline() -> None:
    with pytest.raises(ValueError, match="outline"):
        list(stamps(MaskShape("pixels"), (H, W)))
