"""Where the beam is on a frame."""

from __future__ import annotations

import math

from models.detector.symmetry import estimate_centre
from models.errors import BadParameter
from models.patterns.raw import Raw, count
from models.patterns.settings import PatternSettings
from models.patterns.types import Step

CLEAR_CORRELATION = 0.5
"""Below this correlation of a frame with its mirror image its symmetry does not say where the beam is. Frames of weak
scatterers give 0.8 to 0.99, an empty detector with a gap in its middle less than 0.3."""


def find_beam(raw: Raw, settings: PatternSettings) -> tuple[tuple[float, ...], Step]:
    """The direct beam in pixels, one number per axis, and the step that says where it comes from.

    Raises:
        BadParameter: half a centre is given, it is not on the frame, or the symmetry was asked for and is not found.
    """
    shape = raw.values.shape
    # As patterns are stored, and as they leave this room, the beam is at n // 2.
    middle = tuple(float(n // 2) for n in shape)
    y, x = settings.centre_y_px, settings.centre_x_px
    if (y is None) != (x is None):
        raise BadParameter("only one of the beam's two coordinates is given", hint="give row and column, or neither")
    if y is not None and x is not None:
        given = (*middle[:-2], y, x)
        if not all(math.isfinite(c) and -0.5 <= c <= n - 0.5 for c, n in zip(given, shape, strict=True)):
            raise BadParameter(
                f"the beam cannot be at {_at(given)}", cause=f"the frame has {shape[-2]}×{shape[-1]} pixels"
            )
        return given, _step(given, "as given", "given")
    stated = None if raw.geometry.centre_px is None or len(shape) != 2 else raw.geometry.centre_px
    if stated is not None and not all(-0.5 <= c <= n - 0.5 for c, n in zip(stated, shape, strict=True)):
        # A file may place the beam beside the detector; then nothing fits around it.
        raise BadParameter(
            f"the beam is not on the frame: the file says {_at(stated)}",
            hint="give the beam's row and column on the frame",
        )
    how = settings.centre
    if how == "auto":
        how = "symmetry" if not raw.is_pattern and len(shape) == 2 else "file"
        symmetric = _symmetry(raw, settings, stated, must=False) if how == "symmetry" else None
    else:
        symmetric = _symmetry(raw, settings, stated, must=True) if how == "symmetry" else None
    if symmetric is not None:
        return symmetric
    if how == "file" and settings.centre == "file" and stated is None:
        raise BadParameter(
            "the file does not say where the beam is", hint="find it by symmetry, or give its row and column"
        )
    if how != "middle" and stated is not None:
        return stated, _step(stated, "as the file says", "file")
    return middle, _step(middle, "the middle of the array", "middle")


def _symmetry(
    raw: Raw, settings: PatternSettings, stated: tuple[float, float] | None, *, must: bool
) -> tuple[tuple[float, ...], Step] | None:
    if raw.values.ndim != 2:
        raise BadParameter("the beam of a volume is not found by symmetry", hint="its middle is taken: use auto")
    try:
        found = estimate_centre(raw.values, raw.valid, stated, settings.search_px)
    except BadParameter:
        if must:
            raise
        return None
    if not must and found.correlation < CLEAR_CORRELATION:
        return None
    words = f"found by Friedel symmetry (correlation {found.correlation:.2f} over {count(found.pixels)})"
    step = _step(found.centre_px, words, "symmetry")
    return found.centre_px, Step(step.name, step.words, {**step.values, "correlation": found.correlation})


def _at(centre: tuple[float, ...]) -> str:
    return f"({', '.join(f'{c:.1f}' for c in centre)}) px"


def _step(centre: tuple[float, ...], words: str, how: str) -> Step:
    return Step("centre", f"beam at {_at(centre)}, {words}", {"centre_px": list(centre), "how": how})
