"""Measured patterns, against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from models.patterns import PatternSettings
from models.patterns.check import check_pattern
from models.patterns.prepare import prepare_pattern
from models.patterns.read import read_pattern
from models.runs import open_run

pytestmark = pytest.mark.real_data


def words(pattern):
    return " | ".join(step.words for step in pattern.steps)


def test_hawk_ring(shared_data):
    pattern = read_pattern(shared_data / "hawk_ring" / "ring.h5")
    assert pattern.shape == (98, 98)
    assert (~pattern.measured).sum() == 463
    assert not pattern.measured[49, 49]  # the saturated middle
    assert pattern.pixel_nm is None
    assert check_pattern(pattern) == ()


def test_hawk_raw_ring_in_gzip(shared_data):
    path = shared_data / "hawk_ring" / "raw_ring.h5.gz"
    pattern = read_pattern(path)
    assert pattern.shape == (840, 840)
    assert "(690.0, 608.0) px, as the file says" in words(pattern)
    assert any("saturated" in text for text in check_pattern(pattern))
    darker = read_pattern(path, settings=PatternSettings(saturation_level=65000))
    assert not any("saturated" in text for text in check_pattern(darker))
    assert darker.intensity.max() < 65000


def test_nadia_planar(shared_data):
    pattern = read_pattern(shared_data / "nadia_planar" / "planar_data.tif")
    assert pattern.shape == (1024, 1024)
    assert pattern.measured.all()
    assert check_pattern(pattern) == ()


def test_bragg_volume(shared_data):
    pattern = read_pattern(shared_data / "bcdi64" / "ft_crop_64.npy")
    assert pattern.shape == (64, 64, 64)
    assert pattern.unit == "arbitrary"
    assert check_pattern(pattern) == ()


def test_a_frame_of_pr772(shared_data):
    with open_run(shared_data / "pr772_pnccd" / "pr772_10frames_repacked.cxi") as run:
        frames = [run.load(index) for index in range(10)]
        made = [prepare_pattern(frame, run.geometry, unit=run.unit) for frame in frames]
    centres = np.array(
        [next(step for step in pattern.steps if step.name == "centre").values["centre_px"] for pattern in made]
    )
    assert np.abs(centres - np.median(centres, 0)).max() < 1
    for pattern in made:
        assert pattern.shape == (256, 256)
        # 7.9 Å · 0.581 m / (256 · 0.3 mm)
        assert pattern.pixel_nm == pytest.approx((5.976, 5.976), rel=1e-3)
        assert np.isfinite(pattern.intensity).all()
        assert pattern.intensity.min() >= 0
        assert "below 0 set to 0" in words(pattern)
        check_pattern(pattern)
