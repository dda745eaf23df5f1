"""From a frame to a pattern, in steps that are shown: mask, background, photons, crop, binning, sampling.

Nothing is altered without a `Step` that says so with its numbers, and nothing is interpolated.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.parameters import validate
from models.patterns.centre import find_beam
from models.patterns.raw import BoolArray, FloatArray, Raw, by, count
from models.patterns.sampling import bin_pixels, crop, fitting_side, pixel_nm, pixel_nm_of_part
from models.patterns.settings import PatternSettings
from models.patterns.types import Pattern, Step
from models.patterns.values import (
    clip_negative,
    take_off_given,
    take_off_radial,
    to_photons,
    value_of_a_photon,
)
from models.runs.types import BoolImage, FloatImage, Geometry


class FrameLike(Protocol):
    """What preparation needs of a frame; `models.runs.Frame` is one."""

    @property
    def data(self) -> FloatImage: ...

    @property
    def valid(self) -> BoolImage: ...


def prepare_pattern(
    frame: FrameLike,
    geometry: Geometry,
    settings: PatternSettings | None = None,
    *,
    unit: str = "",
    mask: BoolArray | None = None,
    background: npt.ArrayLike | None = None,
    source: str = "",
) -> Pattern:
    """The pattern of one detector frame.

    Args:
        frame: `data` (H, W) float32 and `valid` (H, W) bool.
        geometry: for the file's beam centre and for nm.
        settings: what to do; None for the defaults.
        unit: of the frame's values, `run.unit`: "photons" is believed.
        mask: (H, W) bool, True = measured; taken together with the frame's own.
        background: (H, W), for `settings.background_from` "given".
        source: file and frame, for titles.

    Raises:
        BadParameter: a setting is out of range or does not fit the frame.
    """
    return prepare(Raw(frame.data, frame.valid, geometry, unit, source), settings, mask=mask, background=background)


def prepare(
    raw: Raw,
    settings: PatternSettings | None = None,
    *,
    mask: BoolArray | None = None,
    background: npt.ArrayLike | None = None,
) -> Pattern:
    """The pattern of `raw`; arguments and errors as in `prepare_pattern`. Volumes work as frames do."""
    settings = validate(PatternSettings() if settings is None else settings)
    values, valid, step = _measured(raw, settings, mask)
    steps = [*raw.steps, step]
    centre, step = find_beam(replace(raw, values=values, valid=valid), settings)
    steps.append(step)
    if settings.beam_stop_px > 0:
        valid, step = _stop(valid, centre, settings.beam_stop_px)
        steps.append(step)
    if settings.background_from == "radial":
        values, step = take_off_radial(values, valid, centre, settings.background_percentile)
        steps.append(step)
    elif settings.background_from == "given":
        if background is None:
            raise BadParameter("no background is given", hint="give a picture of it, or choose another background")
        values, valid, step = take_off_given(values, valid, background)
        steps.append(step)
    values, unit, more = _photons(values, valid, raw, settings)
    steps += more
    values, clipped = clip_negative(values, valid, unit)
    steps += [clipped] if clipped else []
    values, valid, more = _sample(values, valid, centre, raw.is_pattern, settings)
    steps += more
    sizes, sampled = pixel_nm(raw.geometry, values.shape, settings.binning)
    if sizes is None and raw.object_pixel_nm is not None:
        sizes, sampled = pixel_nm_of_part(raw.object_pixel_nm, raw.values.shape, values.shape, settings.binning)
    steps += [sampled] if sampled else []
    return Pattern(
        intensity=np.where(valid, values, 0).astype(np.float32, copy=False),
        measured=valid,
        unit=unit,
        pixel_nm=sizes,
        steps=tuple(steps),
        source=raw.source,
    )


def _measured(raw: Raw, settings: PatternSettings, mask: BoolArray | None) -> tuple[FloatArray, BoolArray, Step]:
    """Values as float32 with 0 where they may not be used, and which those are."""
    shape = raw.values.shape
    counts: dict[str, int] = {"masked": int(raw.valid.size - np.count_nonzero(raw.valid))}
    valid = np.array(raw.valid, dtype=bool)
    if mask is not None:
        if mask.shape != shape:
            raise BadParameter(
                f"the mask has shape {by(mask.shape)} and the frame {by(shape)}",
                hint="give a mask of the frame's shape, True where measured",
            )
        counts["by the given mask"] = int((valid & ~mask).sum())
        valid &= mask
    with np.errstate(over="ignore"):
        values = np.array(raw.values, dtype=np.float32)
    finite = np.isfinite(values)
    counts["not a number"] = int((valid & ~finite).sum())
    valid &= finite
    if settings.saturation_level is not None:
        with np.errstate(invalid="ignore"):
            high = valid & (values >= settings.saturation_level)
        counts[f"saturated (from {settings.saturation_level:g})"] = int(high.sum())
        valid &= ~high
    values[~valid] = 0
    share = 100 * float(np.count_nonzero(valid)) / max(valid.size, 1)
    detail = ", ".join(f"{count(number)} {name}" for name, number in counts.items() if number)
    words = f"{share:.4g} % of {by(shape)} pixels measured" + (f"; {detail}" if detail else "")
    return values, valid, Step("mask", words, {name: number for name, number in counts.items() if number})


def _stop(valid: BoolArray, centre: tuple[float, ...], radius: float) -> tuple[BoolArray, Step]:
    grids: list[npt.NDArray[Any]] = list(np.ogrid[tuple(slice(0, n) for n in valid.shape)])
    distance = sum((grid - c) ** 2 for grid, c in zip(grids, centre, strict=True))
    within = valid & (np.asarray(distance) <= radius * radius)
    words = f"{count(int(within.sum()))} within {radius:g} px of the beam not measured"
    return valid & ~within, Step("beam stop", words, {"radius_px": radius})


def _photons(
    values: FloatArray, valid: BoolArray, raw: Raw, settings: PatternSettings
) -> tuple[FloatArray, str, list[Step]]:
    if settings.adu_per_photon is not None and raw.unit == "photons":
        raise BadParameter(
            "the frame is in photons already",
            cause=f"one photon was given as {settings.adu_per_photon:g}",
            hint="leave that out",
        )
    if settings.adu_per_photon is not None:
        values, step = to_photons(values, settings.adu_per_photon, "as given")
        return values, "photons", [step]
    if raw.unit == "photons":
        return values, "photons", []
    found = value_of_a_photon(values, valid)
    if settings.find_photon:
        if found is None:
            raise BadParameter(
                "the value of one photon is not clear from this frame",
                cause="its histogram has no single-photon peak apart from the noise",
                hint="use a frame with few photons, or give the value",
            )
        values, step = to_photons(values, found, "the histogram's single-photon peak")
        return values, "photons", [step]
    unit = f" ({raw.unit})" if raw.unit else ""
    words = f"values as stored{unit}, not in photons: no Poisson statement can be made"
    if found is not None:
        words += f"; the histogram has a peak at {found:.4g}, perhaps one photon"
    return values, "arbitrary", [Step("photons", words, {} if found is None else {"peak": found})]


def _sample(
    values: FloatArray, valid: BoolArray, centre: tuple[float, ...], is_pattern: bool, settings: PatternSettings
) -> tuple[FloatArray, BoolArray, list[Step]]:
    shape, binning = values.shape, settings.binning
    in_middle = all(math.floor(c + 0.5) == n // 2 for c, n in zip(centre, shape, strict=True))
    if settings.crop_px is not None:
        side = max(settings.crop_px // binning, 1) * binning
        sides = (side,) * values.ndim
    elif is_pattern and (in_middle or values.ndim != 2):
        # A pattern made for phasing keeps its shape, odd and oblong ones too.
        sides = tuple(max(n // binning, 1) * binning for n in shape)
    else:
        side = fitting_side((shape[-2], shape[-1]), (centre[-2], centre[-1]), binning)
        sides = (side,) * values.ndim
    steps = []
    if sides != shape or not in_middle:
        values, valid, step = crop(values, valid, centre, sides, binning)
        steps.append(step)
    if binning > 1:
        values, valid, step = bin_pixels(values, valid, binning)
        steps.append(step)
    return values, valid, steps
