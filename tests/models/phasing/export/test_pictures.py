"""Pictures and numbers of an object as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from models.errors import BadParameter, NotSaved
from models.phasing.export import SHOWN, SUFFIXES, picture, save, save_npy
from models.phasing.types import Reconstruction
from models.progress import drain
from tests.models.phasing.export.results import reconstruction


@pytest.fixture(scope="module")
def flat() -> Reconstruction:
    return reconstruction()


@pytest.fixture(scope="module")
def volume() -> Reconstruction:
    return reconstruction((16, 18, 20), 2)


def test_npy_is_the_object(tmp_path: Path, flat: Reconstruction) -> None:
    drain(save(flat, tmp_path / "o.npy"))
    np.testing.assert_array_equal(np.load(tmp_path / "o.npy", allow_pickle=False), flat.object)


@pytest.mark.parametrize("shown", SHOWN)
def test_png_has_a_pixel_for_each_pixel_row_0_first(tmp_path: Path, flat: Reconstruction, shown: str) -> None:
    drain(save(flat, tmp_path / "o.png", shown=shown))
    with Image.open(tmp_path / "o.png") as image:
        np.testing.assert_array_equal(np.asarray(image), picture(flat, shown)[..., :3])
    assert picture(flat, shown).shape == (40, 44, 4)


def test_outside_the_support_is_dark_in_every_picture(flat: Reconstruction) -> None:
    for shown in SHOWN:
        outside = picture(flat, shown)[~flat.support][:, :3]
        assert outside.max() < 60
        assert picture(flat, shown)[flat.support][:, :3].mean() > 70


def test_tiff_holds_numbers(tmp_path: Path, flat: Reconstruction, volume: Reconstruction) -> None:
    drain(save(flat, tmp_path / "m.tif", shown="modulus"))
    drain(save(flat, tmp_path / "p.tiff", shown="phase"))
    drain(save(volume, tmp_path / "v.tif", shown="modulus"))
    np.testing.assert_allclose(tifffile.imread(tmp_path / "m.tif"), np.abs(flat.object), rtol=1e-6)
    phase = tifffile.imread(tmp_path / "p.tiff")
    np.testing.assert_allclose(phase[flat.support], np.angle(flat.object)[flat.support], rtol=1e-5)
    assert np.isnan(phase[~flat.support]).all()
    np.testing.assert_allclose(tifffile.imread(tmp_path / "v.tif"), np.abs(volume.object), rtol=1e-6)
    with tifffile.TiffFile(tmp_path / "m.tif") as file:
        assert file.pages[0].resolution == pytest.approx((1e7 / 4, 1e7 / 3), rel=1e-3)


def test_a_volume_is_shown_by_three_sections(tmp_path: Path, volume: Reconstruction) -> None:
    shown = picture(volume, "modulus")
    assert shown.shape == (18, 20 + 20 + 18, 4)
    drain(save(volume, tmp_path / "v.png"))
    drain(save(volume, tmp_path / "v.tif"))
    assert tifffile.imread(tmp_path / "v.tif").shape == (18, 58, 3)


def test_other_names_and_places_are_refused_with_a_sentence(tmp_path: Path, flat: Reconstruction) -> None:
    with pytest.raises(BadParameter, match=r"cannot be saved as o\.jpg"):
        drain(save(flat, tmp_path / "o.jpg"))
    with pytest.raises(BadParameter, match="cannot be shown"):
        picture(flat, "beautiful")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotSaved):
        save_npy(flat, tmp_path / "file" / "o.npy")
    assert sorted(SUFFIXES) == [".cxi", ".npy", ".png", ".tif"]
