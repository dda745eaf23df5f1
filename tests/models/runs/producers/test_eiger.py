"""NXmx master files of Eiger: links to data files, missing ones among them, pixel masks, beam."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.errors import CannotOpen, FrameUnreadable
from models.runs import PixelFlag, open_run
from tests.models.runs.files import stack

SHAPE = (40, 48)
SIZES = (10, 10, 4)
"""frames in each data file; the detector fills all but the last"""


def frames(part):
    images = (stack((SIZES[part], *SHAPE)) + 100 * part).astype(np.uint32)
    images[:, :, 20:23] = 2**32 - 1
    images[0, 0, 0] = 2**32 - 1
    return images


def master(folder, *, how="links", counts=(24, 1), parts=(0, 1, 2), target="lyso_data_{:06d}.h5"):
    """lyso_master.h5 and its data files, as the detector's file writer makes them."""
    for part in parts:
        with h5py.File(folder / f"lyso_data_{part + 1:06d}.h5", "w") as file:
            data = file.create_dataset("entry/data/data", data=frames(part), chunks=(1, *SHAPE), compression=1)
            data.attrs["image_nr_low"] = 1 + sum(SIZES[:part])
    path = folder / "lyso_master.h5"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs["NX_class"] = "NXdata"
        if how == "links":
            for part in range(3):
                data[f"data_{part + 1:06d}"] = h5py.ExternalLink(target.format(part + 1), "/entry/data/data")
        else:
            layout = h5py.VirtualLayout((sum(SIZES), *SHAPE), "u4")
            begin = 0
            for part, size in enumerate(SIZES):
                source = h5py.VirtualSource(target.format(part + 1), "entry/data/data", (size, *SHAPE), dtype="u4")
                layout[begin : begin + size] = source
                begin += size
            data.create_virtual_dataset("data", layout, fillvalue=0)
            data.attrs["signal"] = "data"
        detector = entry.create_group("instrument/detector")
        for name, value, unit in (
            ("beam_center_x", 23.5, "pixel"),
            ("beam_center_y", 18.0, "pixel"),
            ("detector_distance", 0.18, "m"),
            ("x_pixel_size", 75e-6, "m"),
            ("y_pixel_size", 75e-6, "m"),
            ("count_time", 0.01, "s"),
            ("frame_time", 0.0100001, "s"),
        ):
            detector[name] = np.float32(value)
            detector[name].attrs["units"] = unit
        detector["saturation_value"] = 30000
        specific = detector.create_group("detectorSpecific")
        mask = np.zeros(SHAPE, np.uint32)
        mask[:, 20:23] = 1
        mask[5, 5], mask[6, 6], mask[7, 7] = 2, 16, 1 << 8
        specific["pixel_mask"] = mask
        specific["flatfield"] = np.ones(SHAPE, np.float32)
        for name, count in zip(("nimages", "ntrigger"), counts, strict=True):
            if count:
                specific[name] = count
        beam = entry.create_group("instrument/beam")
        beam["incident_wavelength"] = np.float32(1.0)
        beam["incident_wavelength"].attrs["units"] = "angstrom"
    return path


def cause(run, index):
    with pytest.raises(FrameUnreadable) as caught:
        run.load(index)
    return caught.value.sentence()


