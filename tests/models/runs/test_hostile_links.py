"""Files that lead elsewhere, are too large, change while open, or are being written."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import AmbiguousRun, FrameUnreadable
from models.runs import PixelFlag, open_run
from models.runs.server import FrameServer
from tests.models.runs.files import refused, stack, write_cxi


@pytest.fixture
def good(tmp_path):
    return write_cxi(tmp_path / "good.h5")


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
