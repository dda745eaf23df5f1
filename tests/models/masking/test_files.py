"""Masks of other programs in, masks for other programs out: polarity is never silently turned round."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from models.errors import BadParameter, CannotOpen, NotSaved
from models.masking import BadMask
from models.masking.export import CRYSTFEL_DATASET, CXI_DATASET, ENDINGS, FORMS, cxi_bits, export_mask
from models.masking.files import Meaning, mask_datasets, read_mask_file
from models.runs.types import BoolImage, PixelFlag

FRAME = (11, 14)


@pytest.fixture
def bad() -> BoolImage:
    """A few bad pixels."""
    return np.random.default_rng(2).random(FRAME) < 0.15


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_what_is_exported_comes_back_the_same_way_round(tmp_path: Path, form: str, share: float) -> None:
    flags = np.where(np.random.default_rng(2).random(FRAME) < share, np.uint8(PixelFlag.USER), np.uint8(0))
    path = tmp_path / f"mask{ENDINGS[form]}"
    export_mask(flags, path, form, {"run": "r0012", "treatment": "abc"})
    mask = read_mask_file(path, FRAME)
    np.testing.assert_array_equal(mask.covered(), flags != 0)
    assert mask.assumed == ""


def test_exports_follow_their_conventions(tmp_path: Path) -> None:
    flags = np.zeros(FRAME, np.uint8)
    flags[0, 0], flags[0, 1], flags[0, 2] = PixelFlag.MASKED, PixelFlag.MISSING, PixelFlag.USER
    for form in FORMS:
        export_mask(flags, tmp_path / f"{form}{ENDINGS[form]}", form, {"run": "r0012"})
    use = np.load(tmp_path / "npy.npy")
    assert use.dtype == np.bool_
    assert use[1, 1]
    assert not use[0, :3].any()
    assert np.load(tmp_path / "npy_bits.npy")[0, :4].tolist() == [0x1, 0x200, 0x40, 0]
    assert json.loads((tmp_path / "npy.npy.json").read_text())["run"] == "r0012"
    with h5py.File(tmp_path / "cxi.cxi") as file:
        np.testing.assert_array_equal(file[CXI_DATASET], cxi_bits(flags))
        assert file["cxi_version"][()] == 160
        assert json.loads(file[CXI_DATASET].attrs["provenance"])["run"] == "r0012"
    with h5py.File(tmp_path / "crystfel.h5") as file:
        np.testing.assert_array_equal(file[CRYSTFEL_DATASET], flags == 0)
        assert "mask0_goodbits = 0x1" in file[CRYSTFEL_DATASET].attrs["geometry_lines"]
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "tiff.tif"), flags == 0)


def test_foreign_masks_say_how_they_were_read(tmp_path: Path, bad: BoolImage) -> None:
    np.save(tmp_path / "use.npy", ~bad)
    good = read_mask_file(tmp_path / "use.npy", FRAME)
    assert good.meaning is Meaning.GOOD_IS_ONE
    assert "1 is taken as good" in good.assumed
    np.testing.assert_array_equal(good.covered(), bad)
    np.testing.assert_array_equal(good.covered(Meaning.BAD_IS_ONE), ~bad)

    np.save(tmp_path / "bad.npy", bad.astype(np.int16))
    other = read_mask_file(tmp_path / "bad.npy", FRAME)
    assert other.meaning is Meaning.BAD_IS_ONE
    assert other.assumed
    np.testing.assert_array_equal(other.covered(), bad)

    np.save(tmp_path / "bits.npy", np.where(bad, 0x4, 0x100).astype(np.uint16))
    bits = read_mask_file(tmp_path / "bits.npy", FRAME)
    assert bits.meaning is Meaning.CXI_BITS
    np.testing.assert_array_equal(bits.covered(), bad)


def test_dragonflys_bytes(tmp_path: Path) -> None:
    values = np.zeros(FRAME, np.uint8)
    values[0], values[1] = 1, 2
    values.tofile(tmp_path / "mask.byt")
    mask = read_mask_file(tmp_path / "mask.byt", FRAME)
    np.testing.assert_array_equal(mask.covered(), values == 2)
    assert "not used for orientation" in mask.assumed
    with pytest.raises(BadMask) as refused:
        read_mask_file(tmp_path / "mask.byt", (11, 15))
    assert "154 bytes" in refused.value.sentence()
    assert "11×15" in refused.value.sentence()


def test_hdf5_masks_are_found_among_other_datasets(tmp_path: Path, bad: BoolImage) -> None:
    path = tmp_path / "run.cxi"
    with h5py.File(path, "w") as file:
        file["entry_1/data_1/data"] = np.zeros((3, *FRAME), np.float32)
        file["entry_1/image"] = np.zeros(FRAME)
        file["entry_1/data_1/mask"] = np.stack([np.where(bad, 0x8, 0)] * 3).astype(np.uint32)
        file["entry_1/pixel_mask"] = np.where(bad, 2, 0).astype(np.uint32)
        file["entry_1/loop"] = h5py.SoftLink("/entry_1")
        file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
    names = mask_datasets(path, FRAME)
    assert names == ["entry_1/pixel_mask", "entry_1/data_1/mask", "entry_1/image"]
    for name in names[:2]:
        np.testing.assert_array_equal(read_mask_file(path, FRAME, name).covered(), bad)
    assert "mask of its own" in read_mask_file(path, FRAME, names[1]).assumed
    with pytest.raises(BadMask) as refused:
        read_mask_file(path, (5, 6))
    assert "5×6" in refused.value.sentence()


def test_what_is_no_mask_is_refused_in_words(tmp_path: Path, bad: BoolImage) -> None:
    np.save(tmp_path / "fractions.npy", np.where(bad, 0.5, 1.0))
    np.save(tmp_path / "other.npy", np.zeros((14, 11), bool))
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "other.npy").read_bytes()[:50])
    (tmp_path / "text.tif").write_text("no picture")
    (tmp_path / "text.h5").write_bytes(b"\x89HDF\r\n\x1a\n but not really")
    with pytest.raises(BadMask, match="holds no mask"):
        read_mask_file(tmp_path / "fractions.npy", FRAME)
    with pytest.raises(BadMask) as refused:
        read_mask_file(tmp_path / "other.npy", FRAME)
    assert "14×11" in refused.value.sentence()
    assert "11×14" in refused.value.sentence()
    for name in ("objects.npy", "cut.npy", "text.tif", "text.h5", "missing.npy"):
        with pytest.raises(CannotOpen):
            read_mask_file(tmp_path / name, FRAME)


def test_failed_exports_are_told(tmp_path: Path) -> None:
    flags = np.zeros(FRAME, np.uint8)
    (tmp_path / "file").write_text("")
    for form in FORMS:
        with pytest.raises(NotSaved, match="was not saved"):
            export_mask(flags, tmp_path / "file" / f"x{ENDINGS[form]}", form, {})
    with pytest.raises(BadParameter):
        export_mask(flags, tmp_path / "x.bmp", "bmp", {})


@pytest.mark.real_data
def test_measured_detectors_masks(shared_data: Path) -> None:
    pnccd = (260, 257)
    dragonfly = read_mask_file(shared_data / "geometry" / "mask_pnccd_back_260_257.byt", pnccd)
    assert np.count_nonzero(dragonfly.covered()) == np.count_nonzero(dragonfly.values == 2) == 5804
    bad = read_mask_file(shared_data / "pr772_pnccd" / "mask.npy", pnccd)
    assert bad.meaning is Meaning.BAD_IS_ONE
    run = shared_data / "pr772_pnccd" / "pr772_10frames_repacked.cxi"
    whole = read_mask_file(run, pnccd, mask_datasets(run, pnccd)[0])
    artefacts = read_mask_file(shared_data / "pr772_pnccd" / "artifacts.npy", pnccd)
    np.testing.assert_array_equal(whole.covered(), bad.covered() | artefacts.covered())
