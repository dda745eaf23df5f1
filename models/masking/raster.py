"""The user's mask as pixels: its steps, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from models.masking.growth import grown
from models.masking.pixels import FITS_NOT, BadMask, read_pixels
from models.masking.settings import MaskSettings, MaskShape
from models.masking.shapes import NOWHERE, Box, bounds, stamps
from models.runs.types import BoolImage


def make_mask(settings: MaskSettings, shape: tuple[int, int], workspaces: Sequence[Path] = ()) -> BoolImage | None:
    """The user's mask of frames of `shape` (H, W), True = use; None where no pixel is the user's business.

    Args:
        settings: what was drawn.
        shape: of the frames as they are shown, after assembly.
        workspaces: where files of pixels may be that are not at their place any more.

    Raises:
        BadMask: made on frames of another shape, or a file of it cannot be read.
    """
    if not settings.has_user_mask:
        return None
    check_shape(settings, shape)
    return ~rasterise(settings.shapes, shape, workspaces)


def check_shape(settings: MaskSettings, shape: tuple[int, int]) -> None:
    """Raises BadMask, naming both shapes, where the mask was made on frames of another one."""
    if settings.shape is not None and settings.shape != shape:
        mine, theirs = (f"{height}×{width} pixels" for height, width in (settings.shape, shape))
        raise BadMask(
            "The mask does not fit the frames", cause=f"it was made on {mine} and they have {theirs}", hint=FITS_NOT
        )


def rasterise(shapes: Iterable[MaskShape], frame: tuple[int, int], workspaces: Sequence[Path] = ()) -> BoolImage:
    """(H, W), True where the steps, in their order, leave a pixel masked out. Raises BadMask."""
    masked = np.zeros(frame, np.bool_)
    for shape in shapes:
        apply_shape(masked, shape, lambda each: read_pixels(each, frame, workspaces))
    return masked


def apply_shape(
    masked: BoolImage, shape: MaskShape, read: Callable[[MaskShape], BoolImage], within: Box | None = None
) -> Box:
    """Do one step to the mask made so far (True = masked out), in place; gives the box that may have changed.

    Args:
        masked: (H, W) of the whole frame.
        shape: the step; a hidden one does nothing.
        read: gives the (H, W) pixels of a step that is pixels.
        within: change nothing outside; not for "grow", which looks beyond any box.

    Raises:
        BadMask: its pixels cannot be read.
    """
    frame = (masked.shape[0], masked.shape[1])
    whole = Box(0, 0, *frame)
    room = within or whole
    if shape.does_nothing:
        return NOWHERE
    if shape.kind == "grow":
        masked[...] = grown(masked, shape.size_px)
        return whole
    if shape.kind == "pixels":
        masked[room.slices][read(shape)[room.slices]] = not shape.use
        return room
    touched = NOWHERE
    if within is not None and bounds(shape, frame).common(within).empty:
        return touched
    for stamp in stamps(shape, frame):
        here = stamp.box.common(room)
        if not here.empty:
            masked[here.slices][stamp.part(here)] = not shape.use
            touched = touched.joined(here)
    return touched
