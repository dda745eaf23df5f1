"""Writing journals: saved means saved, whatever happens to the disk, the folder and the process."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import NotSaved
from models.workspace.entries import Entry, RunKey, encode
from models.workspace.journal import PATTERN, JournalReader, file_name
from models.workspace.labels import Labels
from models.workspace.writer import Disk, JournalWriter, SavedEntry

RUN = RunKey("d1", 1000, "/data", (6, 5))


def entries(n: int, who: str = "ada") -> list[Entry]:
    labels = Labels(RUN, None, annotator=who)
    for i in range(n):
        labels.set(i, "single")
    return list(labels.entries)


def in_folder(folder: Path) -> list[str]:
    """Ids in all journals of a folder, in the files' order; the journals must be without a fault."""
    found = []
    for path in sorted(folder.glob(PATTERN)):
        reader = JournalReader(path)
        found += [e.id for e in reader.read_new()]
        assert reader.warnings == []
    return found


class Outcomes:
    def __init__(self) -> None:
        self.all: list[SavedEntry | NotSaved] = []
        self.changed = threading.Condition()

    def __call__(self, outcome: SavedEntry | NotSaved) -> None:
        with self.changed:
            self.all.append(outcome)
            self.changed.notify_all()

    def wait_for(self, n: int) -> list[SavedEntry | NotSaved]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.all) >= n, timeout=10)
            return list(self.all)


class FailingDisk:
    """A disk that refuses while `problem` is set, after taking `room` bytes."""

    def __init__(self, problem: int = 0, room: int = 0, at: str = "write") -> None:
        self.problem, self.room, self.at = problem, room, at

    def disk(self) -> Disk:
        def write(handle: int, data: bytes) -> int:
            if not self.problem or self.at != "write":
                return os.write(handle, data)
            if self.room <= 0:
                raise OSError(self.problem, os.strerror(self.problem))
            n = os.write(handle, data[: self.room])
            self.room -= n
            return n

        def sync(handle: int) -> None:
            if self.problem and self.at == "sync":
                raise OSError(self.problem, os.strerror(self.problem))
            os.fsync(handle)

        def open_(path: Path) -> int:
            if self.problem and self.at == "open":
                raise OSError(self.problem, os.strerror(self.problem))
            return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)

        return Disk(open=open_, write=write, sync=sync)


def test_entries_are_saved_in_order_and_reported(tmp_path: Path) -> None:
    outcomes = Outcomes()
    writer = JournalWriter(tmp_path / "w", "ada", RUN)
    assert not (tmp_path / "w").exists()
    wanted = entries(50)
    for entry in wanted:
        writer.append(entry, outcomes)
    assert writer.flush()
    saved = outcomes.wait_for(50)
    assert all(isinstance(s, SavedEntry) for s in saved)
    assert [s.entry.id for s in saved] == in_folder(tmp_path / "w") == [e.id for e in wanted]
    assert writer.pending == 0
    assert writer.waiting_s == 0
    assert writer.close() == ()


def test_an_entry_is_on_disk_when_it_is_reported(tmp_path: Path) -> None:
    seen: list[bool] = []
    writer = JournalWriter(tmp_path, "ada", RUN)
    for entry in entries(5):
        writer.append(entry, lambda saved: seen.append(encode(saved.entry) in writer.path.read_bytes()))
    writer.close()
    assert seen == [True] * 5


@pytest.mark.parametrize("at", ["write", "sync", "open"])
@pytest.mark.parametrize(
    ("problem", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.ESTALE, "share")]
)
def test_what_cannot_be_written_says_so_and_is_written_later_in_order(
    tmp_path: Path, at: str, problem: int, words: str
) -> None:
    bad = FailingDisk(problem, room=100, at=at)
    outcomes = Outcomes()
    writer = JournalWriter(tmp_path, "ada", RUN, disk=bad.disk(), retry_s=0.02)
    wanted = entries(10)
    for entry in wanted:
        writer.append(entry, outcomes)
    first = outcomes.wait_for(10)
    assert all(isinstance(o, NotSaved) for o in first)
    assert words in first[0].sentence()
    assert str(tmp_path) in first[0].sentence()
    assert writer.pending == 10
    assert writer.error is not None
    assert not writer.flush(timeout=5)
    bad.problem = 0
    later = outcomes.wait_for(20)[10:]
    assert [s.entry.id for s in later if isinstance(s, SavedEntry)] == [e.id for e in wanted]
    assert writer.close() == ()
    assert writer.error is None
    assert list(dict.fromkeys(in_folder(tmp_path))) == [e.id for e in wanted]


def test_a_disk_that_fills_up_in_the_middle_of_a_line_leaves_a_readable_journal(tmp_path: Path) -> None:
    bad = FailingDisk()
    writer = JournalWriter(tmp_path, "ada", RUN, disk=bad.disk(), retry_s=0.02)
    wanted = entries(9)
    outcomes = Outcomes()
    for n, entry in enumerate(wanted):
        bad.room, bad.problem = 7 * n, errno.ENOSPC
        writer.append(entry, outcomes)
        outcomes.wait_for(2 * n + 1)
        bad.problem = 0
        outcomes.wait_for(2 * n + 2)
    writer.close()
    assert in_folder(tmp_path) == [e.id for e in wanted]


def test_what_was_not_saved_at_the_end_is_given_back_and_can_be_rescued(tmp_path: Path) -> None:
    bad = FailingDisk(errno.ENOSPC)
    writer = JournalWriter(tmp_path / "full", "ada", RUN, disk=bad.disk())
    wanted = entries(3)
    for entry in wanted:
        writer.append(entry)
    assert writer.close(timeout=5) == tuple(wanted)
    with pytest.raises(NotSaved):
        writer.append(wanted[0])
    bad.problem = 0
    assert writer.rescue(tmp_path / "other") == ()
    assert in_folder(tmp_path / "other") == [e.id for e in wanted]