@pytest.mark.parametrize("how", ["links", "virtual"])
def test_all_files_there(tmp_path, how):
    with open_run(master(tmp_path, how=how)) as run:
        assert (len(run), run.shape) == (24, SHAPE)
        for index, part, place in ((0, 0, 0), (9, 0, 9), (10, 1, 0), (23, 2, 3)):
            np.testing.assert_array_equal(run.load(index).raw, frames(part)[place])
        frame = run.load(0)
        assert (frame.flags[:, 20:23] & PixelFlag.MISSING != 0).all()
        assert frame.flags[0, 0] == PixelFlag.SENTINEL
        assert frame.flags[5, 5] == frame.flags[6, 6] == frame.flags[7, 7] == PixelFlag.MASKED
        (reading,) = run.mask_reading
        assert {bit.value: bit.name for bit in reading.bits} == {
            1: "gap",
            2: "dead",
            16: "noisy",
            256: "masked by the user",
        }
        assert run.geometry.centre_px == pytest.approx((18.0, 23.5))
        assert run.geometry.distance_m == pytest.approx(0.18)
        assert run.geometry.pixel_size_m == pytest.approx((75e-6, 75e-6))
        assert run.geometry.photon_energy_eV == pytest.approx(12398.42, rel=1e-6)
        assert run.saturation_level == 30000


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_frames_of_other_files_keep_their_places(tmp_path, gone):
    path = master(tmp_path, parts=[part for part in range(3) if part != gone])
    with open_run(path) as run:
        assert len(run) == 24
        begin = sum(SIZES[:gone])
        assert f"lyso_data_{gone + 1:06d}.h5, which is missing" in cause(run, begin)
        assert f"lyso_data_{gone + 1:06d}.h5, which is missing" in cause(run, begin + SIZES[gone] - 1)
        other = 2 if gone != 2 else 1
        np.testing.assert_array_equal(run.load(sum(SIZES[:other])).raw, frames(other)[0])
        assert any(f"Their {SIZES[gone]} frames" in text for text in run.warnings)


def test_how_many_frames_a_lost_last_file_had_is_not_made_up(tmp_path):
    with open_run(master(tmp_path, parts=(0, 1), counts=(0, 0))) as run:
        assert len(run) == 20
        assert any("not known" in text for text in run.warnings)


def test_only_the_master_was_copied(tmp_path):
    with pytest.raises(CannotOpen) as caught:
        open_run(master(tmp_path, parts=()))
    sentence = caught.value.sentence()
    assert "master file without its frames" in sentence
    assert "lyso_data_000001.h5" in sentence
    assert "Copy the data files" in sentence
    with open_run(tmp_path / "lyso_master.h5", "/entry/instrument/detector/detectorSpecific/flatfield") as run:
        assert run.shape == SHAPE, "what is asked for by name is shown"


def test_data_files_outside_the_folder_are_named_and_not_followed(tmp_path):
    folder = tmp_path / "copied"
    folder.mkdir()
    path = master(folder, parts=(), target="../elsewhere/lyso_data_{:06d}.h5")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    master(elsewhere)
    with pytest.raises(CannotOpen) as caught:
        open_run(path)
    assert "../elsewhere/lyso_data_000001.h5" in caught.value.sentence()
    assert "If you trust" in caught.value.sentence()


def test_a_virtual_master_marks_what_is_missing(tmp_path):
    with open_run(master(tmp_path, how="virtual", parts=(0, 2))) as run:
        assert len(run) == 24
        assert (run.load(12).flags & PixelFlag.MISSING != 0).all()
        assert run.load(20).valid.any()
        assert any("lyso_data_000002.h5" in text for text in run.warnings)


def test_the_first_part_by_name_opens_the_whole_stack_again(tmp_path):
    path = master(tmp_path)
    with open_run(path) as run:
        remembered, identity = run.dataset, run.identity
    with open_run(path, remembered) as run:
        assert len(run) == 24
        assert run.identity == identity
    with open_run(path, "/entry/data/data_000003") as run:
        assert len(run) == 4


def test_a_part_asked_for_by_name_is_not_followed_out_of_the_folder_either(tmp_path):
    folder = tmp_path / "copied"
    folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    master(elsewhere)
    path = master(folder, parts=(), target="../elsewhere/lyso_data_{:06d}.h5")
    with h5py.File(path, "a") as file:
        file["shown"] = h5py.SoftLink("/entry/data/data_000001")
    for name in ("/entry/data/data_000001", "/shown"):
        with pytest.raises(CannotOpen) as caught:
            open_run(path, name)
        assert "outside the file's folder" in caught.value.sentence()
    with pytest.raises(CannotOpen):
        open_run(path)
