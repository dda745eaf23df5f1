"""What phasing and denoising take: one diffraction intensity with its mask, its sampling and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the preparation, as shown to the user and kept as provenance.

    Attributes:
        name: "mask", "centre", "background", "crop", "binning", "photons", …
        words: what it did, with numbers and units ("beam at (130.2, 127.9) px, found by Friedel symmetry, 0.93").
        values: the numbers, JSON-ready, enough to repeat the step.
    """

    name: str
    words: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Diffraction intensities with the beam in the middle.

    Attributes:
        intensity: (H, W) or (D, H, W) float32 ≥ 0; 0 where not measured. Zero frequency is at index n // 2 of each
            axis.
        measured: bool of the same shape, True = measured. What is False is unknown, never zero.
        unit: "photons", or "arbitrary" where the conversion is not known (then no Poisson statement is made).
        pixel_nm: size of an object pixel along each axis, λ·z/(n·p), in nm; None where the geometry is not known.
        steps: how it was made, in order.
        source: file and frame, for titles and provenance.
    """

    intensity: npt.NDArray[np.float32]
    measured: npt.NDArray[np.bool_]
    unit: str = "photons"
    pixel_nm: tuple[float, ...] | None = None
    steps: tuple[Step, ...] = ()
    source: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.intensity.shape

    @property
    def photons(self) -> float:
        """Sum over the measured pixels."""
        return float(self.intensity[self.measured].sum(dtype=np.float64))
