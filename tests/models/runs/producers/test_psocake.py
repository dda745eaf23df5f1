"""psocake: CXI files for runs, and staticMask.h5 with psana's polarity at CXI's path."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import MaskOverride, open_run
from models.runs.masks import Convention
from tests.models.runs.files import stack


def psocake(path, mask):
    frames = stack((6, 64, 48), np.float32)
    with h5py.File(path, "w") as file:
        detector = file.create_group("entry_1/instrument_1/detector_1")
        data = detector.create_dataset("data", data=frames, chunks=(1, 64, 48), maxshape=(None, 64, 48))
        data.attrs["axes"] = np.bytes_("experiment_identifier")
        group = file.create_group("entry_1/data_1")
        group["data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")
        for name in "xyz":
            group[name] = np.zeros((64, 48))
        group["mask"] = mask
        group["powderHits"] = np.ones((64, 48))
        group["powderMisses"] = np.ones((64, 48))
        file["entry_1/experimental_identifier"] = np.arange(6) * 7
        file["entry_1/result_1/nPeaksAll"] = np.arange(6)
        file["entry_1/result_1/maxResAll"] = np.linspace(0, 1, 6)
        file["LCLS/photon_energy_eV"] = np.full(6, 1600.0)
        file["LCLS/eventNumber"] = np.arange(6)
        file["LCLS/detector_1/EncoderValue"] = np.full(6, -500.0)
    return path


@pytest.mark.parametrize("good", [0, 1])
def test_one_path_two_polarities(tmp_path, good):
    bad = np.zeros((64, 48), bool)
    bad[30:34] = True
    mask = np.where(bad, 1 - good, good).astype(np.int32)
    with open_run(psocake(tmp_path / "p.cxi", mask)) as run:
        np.testing.assert_array_equal(run.mask, ~bad)
        (reading,) = run.mask_reading
        assert reading.guessed == bool(good)
        assert (reading.convention is Convention.GOOD_IS_ONE) == bool(good)
        assert any("1 is taken as good" in text for text in run.warnings) == bool(good)
        assert list(run.events) == [str(7 * i) for i in range(6)]
        assert {"nPeaksAll", "maxResAll", "photon_energy_eV"} <= set(run.columns)
        assert run.dataset == "/entry_1/data_1/data"
    with open_run(psocake(tmp_path / "q.cxi", mask), mask=MaskOverride(inverted=True)) as run:
        np.testing.assert_array_equal(run.mask, bad)


def test_the_static_mask_itself_is_a_picture(tmp_path):
    with h5py.File(tmp_path / "staticMask.h5", "w") as file:
        file["entry_1/data_1/mask"] = np.ones((64, 48), np.int32)
    with open_run(tmp_path / "staticMask.h5", "/entry_1/data_1/mask") as run:
        assert len(run) == 1
