"""Work in threads of this process: `to_main`, `run_task`, and the worker whose latest task wins."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from PyQt6.QtCore import QCoreApplication, QObject, Qt, QThread, pyqtSignal

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Postbox(QObject):
    """Carries calls to the GUI thread."""

    posted = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    @staticmethod
    def _call(function: Callable[[], None]) -> None:
        function()


_postbox: _Postbox | None = None


def _the_postbox() -> _Postbox:
    global _postbox
    if _postbox is None:
        _postbox = _Postbox()
        application = QCoreApplication.instance()
        if application is not None:
            _postbox.moveToThread(application.thread())
    return _postbox


def prepare_postbox() -> None:
    """Be ready for `to_main`; called in the GUI thread before other threads need it."""
    _the_postbox()


def to_main(function: Callable[[], None]) -> None:
    """Call `function` in the GUI thread, soon; may be called from any thread."""
    _the_postbox().posted.emit(function)


def in_main() -> bool:
    """Whether this is the GUI thread."""
    application = QCoreApplication.instance()
    return application is not None and QThread.currentThread() is application.thread()


def run_task(
    work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None], *, name: str = "task"
) -> threading.Thread:
    """Run `work` in a thread of its own; `done(result)` or `failed(error)` follows in the GUI thread."""
    _the_postbox()

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            log.info("%s: %s", name, error, exc_info=True)
            problem = error
            to_main(lambda: failed(problem))
        else:
            to_main(lambda: done(result))

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


class LatestWorker:
    """One thread that works on the task handed over last; tasks overtaken before they began are dropped.

    Outcomes arrive in the GUI thread, and only those of tasks that nothing newer replaced: a caller never sees an
    older result after a newer one.
    """

    def __init__(self, name: str) -> None:
        _the_postbox()
        self._name = name
        self._wake = threading.Condition()
        self._waiting: tuple[int, Callable[[], Any], Callable[[Any], None], Callable[[Exception], None]] | None = None
        self._latest = 0
        self._closed = False
        self._busy = False
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a task is at hand or waiting."""
        return self._busy or self._waiting is not None

    def submit(self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Replace whatever waits by `work`."""
        with self._wake:
            if self._closed:
                return
            self._latest += 1
            self._waiting = (self._latest, work, done, failed)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                self._thread.start()
            self._wake.notify()

    def forget(self) -> None:
        """Drop what waits, and the outcome of the task at hand."""
        with self._wake:
            self._latest += 1
            self._waiting = None

    def close(self, timeout_s: float = 0.0) -> None:
        """Drop what waits, and forget the outcome of the task at hand.

        Args:
            timeout_s: how long to wait until the task at hand has ended; needed only where it writes something.
        """
        with self._wake:
            self._closed = True
            self._waiting = None
            self._latest += 1
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _loop(self) -> None:
        while True:
            with self._wake:
                self._busy = False
                self._wake.wait_for(lambda: self._closed or self._waiting is not None)
                if self._closed or self._waiting is None:
                    return
                ticket, work, done, failed = self._waiting
                self._waiting = None
                self._busy = True
            try:
                result = work()
            except Exception as error:
                log.info("%s: %s", self._name, error, exc_info=True)
                self._deliver(ticket, failed, error)
            else:
                self._deliver(ticket, done, result)

    def _deliver(self, ticket: int, receive: Callable[[Any], None], value: Any) -> None:
        def arrive() -> None:
            if ticket == self._latest:
                receive(value)

        to_main(arrive)
