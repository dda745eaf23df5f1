"""Reconstructions as CXI: what other readers find, and that nothing is lost on the way back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import CannotOpen, NotSaved
from models.phasing.export import read_reconstruction, save, save_cxi
from models.phasing.types import Reconstruction
from models.progress import drain
from tests.models.phasing.export.results import reconstruction


@pytest.fixture(scope="module")
def flat() -> Reconstruction:
    return reconstruction()


@pytest.fixture(scope="module")
def saved(flat: Reconstruction, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drain(save_cxi(flat, tmp_path_factory.mktemp("cxi") / "r.cxi", title="the third try"))


def same(first: object, second: object, where: str = "") -> None:
    """Field by field, arrays by value and dtype."""
    if dataclasses.is_dataclass(first):
        assert type(first) is type(second)
        for field in dataclasses.fields(first):
            same(getattr(first, field.name), getattr(second, field.name), f"{where}.{field.name}")
    elif isinstance(first, np.ndarray):
        assert isinstance(second, np.ndarray)
        assert first.dtype == second.dtype, where
        # Only q goes through another unit.
        np.testing.assert_allclose(first, second, rtol=1e-6 if where.endswith("q_nm") else 0, err_msg=where)
    elif isinstance(first, tuple) and first and dataclasses.is_dataclass(first[0]):
        assert len(first) == len(second)  # type: ignore[arg-type]
        for a, b in zip(first, second, strict=True):  # type: ignore[call-overload]
            same(a, b, where)
    elif isinstance(first, float) and np.isnan(first):
        assert np.isnan(second), where  # type: ignore[call-overload]
    elif where.endswith("pixel_nm") and first is not None:
        assert first == pytest.approx(second)
    else:
        assert first == second, where


@pytest.mark.parametrize(
    ("shape", "n", "geometry"), [((40, 44), 3, True), ((33, 31), 1, False), ((16, 18, 20), 2, True)]
)
def test_nothing_is_lost_on_the_way_back(tmp_path: Path, shape: tuple[int, ...], n: int, geometry: bool) -> None:
    made = reconstruction(shape, n, geometry)
    drain(save(made, tmp_path / "r.cxi"))
    same(made, read_reconstruction(tmp_path / "r.cxi"))


def test_other_programs_find_object_support_and_starts_where_cxi_has_them(saved: Path, flat: Reconstruction) -> None:
    with h5py.File(saved) as file:
        assert file["cxi_version"][()] == 160
        assert file["number_of_entries"][()] == 1
        image = file["entry_1/image_1"]
        np.testing.assert_array_equal(image["data"][()], flat.object)
        assert image["data"].dtype == np.complex64
        assert image["mask"].dtype == np.uint32
        np.testing.assert_array_equal(image["mask"][()] & 0x10000 != 0, flat.support)
        assert image["data_space"].asstr()[()] == "real"
        assert image["is_fft_shifted"][()] == 0
        assert image["dimensionality"][()] == 2
        np.testing.assert_allclose(image["image_size"][()], [44 * 4e-9, 40 * 3e-9, 0])
        np.testing.assert_array_equal(file["entry_1/data_1/data"][()], flat.object)
        for k, start in enumerate(flat.starts):
            np.testing.assert_array_equal(file[f"entry_1/image_{k + 2}/data"][()], start.object)
        assert f"image_{len(flat.starts) + 2}" not in file["entry_1"]
        detector = file["entry_1/image_1/detector_1"]
        np.testing.assert_array_equal(detector["data"][()], flat.pattern.intensity)
        np.testing.assert_array_equal(detector["mask"][()] == 0, flat.pattern.measured)
        assert file["entry_1/title"].asstr()[()] == "the third try"
        assert file["entry_1/process_1/program"].asstr()[()] == "friedel"


def test_lengths_are_in_metres(saved: Path, flat: Reconstruction) -> None:
    with h5py.File(saved) as file:
        np.testing.assert_allclose(file["entry_1/instrument_1/detector_1/object_pixel_size"][()], [3e-9, 4e-9])
        assert flat.prtf.q_nm is not None
        np.testing.assert_allclose(file["entry_1/result_1/prtf/q"][()], flat.prtf.q_nm * 1e9, rtol=1e-6)


def test_a_file_is_replaced_only_if_allowed_and_a_failure_leaves_nothing(
    tmp_path: Path, flat: Reconstruction
) -> None:
    path = tmp_path / "r.cxi"
    path.write_text("mine")
    with pytest.raises(NotSaved, match="not saved"):
        drain(save_cxi(flat, path, overwrite=False))
    assert path.read_text() == "mine"
    work = save_cxi(flat, path)
    next(work)
    work.close()
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(NotSaved):
        drain(save_cxi(flat, path / "inside" / "r.cxi"))


def spoil(saved: Path, tmp_path: Path, how: object) -> Path:
    path = tmp_path / "spoilt.cxi"
    path.write_bytes(saved.read_bytes())
    with h5py.File(path, "r+") as file:
        how(file)  # type: ignore[operator]
    return path


def put(name: str, value: object) -> object:
    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file[name] = value

    return change


def drop(name: str) -> object:
    def change(file: h5py.File) -> None:
        del file[name]

    return change


def bomb(file: h5py.File) -> None:
    del file["entry_1/instrument_1/detector_1/data"]
    file["entry_1/instrument_1/detector_1"].create_dataset("data", (2**20, 2**20), "f4", chunks=(1024, 1024))


def elsewhere(file: h5py.File) -> None:
    del file["entry_1/image_1/data"]
    file["entry_1/image_1/data"] = h5py.ExternalLink("/etc/hostname", "/data")


def virtual(file: h5py.File) -> None:
    shape = file["entry_1/image_1/data"].shape
    del file["entry_1/image_1/data"]
    source = h5py.VirtualLayout(shape, "c8")
    source[:] = h5py.VirtualSource("other.h5", "data", shape)
    file["entry_1/image_1"].create_virtual_dataset("data", source)


def later(file: h5py.File) -> None:
    file.attrs["friedel_reconstruction"] = 99


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (later, "later version"),
        (drop("entry_1/image_1"), "image_1 is missing"),
        (drop("entry_1/result_1/prtf/values"), "values is missing"),
        (put("entry_1/image_1/data", np.zeros((3, 5), np.complex64)), "does not fit"),
        (put("entry_1/image_1/data", np.full((40, 44), np.nan, np.complex64)), "not finite"),
        (put("entry_1/image_1/data", "text"), "holds object"),
        (put("entry_1/image_1/averaged_starts", 9), "9 of its 3 starts"),
        (put("entry_1/instrument_1/detector_1/data", np.full((40, 44), -1, np.float32)), "negative"),
        (put("entry_1/instrument_1/detector_1/data", np.zeros(7, np.float32)), "shape"),
        (put("entry_1/instrument_1/detector_1/object_pixel_size", np.zeros(2)), "no length"),
        (put("entry_1/process_1/settings", "[1, 2]"), "cannot be understood"),
        (put("entry_1/process_1/settings", "{" * 50), "Expecting"),
        (put("entry_1/image_2/process_1/seed", np.inf), "infinite"),
        (bomb, "larger than the memory"),
        (elsewhere, "not in this file"),
        (virtual, "in another file"),
    ],
)
def test_what_is_damaged_or_made_up_is_refused_with_a_sentence(
    saved: Path, tmp_path: Path, how: object, words: str
) -> None:
    with pytest.raises(CannotOpen) as caught:
        read_reconstruction(spoil(saved, tmp_path, how))
    assert words in caught.value.sentence()
    assert "\n" not in caught.value.sentence()


def test_more_starts_than_the_memory_holds_are_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.phasing.export.read.memory_bytes", lambda: 200_000)
    with pytest.raises(CannotOpen) as caught:
        read_reconstruction(saved)
    assert "its 3 starts are larger than the memory allows" in caught.value.sentence()


@pytest.mark.parametrize("content", [b"", b"plain text", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_what_is_no_hdf5_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.cxi"
    path.write_bytes(content)
    with pytest.raises(CannotOpen, match="cannot be read"):
        read_reconstruction(path)


def test_half_a_file_another_hdf5_file_a_folder_and_none_are_refused(saved: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.cxi"
    half.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        file["data"] = 1
    for path, words in (
        (half, "cannot be read"),
        (foreign, "another kind"),
        (tmp_path, ""),
        (tmp_path / "no", "not there"),
    ):
        with pytest.raises(CannotOpen) as caught:
            read_reconstruction(path)
        assert words in caught.value.sentence()
