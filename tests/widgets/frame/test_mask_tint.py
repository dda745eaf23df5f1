"""The tint of masked pixels, screen pixel by screen pixel; and only what a change touched is painted anew."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor

from widgets.frame.mask_tint import FILE, PREVIEW, USER, MaskTint
from widgets.frame.viewport import ViewBox, Viewport

COLOURS = QColor(10, 20, 30, 255), QColor(40, 50, 60, 255), QColor(70, 80, 90, 255)
CANVAS = QRectF(0, 0, 40, 30)
views = st.tuples(st.floats(-5, 60), st.floats(-5, 60), st.floats(0.1, 6))


def view(y: float, x: float, scale: float, shape: tuple[int, int]) -> Viewport:
    viewport = Viewport()
    viewport.set_canvas(CANVAS.width(), CANVAS.height())
    viewport.set_image(shape[1], shape[0])
    viewport.set_box(ViewBox(y, x, scale))
    return viewport


def codes(tint: MaskTint, viewport: Viewport, ratio: float = 1.0) -> np.ndarray:
    image = tint.image(viewport, CANVAS, ratio)
    known = {QColor(colour).rgba(): code for code, colour in zip((FILE, USER, PREVIEW), COLOURS, strict=True)}
    return np.array([[known.get(image.pixel(x, y), 0) for x in range(image.width())] for y in range(image.height())])


def expected(codes_of_frame: np.ndarray, viewport: Viewport, ratio: float = 1.0) -> np.ndarray:
    """The highest code among the frame's pixels that begin in each screen pixel, or at its middle when enlarged."""
    height, width = codes_of_frame.shape
    corner, step = viewport.to_image(QPointF(0, 0)), 1 / (viewport.scale * ratio)
    size = math.ceil(CANVAS.height() * ratio), math.ceil(CANVAS.width() * ratio)

    def sources(origin: float, count: int, length: int) -> list[range]:
        found = []
        for place in range(count):
            first, last = origin + place * step, origin + (place + 1) * step
            stretch = (
                range(math.floor(first), math.floor(last))
                if step > 1
                else range(n := math.floor((first + last) / 2), n + 1)
            )
            found.append(range(max(0, stretch.start), min(length, stretch.stop)))
        return found

    rows, columns = sources(corner.y(), size[0], height), sources(corner.x(), size[1], width)
    return np.array(
        [[max((codes_of_frame[y, x] for y in ys for x in xs), default=0) for xs in columns] for ys in rows]
    )


def tint_of(frame_codes: np.ndarray) -> tuple[MaskTint, np.ndarray]:
    tint = MaskTint()
    tint.set_colours(*COLOURS)
    user = frame_codes == USER
    tint.set_user(user)
    tint.set_other(FILE, frame_codes == FILE)
    tint.set_other(PREVIEW, frame_codes == PREVIEW)
    return tint, user


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), views, st.sampled_from([1.0, 2.0]))
def test_every_screen_pixel_shows_its_own_part_of_the_frame(seed, box, ratio) -> None:
    frame = np.random.default_rng(seed).choice([0, 0, 0, 0, 0, FILE, USER, PREVIEW], (50, 55))
    tint, _ = tint_of(frame)
    viewport = view(*box, frame.shape)
    np.testing.assert_array_equal(codes(tint, viewport, ratio), expected(frame, viewport, ratio))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), views)
def test_a_change_is_painted_where_it_is_and_nowhere_else(seed, box) -> None:
    rng = np.random.default_rng(seed)
    frame = rng.choice([0, 0, 0, FILE, USER], (50, 55))
    tint, user = tint_of(frame)
    viewport = view(*box, frame.shape)
    before = codes(tint, viewport)
    top, left = rng.integers(0, 45, 2)
    bottom, right = top + rng.integers(1, 6), left + rng.integers(1, 6)
    user[top:bottom, left:right] ^= True
    area = tint.changed(top, left, bottom, right)
    after = codes(tint, viewport)
    again, _ = tint_of(np.where(user, USER, np.where(frame == FILE, FILE, 0)))
    np.testing.assert_array_equal(after, codes(again, viewport))
    for y, x in np.argwhere(after != before):
        assert area.contains(int(x), int(y))


def test_one_pixel_of_a_large_frame_is_seen() -> None:
    frame = np.zeros((2000, 2000), int)
    frame[777, 1234] = USER
    tint, _ = tint_of(frame)
    viewport = Viewport()
    viewport.set_canvas(CANVAS.width(), CANVAS.height())
    viewport.set_image(2000, 2000)
    assert (codes(tint, viewport) == USER).sum() == 1


def test_nothing_to_draw_is_no_picture() -> None:
    tint = MaskTint()
    assert tint.image(view(0, 0, 1, (5, 5)), CANVAS, 1.0).isNull()
    assert tint.changed(0, 0, 5, 5).isEmpty()
    assert tint.shape is None


@pytest.mark.parametrize("other", [(5, 5), (60, 60)])
def test_a_mask_of_another_shape_is_left_out(other: tuple[int, int]) -> None:
    tint, _ = tint_of(np.zeros((20, 20), int))
    tint.set_other(FILE, np.ones(other, bool))
    assert not codes(tint, view(10, 10, 1, (20, 20))).any()
