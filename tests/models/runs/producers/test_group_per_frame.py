"""Files with one group per frame: SACLA's DataConvert and Cheetah, SIMEX and pysingfel."""

from __future__ import annotations

import time

import h5py
import numpy as np
import pytest

from models.errors import AmbiguousRun, CannotOpen, FrameUnreadable
from models.runs import open_run
from tests.models.runs.files import stack

SHAPE = (40, 48)
TAGS = [201512000 + 2 * i for i in (5, 3, 11, 100, 7, 20)]


def picture(number):
    return (np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) % 97 + number % 1000).astype(np.float32)


def cause(run, index):
    """Why a frame cannot be read, in the user's words."""
    with pytest.raises(FrameUnreadable) as caught:
        run.load(index)
    assert caught.value.index == index
    return caught.value.sentence()


def data_convert(path, tags=TAGS, absent=(), closed=(), detectors=("detector_2d_assembled_1",)):
    with h5py.File(path, "w") as file:
        file["file_info/run_number_list"] = [12]
        run = file.create_group("run_12")
        run["event_info/tag_number_list"] = np.array(tags, np.int64)
        run["event_info/bl_3/oh_2/photon_energy_in_eV"] = np.linspace(4000, 4100, len(tags))
        run["event_info/bl_3/oh_2/bm_1_signal_in_coulomb"] = np.arange(len(tags), dtype=float)
        run["run_info/sacla_config/photon_energy_in_eV"] = 4050.0
        run["exp_info/sample_name"] = "virus"
        for detector in detectors:
            group = run.create_group(detector)
            group["detector_info/pixel_size_in_micro_meter"] = np.array([50.0, 50.0])
            group["detector_info/detector_name"] = "MPCCD-8N0-3-002"
            for tag in tags:
                if tag in absent:
                    continue
                frame = group.create_group(f"tag_{tag}")
                frame["detector_status"] = 0
                if tag not in closed:
                    frame["detector_data"] = picture(tag)
    return path


def test_frames_are_in_the_order_of_the_tag_list(tmp_path):
    with open_run(data_convert(tmp_path / "r.h5")) as run:
        assert run.dataset == "/run_12/detector_2d_assembled_1/%/detector_data"
        assert (len(run), run.shape) == (len(TAGS), SHAPE)
        assert list(run.events) == [str(tag) for tag in TAGS]
        for index, tag in enumerate(TAGS):
            np.testing.assert_array_equal(run.load(index).raw, picture(tag))
        assert run.geometry.pixel_size_m == pytest.approx((50e-6, 50e-6))
        assert run.geometry.photon_energy_eV == pytest.approx(4050)
        assert list(run.columns["bm_1_signal_in_coulomb"].values) == list(range(len(TAGS)))
    with open_run(tmp_path / "r.h5", run.dataset) as again:
        assert again.identity == run.identity


@pytest.mark.parametrize("how", ["absent", "closed"])
def test_frames_without_a_picture_are_unreadable_one_by_one(tmp_path, how):
    with open_run(data_convert(tmp_path / "r.h5", **{how: (TAGS[0], TAGS[3])})) as run:
        assert len(run) == len(TAGS)
        for index in (0, 3):
            assert "shutter" in cause(run, index)
            assert str(TAGS[index]) in cause(run, index)
        np.testing.assert_array_equal(run.load(4).raw, picture(TAGS[4]))


def test_where_only_hits_were_written_the_rest_of_the_list_is_left_out(tmp_path):
    with open_run(data_convert(tmp_path / "r.h5", absent=TAGS[:4])) as run:
        assert list(run.events) == [str(tag) for tag in TAGS[4:]]
        assert list(run.columns["bm_1_signal_in_coulomb"].values) == [4, 5]
        np.testing.assert_array_equal(run.load(1).raw, picture(TAGS[5]))
        assert any("4 of the 6" in text for text in run.warnings)


def test_several_detectors_are_asked_about(tmp_path):
    path = data_convert(tmp_path / "r.h5", detectors=("detector_2d_1", "detector_2d_2"))
    with pytest.raises(AmbiguousRun) as caught:
        open_run(path)
    names = [candidate.path for candidate in caught.value.candidates]
    assert "/run_12/detector_2d_2/%/detector_data" in names
    with open_run(path, "/run_12/detector_2d_2/%/detector_data") as run:
        assert len(run) == len(TAGS)


