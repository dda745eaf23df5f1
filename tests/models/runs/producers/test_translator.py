"""LCLS's old HDF5 translator: configurations, runs and calibration cycles as groups, time stamps as compounds."""

from __future__ import annotations

import h5py
import numpy as np

from models.runs import open_run
from tests.models.runs.files import stack

CLOCK = np.dtype(
    [("seconds", "<u4"), ("nanoseconds", "<u4"), ("ticks", "<u4"), ("fiducials", "<u4"), ("control", "<u4")]
)
CYCLE = "Configure:0000/Run:0000/CalibCycle:0000"


def test_pnccd_with_time_stamps(tmp_path):
    stamps = np.zeros(4, CLOCK)
    stamps["seconds"], stamps["nanoseconds"], stamps["fiducials"] = 1300000000, [5, 9, 1, 7], [11, 22, 33, 44]
    with h5py.File(tmp_path / "t.h5", "w") as file:
        camera = file.create_group(f"{CYCLE}/PNCCD::FullFrameV1/Camp.0:pnCCD.1")
        camera["data"] = stack((4, 64, 64), np.uint16)
        camera["time"] = stamps
        file[f"{CYCLE}/EvrData::DataV3/NoDetector.0:Evr.0/time"] = stamps
    with open_run(tmp_path / "t.h5") as run:
        assert run.dataset == f"/{CYCLE}/PNCCD::FullFrameV1/Camp.0:pnCCD.1/data"
        assert list(run.events)[:2] == ["1300000000-5-11", "1300000000-9-22"]
        assert len(run) == 4


def test_whole_numbers_called_time_are_no_identifiers(tmp_path):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["data"] = stack((4, 64, 64), np.uint16)
        file["time"] = np.arange(4)
    with open_run(tmp_path / "t.h5") as run:
        assert run.events is None
