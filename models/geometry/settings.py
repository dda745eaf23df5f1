"""What the user decides about a run's geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.errors import BadParameter
from models.parameters import parameter

AS_STORED = "as stored"
"""`GeometrySettings.positions`: frames stay as they lie in the file."""
FROM_FILE = "file"
"""`GeometrySettings.positions`: assembled by the pixel positions that the run's own file has."""


@dataclass(frozen=True)
class GeometrySettings:
    """Where the pixels are, and the numbers q rests on. None is what the geometry file or the run's file says.

    Attributes:
        centre_px: (y, x) of the direct beam in pixels of the frame as it is shown with `positions`: of the assembled
            frame where it is assembled. Pixel centres are at whole numbers.
    """

    positions: str = parameter(
        AS_STORED,
        "how pixels are laid out: as stored, by the positions in the run's own file, or by a CrystFEL .geom file",
        title="Positions",
    )
    distance_m: float | None = parameter(
        None, "distance from the sample to the detector", unit="m", low=1e-6, high=1e4, title="Distance"
    )
    photon_energy_eV: float | None = parameter(
        None, "photon energy", unit="eV", low=1.0, high=1e7, title="Photon energy"
    )
    pixel_size_m: float | None = parameter(
        None, "pixel pitch, along both axes", unit="m", low=1e-9, high=1.0, title="Pixel size"
    )
    centre_px: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.centre_px is None:
            return
        # a list is what JSON makes of it
        try:
            y, x = (float(number) for number in self.centre_px)
        except (TypeError, ValueError) as error:
            raise BadParameter(
                f"centre_px is {self.centre_px!r}", cause="it must be two numbers, y and x in pixels"
            ) from error
        if not (math.isfinite(y) and math.isfinite(x)):
            raise BadParameter(f"centre_px is {self.centre_px!r}", cause="both numbers must be finite")
        object.__setattr__(self, "centre_px", (y, x))

    @property
    def is_nothing(self) -> bool:
        """Whether the run is taken as its file gives it."""
        return self == GeometrySettings()

    @property
    def geom_path(self) -> str:
        """The .geom file chosen, "" where there is none."""
        return "" if self.positions in (AS_STORED, FROM_FILE) else self.positions
