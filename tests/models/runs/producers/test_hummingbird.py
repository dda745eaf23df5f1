"""hummingbird, h5writer and Condor: arbitrary names, stacks extended by a whole chunk, half precision."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import PixelFlag, open_run
from tests.models.runs.files import stack

WRITTEN, CHUNK = 21, 16


def h5writer(path, *, closed, dtype="f2"):
    """Stacks of h5writer: the first axis grows by chunks and is cut to length only when the writer is closed."""
    length = WRITTEN if closed else 2 * CHUNK
    frames = (stack((length, 20, 24)) % 50).astype(dtype)
    frames[WRITTEN:] = 0
    with h5py.File(path, "w") as file:
        for name, values in (
            ("entry_1/detector_1/data", frames),
            ("entry_1/detector_1/hitscore", np.arange(length, dtype=np.int64)),
            ("entry_1/event/timestamp", np.where(np.arange(length) < WRITTEN, np.arange(length) * 0.1 + 5, 0)),
        ):
            shape = (CHUNK, *values.shape[1:]) if values.ndim == 1 else (1, *values.shape[1:])
            stored = file.create_dataset(
                name, values.shape, values.dtype, chunks=shape, maxshape=(None, *values.shape[1:])
            )
            stored[:WRITTEN] = values[:WRITTEN]
            stored.attrs["axes"] = np.array(
                [b"experiment_identifier:y:x"] if values.ndim > 1 else [b"experiment_identifier"]
            )
    return path


@pytest.mark.parametrize("closed", [True, False])
def test_a_tail_that_was_never_written(tmp_path, closed):
    with open_run(h5writer(tmp_path / "h.h5", closed=closed), "/entry_1/detector_1/data") as run:
        assert len(run) == WRITTEN
        assert run.dtype == np.float16
        assert len(run.columns["hitscore"].values) == WRITTEN
        np.testing.assert_array_equal(run.load(20).data, (stack((WRITTEN, 20, 24)) % 50)[20])
        assert any("11 empty frames" in text for text in run.warnings) != closed


def test_a_tail_inside_a_chunk_of_many_frames_shows_by_its_time_stamps(tmp_path):
    with h5py.File(tmp_path / "h.h5", "w") as file:
        frames = file.create_dataset("data", (2 * CHUNK, 20, 24), "i4", chunks=(CHUNK, 20, 24), compression=1)
        frames[:WRITTEN] = stack((WRITTEN, 20, 24))
        frames[WRITTEN:] = 0
        file["event/timestamp"] = np.where(np.arange(2 * CHUNK) < WRITTEN, 1e9 + np.arange(2 * CHUNK), 0)
        file["hitscore"] = np.where(np.arange(2 * CHUNK) < WRITTEN - 3, 1, 0)
    with open_run(tmp_path / "h.h5") as run:
        assert len(run) == WRITTEN
        assert len(run.columns["hitscore"].values) == WRITTEN
        assert any("11 empty frames" in text for text in run.warnings)


def test_condor(tmp_path):
    """Condor's CXI: patterns and masks of 16 bits, the complex wave beside them, one group per particle."""
    photons = stack((4, 20, 24), np.float64)
    mask = np.zeros((4, 20, 24), np.uint16)
    mask[:, 0] = 0x200
    mask[2, 5, 5] = 0x2 | 0x1000
    with h5py.File(tmp_path / "c.cxi", "w") as file:
        entry = file.create_group("entry_1")
        entry["data_1/data"] = photons
        entry["data_1/mask"] = mask
        entry["data_1/data_fourier"] = photons.astype(np.complex128)
        file["source/wavelength"] = np.full(4, 1e-9)
        file["source/pulse_energy"] = np.full(4, 1e-3)
        file["particles/particle_00/diameter"] = np.array([80e-9, 81e-9, 82e-9, 83e-9])
        file["particles/particle_00/extrinsic_quaternion"] = np.zeros((4, 4))
    with open_run(tmp_path / "c.cxi") as run:
        assert run.dataset == "/entry_1/data_1/data"
        assert (run.load(0).flags[0] == PixelFlag.MISSING).all()
        assert run.load(2).flags[5, 5] == PixelFlag.SATURATED
        assert run.geometry.photon_energy_eV == pytest.approx(1239.84, rel=1e-5)
        assert run.columns["pulse_energy"].unit == "J"
        assert list(run.columns["diameter"].values) == [80e-9, 81e-9, 82e-9, 83e-9]
        assert "extrinsic_quaternion_3" in run.columns
