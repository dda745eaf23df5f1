"""From a detector's values to photon counts, which is what denoising takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.errors import BadParameter
from models.parameters import parameter
from models.runs.types import Frame, PixelFlag, Run


@dataclass(frozen=True)
class CountingSettings:
    """How values become counts; as they are where nothing is given."""

    adu_per_photon: float | None = parameter(
        None,
        "stored value of one photon: values are divided by it and rounded to whole photons, negative ones to none",
        low=1e-6,
        title="Value per photon",
    )
    saturation_level: float | None = parameter(
        None, "stored values at and above it are not measured", title="Saturated from"
    )


def counted(frame: Frame, settings: CountingSettings) -> Frame:
    """The frame in counts, its flags saying which pixels are saturated.

    Rounding takes away the detector's own noise where it stays under half a photon, and makes of the photons of a
    charge shared between pixels what the larger share says.
    """
    raw, flags = frame.raw, frame.flags
    if settings.saturation_level is not None:
        full = np.nan_to_num(frame.data, nan=0.0) >= settings.saturation_level
        flags = np.where(full, flags | np.uint8(PixelFlag.SATURATED), flags).astype(np.uint8)
    if settings.adu_per_photon is not None:
        with np.errstate(invalid="ignore"):
            raw = np.maximum(np.rint(frame.data / np.float32(settings.adu_per_photon)), 0).astype(np.float32)
    return replace(frame, raw=raw, flags=flags)


def counts_unit(run: Run, settings: CountingSettings) -> str:
    """The unit of a run's counted frames.

    Raises:
        BadParameter: the run is in photons, and a value of one photon is given.
    """
    if settings.adu_per_photon is None:
        return run.unit
    if run.unit == "photons":
        raise BadParameter(
            f"{run.name} is in photons already",
            cause=f"one photon was given as {settings.adu_per_photon:g}",
            hint="leave that out",
        )
    return "photons"
