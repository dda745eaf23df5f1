"""libspimage (Hawk): versions with different axes, masks with 1 = good, amplitudes, numbers without units."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.patterns.read import read_pattern
from models.runs import open_run
from models.runs.masks import Convention


def blob(shape, centre):
    """Intensities that fall off around a beam, and whose squares of whole amplitudes they are."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.rint(30 * np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 60)).astype(np.float32) ** 2


def first_version(path, image, centre, scaled=0):
    """No `version`, two axes: x is the slow one and the array's first."""
    with h5py.File(path, "w") as file:
        file["amplitudes" if scaled else "intensities"] = np.sqrt(image) if scaled else image
        file["mask"] = np.ones(image.shape, np.float32)
        file["mask"][0, 1] = 0
        file["image_center"] = np.array(centre, np.float32)
        numbers(file, scaled=scaled, shifted=0, phased=0, pixel_size=0.02)
    return path


def second_version(path, image, centre=(0, 0), shifted=0, scaled=0, imaginary=None):
    """`version` 2, three axes: declared (x, y, z), while the bytes follow each other along x."""
    height, width = image.shape
    declared = (width, height, 1)
    mask = np.ones(image.shape, np.int32)
    mask[0, 1] = 0
    place = np.fft.ifftshift if shifted else np.asarray
    with h5py.File(path, "w") as file:
        file["version"] = np.array([2], np.int32)
        file["real"] = place(np.sqrt(image) if scaled else image).reshape(declared)
        if imaginary is not None:
            file["imag"] = place(imaginary).reshape(declared)
        file["mask"] = place(mask).reshape(declared)
        file["image_center"] = np.array([*centre, 0], np.float32)
        numbers(file, scaled=scaled, shifted=shifted, phased=int(imaginary is not None), num_dimensions=2)
        file["pixel_size"] = np.zeros(3, np.float32)
    return path


def numbers(file, **values):
    for name, value in {"lambda": 32, "detector_distance": 50, **values}.items():
        file[name] = np.array([value], np.float32)


@pytest.mark.parametrize("scaled", [0, 1])
def test_first_version(tmp_path, scaled):
    image = blob((30, 44), (12, 20))
    path = first_version(tmp_path / "raw.h5", image, (12, 20), scaled)
    with open_run(path) as run:
        np.testing.assert_allclose(run.frame(0), image, rtol=1e-5)
        assert run.geometry.centre_px == (12, 20)
        assert (~run.mask).sum() == 1
        assert not run.mask[0, 1]
        assert run.mask_reading[0].convention is Convention.GOOD_IS_ONE
        assert run.geometry.distance_m is None, "50 of what nobody says is no distance"
        assert any("without units" in text for text in run.warnings)
        assert any("squares" in text for text in run.warnings) == bool(scaled)


@pytest.mark.parametrize("shape", [(40, 40), (30, 44), (44, 31)])
@pytest.mark.parametrize("shifted", [0, 1])
@pytest.mark.parametrize("scaled", [0, 1])
def test_second_version(tmp_path, shape, shifted, scaled):
    middle = (shape[0] // 2, shape[1] // 2)
    centre = middle if shifted else (12, 20)
    image = blob(shape, centre)
    path = second_version(tmp_path / "img.h5", image, (20, 12), shifted, scaled)
    with open_run(path) as run:
        assert run.shape == shape
        np.testing.assert_allclose(run.frame(0), image, rtol=1e-5)
        assert run.geometry.centre_px == centre
        assert np.argwhere(~run.mask).tolist() == [[0, 1]]
        assert any("row by row" in text for text in run.warnings) == (shape[0] != shape[1])


@pytest.mark.parametrize("make", [first_version, second_version])
def test_both_readers_find_the_beam_in_the_same_place(tmp_path, make):
    centre = (13, 22)
    image = blob((30, 44), centre)
    stated = centre if make is first_version else centre[::-1]
    path = make(tmp_path / "p.h5", image, stated)
    with open_run(path) as run:
        assert run.geometry.centre_px == centre
    pattern = read_pattern(path)
    side = pattern.shape[0] // 2
    assert pattern.intensity[side, side] == image.max() == image[centre]


def test_a_complex_image(tmp_path):
    image = blob((40, 40), (20, 20))
    with open_run(second_version(tmp_path / "o.h5", image, imaginary=2 * image)) as run:
        np.testing.assert_allclose(run.frame(0), 5 * image.astype(np.float64) ** 2, rtol=1e-5)
        assert any("complex" in text for text in run.warnings)


def test_a_mask_of_zeros_is_no_mask(tmp_path):
    path = second_version(tmp_path / "prtf.h5", blob((40, 40), (20, 20)))
    with h5py.File(path, "a") as file:
        file["mask"][...] = 0
    with open_run(path) as run:
        assert run.mask.all()
        assert any("mask" in text and "not used" in text for text in run.warnings)


@pytest.mark.parametrize("odd", ["group", "text", "long"])
def test_a_file_that_only_looks_like_one_is_read_as_any_other(tmp_path, odd):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["real"] = blob((40, 40), (20, 20))
        numbers(file, shifted=1, phased=0)
        if odd == "group":
            file.create_group("scaled")
        else:
            file["scaled"] = "yes" if odd == "text" else np.ones(1000)
    with open_run(tmp_path / "x.h5") as run:
        np.testing.assert_array_equal(run.frame(0), blob((40, 40), (20, 20)))
        assert run.geometry.centre_px is None
