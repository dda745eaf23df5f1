"""Averages over rings, leaving out pixels that must not be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.runs.types import BoolImage, FloatImage


@dataclass(frozen=True, eq=False)
class RadialProfile:
    """A frame averaged over rings; arrays have one entry per ring.

    Attributes:
        position: float32 middle of the ring, in the unit of the map it was made with (px or nm⁻¹).
        mean: float32 mean value of the ring's usable pixels, NaN where there are none.
        deviation: float32 standard deviation of a pixel in the ring, NaN where there are none.
        pixels: int64 number of usable pixels.
    """

    position: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]
    pixels: npt.NDArray[np.int64]


def radial_average(
    frame: npt.NDArray[Any], valid: BoolImage, radius: FloatImage, step: float = 1.0, rings: int | None = None
) -> RadialProfile:
    """Mean and deviation of `frame` over rings of width `step`.

    Ring i holds the pixels with i·step ≤ radius < (i + 1)·step.

    Args:
        frame: (H, W) values; what is not `valid` may be anything, NaN included.
        valid: (H, W), True = use.
        radius: (H, W) of each pixel: `geometry.radius_map` (px) or `geometry.q_map` (nm⁻¹).
        step: width of a ring in the unit of `radius`.
        rings: number of rings; None takes as many as the frame reaches, masked pixels included, so that profiles of
            one run have the same length.

    Raises:
        BadParameter: for a step that is not positive or arrays of different shapes.
    """
    if not step > 0:
        raise BadParameter(f"ring width {step}", cause="it must be positive")
    if not frame.shape == valid.shape == radius.shape:
        raise BadParameter(f"frame {frame.shape}, mask {valid.shape} and radius {radius.shape} differ in shape")
    ring = (radius / np.float32(step)).astype(np.int64)
    n = int(ring.max()) + 1 if rings is None else rings
    used = valid & (ring < n)
    where = ring[used]
    values = frame[used].astype(np.float64)
    pixels = np.bincount(where, minlength=n)
    some = np.maximum(pixels, 1)
    mean = np.bincount(where, values, n) / some
    # Deviations from the ring's mean, not mean squares: those lose their digits for bright flat rings.
    spread = np.bincount(where, (values - mean[where]) ** 2, n) / some
    empty = pixels == 0
    mean[empty] = spread[empty] = np.nan
    return RadialProfile(
        position=((np.arange(n) + 0.5) * step).astype(np.float32),
        mean=mean.astype(np.float32),
        deviation=np.sqrt(spread).astype(np.float32),
        pixels=pixels.astype(np.int64),
    )
