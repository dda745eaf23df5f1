"""NPY and NPZ arrays as runs."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import AmbiguousRun, CannotOpen
from models.runs import PixelFlag, open_run
from models.runs.npy import read_header
from tests.models.runs.files import SHAPE, stack


def refused(path, dataset=None):
    with pytest.raises(CannotOpen) as caught:
        open_run(path, dataset)
    assert caught.value.hint
    return caught.value.sentence()


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_stack(tmp_path, order):
    np.save(tmp_path / "a.npy", np.asarray(stack(dtype=">u2"), order=order))
    with open_run(tmp_path / "a.npy") as run:
        assert (len(run), run.shape, run.dataset) == (5, (20, 24), "")
        frame = run.load(4)
        np.testing.assert_array_equal(frame.raw, stack()[4])
        assert frame.raw.dtype == np.uint16
        assert frame.raw.flags.c_contiguous
        frame.raw[0, 0] = 9  # a copy, not the file's memory


def test_npy_single_picture_and_wrong_suffix(tmp_path):
    np.save(tmp_path / "a.npy", stack((20, 24)))
    path = (tmp_path / "a.npy").rename(tmp_path / "a.h5")
    with open_run(path) as run:
        assert len(run) == 1


def test_reading_several_frames(tmp_path):
    np.save(tmp_path / "a.npy", stack())
    with open_run(tmp_path / "a.npy") as run:
        np.testing.assert_array_equal(run.read([4, 0, 4]), stack()[[4, 0, 4]])
        with pytest.raises(IndexError):
            run.load(5)
        with pytest.raises(IndexError):
            run.load(-1)


def test_opening_reads_no_frames(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10_000, 1024, 1024)}
    )
    path = tmp_path / "sparse.npy"
    path.write_bytes(header.getvalue())
    os.truncate(path, len(header.getvalue()) + 10_000 * 4 * 2**20)  # 42 GB that take no room
    with open_run(path) as run:
        assert run.frame(9_999).max() == 0


def test_npy_pickles_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "trap"),))

    np.save(tmp_path / "a.npy", np.array([Trap(), Trap()], dtype=object), allow_pickle=True)
    assert "Python objects" in refused(tmp_path / "a.npy")
    np.savez(tmp_path / "a.npz", frames=np.array([Trap()], dtype=object))
    assert "Python objects" in refused(tmp_path / "a.npz")
    assert not (tmp_path / "trap").exists()


def test_npy_cut(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, stack())
    os.truncate(path, path.stat().st_size - 1)
    assert "incomplete" in refused(path)
    os.truncate(path, 30)
    assert "damaged or cut" in refused(path)


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.arange(5.0), "dimension"),
        (np.zeros((5, 40, 40, 3), np.uint8), "colour"),
        (np.zeros((0, 20, 24)), "no frames"),
        (np.zeros((20, 20), "U4"), "not a number"),
        (np.zeros((20, 20), [("a", "f4")]), "not a number"),
    ],
)
def test_npy_that_are_not_frames(tmp_path, array, word):
    np.save(tmp_path / "a.npy", array)
    assert word in refused(tmp_path / "a.npy")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_with_mask_and_columns(tmp_path, save):
    mask = np.zeros(SHAPE[1:], bool)
    mask[0] = True
    save(tmp_path / "a.npz", frames=stack(), mask=mask, score=np.arange(5.0))
    with open_run(tmp_path / "a.npz") as run:
        assert run.dataset == "frames"
        np.testing.assert_array_equal(run.frame(3), stack()[3])
        assert list(run.columns) == ["score"]
        np.testing.assert_array_equal(run.columns["score"].values, np.arange(5.0))
        assert (run.load(0).flags[0] == PixelFlag.MASKED).all()
        assert run.mask[1:].all()


@pytest.mark.parametrize("side", [20, 400])
def test_npz_a_damaged_mask_is_said(tmp_path, side):
    """Large or small: the damage is found with the array's header, or only when all of it is unpacked."""
    mask = np.random.default_rng(side).random((side, side)) < 0.3
    path = tmp_path / "a.npz"
    np.savez_compressed(path, frames=np.ones((3, side, side), np.uint16), mask=mask)
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("mask.npy")
    content = bytearray(path.read_bytes())
    end = member.header_offset + 30 + len(member.filename) + member.compress_size
    for place in range(end - 24, end - 8):
        content[place] ^= 0x5A
    path.write_bytes(bytes(content))
    with open_run(path) as run:
        assert [text for text in run.warnings if "mask" in text]
        assert run.load(2).raw[0, 0] == 1


