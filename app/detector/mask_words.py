"""How the steps and states of a mask are said."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.detector import geometry
from models.masking.settings import MaskShape
from models.runs.types import BoolImage, FlagImage, PixelFlag, Run
from widgets.detector.mask_facts import MaskCounts, StepRow
from widgets.text import counted, significant

KINDS = {
    "hot": "Brighter than their neighbours",
    "noisy": "Varying more than their neighbours",
    "stuck": "One and the same value in all frames, where their neighbours' vary",
    "dead": "Never lit, where their neighbours are",
}
"""What a search finds, with what it means."""


def row_of(shape: MaskShape) -> StepRow:
    """A step as the list shows it."""
    title, note = shape.name or _title(shape), ""
    if shape.kind == "pixels":
        note = counted(shape.count, "pixel")
    elif shape.name:
        note = shape.kind
    if shape.mate_of is not None:
        note = f"{note} + mate".strip(" +") if note else "+ mate"
    return StepRow(title, note, shape.use, shape.hidden)


def _title(shape: MaskShape) -> str:
    points = shape.points
    if shape.kind == "rectangle":
        return f"rectangle {_size(abs(points[2] - points[0]), abs(points[3] - points[1]))}"
    if shape.kind == "ellipse":
        round_one = points[2] == points[3]
        return f"{'circle' if round_one else 'ellipse'} {_size(2 * points[2], 2 * points[3])}"
    if shape.kind == "polygon":
        return f"polygon, {len(points) // 2} corners"
    if shape.kind == "brush":
        return f"{'eraser' if shape.use else 'brush'} {significant(shape.size_px)} px"
    if shape.kind == "grow":
        return f"{'grown' if shape.size_px >= 0 else 'shrunk'} by {significant(abs(shape.size_px))} px"
    return Path(shape.path).name or "pixels"


def _size(height: float, width: float) -> str:
    return f"{significant(height)}×{significant(width)} px"


def counts_of(flags: FlagImage, user: BoolImage) -> MaskCounts:
    """Why pixels of a frame are not used.

    Args:
        flags: (H, W) of the frame; what they say of the user's mask does not count.
        user: (H, W), True = masked out by the user.
    """
    others = flags & ~np.uint8(PixelFlag.USER)

    def many(flag: PixelFlag) -> int:
        return int(np.count_nonzero(others & flag))

    return MaskCounts(
        pixels=int(flags.size),
        unused=int(np.count_nonzero((others != 0) | user)),
        file=many(PixelFlag.MASKED),
        missing=many(PixelFlag.MISSING),
        sentinel=many(PixelFlag.SENTINEL),
        nonfinite=many(PixelFlag.NONFINITE),
        saturated=many(PixelFlag.SATURATED),
        user=int(np.count_nonzero(user)),
    )


def beam_at(run: Run) -> tuple[float, float]:
    """(y, x) of the beam in pixels: the run's own, or the frame's middle, as for rings and q."""
    return geometry.centre_of(run.geometry, run.shape)


def centre_words(run: Run) -> str:
    """Where shapes are mirrored, and on whose word."""
    y, x = beam_at(run)
    whose = "" if run.geometry.centre_px is not None else ": the frame's middle, as the file does not say"
    return f"y {y:.1f} x {x:.1f} px{whose}"
