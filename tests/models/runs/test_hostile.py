"""Damaged, foreign and tricky files: each gives one clear sentence or opens with a warning, never a traceback."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from models.errors import AmbiguousRun, FrameUnreadable
from models.runs import open_run
from tests.models.runs.files import SHAPE, refused, stack, write_cxi


@pytest.fixture
def good(tmp_path):
    return write_cxi(tmp_path / "good.h5")


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_cut_hdf5(good, share):
    size = good.stat().st_size
    os.truncate(good, int(size * share))
    assert "incomplete" in refused(good)


def test_damaged_hdf5_header(good):
    os.truncate(good, 20)
    assert "damaged" in refused(good)
    good.write_bytes(b"\x88HDF\r\n\x1a\n" + bytes(range(200)))
    assert "damaged" in refused(good)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"frame,label\n1,single\n", "text file"),
        (gzip.compress(b"\x89HDF\r\n\x1a\n" * 10), "gzip"),
        (b"\x0e\x03\x13\x01" + bytes(100), "HDF4"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
        (b"MATLAB 5.0 MAT-file" + bytes(200), "MATLAB"),
        (bytes(5000), "zeros"),
        (bytes(range(256)) * 4, "no format"),
        ("Größe in µm\n".encode(), "text file"),
    ],
)
def test_foreign_content_called_h5(tmp_path, content, word):
    path = tmp_path / "run.h5"
    path.write_bytes(content)
    assert word in refused(path)


def test_xtc_is_explained(tmp_path):
    words = [0, 0, 0, 0, 0, 0, 0, 0, 1, 4000, 0, 0, 0, 0, 0, 0]
    path = tmp_path / "e20-r0012-s00-c00.dat"
    path.write_bytes(b"".join(word.to_bytes(4, "little") for word in words) + b"\xff\x00" * 100)
    assert "psana" in refused(path)
    (tmp_path / "a.xtc").write_bytes(b"\x01\xff" * 100)
    assert "psana" in refused(tmp_path / "a.xtc")


def test_missing_and_forbidden_paths(tmp_path):
    assert "no such file" in refused(tmp_path / "gone.cxi")
    (tmp_path / "link.cxi").symlink_to(tmp_path / "gone.cxi")
    assert "link" in refused(tmp_path / "link.cxi")
    (tmp_path / "folder").mkdir()
    assert "empty" in refused(tmp_path / "folder")
    assert "NUL" in refused(tmp_path / "a\0b.h5")


def test_forbidden_file():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = write_cxi(Path(folder) / "good.h5")
        path.chmod(0)
        closed = Path(folder) / "closed"
        closed.mkdir(mode=0)
        root = os.geteuid() == 0  # root may read everything: try as nobody
        if root:
            os.seteuid(65534)
        try:
            assert "permission" in refused(path)
            assert "permission" in refused(closed)
            assert "permission" in refused(closed / "a.h5")
        finally:
            if root:
                os.seteuid(0)


def test_damaged_chunk_spoils_one_frame_only(tmp_path):
    path = tmp_path / "a.h5"
    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        frames = file.create_dataset("data", data=rng.poisson(3, (20, 32, 32)), chunks=(1, 32, 32), compression=4)
        offset = frames.id.get_chunk_info(8).byte_offset
    with path.open("r+b") as file:
        file.seek(offset + 20)
        file.write(b"\xa5" * 200)
    with open_run(path) as run:
        with pytest.raises(FrameUnreadable) as caught:
            run.load(8)
        assert caught.value.index == 8
        assert "damaged" in caught.value.sentence()
        assert run.load(9).raw.shape == (32, 32)


def test_no_pictures(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["energy"] = np.arange(10.0)
        file["name"] = "run"
        file["text"] = np.array([[b"a", b"b"]] * 20)
        file["nothing"] = h5py.Empty("f4")
        file["table"] = np.zeros((20, 20), [("a", "f4"), ("b", "i4")])
    assert "holds no frames" in refused(tmp_path / "a.h5")
    assert "not a number" in refused(tmp_path / "a.h5", "/text")
    assert "not a number" in refused(tmp_path / "a.h5", "/table")
    assert "dimension" in refused(tmp_path / "a.h5", "/energy")


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", ">u2", ">i4", "u4", "i8", "u8", "f2", ">f4", "f8", "?"])
def test_every_number_type_opens(tmp_path, dtype):
    data = stack(SHAPE, "i8").astype(dtype)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = data
    with open_run(tmp_path / "a.h5") as run:
        frame = run.load(2)
        assert frame.raw.dtype.isnative
        np.testing.assert_array_equal(frame.raw, data[2])
        assert frame.data.dtype == np.float32
        assert frame.valid.all()


def test_complex_becomes_intensity(tmp_path):
    data = (stack() + 1j * stack()).astype(np.complex64)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["frames"] = data
    with open_run(tmp_path / "a.h5") as run:
        np.testing.assert_allclose(run.frame(1), np.abs(data[1]) ** 2, rtol=1e-5)
        assert any("squared modulus" in text for text in run.warnings)


def test_same_scores_ask(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["left"] = stack()
        file["right"] = stack()
        file["mask"] = np.zeros(SHAPE[1:], np.uint8)
    with pytest.raises(AmbiguousRun) as caught:
        open_run(tmp_path / "a.h5")
    assert [c.path for c in caught.value.candidates][:2] == ["/left", "/right"]
    assert caught.value.candidates[0].why
    with open_run(tmp_path / "a.h5", "right") as run:
        assert run.dataset == "/right"


def test_frames_win_over_what_lies_beside(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["powder"] = stack((200, 20, 24))
        file["g/photons"] = stack()
        file["g/background"] = stack()
        file["g/xyz_map"] = stack((3, 20, 24))
        file["g/mask"] = np.ones(SHAPE[1:], bool)
    with open_run(tmp_path / "a.h5") as run:
        assert run.dataset == "/g/photons"
        assert run.mask.all()


def test_colours_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = np.zeros((5, 40, 40, 3), np.uint8)
    assert "colour" in refused(tmp_path / "a.h5")


def test_last_axis_of_one_is_dropped(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = stack((5, 20, 24, 1))
    with open_run(tmp_path / "a.h5") as run:
        assert (len(run), run.shape) == (5, (20, 24))


def test_unknown_filter_is_named(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple((2, 20, 24))
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        created.set_chunk((1, 20, 24))
        created.set_filter(31999, h5py.h5z.FLAG_OPTIONAL, ())
        h5py.h5d.create(file.id, b"data", h5py.h5t.NATIVE_INT32, space, created)
    assert "31999" in refused(path)


def test_bitshuffle_opens(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", data=stack(), chunks=(1, 20, 24), **hdf5plugin.Bitshuffle())
    with open_run(tmp_path / "a.h5") as run:
        np.testing.assert_array_equal(run.frame(4), stack()[4])
