"""Trying a file out in a process of its own before this one opens it.

Damaged or malicious files can crash the libraries that read them, or keep them busy for ever (a virtual dataset that
draws from itself, a filter that divides by zero, a disk that is gone). A thread cannot be stopped; a process can.
What was opened before and has not changed since is not tried again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import signal
import threading
from collections import OrderedDict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import CannotOpen, FrameUnreadable, FriedelError, NotSaved

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from models.runs.watch import FileStamp

log = logging.getLogger(__name__)

LIMIT_S = 10.0
"""how long a file may take to give its first frame"""
PATIENT_S = 120.0
"""the same when it is tried again: the disk may just be slow"""
START_S = 60.0
"""how long the process may take until it is ready"""
_KEPT = 2000

OutTried = tuple[str, Any]


class _NoProcess(Exception):
    """The process for it cannot be started."""


class Prober:
    """Keeps one process ready for trying files out. From any thread; files are tried one after another.

    Args:
        memory: file that remembers what was opened; None to remember it only while the program runs.
        limit_s: seconds a file may take.
    """

    def __init__(self, memory: Path | None = None, limit_s: float = LIMIT_S) -> None:
        self._memory = memory
        self._limit_s = limit_s
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._trying = False
        self._given_up = False
        self._hung: set[str] = set()
        self._known: OrderedDict[str, None] | None = None

    def warm(self) -> None:
        """Have the process ready before it is needed; slow, not for the GUI thread."""
        with self._turn:
            try:
                self._start()
            except _NoProcess as error:
                log.warning("no file can be tried out: %s", error)

    def probe(self, path: Path, dataset: str | None, stamp: FileStamp | None) -> None:
        """Open a file and read its first frame, elsewhere; returns at once where it was opened before as it is.

        Args:
            path: the file or folder.
            dataset: as for `models.runs.open_run`.
            stamp: the file as it is now, None where that is not known: it is tried then.

        Raises:
            CannotOpen: the trial crashed or did not end in time; or, as any other FriedelError, what opening said.
        """
        key = _key(stamp, dataset)
        if key and key in self._all_known():
            return
        with self._turn:
            try:
                self._try(path, dataset)
            except _NoProcess as error:  # no reason to open nothing any more
                log.warning("%s is opened without having been tried out: %s", path, error)
                return
        if key:
            self._remember(key)

    def give_up(self) -> None:
        """End the trial under way, if there is one: nobody waits for it any more."""
        with self._state:
            if self._trying and self._process is not None:
                self._given_up = True
                self._process.kill()

    def close(self) -> None:
        """Let the process go."""
        with self._state:
            process, connection = self._process, self._connection
            self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()
            process.join(2.0)

    # -- one trial -------------------------------------------------------------------------------------------------

    def _try(self, path: Path, dataset: str | None) -> None:
        connection = self._start()
        name = str(path)
        limit_s = PATIENT_S if name in self._hung else self._limit_s
        with self._state:
            self._trying, self._given_up = True, False
        try:
            connection.send((name, dataset))
            if not connection.poll(limit_s):
                self._hung.add(name)
                self.close()
                raise _no_answer(path, limit_s)
            kind, value = connection.recv()
        except (EOFError, OSError) as error:
            process = self._process
            code = None
            if process is not None:
                process.join(2.0)
                code = process.exitcode
            self.close()
            if self._given_up:
                raise CannotOpen(f"{path} is not opened", cause="another file was asked for meanwhile") from error
            raise _crashed(path, code) from error
        finally:
            with self._state:
                self._trying = False
        self._hung.discard(name)
        if kind == "error":
            raise value

    def _start(self) -> Connection:
        """The process, started if need be, ready to be asked."""
        with self._state:
            process, connection = self._process, self._connection
        if process is not None and connection is not None and process.is_alive():
            return connection
        self.close()
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=serve, args=(there,), name="probe", daemon=True)
        try:
            process.start()
            there.close()
            if not here.poll(START_S):
                raise OSError("it did not start in time")
            here.recv()
        except (OSError, EOFError, RuntimeError, ValueError) as error:
            here.close()
            if process.pid is not None:
                process.kill()
            raise _NoProcess(str(error)) from error
        with self._state:
            self._process, self._connection = process, here
        return here

    # -- what was opened before ------------------------------------------------------------------------------------

    def _all_known(self) -> OrderedDict[str, None]:
        if self._known is None:
            self._known = OrderedDict()
            if self._memory is not None:
                try:
                    keys = json.loads(self._memory.read_text())
                    self._known.update((str(key), None) for key in keys[-_KEPT:])
                except FileNotFoundError:
                    pass
                except (OSError, ValueError, TypeError) as error:
                    log.info("%s is made anew: %s", self._memory, error)
        return self._known

    def _remember(self, key: str) -> None:
        known = self._all_known()
        known[key] = None
        while len(known) > _KEPT:
            known.popitem(last=False)
        if self._memory is not None:
            from models.files.disk import replace_text

            try:
                replace_text(self._memory, json.dumps(list(known)), "Which files were opened is not remembered")
            except NotSaved as error:
                log.info("%s", error.sentence())


def serve(connection: Connection) -> None:
    """The inside of the process: opens what it is asked for, and says what came of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the window
    with contextlib.suppress(OSError):  # should memory run out, it is this process that has to go
        Path("/proc/self/oom_score_adj").write_text("1000")
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import h5py  # noqa: F401
    import hdf5plugin  # noqa: F401

    import models.runs.hdf5.run  # noqa: F401  (loaded now, not while somebody waits)

    connection.send("ready")
    while True:
        try:
            name, dataset = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(_tried(Path(name), dataset))


def _tried(path: Path, dataset: str | None) -> OutTried:
    from models.runs import open_run, read_columns

    try:
        run = open_run(path, dataset)
        try:
            read_columns(run)
            run.load(0)
        finally:
            run.close()
    except FrameUnreadable:
        return "fine", None  # said when the frame is looked at
    except FriedelError as error:
        return "error", error
    except MemoryError:
        return "error", CannotOpen(f"{path} is not opened", cause="there is not enough memory for it")
    except Exception as error:
        log.exception("trying %s", path)
        return "error", CannotOpen(
            f"{path} cannot be opened",
            cause=f"{type(error).__name__}: {error}",
            hint="Copy the file again from its origin; if that does not help, please report it",
        )
    return "fine", None


def _key(stamp: FileStamp | None, dataset: str | None) -> str:
    if stamp is None or not stamp.inode:
        return ""
    return f"{stamp.device}-{stamp.inode}-{stamp.size}-{stamp.modified_ns}-{dataset or ''}"


def _no_answer(path: Path, limit_s: float) -> CannotOpen:
    return CannotOpen(
        f"{path} is not opened",
        cause=f"it gave no frame within {limit_s:.3g} s: the disk does not answer, or reading the file never ends",
        hint=f"Check the disk, then try again: it is given {PATIENT_S:.0f} s then",
    )


def _crashed(path: Path, code: int | None) -> CannotOpen:
    how = "ended"
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            how = f"crashed ({signal.Signals(-code).name})"
    return CannotOpen(
        f"{path} is not opened",
        cause=f"a process that tried it out {how} while reading it",
        hint="The file is damaged: copy it again from its origin",
    )
