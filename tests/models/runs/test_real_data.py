"""The measured files, against what their READMEs say."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import CannotOpen
from models.runs import PixelFlag, describe, open_run

pytestmark = pytest.mark.real_data


def test_pr772(shared_data):
    folder = shared_data / "pr772_pnccd"
    raw = np.load(folder / "test_adu.npy")
    bad = (np.load(folder / "mask.npy") != 0) | (np.load(folder / "artifacts.npy") != 0)
    with open_run(folder / "pr772_10frames_repacked.cxi") as run:
        info = describe(run)
        assert (info.frames, info.height, info.width, info.dtype) == (10, 260, 257, "float32")
        assert info.distance_m == 0.581
        assert info.pixel_size_m == 0.0003
        assert info.photon_energy_eV == pytest.approx(12398.41984 / 7.9, rel=1e-6)
        assert info.masked_pixels == bad.sum() == 1630
        assert ["centre" in text for text in info.warnings] == [True]
        for index in range(10):
            frame = run.load(index)
            np.testing.assert_array_equal(frame.raw, raw[index])
            infinite = frame.flags & PixelFlag.NONFINITE != 0
            assert infinite.sum() == (1 if index in (3, 4) else 0)
            assert np.isfinite(frame.data[frame.valid]).all()
        assert run.events[0] == "spipy_test_adu_0"


def test_ptychography_with_chunks_across_frames(shared_data):
    with open_run(shared_data / "ptycho_cxi_p25" / "PETRAIII_P25_Near_Field_Ptycho.cxi") as run:
        assert (len(run), run.shape, run.dtype) == (200, (100, 100), np.int32)
        assert run.geometry.distance_m == 1.12
        assert run.geometry.photon_energy_eV == pytest.approx(12658.02, rel=1e-6)
        assert run.load(199).raw.max() > 0
        assert sorted(run.columns) == ["translation_x", "translation_y", "translation_z"]
        assert run.columns["translation_x"].unit == "m"


@pytest.mark.parametrize(
    ("name", "dataset", "frames", "shape"),
    [
        ("nexus/nexus-example.hdf5", "/entry/data/frames", 10, (195, 487)),
        ("nexus/AgBehenate_228.hdf5", "/entry/data/data", 1, (195, 487)),
        ("hdf5_filters/bitshuffle.h5", "/entry/data/data", 1, (2167, 2070)),
        ("cxi_spec/minimal.cxi", "/entry_1/data_1/data", 1, (50, 100)),
        ("cxi_spec/typical_raw.cxi", "/entry_1/data_1/data", 1, (50, 100)),
        ("nadia_planar/planar_data.tif", "", 1, (1024, 1024)),
        ("pr772_pnccd/test_adu.npy", "", 10, (260, 257)),
    ],
)
def test_first_frame_of_every_format(shared_data, name, dataset, frames, shape):
    with open_run(shared_data / name) as run:
        assert (run.dataset, len(run), run.shape) == (dataset, frames, shape)
        frame = run.load(0)
        assert frame.valid.any()
        assert frame.data[frame.valid].max() > 0


def test_eiger_gaps_are_flagged(shared_data):
    with open_run(shared_data / "hdf5_filters" / "bitshuffle.h5") as run:
        share = (run.load(0).flags == PixelFlag.SENTINEL).mean()
    assert share == pytest.approx(0.056, abs=0.001)


def test_detector_of_typical_raw(shared_data):
    with open_run(shared_data / "cxi_spec" / "typical_raw.cxi") as run:
        assert run.geometry.distance_m == 0.15
        assert any("/entry_1/data_2/data" in text for text in run.warnings)
        assert list(run.events) == ["LCLS_2009_Dec11_170451_21963"]
    with open_run(shared_data / "cxi_spec" / "typical_raw.cxi", "/entry_1/data_2/data") as run:
        assert run.geometry.distance_m == 0.65


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("formats_misc/Pilatus_truncated_11bytes.tiff", "11 bytes"),
        ("hawk_ring/raw_ring.h5.gz", "gzip"),
        ("pdb/lysozyme.pdb", "text file"),
        ("pdb", "TIFF"),
    ],
)
def test_what_cannot_be_opened_says_why(shared_data, name, word):
    with pytest.raises(CannotOpen) as caught:
        open_run(shared_data / name)
    assert word in caught.value.sentence()
