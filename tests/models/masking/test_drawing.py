"""Drawing: whatever is done and undone, the pixels are those of the steps, and the count is theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from models.masking import BadMask, MaskSettings, MaskShape
from models.masking.drawing import MaskDrawing
from models.masking.pixels import keep_pixels
from models.masking.raster import rasterise
from models.masking.shapes import NOWHERE

FRAME = (20, 24)
place = st.integers(-4, 28).map(float)


class Drawing(RuleBasedStateMachine):
    """A user who draws, takes back and deletes in any order, beside a list of what there should be."""

    def __init__(self) -> None:
        super().__init__()
        self.drawing = MaskDrawing(FRAME)
        self.seen = self.drawing.masked.copy()
        self.history: list[tuple[MaskShape, ...]] = [()]
        self.at = 0

    def follow(self, box, shapes) -> None:
        self.repaint(box)
        self.history[self.at + 1 :] = [shapes]
        self.at += 1

    def repaint(self, box) -> None:
        """A view that repaints only what it is told."""
        self.seen[box.slices] = self.drawing.masked[box.slices]

    @rule(y=place, x=place, h=place, w=place, use=st.booleans(), mate=st.booleans())
    def rectangle(self, y, x, h, w, use, mate) -> None:
        shape = MaskShape("rectangle", use, (y, x, y + h, x + w), mate_of=(9.5, 11.5) if mate else None)
        self.follow(self.drawing.add(shape), (*self.history[self.at], shape))

    @rule(by=st.integers(-2, 2))
    def grow(self, by) -> None:
        shape = MaskShape("grow", size_px=by)
        self.follow(self.drawing.add(shape), (*self.history[self.at], shape))

    @rule(path=st.lists(st.tuples(place, place), min_size=1, max_size=4), use=st.booleans(), mate=st.booleans())
    def stroke(self, path, use, mate) -> None:
        first = MaskShape("brush", use, path[0], 5.0, mate_of=(9.5, 11.5) if mate else None)
        self.repaint(self.drawing.begin_stroke(first))
        for y, x in path[1:]:
            self.repaint(self.drawing.extend_stroke(y, x))
            assert self.drawing.count == np.count_nonzero(self.drawing.masked)
        whole = replace(first, points=tuple(value for point in path for value in point))
        self.follow(self.drawing.end_stroke(), (*self.history[self.at], whole))

    @rule(y=place, x=place)
    def dropped_stroke(self, y, x) -> None:
        self.repaint(self.drawing.begin_stroke(MaskShape("brush", points=(y, x), size_px=7.0)))
        self.repaint(self.drawing.drop_stroke())

    @rule()
    def undo(self) -> None:
        assert self.drawing.can_undo == (self.at > 0)
        self.repaint(self.drawing.undo())
        self.at = max(0, self.at - 1)

    @rule()
    def redo(self) -> None:
        assert self.drawing.can_redo == (self.at < len(self.history) - 1)
        self.repaint(self.drawing.redo())
        self.at = min(len(self.history) - 1, self.at + 1)

    @rule(which=st.integers(0, 9), hide=st.booleans())
    def delete_or_hide(self, which, hide) -> None:
        shapes = list(self.history[self.at])
        if which < len(shapes):
            if hide:
                shapes[which] = replace(shapes[which], hidden=not shapes[which].hidden)
            else:
                del shapes[which]
            self.follow(self.drawing.set_shapes(shapes), tuple(shapes))

    @invariant()
    def agrees(self) -> None:
        wanted = self.history[self.at]
        assert self.drawing.shapes == wanted
        expected = rasterise(wanted, FRAME)
        np.testing.assert_array_equal(self.drawing.masked, expected)
        np.testing.assert_array_equal(self.seen, expected)
        assert self.drawing.count == np.count_nonzero(expected)


TestDrawing = Drawing.TestCase
TestDrawing.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def test_the_drawing_becomes_settings() -> None:
    drawing = MaskDrawing(FRAME)
    base = MaskSettings(inverted=True)
    assert drawing.settings(base) == base
    drawing.add(MaskShape("rectangle", points=(0, 0, 3, 3)))
    made = drawing.settings(base)
    assert made.shape == FRAME
    assert made.inverted
    again = MaskDrawing(FRAME, made.shapes)
    np.testing.assert_array_equal(again.masked, drawing.masked)
    assert not again.can_undo


def test_a_step_whose_pixels_are_gone_changes_nothing(tmp_path: Path) -> None:
    drawing = MaskDrawing(FRAME)
    drawing.add(MaskShape("rectangle", points=(0, 0, 3, 3)))
    shape = keep_pixels(np.ones(FRAME, bool), tmp_path, "x")
    Path(shape.path).unlink()
    before = drawing.masked.copy()
    with pytest.raises(BadMask):
        drawing.add(shape)
    np.testing.assert_array_equal(drawing.masked, before)
    assert len(drawing.shapes) == 1
    assert drawing.undo() != NOWHERE
    assert drawing.undo() == NOWHERE
