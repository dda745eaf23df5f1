"""What the Calibration page shows of a frame, step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.detector.calibration_work import Ask, look
from models.calibration.settings import CalibrationSettings
from models.display import DisplaySettings
from models.runs.types import PixelFlag
from tests.models.calibration.make import ASIC, GAIN, NOISE, SHAPE, known
from widgets.detector.calibration_histogram import LEVEL, PHOTON


@pytest.fixture
def made(tmp_path):
    made = known(2, rate=0.15)
    np.save(tmp_path / "dark.npy", made.pedestal)
    return made


@pytest.fixture
def full(tmp_path, made):
    return CalibrationSettings(
        saturation_level=2000.0, dark=str(tmp_path / "dark.npy"), common_mode="row", asic_height_px=ASIC[0],
        asic_width_px=ASIC[1], adu_per_photon=GAIN, round_from=0.6,
    )  # fmt: skip


def shown(made, settings, step, whole=False):
    return look(Ask(made.run.load(0), made.run, settings, step, whole, DisplaySettings()))


def test_before_and_after_are_the_step_before_and_the_step(made, full):
    calibrated = {step: shown(made, full, step) for step in ("stored", "dark", "common_mode", "gain", "rounding")}
    for earlier, later in (
        ("stored", "dark"),
        ("dark", "common_mode"),
        ("common_mode", "gain"),
        ("gain", "rounding"),
    ):
        np.testing.assert_array_equal(calibrated[earlier].after.frame.raw, calibrated[later].before.frame.raw)
    assert calibrated["dark"].titles == ("Saturation (ADU)", "Pedestal (ADU)")
    assert calibrated["gain"].titles == ("Common mode (ADU)", "Photons")
    final = calibrated["rounding"].after.frame
    good = final.flags == 0
    assert np.mean(final.raw[good] != made.photons[0][good]) < 1e-3


def test_every_step_says_what_it_did(made, full):
    effects = shown(made, full, "gain").effects
    assert set(effects) == {"stored", "saturation", "dark", "common_mode", "gain", "rounding"}
    assert effects["saturation"] == "0 pixels"
    left = effects["common_mode"].removesuffix(" ADU").rsplit("→ ", 1)[1]
    assert float(left) == pytest.approx(NOISE, rel=0.08)
    photons = int(made.photons[0][made.run.mask].sum())
    told = int("".join(c for c in effects["rounding"] if c.isdigit()))
    assert told == pytest.approx(photons, rel=0.01)
    assert shown(made, full, "gain").note == f"Divided by {GAIN:g} ADU per photon."


def test_the_line_of_a_photon_is_drawn_where_it_is_looked_for(made, full):
    histogram = shown(made, full, "gain").histogram
    assert histogram.draggable == PHOTON
    assert histogram.unit == "ADU"
    assert histogram.one_photon == GAIN
    assert histogram.zero == pytest.approx(0, abs=0.3)
    at_one = histogram.after[np.searchsorted(histogram.edges, GAIN) - 1]
    between = histogram.after[np.searchsorted(histogram.edges, GAIN / 2) - 1]
    assert at_one > 5 * max(1, between)
    without = shown(made, replace(full, adu_per_photon=None, round_from=None), "gain").histogram
    assert without.draggable == PHOTON
    assert without.one_photon > 5 * NOISE


def test_saturation_is_set_on_stored_values(made, full):
    made.run.frames[0, 3, 3] = 9000
    made.run.mask[3, 3] = True
    found = shown(made, full, "saturation")
    assert found.histogram.draggable == LEVEL
    assert found.histogram.level == 2000.0
    assert found.histogram.edges[-1] > 9000
    assert found.histogram.edges[0] < 300
    assert found.effects["saturation"] == "1 pixel"
    assert found.after.frame.flags[3, 3] & PixelFlag.SATURATED
    higher = shown(made, replace(full, saturation_level=60000.0), "saturation")
    assert higher.histogram.edges[-1] > 60000


def test_a_step_that_is_off_shows_the_frame_as_it_comes_there(made, full):
    off = shown(made, replace(full, use_common_mode=False), "common_mode")
    assert "not done" in off.note
    assert "common_mode" not in off.effects
    np.testing.assert_array_equal(off.after.frame.raw, shown(made, full, "dark").after.frame.raw)
    plain = shown(made, CalibrationSettings(), "dark")
    np.testing.assert_array_equal(plain.after.frame.raw, made.run.frames[0])


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"dark": "/nowhere/dark.npy"}, "dark"),
        ({"asic_width_px": 4}, "common_mode"),
        ({"gain_map": "/nowhere/gain.npy"}, "gain_map"),
        ({"adu_per_photon": None}, "rounding"),
    ],
)
def test_what_does_not_fit_is_said_and_its_step_is_named(made, full, changes, step):
    found = shown(made, replace(full, **changes), "gain")
    assert found.error is not None
    assert found.grave == step
    np.testing.assert_array_equal(found.after.frame.raw, made.run.frames[0])


def test_a_frame_without_a_usable_pixel_is_shown_all_the_same(made, full):
    made.run.mask[:] = False
    found = shown(made, full, "common_mode")
    assert found.histogram is None
    assert found.after.frame.raw.shape == SHAPE


def test_all_values_are_seen_when_asked_for(made, full):
    made.run.frames[0, 3, 3] = 1500
    made.run.mask[3, 3] = True
    peaks, whole = shown(made, full, "dark").histogram, shown(made, full, "dark", whole=True).histogram
    assert peaks.edges[-1] < 1000
    assert peaks.outside > 0
    assert whole.edges[-1] > 1100
    assert whole.outside == 0
