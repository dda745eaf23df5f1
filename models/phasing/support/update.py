"""Support updates: shrink-wrap (Marchesini et al., Phys. Rev. B 68, 140101, 2003) with guards.

The modulus of the object is blurred by a Gaussian and cut: at a share of its largest value, at a share of its rms,
or so that the brightest share of the array stays (area; used by Hawk for weak patterns).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.phasing.settings import PhasingSettings

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SupportUpdate:
    """What an update did.

    Attributes:
        support: the new support. cut: value of the blurred modulus it was cut at. pixels: how many it has.
        note: a sentence where a guard had to act, else empty.
    """

    support: BoolArray
    cut: float
    pixels: int
    note: str = ""


def blur_px(settings: PhasingSettings, progress: float) -> float:
    """Gaussian width in pixels: from `blur_start_px` to `blur_end_px`, in equal ratios where both are above 0."""
    return _between(settings.blur_start_px, settings.blur_end_px, progress)


def area_target(settings: PhasingSettings, progress: float, area: float | None = None) -> float:
    """Share of the array kept by an update by area: from `area_high` to `area` in equal ratios.

    Args:
        area: share at the end; None is `area_low`. Starts that each draw their own hand it over.
    """
    last = settings.area_low if area is None else min(max(area, settings.area_low), settings.area_high)
    return _between(settings.area_high, last, progress)


def update_support(
    modulus: FloatArray,
    support: BoolArray,
    settings: PhasingSettings,
    progress: float,
    area: float | None = None,
) -> BoolArray:
    """The support after an update; see `shrink_wrap`."""
    return shrink_wrap(modulus, support, settings, progress, area).support


def shrink_wrap(
    modulus: FloatArray,
    support: BoolArray,
    settings: PhasingSettings,
    progress: float,
    area: float | None = None,
) -> SupportUpdate:
    """Cut the blurred modulus at a share of its maximum or rms, or at the brightest share of the array.

    Never empty: where the modulus says nothing (all zero or not finite) the support stays as it was. A threshold that
    would leave less than `area_low` or more than `area_high` of the array is moved to that share, with a note.

    Args:
        modulus: |object|, float32, 2-D or 3-D; FFT order and centred order alike (all is periodic).
        support: the present one, bool, of the same shape; the rms is taken over it.
        settings: threshold_of, threshold, blur_start_px, blur_end_px, area_low, area_high, fill_holes.
        progress: 0 at the schedule's first update … 1 at its last (`Schedule.support_progress`).
        area: for updates by area, the share of the array they end at; see `area_target`.
    """
    blurred = blur(modulus, blur_px(settings, progress))
    pixels = blurred.size
    largest = float(blurred.max(initial=0.0))
    if not (np.isfinite(largest) and largest > 0):
        note = "The object is zero or not finite: the support was left as it was."
        return SupportUpdate(support, 0.0, int(np.count_nonzero(support)), note)
    fewest = min(pixels, max(1, round(settings.area_low * pixels)))
    most = min(pixels, max(fewest, round(settings.area_high * pixels)))
    note = ""
    if settings.threshold_of == "area":
        cut = _cut_of_area(blurred, round(area_target(settings, progress, area) * pixels))
    else:
        cut = settings.threshold * (largest if settings.threshold_of == "max" else _rms(blurred, support))
        kept = int(np.count_nonzero(blurred >= cut))
        if not fewest <= kept <= most:
            bound, moved = (fewest, "lowered") if kept < fewest else (most, "raised")
            cut = _cut_of_area(blurred, bound)
            note = (
                f"The threshold alone would keep {kept / pixels:.2%} of the array: "
                f"{moved} to keep {bound / pixels:.2%}."
            )
    found = blurred >= np.float32(cut)
    if settings.fill_holes:
        from models.phasing.support.moves import fill_holes

        filled = fill_holes(found)
        if np.count_nonzero(filled) <= most:
            found = filled
        else:
            note = f"{note} Holes were not filled: that would take more than {settings.area_high:.2%}.".strip()
    kept = int(np.count_nonzero(found))
    if kept > most and not note:
        note = f"{kept / pixels:.2%} of the array is equally bright: the support is larger than it may be."
    return SupportUpdate(found, float(cut), kept, note)


def blur(modulus: FloatArray, width_px: float) -> FloatArray:
    """Periodic Gaussian blur of a 2-D or 3-D float32 array; a width of 0 gives the array itself."""
    modulus = np.ascontiguousarray(modulus, dtype=np.float32)
    if width_px < 0.05:
        return modulus
    from models.phasing.support.kernels import blur_pictures, blur_planes

    taps = _taps(width_px)
    shape = modulus.shape
    pictures = (-1, *shape[-2:])
    here = np.empty_like(modulus)
    blur_pictures(modulus.reshape(pictures), taps, here.reshape(pictures))
    if len(shape) == 2:
        return here
    planes = (1, shape[0], shape[1] * shape[2])
    whole = np.empty_like(modulus)
    blur_planes(here.reshape(planes), taps, whole.reshape(planes))
    return whole


def blur_radius(width_px: float) -> int:
    """Pixels after which the Gaussian is cut off: at least three widths, beyond which lies 0.3 % of it."""
    return 3 * int(np.ceil(width_px))


def _taps(width_px: float) -> FloatArray:
    radius = blur_radius(width_px)
    offsets = np.arange(-radius, radius + 1)
    taps = np.exp(-0.5 * (offsets / width_px) ** 2)
    taps /= taps.sum()
    return taps.astype(np.float32, copy=False)


def _rms(blurred: FloatArray, support: BoolArray) -> float:
    inside = blurred[support]
    if not inside.size:
        inside = blurred.ravel()
    return float(np.sqrt(np.mean(np.square(inside, dtype=np.float64))))


def _cut_of_area(blurred: FloatArray, count: int) -> float:
    """The value at or above which the `count` brightest pixels lie."""
    from models.phasing.support.kernels import kth_largest

    count = min(max(count, 1), blurred.size)
    bits = np.int32(kth_largest(blurred.view(np.int32).ravel(), count))
    cut = float(bits.view(np.float32))
    # Zeros are never support: fewer pixels than asked for stay where the modulus has no more.
    return cut if cut > 0 else float(np.finfo(np.float32).tiny)


def _between(first: float, last: float, progress: float) -> float:
    share = min(1.0, max(0.0, progress))
    if first > 0 and last > 0:
        return float(first * (last / first) ** share)
    return first + (last - first) * share
