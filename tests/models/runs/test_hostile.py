"""Damaged, foreign and tricky files: each gives one clear sentence or opens with a warning, never a traceback."""

from __future__ import annotations

import gzip
import os
import queue
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from models.errors import AmbiguousRun, CannotOpen, FrameUnreadable
from models.runs import PixelFlag, open_run
from models.runs.server import FrameServer
from tests.models.runs.files import SHAPE, stack, write_cxi


def refused(path, dataset=None):
    """The one sentence that a file that cannot be opened gives."""
    with pytest.raises(CannotOpen) as caught:
        open_run(path, dataset)
    error = caught.value
    sentence = error.sentence()
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert error.hint, "it says what to do"
    assert Path(path).name.replace("\0", "") in sentence.replace("\\x00", "")
    return sentence


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


def virtual_file(folder, present):
    """A virtual stack of six frames from three files, of which `present` exist."""
    layout = h5py.VirtualLayout((6, 20, 24), "u2")
    for number in range(3):
        if number in present:
            with h5py.File(folder / f"part{number}.h5", "w") as file:
                file["d"] = np.full((2, 20, 24), 10 + number, np.uint16)
        source = h5py.VirtualSource(f"part{number}.h5", "d", (2, 20, 24))
        layout[2 * number : 2 * number + 2] = source
    with h5py.File(folder / "v.h5", "w") as file:
        file.create_virtual_dataset("data", layout, fillvalue=0)
    return folder / "v.h5"


def test_missing_virtual_sources_are_said_and_marked(tmp_path):
    with open_run(virtual_file(tmp_path, {0, 2})) as run:
        assert any("1 of 3 source files" in text and "part1.h5" in text for text in run.warnings)
        assert run.load(1).valid.all()
        assert (run.load(2).flags == PixelFlag.MISSING).all()
        assert run.load(4).raw[0, 0] == 12


def test_whole_virtual_dataset_is_silent(tmp_path):
    with open_run(virtual_file(tmp_path, {0, 1, 2})) as run:
        assert run.warnings == ()


def file_with_source(folder, name):
    """A virtual stack of two frames whose one source is called `name`."""
    folder.mkdir()
    layout = h5py.VirtualLayout((2, 20, 24), "u2")
    layout[:] = h5py.VirtualSource(name, "d", (2, 20, 24))
    with h5py.File(folder / "v.h5", "w") as file:
        file.create_virtual_dataset("data", layout, fillvalue=0)
    return folder / "v.h5"


@pytest.mark.parametrize("absolute", [True, False])
def test_virtual_sources_outside_the_folder_are_said(tmp_path, absolute):
    (tmp_path / "raw").mkdir()
    with h5py.File(tmp_path / "raw" / "s.h5", "w") as file:
        file["d"] = np.full((2, 20, 24), 5, np.uint16)
    name = str(tmp_path / "raw" / "s.h5") if absolute else "../raw/s.h5"
    with open_run(file_with_source(tmp_path / "run", name)) as run:
        assert run.load(0).raw[0, 0] == 5
        assert [str(tmp_path / "raw") in text for text in run.warnings] == [True]


def test_sources_that_moved_with_their_file_are_neither_missing_nor_outside(tmp_path):
    path = file_with_source(tmp_path / "run", "/where/it/was/measured/s.h5")
    with h5py.File(tmp_path / "run" / "s.h5", "w") as file:
        file["d"] = np.full((2, 20, 24), 5, np.uint16)
    with open_run(path) as run:
        assert run.warnings == ()
        assert run.load(1).valid.all()
        assert run.load(1).raw[0, 0] == 5


def test_links_outside_the_folder_are_not_followed(tmp_path):
    (tmp_path / "in").mkdir()
    write_cxi(tmp_path / "secret.h5")
    with h5py.File(tmp_path / "in" / "a.h5", "w") as file:
        file["data"] = stack()
        file["frames"] = h5py.ExternalLink("../secret.h5", "/entry_1/data_1/data")
    with open_run(tmp_path / "in" / "a.h5") as run:
        assert run.dataset == "/data"
        assert any("outside" in text for text in run.warnings)


