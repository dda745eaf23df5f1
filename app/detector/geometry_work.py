"""What the Geometry page has done on its thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.detector.symmetry import CentreEstimate
    from models.runs.types import Frame

SEARCH_PX = 20.0
_MOST_PX = 1024


def stamp(path: str | Path) -> tuple[int, int] | None:
    """Tells whether a file was changed; None where there is none."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def symmetric_about(frame: Frame, guess: tuple[float, float]) -> CentreEstimate:
    """The centre of symmetry near `guess`, from at most 1024 × 1024 pixels round it."""
    from models.detector.symmetry import CentreEstimate, estimate_centre

    half = _MOST_PX // 2
    parts = []
    for at, size in zip(guess, frame.raw.shape, strict=True):
        start = min(max(0, round(at) - half), max(0, size - 2))
        parts.append(slice(start, min(size, max(round(at) + half, start + 2))))
    top, left = parts[0].start, parts[1].start
    found = estimate_centre(
        frame.data[parts[0], parts[1]],
        frame.valid[parts[0], parts[1]],
        guess=(guess[0] - top, guess[1] - left),
        search_px=SEARCH_PX,
    )
    y, x = found.centre_px
    return CentreEstimate((y + top, x + left), found.correlation, found.pixels)
