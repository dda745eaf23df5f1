"""What is done to a run's frames before anybody looks at them: calibration, geometry, masks; the same for all."""

from __future__ import annotations

from models.treatment.reference import RunReference, open_treated
from models.treatment.types import UNTREATED, Treatment

__all__ = ["UNTREATED", "RunReference", "Treatment", "open_treated"]
