"""Which points lie near a position or inside a region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widgets.map.points import MapPoints, winding_inside
from widgets.map.region import rasterised


def brute_winding(x: float, y: float, corners: np.ndarray) -> int:
    """Winding number by summing signed angles: slow, and written another way than what it checks."""
    angles = np.arctan2(corners[:, 1] - y, corners[:, 0] - x)
    steps = np.diff(np.append(angles, angles[0]))
    steps = (steps + np.pi) % (2 * np.pi) - np.pi
    return round(float(steps.sum()) / (2 * np.pi))


def test_frames_without_position_are_left_out_but_keep_their_index() -> None:
    points = MapPoints([[0, 0], [np.nan, 1], [4, 2], [np.inf, 0]])
    assert len(points) == 2
    assert points.total == 4
    assert points.frames.tolist() == [0, 2]
    assert [points.place_of(frame) for frame in (-1, 0, 1, 2, 3, 4)] == [-1, 0, -1, 1, -1, -1]


@pytest.mark.parametrize("xy", [np.zeros((0, 2)), np.full((3, 2), np.nan)])
def test_nothing_placed_finds_nothing(xy: np.ndarray) -> None:
    points = MapPoints(xy)
    corners = np.array([[-1.0, -1.0], [1, -1], [0, 1]])
    assert points.nearest(0, 0, 1e9) == -1
    assert points.inside_rectangle(-1, -1, 1, 1).tolist() == [False] * len(xy)
    assert points.inside_polygon(corners, *rasterised(corners)).tolist() == [False] * len(xy)


def test_positions_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(N, 2\)"):
        MapPoints(np.zeros((4, 3)))


def test_nearest_agrees_with_a_search_over_all_blocks() -> None:
    random = np.random.default_rng(3)
    points = MapPoints(random.normal(size=(100_000, 2)))
    for x, y in random.normal(size=(20, 2)):
        expected = int(np.argmin((points.x - np.float32(x)) ** 2 + (points.y - np.float32(y)) ** 2))
        assert points.nearest(x, y, 10.0) == expected


def test_nearest_respects_the_radius() -> None:
    points = MapPoints([[0.0, 0.0], [10.0, 0.0]])  # 10 apart, kept relative to the middle
    assert points.nearest(-5.0, 2.0, 2.1) == 0
    assert points.nearest(-5.0, 2.0, 1.9) == -1


def test_far_from_the_origin_close_points_stay_apart() -> None:
    points = MapPoints(np.array([[1e6, 1e6], [1e6 + 0.01, 1e6]]))
    assert points.x[0] != points.x[1]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40))
def test_polygon_agrees_with_winding_number_for_any_lasso(seed: int, n_corners: int) -> None:
    random = np.random.default_rng(seed)
    points = MapPoints(random.uniform(-1, 1, (200, 2)))
    corners = random.uniform(-1, 1, (n_corners, 2))
    inside = points.inside_polygon(corners, *rasterised(corners))
    expected = [brute_winding(float(x), float(y), corners) != 0 for x, y in zip(points.x, points.y, strict=True)]
    assert inside.tolist() == expected


def test_lasso_of_a_large_map_is_exact_at_its_edge() -> None:
    random = np.random.default_rng(5)
    points = MapPoints(random.uniform(-1, 1, (200_000, 2)))
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    corners = np.column_stack([0.7 * np.cos(angle), 0.7 * np.sin(angle)])
    inside = points.inside_polygon(corners, *rasterised(corners))
    exact = winding_inside(points.x, points.y, corners)
    assert np.array_equal(inside, exact)
    assert inside.mean() == pytest.approx(np.pi * 0.49 / 4, abs=0.01)


def test_a_lasso_that_crosses_itself_keeps_both_halves() -> None:
    points = MapPoints([[-2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    eight = np.array([[-3.0, -1], [3, 1], [3, -1], [-3, 1]])
    assert points.inside_polygon(eight, *rasterised(eight)).tolist() == [True, True, False, False]


def test_flat_lasso_selects_nothing_outside_it() -> None:
    points = MapPoints([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    line = np.array([[-1.0, 0.2], [1.0, 0.2], [0.0, 0.2]])
    assert not points.inside_polygon(line, *rasterised(line)).any()
