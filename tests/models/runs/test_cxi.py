"""CXI files as the specification has them and as producers write them."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from models.errors import AmbiguousRun, CannotOpen
from models.runs import MaskOverride, PixelFlag, describe, open_run, read_columns
from models.runs.units import JOULE_IN_EV
from tests.models.runs.files import SHAPE, stack, write_cxi


def warned(run, *words):
    return [text for text in run.warnings if all(word in text for word in words)]


def test_everything_the_specification_gives(tmp_path):
    mask = np.zeros(SHAPE[1:], np.uint32)
    mask[0, 0] = 0x1
    mask[1, :3] = 0x200
    path = write_cxi(
        tmp_path / "a.cxi",
        mask=mask,
        distance=0.7,
        x_pixel_size=75e-6,
        y_pixel_size=75e-6,
        image_center=np.array([11.5, 9.5, 0.0]),
        hit_score=np.arange(5.0),
    )
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/source_1/energy"] = 1200 / JOULE_IN_EV
        file["entry_1/experiment_identifier"] = [f"r7-{i}" for i in (3, 1, 4, 15, 9)]
        file["entry_1/result_1/photon_counts"] = np.arange(5, dtype=np.uint16)
        file["entry_1/image_1/tags"] = np.zeros((2, 5), np.int8)
    with open_run(path) as run:
        assert len(run) == 5
        assert run.shape == (20, 24)
        assert run.geometry.photon_energy_eV == pytest.approx(1200)
        assert run.geometry.distance_m == 0.7
        assert run.geometry.pixel_size_m == (75e-6, 75e-6)
        assert list(run.events) == ["r7-3", "r7-1", "r7-4", "r7-15", "r7-9"]
        assert sorted(run.columns) == ["hit_score", "photon_counts"]
        assert run.columns["photon_counts"].unit == "photons"
        assert run.columns["photon_counts"].values.dtype == np.int64
        frame = run.load(3)
        np.testing.assert_array_equal(frame.raw, stack()[3])
        assert frame.flags[0, 0] == PixelFlag.MASKED
        assert frame.flags[1, 1] == PixelFlag.MISSING
        assert run.mask.sum() == 20 * 24 - 4
        info = describe(run).to_dict()
        assert json.loads(json.dumps(info)) == info
        assert info == {
            "dataset": "/entry_1/data_1/data",
            "frames": 5,
            "height": 20,
            "width": 24,
            "dtype": "float32",
            "masked_pixels": 4,
            "photon_energy_eV": pytest.approx(1200),
            "distance_m": 0.7,
            "pixel_size_m": 75e-6,
            "columns": info["columns"],
            "warnings": [],
        }


def test_unknown_is_null_and_oblong_pixels_are_two_numbers(tmp_path):
    with open_run(write_cxi(tmp_path / "a.cxi")) as run:
        info = describe(run).to_dict()
    assert (info["photon_energy_eV"], info["distance_m"], info["pixel_size_m"]) == (None, None, None)
    with open_run(write_cxi(tmp_path / "b.cxi", x_pixel_size=1e-4, y_pixel_size=2e-4)) as run:
        assert describe(run).to_dict()["pixel_size_m"] == [2e-4, 1e-4]


def test_minimal_file_is_one_picture(tmp_path):
    with h5py.File(tmp_path / "m.cxi", "w") as file:
        file["entry_1/data_1/data"] = stack((20, 24))
    with open_run(tmp_path / "m.cxi") as run:
        assert len(run) == 1
        assert run.frame(0).shape == (20, 24)


@pytest.mark.parametrize(
    "axes",
    [
        "experiment_identifier:y:x",
        np.array([b"experiment_identifier:y:x"]),
        "experiment_identifier",
        None,
        ["experiment_identifier", "y", "x"],
    ],
)
def test_axes_however_written(tmp_path, axes):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        attrs = file["entry_1/data_1/data"].attrs
        del attrs["axes"]
        if axes is not None:
            attrs["axes"] = axes
    with open_run(path) as run:
        assert (len(run), run.shape) == (5, (20, 24))


def test_axes_x_before_y_are_turned(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        file["entry_1/data_1/data"].attrs["axes"] = "experiment_identifier:x:y"
    with open_run(path) as run:
        np.testing.assert_array_equal(run.frame(2), stack()[2].T)


def test_whole_group_link_as_cheetah_writes_it(tmp_path):
    with h5py.File(tmp_path / "c.cxi", "w") as file:
        file["cheetah/cxi_version"] = 140
        group = file.create_group("entry_1/instrument_1/detector_1")
        frames = group.create_dataset("data", data=stack((8, 20, 24), np.int16), maxshape=(None, 20, 24))
        frames.attrs["numEvents"] = np.array([5], np.int32)
        group["mask_shared"] = np.pad(np.zeros((19, 24), np.uint16), ((1, 0), (0, 0)), constant_values=0x8)
        group["mask"] = np.zeros((8, 20, 24), np.uint16)
        group["mask"][2, 5, 5] = 0x2
        names = np.zeros((8, 128), np.int8)
        for row in range(5):
            text = f"LCLS_2013_r0144_{row:04x}".encode()
            names[row, : len(text)] = np.frombuffer(text, np.int8)
        file["entry_1/experiment_identifier"] = names
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        file["LCLS/photon_energy_eV"] = np.full(8, 8500.0)
    with open_run(tmp_path / "c.cxi") as run:
        assert len(run) == 5
        assert warned(run, "3 empty frames at the end")
        assert run.events[4] == "LCLS_2013_r0144_0004"
        assert run.geometry.photon_energy_eV == pytest.approx(8500)
        assert not run.mask[0].any()
        assert run.mask[1:].all()
        assert run.load(2).flags[5, 5] == PixelFlag.SATURATED
        assert run.load(3).flags[5, 5] == 0
        assert run.columns["photon_energy_eV"].unit == "eV"
        assert len(run.columns["photon_energy_eV"].values) == 5


@pytest.mark.parametrize("bit", [0x20, 0x100, 0x800, 0x1000, 0x2000, 0x4000, 0x10000])
def test_bits_that_speak_of_good_pixels_do_not_mask(tmp_path, bit):
    mask = np.full(SHAPE[1:], bit, np.uint32)
    mask[0, 0] |= 0x4
    with open_run(write_cxi(tmp_path / "a.cxi", mask=mask)) as run:
        assert (~run.mask).sum() == 1


def test_psocake_polarity_is_decided_and_said(tmp_path):
    mask = np.ones(SHAPE[1:], np.int32)
    mask[:, 0] = 0
    with open_run(write_cxi(tmp_path / "a.cxi", mask=mask)) as run:
        assert not run.mask[:, 0].any()
        assert run.mask[:, 1:].all()
        assert warned(run, "1 is taken as good")


def test_good_pixels_need_no_guess(tmp_path):
    good = np.zeros(SHAPE[1:], bool)
    good[:, 3] = True
    with open_run(write_cxi(tmp_path / "a.cxi", good_pixels=good)) as run:
        np.testing.assert_array_equal(run.mask, good)
        assert run.warnings == ()


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((7, 7), np.uint32), ("shape 7×7", "20×24")),
        (np.full(SHAPE[1:], 0.5), ("fractions",)),
        (np.full(SHAPE[1:], 0x1 | 0x8, np.uint32), ("100 %",)),
    ],
)
def test_odd_masks_are_said(tmp_path, mask, words):
    with open_run(write_cxi(tmp_path / "a.cxi", mask=mask)) as run:
        assert warned(run, "mask", *words)


def test_mask_of_another_detector_is_not_taken(tmp_path):
    path = write_cxi(tmp_path / "a.cxi", distance=0.15)
    with h5py.File(path, "a") as file:
        other = file.create_group("entry_1/instrument_1/detector_2")
        other["data"] = stack()
        other["mask"] = np.full(SHAPE[1:], 1 | 4, np.uint32)
        other["x_pixel_size"] = 1e-3
        file["entry_1/data_2"] = h5py.SoftLink("/entry_1/instrument_1/detector_2")
    with open_run(path) as run:
        assert run.dataset == "/entry_1/data_1/data"
        assert run.mask.all()
        assert run.geometry.pixel_size_m is None
        assert warned(run, "/entry_1/data_2/data")
    with open_run(path, "/entry_1/data_2/data") as run:
        assert not run.mask.any()
        assert run.geometry.distance_m is None


def test_train_and_pulse_are_the_identifier(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        file["entry_1/trainId"] = np.array([9, 9, 10, 10, 10], np.uint64)
        file["entry_1/pulseId"] = np.array([0, 4, 0, 4, 8], np.uint64)
    with open_run(path) as run:
        assert list(run.events)[:3] == ["9:0", "9:4", "10:0"]
        assert list(run.columns["trainId"].values) == [9, 9, 10, 10, 10]


def test_identifiers_that_are_not_text_survive(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        file["entry_1/experiment_identifier"] = np.array([b"a\xff%d" % i for i in range(5)])
    with open_run(path) as run:
        assert len(set(run.events)) == 5
        assert run.events[0].encode("utf-8", "surrogateescape") == b"a\xff0"


def test_modules_are_tiled_and_said(tmp_path):
    data = stack((3, 16, 16, 8), np.uint16)
    with open_run(write_cxi(tmp_path / "a.cxi", data)) as run:
        assert len(run) == 3
        assert run.shape[0] * run.shape[1] == 16 * 16 * 8
        assert warned(run, "geometry is not applied")
        assert sorted(run.frame(1).ravel()) == sorted(data[1].ravel())


def test_gain_plane_is_not_a_frame(tmp_path):
    data = stack((3, 8, 2, 16, 8), np.uint16)
    path = write_cxi(tmp_path / "a.cxi", data)
    with h5py.File(path, "a") as file:
        file["entry_1/data_1/data"].attrs["axes"] = "experiment_identifier:module_identifier:data_gain:y:x"
    with open_run(path) as run:
        assert len(run) == 3
        assert sorted(run.frame(1).ravel()) == sorted(data[1, :, 0].ravel())


def test_module_mask_and_missing_places(tmp_path):
    data = stack((3, 5, 16, 16), np.uint16)
    good = np.ones((5, 16, 16), bool)
    good[2] = False
    path = write_cxi(tmp_path / "a.cxi", data, good_pixels=good)
    with h5py.File(path, "a") as file:
        file["entry_1/data_1/data"].attrs["axes"] = "experiment_identifier:module_identifier:y:x"
    with open_run(path) as run:
        frame = run.load(0)
        assert (frame.flags == PixelFlag.MASKED).sum() == 16 * 16
        assert sorted(frame.raw[frame.valid]) == sorted(data[0][good])


@pytest.mark.parametrize(
    ("energy", "expected"), [(2e-16, 2e-16 * JOULE_IN_EV), (9300.0, 9300.0), (9.3, 9300.0), (0.0, None)]
)
def test_energy_units_by_size(tmp_path, energy, expected):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/source_1/energy"] = energy
    with open_run(path) as run:
        found = run.geometry.photon_energy_eV
        assert found == (None if expected is None else pytest.approx(expected))
        assert bool(warned(run, "without a unit")) == (energy > 1)


def test_wavelength_serves_for_energy_and_contradictions_are_said(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/source_1/wavelength"] = 1e-9
    with open_run(path) as run:
        assert run.geometry.photon_energy_eV == pytest.approx(1239.84, rel=1e-5)
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/source_1/energy"] = 2000 / JOULE_IN_EV
    with open_run(path) as run:
        assert run.geometry.photon_energy_eV == pytest.approx(2000)
        assert warned(run, "disagree")


def test_beam_centre_from_corner_and_steps(tmp_path):
    pitch = 1e-4
    path = write_cxi(
        tmp_path / "a.cxi",
        corner_position=np.array([12 * pitch, 10 * pitch, 0.5]),
        basis_vectors=np.array([[0, -pitch, 0], [-pitch, 0, 0]]),
    )
    with open_run(path) as run:
        assert run.geometry.centre_px == pytest.approx((9.5, 11.5))


def test_frames_never_written_are_left_out(tmp_path):
    path = tmp_path / "h.cxi"
    with h5py.File(path, "w") as file:
        frames = file.create_dataset("entry_1/data_1/data", (100, 20, 24), "u2", chunks=(1, 20, 24), compression=1)
        frames[:37] = 1
    with open_run(path) as run:
        assert len(run) == 37
        assert warned(run, "63 empty frames")


def test_holes_in_the_middle_are_not_the_end(tmp_path):
    path = tmp_path / "h.cxi"
    with h5py.File(path, "w") as file:
        frames = file.create_dataset("entry_1/data_1/data", (100, 20, 24), "u2", chunks=(1, 20, 24))
        frames[:5] = 1
        frames[60] = 1
    with open_run(path) as run:
        assert len(run) == 100


def test_empty_identifiers_end_the_run(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        file["entry_1/experiment_identifier"] = ["a", "b", "c", "", ""]
    with open_run(path) as run:
        assert list(run.events) == ["a", "b", "c"]


def test_zero_frames(tmp_path):
    with h5py.File(tmp_path / "z.cxi", "w") as file:
        file.create_dataset("entry_1/data_1/data", (0, 20, 24), "f4", maxshape=(None, 20, 24))
    with pytest.raises(CannotOpen, match="no frames yet"):
        open_run(tmp_path / "z.cxi")


def test_link_to_nowhere_names_the_link(tmp_path):
    with h5py.File(tmp_path / "l.cxi", "w") as file:
        file["entry_1/data_1/data"] = h5py.ExternalLink("gone.h5", "/data")
    with pytest.raises(CannotOpen) as caught:
        open_run(tmp_path / "l.cxi")
    assert "gone.h5" in caught.value.sentence()


def test_a_remembered_dataset_that_is_gone_offers_the_others(tmp_path):
    with pytest.raises(AmbiguousRun) as caught:
        open_run(write_cxi(tmp_path / "a.cxi"), "/entry_1/data_9/data")
    assert [candidate.path for candidate in caught.value.candidates] == ["/entry_1/data_1/data"]


def test_identity_survives_moving_and_differs_between_runs(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    with open_run(path) as run:
        first = run.identity
    moved = path.rename(tmp_path / "b.cxi")
    with open_run(moved) as run:
        assert run.identity == first
    with open_run(write_cxi(tmp_path / "c.cxi", stack() + 1)) as run:
        assert run.identity != first


def test_identity_is_not_fooled_by_counting_identifiers(tmp_path):
    digests = set()
    for number in range(2):
        path = write_cxi(tmp_path / f"{number}.cxi", stack() + number)
        with h5py.File(path, "a") as file:
            file["entry_1/event_id"] = np.arange(5)
        with open_run(path) as run:
            assert run.events[4] == "4"
            digests.add(run.identity.digest)
    assert len(digests) == 2


def test_columns_are_read_once_ahead_and_damaged_ones_dropped(tmp_path):
    path = write_cxi(tmp_path / "a.cxi", hit_score=np.arange(5.0))
    with h5py.File(path, "a") as file:
        bad = file.create_dataset("entry_1/bad", data=np.arange(5.0), chunks=(5,), compression=4)
        offset = bad.id.get_chunk_info(0).byte_offset
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 20)
    run = open_run(path)
    assert set(run.columns) == {"hit_score", "bad"}
    assert [sentence for sentence in read_columns(run) if "bad" in sentence]
    run.close()
    assert list(run.columns) == ["hit_score"]
    np.testing.assert_array_equal(run.columns["hit_score"].values, np.arange(5.0))


@pytest.mark.parametrize("known", [True, False])
def test_a_beam_centre_that_q_rests_on_without_the_files_word_is_said(tmp_path, known):
    geometry = {"distance": 0.7, "x_pixel_size": 75e-6, "y_pixel_size": 75e-6} if known else {}
    path = write_cxi(tmp_path / "a.cxi", **geometry)
    with h5py.File(path, "a") as file:
        file["entry_1/instrument_1/source_1/energy"] = 1200 / JOULE_IN_EV
    with open_run(path) as run:
        assert bool(warned(run, "centre")) == known


def test_how_masks_were_read_is_told_and_can_be_switched(tmp_path):
    mask = np.zeros(SHAPE[1:], np.uint16)
    mask[0] = 0x8
    mask[1, :4] = 0x1000
    path = write_cxi(tmp_path / "a.cxi", mask_shared=mask, mask=np.full(SHAPE, 0x2, np.uint16))
    with open_run(path) as run:
        readings = {reading.dataset.rsplit("/", 1)[-1]: reading for reading in run.mask_reading}
        assert readings["mask"].per_frame
        assert [(bit.value, bit.pixels, bit.masks) for bit in readings["mask_shared"].bits] == [
            (0x8, 24, True),
            (0x1000, 4, False),
        ]
        assert readings["mask_shared"].masked == 24
        assert run.load(0).flags[5, 5] == PixelFlag.SATURATED
    with open_run(path, mask=MaskOverride(ignored_bits=0x2 | 0x8, used_bits=0x1000)) as run:
        flags = run.load(0).flags
        assert (flags != 0).sum() == 4
        assert (flags[1, :4] == PixelFlag.MASKED).all()
    shared = readings["mask_shared"].dataset
    with open_run(path, mask=MaskOverride(inverted=True, dataset=shared)) as run:
        assert (~run.mask).sum() == 19 * 24 - 4
        assert run.load(0).flags[0, 0] == PixelFlag.SATURATED


def test_a_polarity_decided_wrongly_can_be_turned_round(tmp_path):
    mask = np.ones(SHAPE[1:], np.int32)
    mask[:, 0] = 0
    path = write_cxi(tmp_path / "a.cxi", mask=mask)
    with open_run(path) as run:
        assert run.mask_reading[0].guessed
    with open_run(path, mask=MaskOverride(inverted=True)) as run:
        assert run.mask[:, 0].all()
        assert not run.mask[:, 1:].any()
        assert not warned(run, "1 is taken as good")
