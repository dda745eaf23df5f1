"""Points painted into an image: where, which on top, in which colour."""

from __future__ import annotations

import numpy as np
import pytest

from widgets.map.points import MapPoints
from widgets.map.splat import EMPTY, FADED, SHADES, Splat, comfortable_size, shaded_table
from widgets.map.transform import MapTransform

VIEW = MapTransform(scale=10.0, width=100.0, height=80.0)
WHITE = 0xFFFFFFFF


def table() -> np.ndarray:
    colours = np.zeros((256, 3), np.uint8)
    colours[1] = (255, 0, 0)
    colours[2] = (0, 0, 255)
    return shaded_table(colours, (255, 255, 255), 0.5)


def paint(
    xy: list[list[float]], codes: list[int], size: int = 1, layers: list[list[int]] | None = None
) -> np.ndarray:
    points = MapPoints(xy)
    splat = Splat()
    # Positions relative to the points' own middle are what the view is given in.
    splat.project(points, VIEW, size, [np.array(layer) for layer in layers or []])
    out = np.zeros((80, 100), np.uint32)
    splat.compose(np.array([*codes, EMPTY], np.uint16), table(), out)
    return out


def test_a_point_lands_on_its_pixel_and_nowhere_else() -> None:
    image = paint([[2.0, 1.0], [-2.0, -1.0]], [1, 2])
    assert image[30, 70] == 0xFFFF0000
    assert image[50, 30] == 0xFF0000FF
    assert np.count_nonzero(image != WHITE) == 2


def test_points_outside_the_view_are_not_painted_at_its_edge() -> None:
    image = paint([[50.0, 0.0], [-50.0, 0.0], [0.0, 50.0], [0.0, -50.0]], [1, 1, 1, 1])
    assert (image == WHITE).all()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 9])
def test_a_point_is_as_wide_as_asked_and_centred(size: int) -> None:
    image = paint([[0.0, 0.0]], [1], size) != WHITE
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert len(rows) == len(columns) == size
    assert rows.mean() == pytest.approx(40, abs=0.51)
    assert columns.mean() == pytest.approx(50, abs=0.51)
    assert np.array_equal(image[rows[0] : rows[-1] + 1], image[rows[0] : rows[-1] + 1][::-1])


def test_later_frames_lie_on_top_and_higher_layers_above_all() -> None:
    near = [[-0.05, 0.0], [-0.05, 0.0], [0.05, 0.0]]  # pixels 49, 49 and 50 of row 40
    assert paint(near, [1, 2, 2])[40, 49] == 0xFF0000FF
    assert paint(near, [1, 2, 2], 1, [[0]])[40, 49] == 0xFFFF0000
    # Grown points keep the order: the layer's point hides its neighbour where they meet.
    grown = paint(near, [1, 2, 2], 3, [[0]])
    assert (grown[39:42, 48:51] == 0xFFFF0000).all()
    assert (grown[39:42, 51] == 0xFF0000FF).all()


def test_points_outside_the_selection_are_faded() -> None:
    image = paint([[2.0, 0.0], [-2.0, 0.0]], [1, 1 + FADED])
    assert image[40, 70] == 0xFFFF0000
    assert image[40, 30] == 0xFFFF8080


def test_crowded_pixels_are_stronger_than_lonely_ones() -> None:
    crowd = np.zeros((30_000, 2), np.float32)
    xy = np.concatenate([crowd, [[4.0, 0.0], [-4.0, 0.0]]])
    points, splat, out = MapPoints(xy), Splat(), np.zeros((80, 100), np.uint32)
    splat.project(points, VIEW, 1)
    assert splat.dense
    splat.compose(np.append(np.ones(len(xy), np.uint16), EMPTY).astype(np.uint16), table(), out)
    assert out[40, 50] == 0xFFFF0000
    lonely = int(out[40, 90]) & 0xFF
    assert 0x60 < lonely < 0xFF
    assert out[0, 0] == WHITE


def test_few_points_are_never_shaded() -> None:
    splat = Splat()
    splat.project(MapPoints(np.zeros((500, 2))), VIEW, 1)
    assert not splat.dense


def test_shades_run_from_faint_to_the_full_colour() -> None:
    shades = table().reshape(SHADES, 512)[:, 1]
    assert shades[-1] == 0xFFFF0000
    greens = (shades >> 8) & 0xFF
    assert (np.diff(greens.astype(int)) < 0).all()


def test_points_grow_when_zoomed_in() -> None:
    points = MapPoints(np.random.default_rng(0).uniform(-4, 4, (20_000, 2)))
    out = comfortable_size(points, MapTransform(scale=50, width=400, height=400), 1.0)
    near = comfortable_size(points, MapTransform(scale=500, width=400, height=400), 1.0)
    assert out < near <= 6
