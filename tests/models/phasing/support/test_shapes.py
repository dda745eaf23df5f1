"""Drawn supports."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import BadParameter
from models.phasing.support import ellipse, polygon


def test_a_rectangle_has_its_pixels() -> None:
    found = polygon((20, 30), [(4.5, 9.5), (4.5, 19.5), (14.5, 19.5), (14.5, 9.5)])
    expected = np.zeros((20, 30), bool)
    expected[5:15, 10:20] = True
    assert np.array_equal(found, expected)


def test_a_triangle_has_its_area_and_goes_round_either_way() -> None:
    corners = [(10.2, 10.1), (180.3, 40.7), (90.8, 170.4)]
    found = polygon((200, 200), corners)
    (ay, ax), (by, bx), (cy, cx) = corners
    area = abs((by - ay) * (cx - ax) - (cy - ay) * (bx - ax)) / 2
    assert found.sum() == pytest.approx(area, rel=0.01)
    assert np.array_equal(found, polygon((200, 200), corners[::-1]))


def test_a_line_that_crosses_itself_and_the_edge() -> None:
    found = polygon((20, 20), [(0.5, 0.5), (0.5, 18.5), (18.5, 0.5), (18.5, 18.5)])
    assert found[3, 9]
    assert not found[9, 3]
    assert polygon((20, 20), [(-50, -50), (-50, 50), (50, 50), (50, -50)]).all()


def test_an_ellipse_has_its_area_and_can_be_turned() -> None:
    found = ellipse((120, 100), (60.5, 40), (30, 12))
    assert found.sum() == pytest.approx(np.pi * 30 * 12, rel=0.02)
    turned = ellipse((120, 120), (60, 60), (30, 12), np.pi / 2)
    assert np.array_equal(turned, ellipse((120, 120), (60, 60), (12, 30)))
    slanted = ellipse((120, 120), (60, 60), (30, 5), np.pi / 4)
    assert slanted[75, 75]
    assert not slanted[75, 45]


def test_an_ellipsoid() -> None:
    assert ellipse((40, 40, 40), (20, 20, 20), (10, 8, 6)).sum() == pytest.approx(4 / 3 * np.pi * 480, rel=0.03)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: polygon((9, 9), [(1, 1), (2, 2)]),
        lambda: polygon((9, 9), [(1, 1), (2, 2), (np.nan, 0)]),
        lambda: ellipse((9, 9), (4, 4), (0, 3)),
        lambda: ellipse((9, 9), (4, 4), (2, 3, 4)),
        lambda: ellipse((9, 9, 9), (4, 4, 4), (2, 3, 4), 0.3),
    ],
)
def test_what_is_no_shape_is_refused(draw) -> None:
    with pytest.raises(BadParameter):
        draw()
