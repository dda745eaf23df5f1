"""What values the object may have, as the engine needs to know it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.errors import BadParameter
from models.phasing.settings import PhasingSettings

Wedge = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Values:
    """The values an object may have inside its support; outside it is zero.

    Attributes:
        real: the object is a real array, and half of its transform is enough.
        wedge: None, or cosine and sine of the middle of the allowed phases and cosine and sine of half their width.
        floor: real values may not be below zero.
    """

    real: bool = False
    wedge: Wedge | None = None
    floor: bool = False

    @property
    def free(self) -> bool:
        """Nothing but the support constrains the object."""
        return self.wedge is None and not self.floor

    @classmethod
    def of(cls, settings: PhasingSettings) -> Values:
        """What `settings.object` and its phase range say.

        Raises:
            BadParameter: for a phase range that ends before it begins, or an unknown kind of object.
        """
        if settings.object == "real":
            return cls(real=True)
        if settings.object == "positive":
            return cls(real=True, floor=True)
        if settings.object == "positive real part":
            return cls(wedge=(1.0, 0.0, 0.0, 1.0))
        if settings.object != "complex":
            raise BadParameter(
                f"object is {settings.object!r}", cause="it is complex, real, positive or positive real part"
            )
        low = -math.pi if settings.phase_low_rad is None else settings.phase_low_rad
        high = math.pi if settings.phase_high_rad is None else settings.phase_high_rad
        if settings.phase_low_rad is None and settings.phase_high_rad is None:
            return cls()
        if high < low:
            raise BadParameter(
                f"the phase may be {low:.3g} … {high:.3g} rad",
                cause="the range ends before it begins",
                hint="exchange the smallest and the largest phase",
            )
        if high - low >= 2 * math.pi - 1e-3:
            return cls()
        middle, half = (low + high) / 2, (high - low) / 2
        return cls(wedge=(math.cos(middle), math.sin(middle), math.cos(half), math.sin(half)))
