"""What Owl and the CXI specification add: tags, scores with headings, errors, images centred on the corner."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import PixelFlag, open_run
from tests.models.runs.files import stack

FRAMES = 5


def test_tags_and_scores_are_columns_by_their_headings(tmp_path):
    tags = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 0]], np.int8)
    with h5py.File(tmp_path / "t.cxi", "w") as file:
        file["cxi_version"] = np.array([160])
        detector = file.create_group("entry_1/instrument_1/detector_1")
        detector["data"] = stack((FRAMES, 20, 24))
        detector["errors"] = np.sqrt(stack((FRAMES, 20, 24)))
        detector["tags"] = tags
        detector["tags"].attrs["headings"] = ["single", "blank"]
        detector["score"] = np.linspace(0, 1, FRAMES * 3).reshape(FRAMES, 3)
        detector["score"].attrs["headings"] = np.array([b"single", b"blank", b""])
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
    with open_run(tmp_path / "t.cxi") as run:
        assert run.dataset == "/entry_1/data_1/data"
        assert sorted(run.columns) == ["score blank", "score column 2", "score single", "tag blank", "tag single"]
        assert list(run.columns["tag single"].values) == [1, 0, 0, 1, 0]
        assert run.columns["score blank"].values[4] == pytest.approx(13 / 14)


@pytest.mark.parametrize("shape", [(20, 24), (FRAMES, 20, 24), (21, 25)])
def test_images_with_the_centre_at_the_corner(tmp_path, shape):
    image = stack(shape)
    mask = np.zeros(shape, np.uint32)
    mask[..., 0, 0] = 0x2
    with h5py.File(tmp_path / "i.cxi", "w") as file:
        group = file.create_group("entry_1/image_1")
        group["data"] = np.fft.ifftshift(image, axes=(-2, -1))
        group["mask"] = mask
        group["is_fft_shifted"] = 1
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/image_1")
    with open_run(tmp_path / "i.cxi") as run:
        frame = run.load(len(run) - 1)
        centre = tuple(map(int, run.geometry.centre_px))
        np.testing.assert_array_equal(frame.raw, image.reshape(-1, *shape[-2:])[-1])
        assert frame.flags[centre] == PixelFlag.SATURATED
        assert (frame.flags != 0).sum() == 1
        assert any("quadrants" in text for text in run.warnings)


def test_complex_images_of_both_kinds(tmp_path):
    image = (stack((20, 24)) + 1j).astype(np.complex64)
    with h5py.File(tmp_path / "c.cxi", "w") as file:
        file["entry_1/image_1/data"] = image
    with open_run(tmp_path / "c.cxi") as run:
        np.testing.assert_allclose(run.frame(0), np.abs(image) ** 2, rtol=1e-6)


def test_only_a_second_entry_and_a_version_in_an_array(tmp_path):
    with h5py.File(tmp_path / "e.cxi", "w") as file:
        file["cxi_version"] = np.array([150], np.int32)
        file["entry_2/data_1/data"] = stack((20, 24))
    with open_run(tmp_path / "e.cxi") as run:
        assert (run.dataset, len(run)) == ("/entry_2/data_1/data", 1)


def test_photons_beside_the_raw_frames_are_offered(tmp_path):
    with h5py.File(tmp_path / "p.cxi", "w") as file:
        file["entry_1/instrument_1/detector_1/data"] = stack((FRAMES, 20, 24), np.int16)
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        file["photonConverter/pnccdBack/photonCount"] = stack((FRAMES, 20, 24), np.int16) // 10
    with open_run(tmp_path / "p.cxi") as run:
        assert run.dataset == "/entry_1/data_1/data"
        assert any("/photonConverter/pnccdBack/photonCount" in text for text in run.warnings)
    with open_run(tmp_path / "p.cxi", "/photonConverter/pnccdBack/photonCount") as run:
        assert run.unit == "photons"
        assert len(run) == FRAMES


def test_an_energy_that_changes_from_frame_to_frame_is_said(tmp_path):
    with h5py.File(tmp_path / "e.cxi", "w") as file:
        file["entry_1/data_1/data"] = stack((FRAMES, 20, 24))
        file["LCLS/photon_energy_eV"] = np.linspace(1500, 1700, FRAMES)
    with open_run(tmp_path / "e.cxi") as run:
        assert run.geometry.photon_energy_eV == pytest.approx(1600)
        assert any("from 1500 to 1700 eV" in text for text in run.warnings)


def test_the_support_of_a_reconstruction_is_no_mask_of_the_frames(tmp_path):
    support = np.zeros((20, 24), np.uint32)
    support[5:15, 5:15] = 1
    with h5py.File(tmp_path / "r.cxi", "w") as file:
        file["entry_1/instrument_1/detector_1/data"] = stack((20, 24))
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        file["entry_1/image_1/data"] = stack((20, 24)).astype(np.complex64)
        file["entry_1/image_1/mask"] = support
        file["entry_1/image_1/mask_logo"] = support
    with open_run(tmp_path / "r.cxi") as run:
        assert run.mask.all()
        assert run.mask_reading == ()
