"""LCLS smalldata: rows per event, markers for missing values, time stamps out of order, a join of part files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.errors import CannotOpen
from models.runs import open_run
from tests.models.runs.files import stack

EVENTS = 6
STAMPS = np.array([30, 10, 20, 50, 40, 60], np.uint64) + 4_000_000_000_000_000_000


def smalldata(path, images=True):
    with h5py.File(path, "w") as file:
        file["timestamp"] = STAMPS
        file["unaligned/slow"] = np.arange(EVENTS)
        file["ebeam/photon_energy"] = np.array([9500, 9501, np.nan, 9503, 9504, 9505])
        file["evr/code_40"] = np.array([1, -99999, 0, 1, 1, 0])
        file["hits/var_x"] = np.arange(11.0)
        file["hits/var_x_len"] = np.array([2, 0, 4, 1, 3, 1])
        file["epix/azav"] = np.linspace(0, 1, EVENTS * 40).reshape(EVENTS, 40)
        file["gmd/xyz"] = np.arange(EVENTS * 3.0).reshape(EVENTS, 3)
        if images:
            file["epix/calib"] = stack((EVENTS, 32, 40), np.float32)
    return path


def test_saved_pictures_are_the_frames(tmp_path):
    with open_run(smalldata(tmp_path / "s.h5")) as run:
        assert run.dataset == "/epix/calib"
        assert len(run) == EVENTS
        assert run.events[0] == str(STAMPS[0])
        assert np.isnan(run.columns["photon_energy"].values[2])
        code = run.columns["code_40"].values
        assert np.isnan(code[1])
        assert list(code[[0, 2]]) == [1, 0]
        assert run.columns["slow"].values.dtype == np.int64
        assert {"xyz_0", "xyz_2"} <= set(run.columns)
        assert not any("var_x" in name for name in run.columns)
        assert any("not in that of time" in text for text in run.warnings)
        np.testing.assert_array_equal(run.frame(5), stack((EVENTS, 32, 40), np.float32)[5])


def test_rows_of_numbers_are_no_picture(tmp_path):
    with pytest.raises(CannotOpen) as caught:
        open_run(smalldata(tmp_path / "s.h5", images=False))
    assert "smalldata" in caught.value.sentence()
    with open_run(tmp_path / "s.h5", "/epix/azav") as run:
        assert run.shape == (EVENTS, 40), "what is asked for by name is shown"


def test_a_join_whose_part_is_gone_marks_its_frames(tmp_path):
    for part in range(2):
        smalldata(tmp_path / f"s_part{part}.h5")
    with h5py.File(tmp_path / "s.h5", "w", libver="latest") as file:
        for name in ("timestamp", "ebeam/photon_energy", "evr/code_40", "epix/calib", "unaligned/slow"):
            with h5py.File(tmp_path / "s_part0.h5") as source:
                shape, dtype = source[name].shape, source[name].dtype
            layout = h5py.VirtualLayout((2 * EVENTS, *shape[1:]), dtype)
            for part in range(2):
                layout[part * EVENTS : (part + 1) * EVENTS] = h5py.VirtualSource(f"s_part{part}.h5", name, shape)
            file.create_virtual_dataset(name, layout)
    with open_run(tmp_path / "s.h5") as run:
        assert len(run) == 2 * EVENTS
        assert run.load(8).valid.all()
    (tmp_path / "s_part1.h5").unlink()
    with open_run(tmp_path / "s.h5") as run:
        assert not run.load(8).valid.any()
        assert run.load(2).valid.all()
        assert any("s_part1.h5" in text for text in run.warnings)


def test_a_clock_beside_ordinary_frames_is_no_smalldata(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["timestamp"] = STAMPS
        file["map"] = stack((30, 40))
        file["other"] = stack((31, 40))
        file["frame"] = stack((EVENTS, 40))
    with open_run(tmp_path / "a.h5", "/frame") as run:
        assert run.shape == (EVENTS, 40)
