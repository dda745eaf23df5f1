"""Axes, shapes and frames: what is which."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.runs.layout import FrameLayout, NotFrames, module_grid, parse_axes, read_layout

NAMES = st.lists(st.text("abcxyz_", min_size=1, max_size=8), min_size=1, max_size=5)


@given(NAMES)
def test_axes_are_the_same_however_written(names):
    joined = ":".join(names)
    expected = tuple(names)
    for value in (
        joined,
        joined.encode(),
        np.array([joined.encode()]),
        np.array([joined], dtype=object),
        names,
        np.array([name.encode() for name in names]),
        np.array(names, dtype=object),
        ",".join(names),
        f"[{','.join(names)}]",
    ):
        assert parse_axes(value) == expected


@given(st.one_of(st.none(), st.text(), st.binary(), st.integers(), st.lists(st.binary(max_size=9), max_size=4)))
def test_any_axes_are_read(value):
    assert all(isinstance(name, str) for name in parse_axes(value))


@pytest.mark.parametrize(
    ("shape", "axes", "frames", "size"),
    [
        ((20, 24), "", 1, (20, 24)),
        ((20, 24), "y:x", 1, (20, 24)),
        ((7, 20, 24), "", 7, (20, 24)),
        ((7, 20, 24), "experiment_identifier", 7, (20, 24)),
        ((20, 24, 7), "y:x:experiment_identifier", 7, (20, 24)),
        ((7, 20, 24, 1), "", 7, (20, 24)),
        ((20, 24, 1), "", 1, (20, 24)),
        ((7, 1, 20, 24), "", 7, (20, 24)),
        ((7, 2, 512, 128), "", 7, (512, 128)),
        ((7, 16, 512, 128), "", 7, (1024, 1024)),
        ((7, 8, 512, 1024), "", 7, (2048, 2048)),
        ((7, 16, 2, 512, 128), "experiment_identifier:module_identifier:data_gain:y:x", 7, (1024, 1024)),
        ((7, 16, 2, 512, 128), "", 7, (1024, 1024)),
        ((5, 6, 20, 24), "", 30, (20, 24)),
        ((3, 4, 5, 20, 24), "a:b:c:y:x", 60, (20, 24)),
        ((0, 20, 24), "", 0, (20, 24)),
    ],
)
def test_known_shapes(shape, axes, frames, size):
    layout, _ = read_layout(shape, parse_axes(axes))
    assert layout.n_frames == frames
    assert layout.frame_shape == size


@pytest.mark.parametrize("shape", [(), (7,), (40, 40, 3), (7, 40, 40, 3), (7, 40, 40, 4)])
def test_shapes_that_are_not_frames(shape):
    with pytest.raises(NotFrames):
        read_layout(shape)


@pytest.mark.parametrize("shape", [(7, 16, 32, 32), (7, 2, 32, 32), (5, 6, 32, 32), (7, 8, 2, 32, 32)])
def test_guesses_are_said(shape):
    assert read_layout(shape)[1]


@st.composite
def layouts(draw):
    ndim = draw(st.integers(2, 5))
    shape = tuple(draw(st.integers(1, 4)) for _ in range(ndim))
    order = draw(st.permutations(range(ndim)))
    y, x = order[:2]
    modules = order[2] if ndim > 2 and draw(st.booleans()) else None
    scan = tuple(sorted(axis for axis in order[2:] if axis != modules))
    grid = (1, 1) if modules is None else module_grid(shape[modules], shape[y], shape[x])
    return FrameLayout(shape=shape, scan=scan, y=y, x=x, modules=modules, grid=grid)


@given(layouts())
def test_every_value_is_in_exactly_one_frame(layout):
    data = np.arange(np.prod(layout.shape)).reshape(layout.shape)
    seen = []
    holes = layout.holes()
    for index in range(layout.n_frames):
        frame = layout.assemble(data[layout.selection(index)], gap=-1)
        assert frame.shape == layout.frame_shape
        present = frame != -1
        if holes is not None:
            np.testing.assert_array_equal(~present, holes)
        assert holes is not None or present.all()
        seen.append(frame[present])
    assert sorted(np.concatenate(seen).tolist()) == list(range(data.size))


@given(layouts())
def test_a_companion_of_the_same_pixels_fits(layout):
    kept = sorted(axis for axis in (layout.modules, layout.y, layout.x) if axis is not None)
    shape = tuple(layout.shape[axis] for axis in kept)
    companion = layout.sibling(shape)
    assert companion is not None
    data = np.arange(np.prod(layout.shape)).reshape(layout.shape)
    if not companion.scan:
        static = data[tuple(slice(None) if axis in kept else 0 for axis in range(data.ndim))]
        frame = layout.assemble(data[layout.selection(0)])
        np.testing.assert_array_equal(companion.assemble(static[companion.selection(0)]), frame)


def test_a_companion_of_other_pixels_does_not_fit():
    layout, _ = read_layout((7, 20, 24))
    assert layout.sibling((24, 20)) is None
    assert layout.sibling((6, 20, 24)) is None
    assert layout.sibling((1, 20, 24)) is not None


@given(st.integers(1, 130), st.integers(1, 600), st.integers(1, 600))
def test_grids_hold_all_modules_and_waste_less_than_a_row_and_a_column(count, height, width):
    rows, columns = module_grid(count, height, width)
    assert 0 <= rows * columns - count < max(rows, columns)
