"""Bare pattern files: what is read, what joins the mask, and what is refused."""

from __future__ import annotations

import gzip

import h5py
import numpy as np
import pytest
import tifffile

from models.errors import BadPattern, CannotOpen, FriedelError
from models.patterns import PatternSettings
from models.patterns.read import read_mask, read_pattern
from models.phasing.export import save_cxi
from models.progress import drain
from tests.models.patterns.make import photon_pattern
from tests.models.phasing.export.results import reconstruction


@pytest.fixture
def counts():
    return photon_pattern(n=48, width=12, photons=1e5).intensity


def words(pattern):
    return " | ".join(step.words for step in pattern.steps)


def test_npy_is_taken_as_it_is(tmp_path, counts):
    np.save(tmp_path / "p.npy", counts[:, :45])
    pattern = read_pattern(tmp_path / "p.npy")
    np.testing.assert_array_equal(pattern.intensity, counts[:, :45])
    assert pattern.intensity.dtype == np.float32
    assert pattern.measured.all()
    assert (pattern.unit, pattern.source) == ("photons", "p.npy")
    assert "taken as photons" in words(pattern)


def test_fractions_are_not_called_photons(tmp_path, counts):
    np.save(tmp_path / "p.npy", counts / 7)
    assert read_pattern(tmp_path / "p.npy").unit == "arbitrary"


def test_nan_and_negative_pixels_join_the_mask(tmp_path, counts):
    counts[0, :3], counts[1, :5] = np.nan, -1
    np.save(tmp_path / "p.npy", counts)
    pattern = read_pattern(tmp_path / "p.npy")
    assert (~pattern.measured).sum() == 8
    assert (pattern.intensity[~pattern.measured] == 0).all()
    assert "3 pixels not a number and 5 pixels below 0" in words(pattern)


def test_a_volume_and_its_mask(tmp_path):
    volume = np.random.default_rng(0).poisson(2.0, (12, 10, 14)).astype(np.uint16)
    mask = np.ones(volume.shape, bool)
    mask[6] = False
    np.save(tmp_path / "v.npy", volume)
    np.save(tmp_path / "m.npy", mask)
    pattern = read_pattern(tmp_path / "v.npy", tmp_path / "m.npy")
    assert pattern.shape == (12, 10, 14)
    np.testing.assert_array_equal(pattern.measured, mask)
    assert "one volume" in words(pattern)


@pytest.mark.parametrize("ending", ["npy", "tif", "h5"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float64])
def test_masks_are_true_where_measured(tmp_path, counts, ending, dtype):
    mask = np.ones(counts.shape, bool)
    mask[20:28, 22:26] = False
    path = tmp_path / f"m.{ending}"
    if ending == "npy":
        np.save(path, mask.astype(dtype))
    elif ending == "tif":
        tifffile.imwrite(path, mask.astype(np.uint8 if dtype is bool else dtype))
    else:
        with h5py.File(path, "w") as file:
            file["mask"] = mask.astype(dtype)
    np.save(tmp_path / "p.npy", counts)
    np.testing.assert_array_equal(read_pattern(tmp_path / "p.npy", path).measured, mask)


def test_a_mask_of_zeros_only_measures_nothing(tmp_path):
    np.save(tmp_path / "m.npy", np.zeros((8, 8), np.uint8))
    assert not read_mask(tmp_path / "m.npy", (8, 8)).any()


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (np.ones((4, 4), bool), "shape 4×4"),
        (np.arange(48 * 48).reshape(48, 48), "two values"),
        (np.full((48, 48), np.nan), "two values"),
        (np.array([{}] * 4), "pickle"),
    ],
)
def test_masks_that_are_none(tmp_path, counts, mask, text):
    np.save(tmp_path / "p.npy", counts)
    np.save(tmp_path / "m.npy", mask, allow_pickle=True)
    with pytest.raises(FriedelError) as caught:
        read_pattern(tmp_path / "p.npy", tmp_path / "m.npy")
    assert text in caught.value.sentence()


def test_nothing_is_unpickled(tmp_path):
    class Boom:
        def __reduce__(self):
            return (exec, ("raise SystemExit('ran')",))

    np.save(tmp_path / "p.npy", np.array([Boom()]), allow_pickle=True)
    with pytest.raises(CannotOpen, match="cannot be opened"):
        read_pattern(tmp_path / "p.npy")


def test_cxi_brings_mask_and_geometry(tmp_path, counts):
    with h5py.File(tmp_path / "p.cxi", "w") as file:
        file["cxi_version"] = 160
        file["entry_1/data_1/data"] = counts
        bits = np.zeros(counts.shape, np.uint32)
        bits[:2] = 0x8
        file["entry_1/data_1/mask"] = bits
        detector = file.create_group("entry_1/instrument_1/detector_1")
        detector["distance"], detector["x_pixel_size"], detector["y_pixel_size"] = 0.5, 1e-4, 1e-4
        file["entry_1/instrument_1/source_1/energy"] = 1.602176634e-16  # 1 keV
    pattern = read_pattern(tmp_path / "p.cxi")
    assert not pattern.measured[:2].any()
    assert pattern.measured[2:].all()
    # 1 keV is 1.2398 nm: λz/(n·p) with n = 48
    assert pattern.pixel_nm == pytest.approx((129.15, 129.15), rel=1e-4)


