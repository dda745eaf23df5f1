"""Layouts that are met now and then."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import open_run
from tests.models.runs.files import stack


def test_data_exchange_of_the_aps(tmp_path):
    with h5py.File(tmp_path / "e.h5", "w") as file:
        file["implements"] = "exchange"
        file["exchange/data"] = stack((6, 40, 48), np.uint16)
        file["exchange/data_dark"] = stack((2, 40, 48), np.uint16)
        file["exchange/data_white"] = stack((2, 40, 48), np.uint16)
        file["exchange/theta"] = np.linspace(0, 5, 6)
        file["exchange/theta"].attrs["units"] = "degrees"
    with open_run(tmp_path / "e.h5") as run:
        assert run.dataset == "/exchange/data"
        assert run.columns["theta"].unit == "degrees"


@pytest.mark.parametrize("link", [False, True])
def test_single_frames_of_the_first_cheetah(tmp_path, link):
    with h5py.File(tmp_path / "LCLS_2011_r0100_120000_1a2b_data1.h5", "w") as file:
        if link:
            file["data/assembleddata0"] = stack((40, 48), np.int16)
            file["data/data"] = h5py.SoftLink("/data/assembleddata0")
        else:
            file["data/data"] = stack((40, 48), np.int16)
        file["data/rawdata0"] = stack((44, 44), np.int16)
        file["LCLS/photon_energy_eV"] = [1200.0]
        file["LCLS/detector0-EncoderValue"] = [-560.0]
        file["processing/hitfinder/peakinfo"] = np.zeros((7, 4))
    with open_run(tmp_path / "LCLS_2011_r0100_120000_1a2b_data1.h5") as run:
        assert run.shape == (40, 48)
        assert run.geometry.photon_energy_eV == pytest.approx(1200)
