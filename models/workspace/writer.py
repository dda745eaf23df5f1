"""Writing a label journal: one thread, one entry at a time, flushed to the disk before it counts as saved.

What the writer promises: `SavedEntry` is reported only after the entry's line, with its end, was written in one piece
and `fsync` came back without an error, into a file that still has its name. Everything else stays queued, in order,
is reported as `NotSaved`, and is tried again.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import NotSaved
from models.files.disk import make_folder, not_saved, sync_folder
from models.workspace.entries import Entry, RunKey, encode, line
from models.workspace.journal import TORN_OP, file_name, run_line

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

RETRY_S = 2.0
_MAX_BATCH = 256
_MAX_FILES = 99
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


@dataclass(frozen=True, slots=True)
class SavedEntry:
    """An entry is on disk.

    Attributes:
        entry: which.
        path: the journal it is in.
        at: when it was safe, seconds since 1970.
    """

    entry: Entry
    path: Path
    at: float


Done = Callable[[SavedEntry | NotSaved], None]


@dataclass(slots=True, eq=False)
class _Item:
    entry: Entry
    done: Done | None
    queued_at: float
    told: bool = False


@dataclass(frozen=True)
class Disk:
    """The system calls a journal is written with, so that tests can let them fail."""

    open: Callable[[Path], int] = lambda path: os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    write: Callable[[int, bytes], int] = os.write
    sync: Callable[[int], None] = os.fsync


class JournalWriter:
    """Appends entries to one annotator's journal, from a thread of its own.

    The file is opened with the first entry, so that looking at a run writes nothing. It is locked (advisory) while
    open: a second Friedel of the same annotator on the same workstation writes to a second file.

    Args:
        folder: the workspace; made when the first entry is written.
        annotator: whose journal.
        run: what the entries are about.
        prepare: called on the writer's thread with an entry that is about to be written and the folder it goes to;
            an `OSError` or `NotSaved` from it counts as a failure to write.
        retry_s: seconds between attempts while the disk refuses.
        disk: the system calls.
    """

    def __init__(
        self,
        folder: Path,
        annotator: str,
        run: RunKey,
        *,
        prepare: Callable[[Entry, Path], None] | None = None,
        retry_s: float = RETRY_S,
        disk: Disk | None = None,
    ) -> None:
        self.folder = folder
        self.annotator = annotator
        self.run = run
        self._prepare = prepare
        self._retry_s = retry_s
        self._disk = disk or Disk()
        self._path = folder / file_name(annotator)
        self._handle: int | None = None
        self._preamble = b""
        self._queue: deque[_Item] = deque()
        self._written: list[_Item] = []
        self._error: NotSaved | None = None
        self._attempts = 0
        self._kick = False
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="label journal", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The journal written to (while another Friedel holds it: the second one)."""
        return self._path

    @property
    def pending(self) -> int:
        """Entries that are not known to be on disk."""
        with self._changed:
            return len(self._queue)

    @property
    def waiting_s(self) -> float:
        """How long the oldest such entry has waited, seconds; a hung network share shows here and nowhere else."""
        with self._changed:
            return time.monotonic() - self._queue[0].queued_at if self._queue else 0.0

    @property
    def error(self) -> NotSaved | None:
        """Why the last attempt failed; None while all is well."""
        with self._changed:
            return self._error

    def unsaved(self) -> tuple[Entry, ...]:
        """The entries that are not known to be on disk, in order."""
        with self._changed:
            return tuple(item.entry for item in self._queue)

    def append(self, entry: Entry, done: Done | None = None) -> None:
        """Queue an entry; returns at once.

        Args:
            entry: what to write.
            done: called on the writer's thread with `SavedEntry` once the entry is on disk. Called with `NotSaved`
                before that if the first attempt failed; the entry stays queued. What it was called with last holds
                (a journal that somebody removes is written again, and reported again).

        Raises:
            NotSaved: the writer was closed.
        """
        item = _Item(entry, done, time.monotonic())
        with self._changed:
            if self._closing:
                raise NotSaved("The label was not saved", cause="its journal is closed")
            self._queue.append(item)
            self._kick = True
            self._changed.notify_all()

    def flush(self, timeout: float = 10.0) -> bool:
        """Try at once to write what is queued, and wait for it, `timeout` seconds at most.

        Returns:
            Whether everything is on disk.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            self._kick = True
            self._changed.notify_all()
            attempts = self._attempts
            while self._queue and (self._error is None or self._attempts == attempts):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return not self._queue

    def close(self, timeout: float = 10.0) -> tuple[Entry, ...]:
        """Try once more to write what is queued, and stop.

        Returns:
            What could not be saved; see `rescue`.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.error("the journal %s did not answer within %g s", self._path, timeout)
        return self.unsaved()

    def rescue(self, folder: Path, timeout: float = 10.0) -> tuple[Entry, ...]:
        """Write what is queued to a journal in another folder, too, and call it saved.

        Should the first place come back, the entries are written there as well; the same entry twice does no harm.

        Returns:
            What could not be saved there either.
        """
        with self._changed:
            items = list(self._queue)
        other = JournalWriter(folder, self.annotator, self.run, prepare=self._prepare, disk=self._disk)
        for item in items:
            other.append(item.entry, item.done)
        return other.close(timeout)

    # -- the writer's thread ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closing and not self._kick:
                    failing = self._error is not None and bool(self._queue)
                    if not self._changed.wait(self._retry_s if failing else None) and failing:
                        break
                self._kick = False
                last = self._closing
                batch = [self._queue[i] for i in range(min(len(self._queue), _MAX_BATCH))]
            if batch:
                self._save(batch)
            if last and not self.pending:
                self._look_after()
            with self._changed:
                if last and (not self._queue or self._error is not None):
                    break
                self._kick |= self._error is None and bool(self._queue)
        self._close_file()

    def _save(self, batch: list[_Item]) -> None:
        n_written = 0
        problem: NotSaved | None = None
        try:
            for item in batch:
                if self._prepare is not None:
                    self._prepare(item.entry, self.folder)
                self._write(encode(item.entry))
                n_written += 1
        except (OSError, NotSaved) as error:
            problem = self._problem(error)
        except Exception as error:
            # A mistake of ours must not end the thread: what it keeps from the disk is reported like any failure.
            log.exception("writing %s failed", self._path)
            problem = NotSaved(f"Labels are not saved to {self._path}", cause=f"{type(error).__name__}: {error}")
        if n_written:
            try:
                self._secure()
            except OSError as error:
                problem, n_written = self._problem(error), 0
        if problem is not None:
            self._close_file()
        self._report(batch[:n_written], problem)

    def _problem(self, error: OSError | NotSaved) -> NotSaved:
        log.warning("cannot write %s: %s", self._path, error)
        if isinstance(error, NotSaved):
            return error
        wrapped = not_saved(f"Labels are not saved to {self._path}", error)
        wrapped.__cause__ = error
        return wrapped

    def _report(self, saved: list[_Item], problem: NotSaved | None) -> None:
        now = time.time()
        with self._changed:
            for item in saved:
                self._queue.popleft()
                item.told = False
            self._written += saved
            if problem is not None and self._error is None:
                log.error("%s", problem.sentence())
            elif problem is None and self._error is not None:
                log.info("labels are saved again, to %s", self._path)
            self._error = problem
            self._attempts += 1
            unhappy = [item for item in self._queue if not item.told] if problem is not None else []
            for item in unhappy:
                item.told = True
            self._changed.notify_all()
        for item in saved:
            self._call(item, SavedEntry(item.entry, self._path, now))
        if problem is not None:
            for item in unhappy:
                self._call(item, problem)

    @staticmethod
    def _call(item: _Item, outcome: SavedEntry | NotSaved) -> None:
        if item.done is None:
            return
        try:
            item.done(outcome)
        except Exception:
            # A listener's mistake must not stop the saving of labels.
            log.exception("a listener of the label journal failed")

    def _write(self, data: bytes) -> None:
        """Append one line, with one system call."""
        if self._handle is None:
            self._open()
        assert self._handle is not None
        data = self._preamble + data
        n_written = self._disk.write(self._handle, data)
        while n_written < len(data):  # the disk filled up in the middle: the rest gives the reason, or fits after all
            data = data[n_written:]
            n_written = self._disk.write(self._handle, data)
        self._preamble = b""

    def _secure(self) -> None:
        """Flush to the disk, and make sure the file can be found again."""
        assert self._handle is not None
        self._disk.sync(self._handle)
        if self._look_after():
            raise OSError(errno.ENOENT, "the journal was moved or removed")

    def _look_after(self) -> bool:
        """Queue again what was saved since the start if the file is no longer under its name; says whether so.

        A folder that was removed or replaced behind our back takes writes without an error, and loses them.
        """
        if self._handle is None:
            return False
        ours = os.fstat(self._handle)
        try:
            found = self._path.stat()
        except OSError:
            found = None
        # Some network file systems make up inode numbers; a file of another size is another file everywhere.
        if found is not None and (os.path.samestat(found, ours) or found.st_size == ours.st_size):
            return False
        self._close_file()
        with self._changed:
            self._queue.extendleft(reversed(self._written))
            self._written = []
        return True

    def _open(self) -> None:
        make_folder(self.folder)
        for number in range(1, _MAX_FILES + 1):
            path = self.folder / file_name(self.annotator, number)
            is_new = not path.exists()
            handle = self._disk.open(path)
            try:
                locked = _lock(handle)
            except OSError:
                os.close(handle)
                raise
            if locked:
                break
            os.close(handle)
        else:
            raise OSError(errno.EBUSY, "all journals are in use")
        self._path, self._handle = path, handle
        self._preamble = _mend(handle) + line(run_line(self.run, who=self.annotator, host=socket.gethostname()))
        if is_new:
            self._disk.sync(handle)
            sync_folder(self.folder)

    def _close_file(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):  # whether it is safe was settled by fsync, before
                os.close(self._handle)
            self._handle = None


def _lock(handle: int) -> bool:
    """Whether the file is ours alone; where the file system has no locks, appending in one call has to do."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.info("no locks on this file system: %s", error)
    return True


def _mend(handle: int) -> bytes:
    """What has to be written before the next line: an end for a last line that was cut short, which stays there."""
    size = os.fstat(handle).st_size
    if size == 0:
        return b""
    os.lseek(handle, size - 1, os.SEEK_SET)
    if os.read(handle, 1) == b"\n":
        return b""
    return b"\n" + line({"v": 1, "op": TORN_OP})