def test_bytes_of_other_files_are_not_shown(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.txt").write_bytes(bytes(2 * 20 * 24))
    with h5py.File(tmp_path / "in" / "a.h5", "w") as file:
        file.create_dataset("data", (2, 20, 24), "u1", external=[(str(tmp_path / "secret.txt"), 0, 960)])
    assert "outside" in refused(tmp_path / "in" / "a.h5")


def test_split_detector_file_is_one_run(tmp_path):
    with h5py.File(tmp_path / "x_master.h5", "w") as master:
        for number in (1, 2):
            with h5py.File(tmp_path / f"x_data_{number:06d}.h5", "w") as file:
                file["entry/data/data"] = np.full((3, 20, 24), number, np.uint16)
            link = h5py.ExternalLink(f"x_data_{number:06d}.h5", "/entry/data/data")
            master[f"entry/data/data_{number:06d}"] = link
        master["entry/data/data_000003"] = h5py.ExternalLink("x_data_000003.h5", "/entry/data/data")
    with open_run(tmp_path / "x_master.h5") as run:
        assert [int(run.frame(i)[0, 0]) for i in range(len(run))] == [1, 1, 1, 2, 2, 2]
        assert any("x_data_000003.h5" in text for text in run.warnings)


def test_loops_end(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["ring_a"] = h5py.SoftLink("/ring_b")
        file["ring_b"] = h5py.SoftLink("/ring_a")
        for name in ("p", "q", "r"):
            group = file.create_group(name)
            for link in ("up1", "up2", "up3"):
                group[link] = file["/"]
                group["soft" + link] = h5py.SoftLink("/")
        file["/".join(["deep"] * 30) + "/data"] = stack()
    begin = time.monotonic()
    with open_run(path) as run:
        assert run.dataset.endswith("/data")
    assert time.monotonic() - begin < 5


def test_terabytes_and_a_million_frames_open(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data", (1_000_000, 2048, 2048), "f4", chunks=(1, 2048, 2048))
        file["train"] = np.arange(1_000_000)
        file["data"][0, :2, :2] = 1
        file["data"][999_999, :2, :2] = 2
    with open_run(path) as run:
        assert len(run) == 1_000_000
        assert run.frame(999_999)[0, 0] == 2
        assert run.columns["train"].values[-1] == 999_999


def test_chunks_across_frames_are_said(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data", (1000, 256, 256), "u2", chunks=(1000, 16, 16), compression=1)
        file["data"][:, 100, 100] = np.arange(1000)
    with open_run(path) as run:
        assert any("1000 frames" in text for text in run.warnings)
        assert run.frame(700)[100, 100] == 700


def test_file_cut_while_open(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, stack((50, 64, 64)))
    run = open_run(path)
    run.close()
    with pytest.raises(FrameUnreadable, match="cannot be read"):
        run.load(3)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("data", data=stack((50, 64, 64)), chunks=(1, 64, 64))
    run = open_run(tmp_path / "b.h5")
    os.truncate(tmp_path / "b.h5", 30_000)
    with pytest.raises(FrameUnreadable) as caught:
        run.load(49)
    assert "was cut" in caught.value.sentence()
    run.close()
    with pytest.raises(FrameUnreadable, match="cannot be read"):
        run.load(0)


def test_file_replaced_while_open_keeps_the_old_frames(tmp_path, good):
    with open_run(good) as run:
        other = write_cxi(tmp_path / "other.h5", stack() + 7)
        other.replace(good)
        np.testing.assert_array_equal(run.frame(0), stack()[0])


WRITER = """
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "w", libver="{version}") as file:
    frames = file.create_dataset("data", (3, 20, 24), "u2", maxshape=(None, 20, 24), chunks=(1, 20, 24))
    frames[...] = 5
    {swmr}
    file.flush()
    sys.stdout.write("ready\\n"); sys.stdout.flush()
    sys.stdin.readline()
    frames.resize(4, axis=0); frames[3] = 6; file.flush()
"""


@pytest.mark.parametrize(("version", "swmr"), [("latest", "file.swmr_mode = True"), ("earliest", "")])
def test_a_writer_at_work_is_read_beside(tmp_path, version, swmr):
    path = tmp_path / "live.h5"
    code = WRITER.format(swmr=swmr, version=version)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "ready\n"
        with open_run(path) as run:
            assert run.load(2).raw[0, 0] == 5
            assert any("writing" in text for text in run.warnings)
        writer.communicate("go on\n")
    assert writer.returncode == 0
    with open_run(path) as run:
        assert len(run) == 4


def test_a_writer_that_allows_no_reader_is_explained(tmp_path):
    path = tmp_path / "live.h5"
    code = WRITER.format(swmr="", version="latest")
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "ready\n"
        assert "another program is writing it" in refused(path)
        writer.communicate("go on\n")
    with open_run(path) as run:
        assert len(run) == 4


def test_an_open_run_does_not_keep_a_writer_out(good):
    code = "import sys, h5py\nwith h5py.File(sys.argv[1], 'r+') as file: file['entry_1/note'] = 1\n"
    with open_run(good) as run:
        said = subprocess.run([sys.executable, "-c", code, str(good)], capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        assert run.load(0).raw.shape == (20, 24)


def test_the_same_file_twice(good):
    with open_run(good) as one, open_run(good) as other:
        np.testing.assert_array_equal(one.frame(1), other.frame(1))


def test_a_killed_swmr_writer_leaves_a_readable_file(tmp_path):
    path = tmp_path / "killed.h5"
    code = WRITER.format(swmr="file.swmr_mode = True", version="latest")
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        writer.stdout.readline()
        writer.kill()
    with open_run(path) as run:
        assert run.load(0).raw[0, 0] == 5


def test_disk_without_locks(good, monkeypatch):
    real = h5py.File

    def no_locks(path, mode="r", *, locking=None, **how):
        if locking is not False:
            raise OSError(37, "Unable to synchronously open file (unable to lock file, errno = 37)")
        return real(path, mode, locking=locking, **how)

    monkeypatch.setattr(h5py, "File", no_locks)
    with open_run(good) as run:
        assert run.load(0).raw.shape == (20, 24)
        assert any("locked" in text for text in run.warnings)


def test_names_with_nul_are_not_cut_short(good):
    with pytest.raises(AmbiguousRun):
        open_run(good, "/entry_1/data_1/data\0x")


def test_opening_imports_nothing_heavy_before_it_must():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\nimport models.runs, models.runs.server, models.runs.events\n"
        "heavy = {'h5py', 'hdf5plugin', 'tifffile', 'PIL', 'torch', 'scipy', 'PyQt6'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)\n"
    )
    root = Path(__file__).resolve().parents[3]
    said = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_served_from_a_damaged_file(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = np.random.default_rng(1).poisson(3, (6, 32, 32))
        frames = file.create_dataset("data", data=data, chunks=(1, 32, 32), compression=4)
        file["score"] = np.arange(6.0)
        offset = frames.id.get_chunk_info(2).byte_offset
    with path.open("r+b") as file:
        file.seek(offset + 20)
        file.write(b"\xa5" * 200)
    said = queue.Queue()
    with open_run(path) as run:
        server = FrameServer(
            run,
            lambda frame: int(frame.raw.sum()),
            lambda i, total: said.put((i, total)),
            lambda i, e: said.put((i, e.hint)),
        )
        for index in range(6):
            server.want(index)
            told, what = said.get(timeout=10)
            assert told == index
            assert what == ("The other frames may be fine" if index == 2 else data[index].sum())
        server.submit(lambda run: run.columns["score"].values.sum(), said.put)
        assert said.get(timeout=10) == 15
        assert server.close()