def test_cheetah_of_sacla(tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[3] = 1
    names = ["tag-1-100200", "tag-1-99000", "tag-1-100400", "tag-2-5"]
    with h5py.File(tmp_path / "c.h5", "w") as file:
        for number, name in enumerate(names):
            file[f"{name}/data"] = picture(number)
            file[f"{name}/photon_energy_ev"] = [10000.0]
            file[f"{name}/photon_wavelength_A"] = [1.23984]
        file["metadata/detector"] = "MPCCD"
        file["metadata/distance_in_mm"] = 51.5
        file["metadata/pixelsize_in_um"] = 50.0
        file["metadata/posx_in_um"] = np.zeros(8)
        file["metadata/pixelmask"] = mask
    with open_run(tmp_path / "c.h5") as run:
        assert run.dataset == "/%/data"
        assert list(run.events) == ["tag-1-99000", "tag-1-100200", "tag-1-100400", "tag-2-5"]
        np.testing.assert_array_equal(run.load(0).raw, picture(1))
        assert run.geometry.distance_m == pytest.approx(0.0515)
        assert run.geometry.pixel_size_m == pytest.approx((50e-6, 50e-6))
        assert run.geometry.photon_energy_eV == pytest.approx(10000)
        assert (~run.mask).sum() == SHAPE[1]


def singfel(folder, linked=False, count=12):
    """SIMEX's diffr_out: frames in groups of seven digits, each with photons and with intensities."""
    path = folder / "diffr_out.h5"
    with h5py.File(path, "w") as file:
        file["params/geom/detectorDist"] = 0.13
        file["params/geom/pixelWidth"] = 2e-4
        file["params/beam/photonEnergy"] = 4960.0
        file["version"] = 0.2
        for number in range(1, count + 1):
            name = f"{number:07d}"
            if linked:
                with h5py.File(folder / f"diffr_out_{name}.h5", "w") as part:
                    part["data/data"] = picture(number).astype(np.int32)
                    part["data/diffr"] = picture(number)
                file[f"data/{name}"] = h5py.ExternalLink(f"diffr_out_{name}.h5", "/data")
            else:
                file[f"data/{name}/data"] = picture(number).astype(np.int32)
                file[f"data/{name}/diffr"] = picture(number)
                file[f"data/{name}/angle"] = np.zeros(4)
    return path


@pytest.mark.parametrize("linked", [False, True])
def test_simex(tmp_path, linked):
    with open_run(singfel(tmp_path, linked)) as run:
        assert run.dataset == "/data/%/data"
        assert (len(run), run.dtype) == (12, np.int32)
        np.testing.assert_array_equal(run.load(11).raw, picture(12).astype(np.int32))
        assert any("/data/%/diffr" in text for text in run.warnings)
        assert run.geometry.distance_m == pytest.approx(0.13)
        assert run.geometry.pixel_size_m == pytest.approx((2e-4, 2e-4))
        assert run.geometry.photon_energy_eV == pytest.approx(4960)
    with open_run(tmp_path / "diffr_out.h5", "/data/%/diffr") as run:
        assert run.dtype == np.float32


def test_linked_frames_whose_files_are_gone_are_named(tmp_path):
    path = singfel(tmp_path, linked=True)
    (tmp_path / "diffr_out_0000005.h5").unlink()
    with open_run(path) as run:
        assert "diffr_out_0000005.h5 is missing" in cause(run, 4)
        np.testing.assert_array_equal(run.load(5).raw, picture(6).astype(np.int32))


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    folder = tmp_path / "inside"
    folder.mkdir()
    path = singfel(folder)
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["data/data"] = np.full(SHAPE, 7, np.int32)
    with h5py.File(path, "a") as file:
        del file["data/0000003"]
        file["data/0000003"] = h5py.ExternalLink("../secret.h5", "/data")
        del file["data/0000004/data"]
        file["data/0000004/data"] = h5py.ExternalLink("../secret.h5", "/data/data")
    with open_run(path) as run:
        for index in (2, 3):
            assert "secret.h5 lies outside" in cause(run, index)
        assert run.load(4).raw.shape == SHAPE


def test_a_frame_of_another_size_is_said(tmp_path):
    path = singfel(tmp_path)
    with h5py.File(path, "a") as file:
        del file["data/0000002/data"]
        file["data/0000002/data"] = np.zeros((8, 8), np.int32)
    with open_run(path) as run:
        assert "8×8" in cause(run, 1)


def test_groups_without_any_picture(tmp_path):
    with h5py.File(tmp_path / "n.h5", "w") as file:
        for number in range(30):
            file[f"tag_{number}/value"] = 1.0
    with pytest.raises(CannotOpen, match="no frames"):
        open_run(tmp_path / "n.h5")


def test_parts_of_a_stack_and_numbered_columns_are_no_frames(tmp_path):
    with h5py.File(tmp_path / "n.h5", "w") as file:
        for number in range(300):
            file[f"channels/channel_{number}"] = np.arange(9.0)
        file["frames"] = stack((9, 20, 24))
    with open_run(tmp_path / "n.h5") as run:
        assert run.dataset == "/frames"
        assert "channel_17" in run.columns


def test_only_a_few_of_very_many_groups_are_looked_into(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        parent = file.create_group("data")
        frame = file.create_dataset("one", data=picture(0))
        for number in range(6000):
            parent.create_group(f"{number:07d}")["data"] = frame
        del file["one"]
    opened = []
    plain = h5py.Group.__getitem__
    monkeypatch.setattr(h5py.Group, "__getitem__", lambda group, name: opened.append(name) or plain(group, name))
    begun = time.monotonic()
    with open_run(tmp_path / "many.h5") as run:
        assert len(run) == 6000
        assert len(opened) < 200
        assert run.load(5999).raw.shape == SHAPE
    assert time.monotonic() - begun < 30, "nothing hangs"


def test_each_run_of_a_file_has_its_own_list(tmp_path):
    path = data_convert(tmp_path / "r.h5", detectors=("detector_2d_assembled_1",))
    with h5py.File(path, "a") as file:
        file.move("run_12", "run_1")
        other = file.create_group("run_12")
        other["event_info/tag_number_list"] = [7, 5]
        for tag in (5, 7):
            other[f"detector_2d_assembled_1/tag_{tag}/detector_data"] = picture(tag)
    with open_run(path, "/run_1/detector_2d_assembled_1/%/detector_data") as run:
        assert list(run.events) == [str(tag) for tag in TAGS]
    with open_run(path, "/run_12/detector_2d_assembled_1/%/detector_data") as run:
        assert list(run.events) == ["7", "5"]
