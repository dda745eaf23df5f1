"""What preparation begins with: values as stored, what of them may be used, and what the file says about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.patterns.types import Step
from models.runs.types import Geometry

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Raw:
    """Attributes:
    values: (H, W) or (D, H, W), any real type; anything where not `valid`.
    valid: bool, True = may be used.
    geometry: what the file says; 2-D only.
    unit: unit of the values, "photons", "ADU", or "" where the file does not say.
    source: file and frame.
    steps: what was done already.
    is_pattern: it was stored as a pattern, so that its beam is taken to be in the middle unless the file says
        otherwise; a detector frame's beam may be anywhere.
    object_pixel_nm: size of a pixel of the object along each axis, nm, where the file says that of the whole array
        in place of a geometry.
    """

    values: npt.NDArray[Any]
    valid: BoolArray
    geometry: Geometry = field(default_factory=Geometry)
    unit: str = ""
    source: str = ""
    steps: tuple[Step, ...] = ()
    is_pattern: bool = False
    object_pixel_nm: tuple[float, ...] | None = None


def count(number: int, noun: str = "pixel") -> str:
    """A number with its noun, for the words of a step: "1 pixel", "1 234 pixels"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", " ")


def by(shape: tuple[int, ...]) -> str:
    """A shape for people: 260×257."""
    return "×".join(map(str, shape))
