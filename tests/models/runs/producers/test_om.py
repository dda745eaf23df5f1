"""OM (OnDA Monitor) and the Cheetah GUI: field paths from the user's settings, identifiers as text of any length."""

from __future__ import annotations

import h5py
import hdf5plugin
import numpy as np
import pytest

from models.runs import open_run
from tests.models.runs.files import stack


def om(path, fields, **compression):
    frames = stack((6, 64, 48), np.float32)
    with h5py.File(path, "w") as file:
        stored = file.create_dataset(
            fields["detector_data"], (0, 64, 48), "f4", maxshape=(None, 64, 48), chunks=(1, 64, 48), **compression
        )
        stored.resize(6, axis=0)
        stored[:] = frames
        names = file.create_dataset(fields["event_id"], (6,), h5py.string_dtype(), maxshape=(None,), chunks=(1,))
        names[:] = [f"1397_{100 - i}_{i * i}" for i in range(6)]
        for name in ("timestamp", "beam_energy", "pixel_size", "detector_distance"):
            values = file.create_dataset(fields[name], (6,), "f8", maxshape=(None,), chunks=(1,))
            values[:] = {"timestamp": np.arange(6) + 1e9, "beam_energy": 9300.0, "pixel_size": 75e-6}.get(name, 0.15)
        peaks = file.create_dataset(fields["peak_list"] + "/nPeaks", (6,), "i8", maxshape=(None,), chunks=(1,))
        peaks[:] = np.arange(6)
    return path


DEFAULT = {
    "detector_data": "/entry_1/data_1/data",
    "event_id": "/entry_1/event_id",
    "timestamp": "/entry_1/timestamp",
    "beam_energy": "/entry_1/source_1/photon_energy",
    "pixel_size": "/entry_1/data_1/pixel_size",
    "detector_distance": "/entry_1/data_1/detector_distance",
    "peak_list": "/entry_1/result_1",
}
OWN = {
    "detector_data": "/om/frames",
    "event_id": "/om/event_id",
    "timestamp": "/om/timestamp",
    "beam_energy": "/om/beam/photon_energy",
    "pixel_size": "/om/pixel_size",
    "detector_distance": "/om/detector_distance",
    "peak_list": "/om/peaks",
}


@pytest.mark.parametrize("fields", [DEFAULT, OWN], ids=["default", "own"])
@pytest.mark.parametrize(
    "compression", [{"compression": 4}, dict(hdf5plugin.Bitshuffle(cname="zstd"))], ids=["gzip", "bitshuffle-zstd"]
)
def test_any_paths_and_compression(tmp_path, fields, compression):
    with open_run(om(tmp_path / "om.h5", fields, **compression)) as run:
        assert run.dataset == fields["detector_data"]
        assert run.events[3] == "1397_97_9"
        assert run.geometry.photon_energy_eV == pytest.approx(9300)
        assert run.geometry.pixel_size_m == (75e-6, 75e-6)
        assert run.geometry.distance_m == pytest.approx(0.15)
        assert list(run.columns["nPeaks"].values) == list(range(6))
        np.testing.assert_array_equal(run.frame(5), stack((6, 64, 48), np.float32)[5])
