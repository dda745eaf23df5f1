"""The user's mask while it is changed: the drawing, and the layer over the frame that shows and draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import QObject, pyqtSignal

from models.errors import FriedelError
from models.masking.drawing import MaskDrawing
from models.masking.settings import MaskShape
from models.masking.shapes import Box
from widgets.frame.mask_overlay import MaskOverlay
from widgets.frame.mask_tools import Outline


class MaskEditor(QObject):
    """Every change of the drawing goes through here, so that layer, list and undo agree."""

    changed = pyqtSignal()
    """steps or pixels are others; at the end of a stroke, not during it"""
    painting = pyqtSignal()
    """pixels became others within a stroke"""
    chosen_changed = pyqtSignal(int)
    """place of the step chosen, −1 for none"""
    problem = pyqtSignal(str)
    """a sentence about a step that could not be done"""

    def __init__(self, overlay: MaskOverlay, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.overlay = overlay
        self.drawing: MaskDrawing | None = None
        self.chosen = -1
        self._mates_at: tuple[float, float] | None = None
        overlay.drawn.connect(self._drawn)
        overlay.stroke_began.connect(self._stroke_began)
        overlay.stroke_moved.connect(self._stroke_moved)
        overlay.stroke_ended.connect(self._stroke_ended)
        overlay.chosen.connect(self.choose)
        overlay.moved.connect(self._moved)
        overlay.delete_wanted.connect(self.delete)
        overlay.undo_wanted.connect(self.undo)
        overlay.redo_wanted.connect(self.redo)

    def set_drawing(self, drawing: MaskDrawing | None) -> None:
        """Change this one from now on; None for nothing to change."""
        self.overlay.break_off()
        self.drawing = drawing
        self.chosen = -1
        self.overlay.set_user_mask(None if drawing is None else drawing.masked)
        self.overlay.set_preview(None)
        self._show_outlines()
        self.changed.emit()

    def set_mates(self, centre: tuple[float, float] | None) -> None:
        """Draw the Friedel mate of every shape too, at the other side of (y, x)."""
        self._mates_at = centre
        self.overlay.set_mate(centre)

    # steps

    def add(self, shape: MaskShape) -> bool:
        """One more step; False where it could not be done."""
        return self._change(lambda drawing: drawing.add(shape))

    def set_shapes(self, shapes: tuple[MaskShape, ...]) -> bool:
        """Other steps."""
        return self._change(lambda drawing: drawing.set_shapes(shapes))

    def hide(self, place: int, hidden: bool) -> None:
        """Switch a step off or on."""
        shapes = self._shapes()
        if 0 <= place < len(shapes):
            changed = replace(shapes[place], hidden=hidden)
            self.set_shapes((*shapes[:place], changed, *shapes[place + 1 :]))

    def delete(self, place: int) -> None:
        """Remove a step."""
        shapes = self._shapes()
        if 0 <= place < len(shapes):
            self.chosen = -1
            self.set_shapes((*shapes[:place], *shapes[place + 1 :]))

    def clear(self) -> None:
        """Remove all steps."""
        self.chosen = -1
        self.set_shapes(())

    def undo(self) -> None:
        self._change(lambda drawing: drawing.undo())

    def redo(self) -> None:
        self._change(lambda drawing: drawing.redo())

    def choose(self, place: int) -> None:
        """Mark a step, in the list and on the frame."""
        if place != self.chosen:
            self.chosen = place
            self._show_outlines()
            self.chosen_changed.emit(place)

    # from the layer

    def _drawn(self, outline: Outline, use: bool) -> None:
        self.add(MaskShape(outline.kind, use, outline.points, outline.size_px, self._mates_at))

    def _stroke_began(self, y: float, x: float, diameter: float, use: bool) -> None:
        if self.drawing is not None:
            shape = MaskShape("brush", use, (y, x), diameter, self._mates_at)
            self._repaint(self.drawing.begin_stroke(shape))
            self.painting.emit()

    def _stroke_moved(self, y: float, x: float) -> None:
        if self.drawing is not None:
            self._repaint(self.drawing.extend_stroke(y, x))
            self.painting.emit()

    def _stroke_ended(self, stays: bool) -> None:
        if self.drawing is not None and self.drawing.drawing:
            self._repaint(self.drawing.end_stroke() if stays else self.drawing.drop_stroke())
            self._told()

    def _moved(self, place: int, by_y: float, by_x: float) -> None:
        shapes = self._shapes()
        outline = outline_of(shapes[place]) if 0 <= place < len(shapes) else None
        if outline is not None:
            there = replace(shapes[place], points=outline.moved(by_y, by_x).points)
            self.set_shapes((*shapes[:place], there, *shapes[place + 1 :]))

    # inside

    def _shapes(self) -> tuple[MaskShape, ...]:
        return () if self.drawing is None else self.drawing.shapes

    def _change(self, do: Callable[[MaskDrawing], Box]) -> bool:
        if self.drawing is None or self.drawing.drawing:
            return False
        try:
            box = do(self.drawing)
        except FriedelError as error:
            self.problem.emit(error.sentence())
            return False
        self._repaint(box)
        self._told()
        return True

    def _told(self) -> None:
        self._show_outlines()
        self.changed.emit()

    def _repaint(self, box: Box) -> None:
        self.overlay.changed(box.top, box.left, box.bottom, box.right)

    def _show_outlines(self) -> None:
        shapes = self._shapes()
        self.chosen = self.chosen if self.chosen < len(shapes) else -1
        self.overlay.set_outlines([outline_of(shape) for shape in shapes], self.chosen)


def outline_of(shape: MaskShape) -> Outline | None:
    """What of a step can be seen and taken hold of on the frame."""
    if shape.hidden or shape.kind in ("grow", "pixels"):
        return None
    return Outline(shape.kind, shape.points, shape.size_px)
