"""Measured frames: what is odd about them is said, and nothing is made up at gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.denoising.registry import make
from models.denoising.settings import TotalVariationSettings
from models.runs import open_run

pytestmark = pytest.mark.real_data


def test_raw_detector_units_of_pr772_are_flagged(shared_data: Path) -> None:
    with open_run(shared_data / "pr772_pnccd" / "pr772_10frames_repacked.cxi") as run:
        frame = run.load(0)
    found = make("tv", TotalVariationSettings(splits=0)).predict(frame.raw, frame.valid)
    assert "not whole numbers" in found.warnings[0]
    assert "below 0" in found.warnings[1]
    assert found.centre_px == pytest.approx((128.5, 128.5), abs=1.0)
    # With 130 ADU taken for a photon (what a photon was is not recorded), holes are filled from beside, not beyond.
    counts = np.maximum(np.rint(np.where(frame.valid, frame.data, 0) / 130), 0)
    found = make("tv", TotalVariationSettings(splits=0)).predict(counts, frame.valid)
    assert found.warnings == ()
    assert found.rate[~frame.valid].max() <= counts.max()
    assert np.isfinite(found.rate).all()
