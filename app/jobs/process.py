"""One worker process: a generator of progress records runs in it, and can be stopped or die without harm here."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs import worker
from models.errors import FriedelError

log = logging.getLogger(__name__)

GRACE_S = 2.0
"""a worker that was asked to stop has this long before it is stopped"""


class ProcessJob(QObject):
    """Runs `target` ("package.module:function", a generator function) in a spawned process.

    Arguments and result are pickled, so they should be small: paths and settings in, positions or a path out. A
    generator that takes what is sent to it can be steered while it runs (`send`). Signals
    arrive in the thread that made the job; exactly one of `finished`, `failed` and `cancelled` is the last. The
    worker is started once all jobs that it comes `after` have ended.
    """

    progressed = pyqtSignal(object)
    """models.progress.Progress, at most twenty a second"""
    finished = pyqtSignal(object)
    """what the generator returned"""
    failed = pyqtSignal(object)
    """FriedelError"""
    cancelled = pyqtSignal()

    def __init__(
        self,
        target: str,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        nice: int = 15,
        threads: int = 1,
        after: Sequence[ProcessJob] = (),
        has_workers: bool = False,
        parent: QObject | None = None,
    ) -> None:
        """`has_workers`: the generator starts processes of its own, which it has to see off when it is closed."""
        super().__init__(parent)
        self._target = target
        self._after = tuple(after)
        self._args = args
        self._kwargs = dict(kwargs or {})
        self._nice = nice
        self._threads = threads
        self._has_workers = has_workers
        self._stop = threading.Event()
        self._to_say: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the process; returns at once, the starting itself happens in the watching thread."""
        self._thread = threading.Thread(target=self._watch, name=f"watch {self._target}", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the worker to stop after its present step; after a grace period it is stopped."""
        self._stop.set()

    def send(self, value: Any) -> None:
        """Say something to the generator: its next `yield` gives it, one value each, in the order they were sent."""
        self._to_say.put(value)

    def wait(self, timeout_s: float) -> bool:
        """Whether the worker has gone within `timeout_s`."""
        if self._thread is not None:
            self._thread.join(timeout_s)
            return not self._thread.is_alive()
        return True

    def _watch(self) -> None:
        for earlier in self._after:
            while not earlier.wait(0.05):
                if self._stop.is_set():
                    self.cancelled.emit()
                    return
        self._after = ()
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(
            target=worker.main,
            args=(there, self._target, self._args, self._kwargs, self._nice, self._threads),
            name=self._target,
            daemon=not self._has_workers,  # a daemon may have no children
        )
        try:
            process.start()
        except (OSError, RuntimeError, AttributeError, TypeError, ValueError) as error:
            log.exception("worker for %s cannot be started", self._target)
            here.close()
            there.close()
            self.failed.emit(FriedelError("The job could not be started", cause=str(error), hint="see the log"))
            return
        there.close()
        try:
            last_word = self._listen(here, process)
        finally:
            here.close()
            _see_off(process)
        self._report(last_word, process.exitcode)

    def _listen(self, here: Connection, process: multiprocessing.process.BaseProcess) -> tuple[str, Any] | None:
        """Pass progress on until the last word; None where the worker died, or was stopped, without one."""
        asked_at: float | None = None
        while True:
            if self._stop.is_set() and asked_at is None:
                asked_at = time.monotonic()
                try:
                    here.send(worker.STOP)
                except (BrokenPipeError, ConnectionResetError):
                    log.info("%s had ended before it could be asked to stop", self._target)
            if asked_at is not None and time.monotonic() - asked_at > GRACE_S:
                process.terminate()
                return None
            if asked_at is None:
                self._say_all(here)
            try:
                if not here.poll(0.05):
                    if not process.is_alive() and not here.poll(0):
                        return None
                    continue
                kind, value = here.recv()
            except (EOFError, ConnectionResetError):
                return None
            if kind != worker.PROGRESS:
                return kind, value
            if asked_at is None:
                self.progressed.emit(value)

    def _say_all(self, here: Connection) -> None:
        while not self._to_say.empty():
            try:
                here.send((worker.SAY, self._to_say.get()))
            except (BrokenPipeError, ConnectionResetError):
                log.info("%s had ended before it could be told", self._target)
                return

    def _report(self, last_word: tuple[str, Any] | None, exitcode: int | None) -> None:
        kind, value = last_word if last_word is not None else ("", None)
        if kind == worker.RESULT:
            self.finished.emit(value)
        elif kind == worker.FAILED:
            error, trace = value
            log.error("%s failed: %s\n%s", self._target, error.sentence(), trace)
            self.failed.emit(error)
        elif kind == worker.CANCELLED or self._stop.is_set():
            self.cancelled.emit()
        else:
            how = f"signal {-exitcode}" if exitcode is not None and exitcode < 0 else f"exit code {exitcode}"
            log.error("worker for %s ended with %s", self._target, how)
            self.failed.emit(
                FriedelError(
                    "The worker process ended unexpectedly",
                    cause=f"{how}; the system may have run out of memory",
                    hint="what was finished is kept; start the job again to go on from there",
                )
            )


def _see_off(process: multiprocessing.process.BaseProcess) -> None:
    """Make sure the process is gone, gently first."""
    process.join(1.0)
    if process.is_alive():
        process.terminate()
        process.join(1.0)
    if process.is_alive():
        process.kill()
        process.join()
