"""Cheetah's CXI files: versions of a detector in subgroups, slabs or modules, bits in 16-bit masks, numEvents.

Layout after Cheetah's own writer (saveCXI.cpp): stacks are extended in steps while it runs, and cut to length only
when it finishes; `numEvents` on every stack says how many entries are valid.
"""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import PixelFlag, open_run
from tests.models.runs.files import stack

VALID, STORED = 5, 8


def letters(names, width=128):
    """Identifiers as rows of single bytes."""
    rows = np.zeros((STORED, width), np.int8)
    for row, name in enumerate(names):
        rows[row, : len(name)] = np.frombuffer(name.encode(), np.int8)
    return rows


def extended(group, name, data):
    """A stack that was extended to STORED entries, of which VALID are written."""
    stored = group.create_dataset(
        name, data=data, chunks=(1, *data.shape[1:]) if data.ndim > 1 else (1,), maxshape=(None, *data.shape[1:])
    )
    stored.attrs["numEvents"] = np.array([VALID], np.int32)
    return stored


def cheetah(path, data, mask=None, shared=None, version="detector_corrected", axes=None):
    with h5py.File(path, "w") as file:
        file["cheetah/cxi_version"] = np.array([140], np.int32)
        entry = file.create_group("entry_1")
        detector = entry.create_group("instrument_1/detector_1")
        kind = detector.create_group(version)
        frames = extended(kind, "data", data)
        if axes:
            frames.attrs["axes"] = axes
        if mask is not None:
            extended(kind, "mask", mask)
        if shared is not None:
            kind["mask_shared"] = shared
            kind["mask_shared_min"] = shared
            kind["mask_shared_max"] = shared
        for name in kind:
            detector[name] = h5py.SoftLink(f"/entry_1/instrument_1/detector_1/{version}/{name}")
        detector["distance"] = np.full(STORED, 0.565)
        detector["x_pixel_size"] = 109.92e-6
        detector["y_pixel_size"] = 109.92e-6
        detector["description"] = np.bytes_("CSPAD")
        entry["data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        entry["experiment_identifier"] = letters(f"LCLS_2013_Mar20_r0073_{i:06d}_a1" for i in range(VALID))
        file["LCLS/photon_energy_eV"] = np.where(np.arange(STORED) < VALID, 5501.0, 0)
        file["LCLS/machineTime"] = np.arange(STORED)
        extended(entry, "result_1/nPeaks", np.array([3, 0, 7, 1, 2, 0, 0, 0], np.int32))
        extended(entry, "result_1/peakXPosRaw", np.zeros((STORED, 2048), np.float32))
    return path


def test_a_slab_whose_writer_was_stopped(tmp_path):
    shared = np.zeros((64, 48), np.uint16)
    shared[0] = 0x8
    shared[1, :7] = 0x1000
    mask = np.zeros((STORED, 64, 48), np.uint16)
    mask[2, 5, 5] = 0x2
    mask[3, 6] = 0x800
    with open_run(cheetah(tmp_path / "r.cxi", stack((STORED, 64, 48), np.int16), mask, shared)) as run:
        assert len(run) == VALID
        assert run.shape == (64, 48)
        assert run.events[4] == "LCLS_2013_Mar20_r0073_000004_a1"
        assert run.geometry.photon_energy_eV == pytest.approx(5501)
        assert run.geometry.distance_m == pytest.approx(0.565)
        assert run.load(2).flags[5, 5] == PixelFlag.SATURATED
        assert not run.load(3).flags[6].any(), "a corrected pixel is a good pixel"
        assert (run.load(0).flags != 0).sum() == 48
        failed = [bit for reading in run.mask_reading for bit in reading.bits if bit.value == 0x1000]
        assert [(bit.name, bit.pixels, bit.masks) for bit in failed] == [("artifact correction failed", 7, False)]
        assert list(run.columns["nPeaks"].values) == [3, 0, 7, 1, 2]
        assert list(run.columns["photon_energy_eV"].values) == [5501.0] * VALID
        assert "peakXPosRaw" not in run.columns
        assert any("3 empty frames" in text for text in run.warnings)


def test_modules_in_a_stack_of_four_axes(tmp_path):
    data = stack((STORED, 4, 20, 24), np.uint16)
    mask = np.zeros((STORED, 4, 20, 24), np.uint16)
    mask[1, 2, 3, 4] = 0x4
    path = cheetah(
        tmp_path / "r.cxi", data, mask, version="modular_1", axes="experiment_identifier:module_identifier:y:x"
    )
    with open_run(path) as run:
        assert len(run) == VALID
        assert run.slab_shape == (4, 20, 24)
        frame = run.load(1)
        assert (frame.flags != 0).sum() == 1
        assert frame.raw[frame.flags != 0] == data[1, 2, 3, 4]


def test_an_assembled_image_comes_before_separate_modules_only_without_a_data_group(tmp_path):
    path = cheetah(tmp_path / "r.cxi", stack((STORED, 4, 20, 24), np.uint16), version="modular_1")
    with h5py.File(path, "a") as file:
        file["entry_1/image_1/data"] = stack((STORED, 50, 60), np.float32)
        file["entry_1/image_1/data"].attrs["numEvents"] = np.array([VALID], np.int32)
        del file["entry_1/data_1"]
    with open_run(path) as run:
        assert run.dataset == "/entry_1/image_1/data"
        assert len(run) == VALID