@pytest.mark.parametrize("shape", [(33, 40), (16, 18, 20)])
def test_of_a_reconstruction_the_pattern_is_read_not_the_object(tmp_path, shape):
    made = reconstruction(shape)
    drain(save_cxi(made, tmp_path / "R.cxi"))
    pattern = read_pattern(tmp_path / "R.cxi")
    np.testing.assert_array_equal(pattern.intensity, made.pattern.intensity)
    np.testing.assert_array_equal(pattern.measured, made.pattern.measured)
    assert pattern.unit == "photons"
    assert pattern.pixel_nm == pytest.approx(made.pattern.pixel_nm)
    assert "not its object" in words(pattern)
    chosen = read_pattern(tmp_path / "R.cxi", dataset="/entry_1/image_1/data")
    np.testing.assert_allclose(chosen.intensity, np.abs(made.object) ** 2, rtol=1e-5)


def test_crop_and_binning_of_a_reconstruction_s_pattern_keep_its_scale(tmp_path):
    drain(save_cxi(reconstruction((40, 40)), tmp_path / "R.cxi"))  # object pixel 3 × 4 nm
    binned = read_pattern(tmp_path / "R.cxi", settings=PatternSettings(binning=2))
    assert binned.shape == (20, 20)
    assert binned.pixel_nm == pytest.approx((3, 4))
    assert read_pattern(tmp_path / "R.cxi", settings=PatternSettings(crop_px=20)).pixel_nm == pytest.approx((6, 8))


def test_a_run_of_many_frames_is_not_one_pattern(tmp_path, counts):
    with h5py.File(tmp_path / "run.cxi", "w") as file:
        file["cxi_version"] = 160
        file["entry_1/data_1/data"] = np.stack([counts, counts])
        file["entry_1/experiment_identifier"] = ["a", "b"]
        file["entry_1/data_1/experiment_identifier"] = ["a", "b"]
    with pytest.raises(BadPattern, match="holds 2 frames"):
        read_pattern(tmp_path / "run.cxi")


def hawk(path, amplitudes, **numbers):
    with h5py.File(path, "w") as file:
        file["version"] = np.array([2], np.int32)
        file["real"] = amplitudes[..., None]
        file["mask"] = numbers.pop("mask", np.ones(amplitudes.shape, np.int32))[..., None]
        defaults = {"scaled": 1, "shifted": 1, "phased": 0, "image_center": [0, 0, 0], "lambda": 0, "pixel_size": 0}
        for name, value in {**defaults, **numbers}.items():
            file[name] = np.atleast_1d(np.float32(value))


def test_hawk_amplitudes_become_intensities_with_the_beam_in_the_middle(tmp_path, counts):
    mask = np.ones(counts.shape, np.int32)
    mask[24, 24] = 0
    amplitudes = np.sqrt(counts)
    hawk(tmp_path / "p.h5", np.fft.ifftshift(amplitudes), mask=np.fft.ifftshift(mask), **{"lambda": 32})
    pattern = read_pattern(tmp_path / "p.h5")
    np.testing.assert_allclose(pattern.intensity, np.where(mask, counts, 0), rtol=1e-5)
    np.testing.assert_array_equal(pattern.measured, mask == 1)
    assert pattern.pixel_nm is None
    assert "names no units" in words(pattern)


def test_hawk_intensities_are_cropped_about_the_stated_centre(tmp_path, counts):
    rolled = np.roll(counts, (4, -3), (0, 1))
    hawk(tmp_path / "p.h5", rolled, scaled=0, shifted=0, image_center=[21, 28, 0])
    pattern = read_pattern(tmp_path / "p.h5")
    side = pattern.shape[0]
    assert pattern.intensity[side // 2, side // 2] == counts[24, 24]
    assert side == 40


def test_hawk_files_of_the_first_version_count_x_along_the_first_axis(tmp_path, counts):
    rolled = np.roll(counts, (4, -3), (0, 1))
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["intensities"] = rolled
        file["mask"] = np.ones(rolled.shape, np.float32)
        for name, value in {"scaled": 0, "shifted": 0, "phased": 0, "lambda": 0, "pixel_size": 0}.items():
            file[name] = np.atleast_1d(np.float32(value))
        file["image_center"] = np.array([28, 21], np.float32)
    pattern = read_pattern(tmp_path / "p.h5")
    side = pattern.shape[0]
    assert pattern.intensity[side // 2, side // 2] == counts[24, 24]


def test_gzipped_files_are_unpacked(tmp_path, counts):
    hawk(tmp_path / "p.h5", np.fft.ifftshift(np.sqrt(counts)))
    (tmp_path / "p.h5.gz").write_bytes(gzip.compress((tmp_path / "p.h5").read_bytes()))
    pattern = read_pattern(tmp_path / "p.h5.gz")
    assert pattern.source == "p.h5.gz"
    np.testing.assert_allclose(pattern.intensity, counts, rtol=1e-5)
    (tmp_path / "cut.npy.gz").write_bytes(gzip.compress(b"\x93NUMPY")[:-4])
    (tmp_path / "text.gz").write_bytes(gzip.compress(b"hello"))
    for name in ("cut.npy.gz", "text.gz"):
        with pytest.raises(BadPattern) as caught:
            read_pattern(tmp_path / name)
        assert name in caught.value.sentence()


def test_settings_prepare_a_bare_pattern_too(tmp_path, counts):
    np.save(tmp_path / "p.npy", counts)
    pattern = read_pattern(tmp_path / "p.npy", settings=PatternSettings(binning=2, beam_stop_px=2))
    assert pattern.shape == (24, 24)
    assert pattern.intensity.sum() < counts.sum()
