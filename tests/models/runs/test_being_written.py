"""Files that another program is writing, was stopped while writing, or does to them what files suffer."""

from __future__ import annotations

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from models.runs import open_run
from models.runs.watch import Change, FileStamp, is_locked_for_writing
from tests.models.runs.files import refused, write_cxi
from tests.models.runs.writers import writing


def test_a_file_written_for_readers_beside_opens_and_says_so(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as writer:
        writer.write(3)
        with open_run(path) as run:
            assert len(run) == 3
            assert run.frame(2).max() == 3
            assert any("writing this file" in words for words in run.warnings)
        writer.kill()
    with open_run(path) as run:
        assert len(run) == 3
        assert list(run.events) == ["7000", "7003", "7006"]


def test_a_writer_that_keeps_readers_out_is_named_while_it_runs_and_after_it_was_killed(tmp_path):
    path = tmp_path / "closed.h5"
    with writing(path, "lazy") as writer:
        writer.write(2)
        assert is_locked_for_writing(path)
        assert "another program is writing it" in refused(path)
        writer.kill()
    assert not is_locked_for_writing(path)
    assert "stopped" in refused(path)


def test_what_an_old_writer_has_flushed_is_read_with_a_warning(tmp_path):
    path = tmp_path / "old.h5"
    with writing(path, "old") as writer:
        writer.write(2)
        with open_run(path) as run:
            assert len(run) == 2
            assert any("open for writing" in words for words in run.warnings)


@pytest.mark.parametrize("libver", [None, "latest"])
def test_an_open_run_keeps_no_writer_out(tmp_path, libver):
    path = write_cxi(tmp_path / "a.cxi")
    if libver:
        with h5py.File(path, "w", libver=libver) as file:
            file["data"] = np.ones((3, 16, 16))
    append = f"import h5py; h5py.File({str(path)!r}, 'r+').create_dataset('more', data=1)"
    with open_run(path) as run:
        subprocess.run([sys.executable, "-c", append], check=True, timeout=60)
        assert run.frame(0) is not None


def test_opening_takes_no_lock_at_any_moment(tmp_path, monkeypatch):
    asked = []
    real = h5py.File

    def watched(*args, **kwargs):
        asked.append(kwargs.get("locking"))
        return real(*args, **kwargs)

    monkeypatch.setattr(h5py, "File", watched)
    open_run(write_cxi_unseen(tmp_path, real)).close()
    assert asked
    assert all(locking is False for locking in asked)


def write_cxi_unseen(folder, make):
    path = folder / "quiet.h5"
    with make(path, "w") as file:
        file["data"] = np.ones((3, 16, 16))
    return path


def test_a_folder_that_cannot_be_written_is_read(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        with open_run(path) as run:
            assert len(run) == 5
    finally:
        tmp_path.chmod(0o755)


def test_a_stamp_tells_what_happened_to_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    before = FileStamp.of(path)
    assert before.change(FileStamp.of(path)) is Change.NOTHING
    with path.open("ab") as file:
        file.write(b"more")
    assert before.change(FileStamp.of(path)) is Change.WRITTEN
    os.truncate(path, 4)
    assert before.change(FileStamp.of(path)) is Change.CUT
    other = tmp_path / "other"
    other.write_bytes(b"0123456789")
    other.replace(path)
    assert before.change(FileStamp.of(path)) is Change.REPLACED
    path.unlink()
    assert before.change(FileStamp.of(path)) is Change.GONE
