"""From detector units to counts."""

from __future__ import annotations

import numpy as np

from models.denoising.counting import CountingSettings, counted
from models.runs.types import Frame, PixelFlag


def test_values_become_whole_photons_and_full_pixels_are_not_measured() -> None:
    raw = np.array([[-40.0, 12.0, 66.0, 131.0], [390.0, np.nan, 65000.0, 260.0]], np.float32)
    frame = Frame(0, raw, np.zeros(raw.shape, np.uint8))
    made = counted(frame, CountingSettings(adu_per_photon=130.0, saturation_level=65000.0))
    np.testing.assert_array_equal(made.raw[made.valid & np.isfinite(made.raw)], [0, 0, 1, 1, 3, 2])
    assert made.flags[1, 2] == PixelFlag.SATURATED
    assert np.isnan(made.raw[1, 1])  # what was not a number does not become no photon


def test_nothing_given_changes_nothing() -> None:
    frame = Frame(0, np.array([[1.5, -2.0]]), np.array([[0, 1]], np.uint8))
    made = counted(frame, CountingSettings())
    assert made.raw is frame.raw
    assert made.flags is frame.flags
