"""The list of hostile cases, one test for each, in its order; from 21 on they are in test_hostile_more.py.

Beside every file lies a good one that must not change.

| case | what | more tests |
|---|---|---|
| 1–2 | HDF5 cut short, or its header damaged | test_hostile.py |
| 3 | a damaged chunk spoils one frame | app/test_window_hostile.py |
| 4–5 | foreign content, folders, missing and forbidden paths | test_hostile.py, test_formats_page.py |
| 6–9 | nothing to show, a dataset that is gone, no frames yet, no pictures | test_hostile.py, test_cxi.py |
| 10–13 | types of numbers, markers, NaN, negative and constant frames | test_hostile.py, test_flags.py |
| 14–15 | modules, colours, planes; geometry of another detector | test_cxi.py, geometry/test_positions.py |
| 16 | filters that are not there | test_hostile.py |
| 17 | sources of a virtual dataset that are gone | test_hostile_links.py, app/test_window_hostile.py |
| 18–20 | loops, sizes without measure, chunks across frames | test_hostile_links.py, test_hostile_unsafe.py |
| 21–22 | writers at work, files that change while open | test_being_written.py, app/test_window_live.py |
| 23–25 | tails, masks, identifiers | test_cxi.py, test_flags.py |
| 26 | NPY and NPZ | test_npy.py |
| 27 | EMC | test_emc.py |
| 28–29 | TIFF and EDF | test_tiff.py, test_pictures.py |
| 30 | twenty thousand groups | producers/test_group_per_frame.py |
| 31 | disks without locks | test_hostile_links.py, workspace/test_writer.py |
"""

from __future__ import annotations

import gzip
import os
import time
import warnings

import h5py
import numpy as np
import pytest

from models.display import DisplaySettings, Scaling, auto_levels, prepare
from models.errors import AmbiguousRun, BadGeometry, FrameUnreadable
from models.geometry.crystfel import parse_geom
from models.geometry.positions import positions_of
from models.runs import PixelFlag, open_run
from tests.models.geometry.files import TWO_PANELS
from tests.models.runs.files import SHAPE, stack
from tests.models.runs.hostile import hdf5, others_stay_as_they_are, packed, refused_untouched  # noqa: F401

pytestmark = pytest.mark.usefixtures("others_stay_as_they_are")


def test_case_01_cut_short(tmp_path):
    path, _ = packed(tmp_path / "a.h5")
    size = path.stat().st_size
    for share in (0.99, 0.5):
        os.truncate(path, int(size * share))
        assert "the file is incomplete" in refused_untouched(path)


def test_case_02_damaged_header(tmp_path):
    path, _ = packed(tmp_path / "a.h5")
    os.truncate(path, 20)
    assert "damaged" in refused_untouched(path)


def test_case_03_damaged_chunk(tmp_path):
    path, place = packed(tmp_path / "a.h5")
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xa5" * 400)
    with open_run(path) as run:
        said = {}
        for index in range(len(run)):
            try:
                run.load(index)
            except FrameUnreadable as error:
                said[error.index] = error.sentence()
    assert "damaged" in said[8]
    assert len(said) <= 2, "the chunk that follows may be shorter than what was written over"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"just text\n", "text file"),
        (b"\x0e\x03\x13\x01" + bytes(99), "HDF4"),
        (gzip.compress(b"x" * 99), "gunzip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
)
def test_case_04_foreign_content(tmp_path, content, says):
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    assert says in refused_untouched(path)


def test_case_05_folders_and_missing_paths(tmp_path):
    (tmp_path / "folder").mkdir()
    assert "empty" in refused_untouched(tmp_path / "folder")
    assert "no such file" in refused_untouched(tmp_path / "gone.h5")


def test_case_06_nothing_to_show(tmp_path):
    path = hdf5(tmp_path / "a.h5", energy=np.arange(5.0), name="a run")
    assert "holds no frames" in refused_untouched(path)


