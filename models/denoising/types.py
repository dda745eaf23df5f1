"""What denoising takes and gives: plain data, numpy only.

Counts and a mask go in; expected counts (a rate), their standard deviation and a map of what each pixel rests on come
out. Rates are in the unit of the counts, photons: nothing is normalised, so that a denoised frame still says how much
light there was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
ByteArray = npt.NDArray[np.uint8]


class Rests(IntEnum):
    """What the rate of a pixel rests on; the values of `Denoised.validity`.

    MEASURED: on photons counted there. MATE: not measured itself, but its Friedel mate was, and mates were used.
    FILLED: neither, but such a pixel lies within half a speckle. GUESSED: farther from anything measured than that,
    or the size of a speckle is not known: what is shown there is an invention in the style of what the method knows.
    """

    MEASURED = 0
    MATE = 1
    FILLED = 2
    GUESSED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Denoised:
    """A denoised frame.

    Attributes:
        rate: (H, W) float32 expected photons, ≥ 0, masked pixels included. Summed over the measured pixels it is the
            photons counted there.
        deviation: (H, W) float32 standard deviation of `rate`, photons: what another exposure of the same sample
            would change (for classical methods `deviation.split_deviation`, which knows nothing of a method's bias).
            NaN where it was not asked for.
        validity: (H, W) uint8 of `Rests`.
        method, parameters: what made it, enough to repeat it.
        warnings: sentences on what makes the result doubtful, the gravest first.
        notes: sentences on what was found and done, such as whether mates were averaged and about which centre.
        centre_px: (y, x) of the beam that was used or found, None where none was needed or it is not known.
        speckle_px: spacing of the finest fringes found in the frame, None where it does not show; a lower bound
            behind a beam stop (see `speckle`).
    """

    rate: FloatArray
    deviation: FloatArray
    validity: ByteArray
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    centre_px: tuple[float, float] | None = None
    speckle_px: float | None = None


class Denoiser(Protocol):
    """One method with its parameters, after scikit-learn's convention."""

    def fit(self, counts: npt.NDArray[Any], measured: npt.NDArray[Any]) -> Denoiser:
        """Learn from frames (n, H, W) and masks (n, H, W) or (H, W), where the method does; returns itself."""
        ...

    def predict(
        self,
        counts: npt.NDArray[Any],
        measured: npt.NDArray[Any],
        centre_px: tuple[float, float] | None = None,
    ) -> Denoised:
        """Denoise one frame.

        Args:
            counts: (H, W) photons; what is not measured may be anything, NaN included. Values that are no photon
                counts (fractions, negative numbers, logarithms) are noticed and named in the warnings.
            measured: (H, W) bool, True = measured.
            centre_px: (y, x) of the beam, pixel centres at whole numbers; None to find it where it is needed.

        Raises:
            BadPattern: the arrays are no frame and its mask.
        """
        ...


@dataclass(frozen=True)
class MethodInfo:
    """One method as users choose it.

    Attributes:
        name: key in `registry.METHODS`, and what `--method` takes.
        title: what menus call it.
        paper: where it was published.
        when: one line for users: what it does, when to take it.
        parameters: frozen dataclass of its settings (`models.parameters`).
        make: parameters → denoiser; imports what it needs.
        learned: True where it rests on trained weights.
        live: True where a 128² frame takes a few milliseconds without its deviation.
        digest: parameters → digest of the weights it rests on; None where there are none.
        sketch: parameters → a denoiser that is several times faster and coarser, for a first look at a large frame;
            None where there is none.
    """

    name: str
    title: str
    paper: str
    when: str
    parameters: type[Any]
    make: Callable[[Any], Denoiser]
    learned: bool = False
    live: bool = True
    digest: Callable[[Any], str] | None = None
    sketch: Callable[[Any], Denoiser] | None = None
