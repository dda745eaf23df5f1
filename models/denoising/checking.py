"""Whether an array is a frame of photon counts, and what it looks like where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.types import BoolArray, FloatArray
from models.errors import BadPattern

_WHOLE = 1e-3
_MOST_LOOKED_AT = 20_000
_LEAST_TO_JUDGE = 20
_NO_COUNT = 2.0**53
"""From here on one photon more is not told from none; such values are marks for what could not be measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """A frame as methods take it.

    Attributes:
        counts: (H, W) float32 ≥ 0; 0 where not measured.
        measured: (H, W) bool; False also where the value is not finite, or too large for a count.
        whole: all counts are whole numbers.
        warnings: sentences on what the values look like if not photon counts.
    """

    counts: FloatArray
    measured: BoolArray
    whole: bool
    warnings: tuple[str, ...] = ()


def check_counts(counts: npt.NDArray[Any], measured: npt.NDArray[Any]) -> Counts:
    """A frame and its mask, cleaned.

    Args:
        counts: (H, W) of any number type.
        measured: (H, W), not 0 (True, 1, 255) = measured.

    Raises:
        BadPattern: not one image and its mask, or no numbers.
    """
    values, mask = np.asarray(counts), np.asarray(measured)
    if values.ndim != 2 or values.shape != mask.shape or not values.size:
        raise BadPattern(
            f"a frame of shape {values.shape} with a mask of shape {mask.shape} cannot be denoised",
            cause="it takes one image and a mask of the same shape",
        )
    if values.dtype.kind not in "biuf" or mask.dtype.kind not in "biuf":
        raise BadPattern(f"values of type {values.dtype} cannot be denoised", cause="counts are real numbers")
    seen: BoolArray = mask.astype(np.bool_)
    warnings: list[str] = []
    finite = np.isfinite(values)
    if (lost := int((seen & ~finite).sum())) > 0:
        warnings.append(f"{lost} measured pixels hold no finite number: they are taken as not measured")
        seen = seen & finite
    huge = seen & (values >= _NO_COUNT)
    if (lost := int(huge.sum())) > 0:
        warnings.append(f"{lost} measured pixels hold numbers above 10¹⁵, no counts: they are taken as not measured")
        seen = seen & ~huge
    inside = values[seen].astype(np.float64)
    warnings = _oddities(inside) + warnings
    clean = np.zeros(values.shape, np.float32)
    clean[seen] = np.maximum(inside, 0)
    return Counts(clean, seen, bool(np.array_equal(inside, np.rint(inside))), tuple(warnings))


def _oddities(values: npt.NDArray[np.float64]) -> list[str]:
    """What measured values look like where they are no photon counts."""
    found = []
    lit = values[values > 0][:_MOST_LOOKED_AT]
    if len(lit) and not np.array_equal(lit, np.rint(lit)):
        found.append(_fractions(lit))
    elif len(lit) >= _LEAST_TO_JUDGE and float(lit.max()) < 2**53:
        step = int(np.gcd.reduce(lit.astype(np.int64)))
        if step > 1:
            found.append(
                f"every value is a multiple of {step}: one photon seems to be {step} ADU. Divide by that first; "
                "as it is, the noise is taken for smaller than it is"
            )
    negative = int((values < 0).sum())
    if negative:
        found.append(
            f"{negative} measured pixels are below 0 and are taken as 0: these are no photon counts "
            "(detector units whose offset or noise is still in them?)"
        )
    return found


def _fractions(lit: npt.NDArray[np.float64]) -> str:
    """A sentence on values with fractions: which transform of counts they are, if one explains them."""
    few = np.unique(lit)
    for name, back in (
        ("√counts", few[few < 50] ** 2),
        ("log(1 + counts)", np.expm1(few[few < 7])),
        ("log10(1 + counts)", np.power(10.0, few[few < 3]) - 1),
    ):
        if len(back) >= 2 and float(np.mean(np.abs(back - np.rint(back)) < _WHOLE)) > 0.9:
            return f"the values look like {name}, not like counts: rates and deviations mean nothing on that scale"
    return (
        "the values are not whole numbers: methods here take photon counts (were detector units converted?), "
        "and the noise level they assume may be wrong"
    )
