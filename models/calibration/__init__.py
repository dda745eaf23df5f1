"""From stored values to photons: pedestal, common mode, gain; one chain for everything that reads frames."""

from __future__ import annotations

from models.calibration.chain import Calibrator, Stage, make_calibrator
from models.calibration.settings import CalibrationSettings

__all__ = ["CalibrationSettings", "Calibrator", "Stage", "make_calibrator"]