def test_case_07_remembered_dataset_is_gone(tmp_path):
    path = hdf5(tmp_path / "a.h5", frames=stack())
    with pytest.raises(AmbiguousRun) as caught:
        open_run(path, "/entry_1/data_1/data")
    assert [candidate.path for candidate in caught.value.candidates] == ["/frames"]
    assert "/entry_1/data_1/data" in caught.value.sentence()


def test_case_08_no_frames_yet(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", (0, 20, 24), "u2", maxshape=(None, 20, 24))
    assert "no frames yet" in refused_untouched(tmp_path / "a.h5")


def test_case_09_spaces_that_are_no_pictures(tmp_path):
    path = hdf5(tmp_path / "a.h5", nothing=h5py.Empty("f4"), one=1.0, row=np.arange(5.0), data=stack())
    with open_run(path) as run:
        assert run.dataset == "/data"
        assert list(run.columns["row"].values) == [0, 1, 2, 3, 4]
    for name in ("/nothing", "/one", "/row"):
        assert refused_untouched(path, name)


def test_case_10_types(tmp_path):
    for number, dtype in enumerate(["?", "f2", ">i4", ">f8", "u8"]):
        data = stack(dtype=dtype)
        with open_run(hdf5(tmp_path / f"{number}.h5", data=data)) as run:
            assert run.load(1).raw.dtype.isnative
            np.testing.assert_array_equal(run.load(1).raw, data[1])
    with open_run(hdf5(tmp_path / "c.h5", data=stack(dtype="c8") * 1j)) as run:
        np.testing.assert_allclose(run.frame(1), stack()[1] ** 2)
        assert any("squared modulus" in text for text in run.warnings)
    odd = {
        "text": np.full((20, 20), b"a", "S3"),
        "table": np.zeros((20, 20), [("a", "f4"), ("b", "S2")]),
    }
    path = hdf5(tmp_path / "d.h5", **odd)
    with h5py.File(path, "r+") as file:
        file.create_dataset("lists", (20, 20), h5py.vlen_dtype(np.int32))
    for name in (*odd, "lists"):
        assert "not a number" in refused_untouched(path, f"/{name}")


@pytest.mark.parametrize(("dtype", "value"), [("u8", 2**64 - 1), ("i8", 2**63 - 1), ("u2", 2**16 - 1)])
def test_case_11_the_largest_number_is_no_value(tmp_path, dtype, value):
    data = np.full(SHAPE, 5, dtype)
    data[:, 3, 4] = value
    data[:, 5, 6] = min(2**53 + 1, value // 2)
    with open_run(hdf5(tmp_path / "a.h5", data=data)) as run:
        frame = run.load(0)
    assert frame.flags[3, 4] == PixelFlag.SENTINEL
    assert int(frame.raw[3, 4]) == value
    assert int(frame.raw[5, 6]) == min(2**53 + 1, value // 2), "what is read out is exact"
    assert auto_levels(frame, Scaling.LINEAR).high < value / 2


@pytest.mark.parametrize("spoil", ["block", "all", "infinite"])
def test_case_12_values_that_are_none(tmp_path, spoil):
    data = stack()
    data[0, :5] = np.nan
    if spoil == "all":
        data[0] = np.nan
    elif spoil == "infinite":
        data[0, 10, 10] = np.inf
    with open_run(hdf5(tmp_path / "a.h5", data=data)) as run, warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = run.load(0)
        levels = auto_levels(frame, Scaling.LOG)
        prepare(frame, DisplaySettings(scaling=Scaling.LOG))
    assert np.isfinite([levels.low, levels.high]).all()
    assert levels.low < levels.high
    np.testing.assert_array_equal(frame.flags == PixelFlag.NONFINITE, ~np.isfinite(data[0]))


@pytest.mark.parametrize("data", [-stack(), np.zeros(SHAPE), np.full(SHAPE, 7.0)])
def test_case_13_negative_and_constant_frames(tmp_path, data):
    with open_run(hdf5(tmp_path / "a.h5", data=data)) as run, warnings.catch_warnings():
        warnings.simplefilter("error")
        for scaling in Scaling:
            levels = auto_levels(run.load(0), scaling)
            assert np.isfinite([levels.low, levels.high]).all()
            assert levels.low < levels.high
            prepare(run.load(0), DisplaySettings(scaling=scaling))


def test_case_14_axes(tmp_path):
    with open_run(hdf5(tmp_path / "modules.h5", data=stack((3, 4, 20, 24)))) as run:
        assert (len(run), run.shape) == (3, (40, 48))
        assert any("geometry is not applied" in text for text in run.warnings)
    assert "colour" in refused_untouched(hdf5(tmp_path / "colours.h5", data=np.zeros((5, 40, 40, 3), "u1")))
    with open_run(hdf5(tmp_path / "gain.h5", data=stack((3, 2, 20, 24)))) as run:
        assert len(run) == 3
        np.testing.assert_array_equal(run.frame(1), stack((3, 2, 20, 24))[1, 0])
    with open_run(hdf5(tmp_path / "one.h5", data=stack((5, 20, 24, 1)))) as run:
        assert run.shape == (20, 24)


def test_case_15_geometry_of_another_detector():
    with pytest.raises(BadGeometry) as caught:
        positions_of(parse_geom(TWO_PANELS), (4096, 1024))
    assert "geometry expects 8×6" in caught.value.sentence()
    assert "data is 4096×1024" in caught.value.sentence()


def test_case_15_a_line_without_end():
    begin = time.monotonic()
    with pytest.raises(BadGeometry):
        parse_geom(TWO_PANELS.replace("b/ss = x", f"b/ss = {'9' * 20_000}"))
    assert time.monotonic() - begin < 5


def test_case_16_filters_that_are_not_there(tmp_path, monkeypatch):
    hdf5plugin = pytest.importorskip("hdf5plugin")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", data=stack(), chunks=(1, 20, 24), **hdf5plugin.Bitshuffle())
    there = h5py.h5z.filter_avail
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda number: number != 32008 and there(number))
    sentence = refused_untouched(tmp_path / "a.h5")
    assert "bitshuffle (32008)" in sentence
    assert "Install" in sentence


def test_case_17_sources_that_are_gone(tmp_path):
    layout = h5py.VirtualLayout((4, 20, 24), "u2")
    for number in range(2):
        layout[2 * number : 2 * number + 2] = h5py.VirtualSource(f"part{number}.h5", "data", (2, 20, 24))
    hdf5(tmp_path / "part0.h5", data=np.ones((2, 20, 24), np.uint16))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("data", layout, fillvalue=0)
    with open_run(tmp_path / "a.h5") as run:
        assert "1 of 2 source files" in run.incomplete
        assert run.incomplete in run.warnings
        assert run.load(0).valid.all()
        assert (run.load(3).flags == PixelFlag.MISSING).all()


def test_case_18_loops(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["ring_a"], file["ring_b"] = h5py.SoftLink("/ring_b"), h5py.SoftLink("/ring_a")
        for name in "pqrst":
            for link in "uvwxy":
                file.require_group(name)[link] = file["/"]
        file["/".join(["deep"] * 30) + "/data"] = stack()
    begin = time.monotonic()
    with open_run(tmp_path / "a.h5") as run:
        assert run.dataset.endswith("/data")
        assert any("/ring_a" in text for text in run.warnings)
    assert time.monotonic() - begin < 5


def test_case_19_sizes_without_measure(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", (1_000_000, 2048, 2048), "f4", chunks=(1, 2048, 2048))
        file.create_dataset("wide", (2, 1 << 20, 1 << 20), "f4", chunks=(1, 64, 64))
        file["data"][999_999, :2, :2] = 2
    with open_run(tmp_path / "a.h5", "/data") as run:
        assert len(run) == 1_000_000
        assert run.frame(999_999)[0, 0] == 2
    assert "1048576×1048576 pixels" in refused_untouched(tmp_path / "a.h5", "/wide")


def test_case_20_chunks_across_frames(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", (1000, 256, 256), "u2", chunks=(1000, 16, 16), compression=1)
        file["data"][:, 100, 100] = np.arange(1000)
    with open_run(tmp_path / "a.h5") as run:
        assert any("1000 frames" in text for text in run.warnings)
        assert run.frame(700)[100, 100] == 700
