"""Measured pnCCD frames of a virus (PR772) go from ADU to photons; skipped where they are not at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.calibration import CalibrationSettings, make_calibrator
from models.calibration.dark import DarkSettings, make_dark, save_dark
from models.calibration.effect import stage_figures
from models.calibration.estimate import estimate_gain
from models.progress import drain
from models.runs import open_run

FILE = Path(__file__).parents[4] / "shared" / "data" / "pr772_pnccd" / "pr772_10frames_repacked.cxi"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FILE.exists(), reason=f"{FILE.name} is not at hand"),
]


@pytest.fixture
def run():
    run = open_run(FILE)
    yield run
    run.close()


def test_each_step_lowers_the_noise_of_a_frame_that_is_not_in_its_own_pedestal(run, tmp_path):
    others = [index for index in range(len(run)) if index != 0]
    dark = drain(make_dark(run, others, DarkSettings(statistic="lowest peak")))
    path = save_dark(dark, tmp_path / "dark.npy")
    asked = CalibrationSettings(dark=str(path), common_mode="row", asic_width_px=32)
    frame = run.load(0)
    noise = [stage_figures(s).sigma for s in make_calibrator(asked, run).stages(frame.raw, frame.flags)]
    assert noise[0] == pytest.approx(1.37, abs=0.03)
    assert noise[1] < 0.95 * noise[0]
    assert noise[2] < 0.95 * noise[1]


def test_one_photon_is_found_and_frames_become_whole_photons(run):
    rows = CalibrationSettings(common_mode="row", asic_width_px=32)
    found = drain(estimate_gain(run, range(len(run)), make_calibrator(rows, run)))
    assert found.confidence == "sure"
    assert found.adu_per_photon == pytest.approx(7.8, abs=0.15)
    assert found.second == pytest.approx(2.0, abs=0.1)
    asked = CalibrationSettings(
        common_mode="row", asic_width_px=32, adu_per_photon=found.adu_per_photon, round_from=0.6
    )
    frame = run.load(0)
    values, flags = make_calibrator(asked, run).apply(frame.raw, frame.flags)
    good = flags == 0
    np.testing.assert_array_equal(values[good], np.rint(values[good]))
    assert values[good].sum() == pytest.approx(frame.data[good].sum() / found.adu_per_photon, rel=0.05)
    assert np.mean(values[good] == 0) > 0.8