def test_npz_same_content_same_identity(tmp_path):
    np.savez(tmp_path / "a.npz", frames=stack())
    np.savez(tmp_path / "b.npz", frames=stack())
    np.savez(tmp_path / "c.npz", frames=stack() + 1)
    digests = []
    for name in "abc":
        with open_run(tmp_path / f"{name}.npz") as run:
            digests.append(run.identity.digest)
    assert digests[0] == digests[1] != digests[2]


def test_npz_asks_when_unsure(tmp_path):
    np.savez(tmp_path / "a.npz", one=stack(), two=stack())
    with pytest.raises(AmbiguousRun) as caught:
        open_run(tmp_path / "a.npz")
    assert {c.path for c in caught.value.candidates} == {"one", "two"}
    with open_run(tmp_path / "a.npz", "two") as run:
        assert run.dataset == "two"
    with pytest.raises(AmbiguousRun):
        open_run(tmp_path / "a.npz", "three")


def test_npz_bomb_is_refused_before_it_is_unpacked(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (1_000_000, 400, 400)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", header.getvalue() + bytes(10_000))
    assert "incomplete" in refused(tmp_path / "a.npz")
    path = tmp_path / "b.npz"
    path.write_bytes(declare_member_size((tmp_path / "a.npz").read_bytes(), 2**32 - 2))
    assert refused(path)


def declare_member_size(archive: bytes, size: int) -> bytes:
    """The archive with a false unpacked size in its directory."""
    place = archive.rindex(b"PK\x01\x02") + 24
    return archive[:place] + size.to_bytes(4, "little") + archive[place + 4 :]


def test_npz_too_large_to_unpack(tmp_path, monkeypatch):
    monkeypatch.setattr("models.runs.npy.memory_bytes", lambda: 10_000)
    np.savez_compressed(tmp_path / "a.npz", frames=stack())
    assert "memory" in refused(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", frames=stack())
    with open_run(tmp_path / "b.npz") as run:
        assert len(run) == 5


def test_other_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "without NPY" in refused(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", frames=stack())
    os.truncate(tmp_path / "b.npz", 500)
    assert "damaged" in refused(tmp_path / "b.npz")


def assert_sound(header):
    """Nothing is unpickled and no size is negative, whatever the file says."""
    assert not header.dtype.hasobject
    assert all(size >= 0 for size in header.shape)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"\x93NUMPY\x09\x00"]))
def test_any_header_is_read_or_refused(content, magic):
    for body in (content, len(content).to_bytes(2, "little") + content, len(content).to_bytes(4, "little") + content):
        try:
            header = read_header(io.BytesIO(magic + body), "it")
        except CannotOpen:
            continue
        assert_sound(header)
        assert header.offset <= len(magic) + len(body)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60),
    st.lists(st.one_of(st.integers(-5, 2**70), st.floats(), st.none()), max_size=4),
    st.sampled_from(["<f4", "|O", "<U9999999999", "<M8[s]", "no", "V3", "[('a','<f4')]"]),
)
def test_headers_that_lie_are_read_or_refused(junk, shape, descr):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {tuple(shape)!r}, }}{junk}\n".encode()
    try:
        header = read_header(io.BytesIO(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text), "it")
    except CannotOpen:
        return
    assert_sound(header)


def test_large_fortran_arrays_open_without_reading_them(tmp_path):
    data = np.asfortranarray(np.arange(6 * 20 * 24, dtype=np.uint16).reshape(6, 20, 24))
    np.save(tmp_path / "small.npy", data)
    with open_run(tmp_path / "small.npy") as run:
        np.testing.assert_array_equal(run.load(4).raw, data[4])
        assert not any("Fortran" in note for note in run.warnings)
    big = tmp_path / "big.npy"
    header = {"descr": "<u2", "fortran_order": True, "shape": (5_000, 1024, 1024)}
    with big.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        file.truncate(file.tell() + 2 * 5_000 * 1024 * 1024)  # 10 GB that take no room
    with open_run(big) as run:
        assert (len(run), run.shape) == (5_000, (1024, 1024))
        assert any("Fortran order" in note for note in run.warnings)
    assert big.stat().st_blocks * 512 < 10**6
