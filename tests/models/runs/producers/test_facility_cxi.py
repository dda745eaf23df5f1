"""CXI of European XFEL: EXtra-data's virtual file over the modules' files, and the SPI community's hits."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import PixelFlag, open_run
from models.runs.masks import Convention
from models.runs.units import JOULE_IN_EV
from tests.models.runs.files import stack

MODULES, SS, FS, FRAMES = 16, 16, 8, 6
LOST = 5
"""the module whose file is missing"""


def modules(folder, dtype, planes=()):
    """One file per module, as the data acquisition writes them; of module LOST none."""
    for module in range(MODULES):
        if module == LOST:
            continue
        with h5py.File(folder / f"AGIPD{module:02d}.h5", "w") as file:
            file["image/data"] = (stack((FRAMES, *planes, SS, FS)) + module).astype(dtype)
            mask = np.zeros((FRAMES, *planes, SS, FS), np.uint32)
            mask[2, ..., 3, 4] = 1 << 22
            mask[2, ..., 3, 5] = 1 << 1
            file["image/mask"] = mask


def virtual_cxi(path, dtype="f4", planes=(), with_mask=True):
    shape = (FRAMES, MODULES, *planes, SS, FS)
    filled = {"data": np.nan if np.dtype(dtype).kind == "f" else 0, "mask": 0xFFFFFFFF}
    with h5py.File(path, "w", libver="v110") as file:
        file["cxi_version"] = np.array([150], np.int64)
        entry = file.create_group("entry_1")
        entry["experiment_identifier"] = [f"{10000 + i // 2}:{i % 2 * 4}" for i in range(FRAMES)]
        entry["trainId"] = np.arange(FRAMES, dtype=np.uint64) // 2 + 10000
        entry["pulseId"] = np.arange(FRAMES, dtype=np.uint64) % 2 * 4
        entry["cellId"] = np.repeat(np.arange(FRAMES, dtype=np.uint16)[:, None], MODULES, 1)
        detector = entry.create_group("instrument_1/detector_1")
        for name, kind in (("data", dtype), ("mask", "u4")):
            if name == "mask" and not with_mask:
                continue
            layout = h5py.VirtualLayout(shape, kind)
            for module in range(MODULES):
                if module != LOST:
                    source = path.parent / f"AGIPD{module:02d}.h5"
                    layout[:, module] = h5py.VirtualSource(
                        str(source), f"image/{name}", (FRAMES, *planes, SS, FS), dtype=kind
                    )
            stored = detector.create_virtual_dataset(name, layout, fillvalue=filled[name])
            gain = "data_gain:" if planes else ""
            stored.attrs["axes"] = f"experiment_identifier:module_identifier:{gain}y:x"
        detector["module_identifier"] = [f"AGIPD{i}" for i in range(MODULES)]
        entry["data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
    return path


def test_corrected_modules_with_one_missing(tmp_path):
    modules(tmp_path, "f4")
    with open_run(virtual_cxi(tmp_path / "v.cxi")) as run:
        assert len(run) == FRAMES
        assert run.events[3] == "10001:4"
        assert run.mask_reading[0].convention is Convention.EUXFEL_BITS
        frame = run.load(2)
        assert (frame.flags & PixelFlag.MISSING != 0).sum() == SS * FS
        masked = (frame.flags & PixelFlag.MASKED != 0) & (frame.flags & PixelFlag.MISSING == 0)
        assert masked.sum() == MODULES - 1, "bit 22 tells of a wide pixel, whose value is good"
        assert np.isfinite(frame.data[frame.valid]).all()
        assert (run.load(1).flags != 0).sum() == SS * FS
        assert set(run.columns) >= {"trainId", "pulseId"}


def test_a_module_that_went_missing_after_the_file_was_made(tmp_path):
    modules(tmp_path, "f4")
    path = virtual_cxi(tmp_path / "v.cxi")
    (tmp_path / "AGIPD07.h5").unlink()
    with open_run(path) as run:
        assert any("AGIPD07" in text and "missing" in text for text in run.warnings)
        assert (run.load(0).flags & PixelFlag.MISSING != 0).sum() == 2 * SS * FS


def test_raw_modules_with_gain(tmp_path):
    modules(tmp_path, "u2", planes=(2,))
    with open_run(virtual_cxi(tmp_path / "v.cxi", "u2", planes=(2,), with_mask=False)) as run:
        assert len(run) == FRAMES
        assert run.slab_shape == (MODULES, SS, FS)
        expected = (stack((FRAMES, 2, SS, FS)) + 3).astype(np.uint16)[4, 0]
        slab = np.empty(MODULES * SS * FS, np.uint16)
        index = run.slab_index()
        slab[index[index >= 0]] = run.load(4).raw[index >= 0]
        np.testing.assert_array_equal(slab.reshape(run.slab_shape)[3], expected)


def hits(path):
    photons = (stack((FRAMES, MODULES, SS, FS)) % 7).astype(np.int32)
    good = np.ones((MODULES, SS, FS), bool)
    good[3, :, 0] = False
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry_1")
        detector = entry.create_group("instrument_1/detector_1")
        detector.create_dataset("data", data=photons, chunks=(1, MODULES, SS, FS), compression=1, shuffle=True)
        detector["good_pixels"] = good
        detector["xyz_map"] = np.zeros((3, MODULES, SS, FS))
        detector["background"] = np.ones((2, MODULES, SS, FS), np.float32)
        detector["background_index"] = np.zeros(FRAMES, np.int64)
        detector["lit_pixels"] = np.arange(FRAMES)
        detector["photon_counts"] = np.arange(FRAMES) * 10
        detector["hit_score"] = np.linspace(1, 9, FRAMES)
        detector["hit_sigma"] = np.full(FRAMES, 4.0)
        detector["distance"] = 0.7
        detector["x_pixel_size"] = detector["y_pixel_size"] = 200e-6
        entry["data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        entry["trainId"] = np.arange(FRAMES, dtype=np.uint64) + 7
        entry["cellId"] = np.arange(FRAMES, dtype=np.uint64) * 2
        entry["vds_index"] = np.arange(FRAMES) * 100
        entry["instrument_1/source_1/photon_energy"] = np.full(FRAMES, 6000 / JOULE_IN_EV)
        entry["instrument_1/source_1/photon_wavelength"] = np.full(FRAMES, 1.23984198e-6 / 6000)
        entry["instrument_1/source_1/pulse_energy"] = np.full(FRAMES, 2e-3)
        entry["sizing/long_axis_diameter"] = np.full(FRAMES, 40e-9)
        entry["sizing/short_axis_diameter"] = np.full(FRAMES, 38e-9)
    return path


def test_hits_of_the_spi_community(tmp_path):
    with open_run(hits(tmp_path / "h.cxi")) as run:
        assert run.dataset == "/entry_1/data_1/data"
        assert len(run) == FRAMES
        assert run.slab_shape == (MODULES, SS, FS)
        assert (~run.mask).sum() == SS
        assert run.mask_reading[0].convention is Convention.GOOD_IS_ONE
        assert not run.mask_reading[0].guessed
        assert run.geometry.photon_energy_eV == pytest.approx(6000)
        assert run.events[2] == "9:4"
        for name, unit in (
            ("lit_pixels", ""),
            ("photon_counts", "photons"),
            ("hit_score", ""),
            ("hit_sigma", ""),
            ("photon_energy", "eV"),
            ("photon_wavelength", "m"),
            ("pulse_energy", "J"),
            ("long_axis_diameter", "m"),
            ("short_axis_diameter", "m"),
            ("background_index", ""),
        ):
            assert run.columns[name].unit == unit, name
        assert run.columns["photon_energy"].values == pytest.approx(np.full(FRAMES, 6000))
        assert not any("photon energy" in text for text in run.warnings)
