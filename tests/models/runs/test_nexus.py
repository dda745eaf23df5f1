"""NeXus files: the dataset that the file names, and its surroundings."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import PixelFlag, open_run
from tests.models.runs.files import stack


def nexus(path, chain=True, signal="group"):
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("shots")
        data.attrs["NX_class"] = np.bytes_("NXdata")
        data["frames"] = stack()
        data["empty_beam"] = stack()
        data["times"] = np.arange(5.0)
        data["times"].attrs["units"] = "minutes"
        data["vertical"] = np.arange(20)
        if signal == "group":
            data.attrs["signal"] = "frames"
            data.attrs["axes"] = ["times", "vertical", "."]
        elif signal == "dataset":
            data["frames"].attrs["signal"] = 1
        if chain:
            file.attrs["default"] = "entry"
            entry.attrs["default"] = "shots"
        detector = entry.create_group("instrument/detector")
        for name, value, unit in (
            ("distance", 540.0, "mm"),
            ("x_pixel_size", 172.0, "um"),
            ("y_pixel_size", 0.172, "mm"),
            ("beam_center_x", 12.0, "pixel"),
            ("beam_center_y", 1.72, "mm"),
        ):
            detector[name] = [value]
            detector[name].attrs["units"] = unit
        detector["pixel_mask"] = np.pad(np.array([[1, 2]], np.uint32), ((0, 19), (0, 22)))
        detector["saturation_value"] = 900
        entry["instrument/source/energy"] = 7.0
        entry["instrument/source/energy"].attrs["units"] = "GeV"
        entry["instrument/monochromator/energy"] = 21.0
        entry["instrument/monochromator/energy"].attrs["units"] = "keV"
    return path


@pytest.mark.parametrize(("chain", "signal"), [(True, "group"), (False, "group"), (True, "dataset")])
def test_the_signal_is_followed(tmp_path, chain, signal):
    with open_run(nexus(tmp_path / "a.nxs", chain, signal)) as run:
        assert run.dataset == "/entry/shots/frames"
        assert len(run) == 5
        assert run.columns["times"].unit == "minutes"


def test_units_masks_and_the_rings_energy(tmp_path):
    with open_run(nexus(tmp_path / "a.nxs")) as run:
        assert run.geometry.distance_m == 0.54
        assert run.geometry.pixel_size_m == pytest.approx((172e-6, 172e-6))
        assert run.geometry.photon_energy_eV == 21000
        assert run.geometry.centre_px == pytest.approx((10.0, 12.0))
        frame = run.load(0)
        assert frame.flags[0, 0] == PixelFlag.MISSING
        assert frame.flags[0, 1] == PixelFlag.MASKED
        assert run.mask.sum() == 20 * 24 - 2
        assert run.saturation_level == 900


def test_picture_axes_are_not_columns(tmp_path):
    path = tmp_path / "a.nxs"
    with h5py.File(path, "w") as file:
        data = file.create_group("entry/data")
        data.attrs["NX_class"] = "NXdata"
        data.attrs["signal"] = "data"
        data.attrs["axes"] = ["t", "v", "h"]
        data["data"] = stack((20, 20, 20))
        for name in "tvh":
            data[name] = np.arange(20)
    with open_run(path) as run:
        assert list(run.columns) == ["t"]


def test_area_detector_without_signal(tmp_path):
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        group.attrs["NX_class"] = "NXdata"
        group["data"] = stack((20, 24), np.int32)
        group["other"] = stack((20, 24), np.int32)
    with open_run(path) as run:
        assert run.dataset == "/entry/data/data"
        assert len(run) == 1
