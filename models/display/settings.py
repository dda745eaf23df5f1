"""What the user chose about how frames look."""

from __future__ import annotations

from dataclasses import dataclass

from models.display.scaling import Levels, Scaling


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """How a frame becomes a picture; the same for every frame of a run.

    Attributes:
        scaling: how brightness follows the value.
        levels: fixed levels, or None for percentiles of each frame ("auto").
        colour_map: a name in `models.display.COLOUR_MAPS`; does not change a picture's indices.
        mask_shown: masked pixels are hatched; otherwise their values are drawn. Missing, non-finite and saturated
            pixels are always marked.
        pool: frame pixels per screen pixel when zoomed out: the side of the square blocks drawn as one pixel with
            their largest value, so that no isolated photon falls between the screen's pixels; 1 draws every pixel.
    """

    scaling: Scaling = Scaling.SQRT
    levels: Levels | None = None
    colour_map: str = "inferno"
    mask_shown: bool = True
    pool: float = 1.0
