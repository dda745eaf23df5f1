"""A mask while it is drawn: its steps, its pixels, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.masking.pixels import read_pixels
from models.masking.raster import apply_shape
from models.masking.settings import MaskSettings, MaskShape
from models.masking.shapes import NOWHERE, Box, bounds, stamps
from models.runs.types import BoolImage

MOST_CHANGES = 200
"""that can be taken back"""

Shapes = tuple[MaskShape, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """One thing the user did: the pixels of a box, one bit each, and the steps, before and after."""

    box: Box
    before: npt.NDArray[np.uint8]
    after: npt.NDArray[np.uint8]
    shapes_before: Shapes
    shapes_after: Shapes


class MaskDrawing:
    """The user's mask of frames of one shape, changed step by step.

    Everything that changes pixels gives the box in which they changed, so that a view repaints no more than that.

    Attributes:
        frame: (H, W).
        masked: (H, W) bool, True = masked out. The same array for as long as the drawing lives.
        shapes: the steps, in order.
        count: how many pixels are masked out.
    """

    def __init__(
        self, frame: tuple[int, int], shapes: Iterable[MaskShape] = (), workspaces: Sequence[Path] = ()
    ) -> None:
        """Raises BadMask where the pixels of a step cannot be read."""
        self.frame = frame
        self.shapes: Shapes = tuple(shapes)
        self._workspaces = tuple(workspaces)
        self._kept: dict[str, npt.NDArray[np.uint8]] = {}
        self.masked: BoolImage = self._made(self.shapes)
        self.count = int(np.count_nonzero(self.masked))
        self._done: list[_Change] = []
        self._undone: list[_Change] = []
        self._stroke: MaskShape | None = None
        self._path: list[float] = []
        self._stroke_box = NOWHERE
        self._before_stroke: BoolImage | None = None

    @property
    def whole(self) -> Box:
        """The box of all pixels."""
        return Box(0, 0, *self.frame)

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    @property
    def drawing(self) -> bool:
        """Whether a stroke has been begun and not ended."""
        return self._stroke is not None

    def settings(self, base: MaskSettings) -> MaskSettings:
        """The settings with these steps."""
        return replace(base, shapes=self.shapes, shape=self.frame if self.shapes else None)

    # steps

    def add(self, shape: MaskShape) -> Box:
        """One more step. Raises BadMask where its pixels cannot be read; nothing has changed then."""
        before = self.masked.copy()
        box = apply_shape(self.masked, shape, self._read)
        return self._note(before, box, (*self.shapes, shape))

    def set_shapes(self, shapes: Iterable[MaskShape]) -> Box:
        """Other steps: one was deleted, hidden or moved, or all of them cleared. Raises BadMask as `add`."""
        wanted = tuple(shapes)
        if wanted == self.shapes:
            return NOWHERE
        box = self._concerned(wanted)
        before = self.masked.copy()
        if box == self.whole:
            made = self._made(wanted)
            box = _box_of(made != self.masked)
            self.masked[...] = made
        else:
            self.masked[box.slices] = False
            for shape in wanted:
                apply_shape(self.masked, shape, self._read, box)
        return self._note(before, box, wanted)

    def undo(self) -> Box:
        """Take the last change back."""
        if not self._done or self.drawing:
            return NOWHERE
        change = self._done.pop()
        self._undone.append(change)
        return self._restore(change.box, change.before, change.shapes_before)

    def redo(self) -> Box:
        """Do again what was taken back last."""
        if not self._undone or self.drawing:
            return NOWHERE
        change = self._undone.pop()
        self._done.append(change)
        return self._restore(change.box, change.after, change.shapes_after)

    # strokes

    def begin_stroke(self, shape: MaskShape) -> Box:
        """The first point of a brush stroke."""
        self._before_stroke = self.masked.copy()
        self._stroke, self._path = shape, list(shape.points)
        self._stroke_box = NOWHERE
        return self._paint(shape)

    def extend_stroke(self, y: float, x: float) -> Box:
        """The brush moved on to (y, x)."""
        stroke = self._stroke
        if stroke is None:
            return NOWHERE
        part = replace(stroke, points=(*self._path[-2:], y, x))
        self._path += (y, x)
        return self._paint(part)

    def end_stroke(self) -> Box:
        """The stroke becomes a step."""
        stroke, before = self._stroke, self._before_stroke
        if stroke is None or before is None:
            return NOWHERE
        box = self._stroke_box
        self._stroke = self._before_stroke = None
        self.count = int(np.count_nonzero(before))
        return self._note(before, box, (*self.shapes, replace(stroke, points=tuple(self._path))))

    def drop_stroke(self) -> Box:
        """Forget the stroke that was begun."""
        before, box = self._before_stroke, self._stroke_box
        if self._stroke is None or before is None:
            return NOWHERE
        self._stroke = self._before_stroke = None
        self.masked[box.slices] = before[box.slices]
        self.count = int(np.count_nonzero(self.masked))
        return box

    # inside

    def _read(self, shape: MaskShape) -> BoolImage:
        """The pixels of a step, from the file the first time."""
        bits = self._kept.get(shape.digest)
        if bits is None or not shape.digest:
            covered = read_pixels(shape, self.frame, self._workspaces)
            self._kept[shape.digest] = np.packbits(covered)
            return covered
        height, width = self.frame
        return np.unpackbits(bits, count=height * width).reshape(height, width).astype(np.bool_)

    def _made(self, shapes: Shapes) -> BoolImage:
        masked = np.zeros(self.frame, np.bool_)
        for shape in shapes:
            apply_shape(masked, shape, self._read)
        return masked

    def _concerned(self, wanted: Shapes) -> Box:
        """Outside of this box the mask is the same with other steps: only steps that are not in both lists count."""
        old, new = self.shapes, wanted
        first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        old, new = old[first:], new[first:]
        same = zip(reversed(old), reversed(new), strict=False)
        last = next((n for n, (a, b) in enumerate(same) if a != b), min(len(old), len(new)))
        others = (*old[: len(old) - last], *new[: len(new) - last])
        if any(shape.kind == "grow" for shape in (*self.shapes, *wanted)) or any(
            shape.kind == "pixels" for shape in others
        ):
            return self.whole
        box = NOWHERE
        for shape in others:
            box = box.joined(bounds(shape, self.frame))
        return box

    def _paint(self, part: MaskShape) -> Box:
        touched = NOWHERE
        for stamp in stamps(part, self.frame):
            here = self.masked[stamp.box.slices]
            changed = int(np.count_nonzero(stamp.covered & (here == part.use)))
            self.count += -changed if part.use else changed
            here[stamp.covered] = not part.use
            touched = touched.joined(stamp.box)
        self._stroke_box = self._stroke_box.joined(touched)
        return touched

    def _note(self, before: BoolImage, box: Box, shapes: Shapes) -> Box:
        old, new = before[box.slices], self.masked[box.slices]
        self.count += int(np.count_nonzero(new)) - int(np.count_nonzero(old))
        self._done.append(_Change(box, np.packbits(old), np.packbits(new), self.shapes, shapes))
        del self._done[:-MOST_CHANGES]
        self._undone.clear()
        self.shapes = shapes
        return box

    def _restore(self, box: Box, bits: npt.NDArray[np.uint8], shapes: Shapes) -> Box:
        height, width = box.shape
        pixels = np.unpackbits(bits, count=height * width).reshape(height, width).astype(np.bool_)
        self.count += int(np.count_nonzero(pixels)) - int(np.count_nonzero(self.masked[box.slices]))
        self.masked[box.slices] = pixels
        self.shapes = shapes
        return box


def _box_of(changed: BoolImage) -> Box:
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return NOWHERE
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