def test_a_removed_folder_is_noticed_and_written_again(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "w", "ada", RUN, retry_s=0.02)
    wanted = entries(4)
    for entry in wanted[:3]:
        writer.append(entry)
    assert writer.flush()
    shutil.rmtree(tmp_path / "w")
    writer.append(wanted[3])
    deadline = time.monotonic() + 10
    while writer.pending and time.monotonic() < deadline:
        time.sleep(0.01)
    assert writer.close() == ()
    assert in_folder(tmp_path / "w") == [e.id for e in wanted]


def test_a_folder_removed_after_the_last_label_is_written_again_at_the_end(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "w", "ada", RUN)
    wanted = entries(3)
    for entry in wanted:
        writer.append(entry)
    assert writer.flush()
    (tmp_path / "w").rename(tmp_path / "moved away")
    assert writer.close() == ()
    assert in_folder(tmp_path / "w") == [e.id for e in wanted]


def test_a_mistake_while_writing_is_reported_and_does_not_end_the_saving(tmp_path: Path) -> None:
    one, two = entries(2)
    outcomes = Outcomes()
    broken = [True]

    def prepare(_: Entry, folder: Path) -> None:
        if broken[0]:
            raise ZeroDivisionError("oh")

    writer = JournalWriter(tmp_path, "ada", RUN, prepare=prepare, retry_s=0.02)
    writer.append(one, outcomes)
    (first,) = outcomes.wait_for(1)
    assert isinstance(first, NotSaved)
    assert "ZeroDivisionError: oh" in first.sentence()
    broken[0] = False
    writer.append(two, outcomes)
    assert writer.close() == ()
    assert in_folder(tmp_path) == [one.id, two.id]


def test_a_torn_last_line_is_ended_and_nothing_is_removed(tmp_path: Path) -> None:
    one, two, three = entries(3)
    writer = JournalWriter(tmp_path, "ada", RUN)
    writer.append(one)
    writer.append(two)
    writer.close()
    whole = writer.path.read_bytes()
    writer.path.write_bytes(whole[:-10])
    again = JournalWriter(tmp_path, "ada", RUN)
    again.append(three)
    again.close()
    assert again.path.read_bytes().startswith(whole[:-10] + b"\n")
    assert in_folder(tmp_path) == [one.id, three.id]


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path: Path) -> None:
    one, two = entries(2)
    writer = JournalWriter(tmp_path, "ada", RUN)
    writer.append(one)
    writer.close()
    writer.path.write_bytes(writer.path.read_bytes()[:-1])
    again = JournalWriter(tmp_path, "ada", RUN)
    again.append(two)
    again.close()
    assert in_folder(tmp_path) == [one.id, two.id]


def test_two_at_once_write_to_two_files(tmp_path: Path) -> None:
    first, second = (JournalWriter(tmp_path, "ada", RUN) for _ in range(2))
    wanted = entries(20)
    for n, entry in enumerate(wanted):
        (first, second)[n % 2].append(entry)
    assert first.flush()
    assert second.flush()
    assert first.path != second.path
    first.close()
    second.close()
    assert sorted(in_folder(tmp_path)) == sorted(e.id for e in wanted)
    third = JournalWriter(tmp_path, "ada", RUN)
    third.append(entries(1)[0])
    third.close()
    assert third.path.name == file_name("ada")


def test_a_listener_that_fails_does_not_stop_the_saving(tmp_path: Path) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("listener")

    writer = JournalWriter(tmp_path, "ada", RUN)
    one, two = entries(2)
    writer.append(one, fail)
    assert writer.flush()
    writer.append(two)
    assert writer.close() == ()
    assert in_folder(tmp_path) == [one.id, two.id]


def test_a_hung_disk_shows_as_waiting_and_does_not_block_the_caller(tmp_path: Path) -> None:
    hang = threading.Event()

    def sync(handle: int) -> None:
        hang.wait(10)

    writer = JournalWriter(tmp_path, "ada", RUN, disk=replace(Disk(), sync=sync))
    began = time.monotonic()
    (one,) = entries(1)
    writer.append(one)
    assert not writer.flush(timeout=0.1)
    assert writer.waiting_s >= 0.1
    assert writer.close(timeout=0.1) == (one,)
    assert time.monotonic() - began < 5
    hang.set()
    assert writer.close() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits there")
def test_a_full_disk_in_a_process_of_its_own(tmp_path: Path) -> None:
    """The system itself refuses: the file may not grow beyond some bytes, later it may."""
    program = f"""
import resource, sys, pathlib
from tests.models.workspace.test_writer import entries, RUN, Outcomes
from models.workspace.writer import JournalWriter, SavedEntry
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
outcomes = Outcomes()
writer = JournalWriter(pathlib.Path({str(tmp_path)!r}), "ada", RUN, retry_s=0.02)
wanted = entries(20)
for n, entry in enumerate(wanted):
    writer.append(entry, outcomes)
    outcomes.wait_for(n + 1)
refused = [o for o in outcomes.all if not isinstance(o, SavedEntry)]
assert 10 <= len(refused) < 20, len(refused)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert writer.close() == ()
print(" ".join(e.id for e in wanted))
print(refused[0].sentence())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, cwd=_root()
    )
    assert done.returncode == 0, done.stderr
    ids, sentence = done.stdout.splitlines()
    assert in_folder(tmp_path) == ids.split()
    assert "not saved" in sentence


def _root() -> Path:
    return Path(__file__).resolve().parents[3]
