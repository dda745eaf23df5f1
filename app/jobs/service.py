"""The service: one process beside the window that answers small requests at once, for as long as the window lives.

Numerical work of a few milliseconds in a thread of the window's own process makes the window stutter all the same:
its many short calls take turns with the painting for the interpreter lock. Here it has an interpreter of its own.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import multiprocessing
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

from app.jobs import service_worker
from app.jobs.arrays import MappedArray, Scratch, unpack
from app.jobs.service_worker import Answer, Request
from app.jobs.threads import prepare_postbox, to_main
from models.errors import FriedelError

log = logging.getLogger(__name__)

NICE = 10
"""behind the window, before the long jobs"""

_TARGET = "service"


@dataclass
class _Pending:
    done: Callable[[Any], None]
    failed: Callable[[FriedelError], None]
    sent_to: Connection | None = None


class Service:
    """Starts the process with the first request, and again should it have died. Use `lane`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tickets = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._outbox: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._sender: threading.Thread | None = None
        self._scratch: Scratch | None = None
        self._closed = False

    def lane(self, name: str) -> Lane:
        """A way to ask; requests of lanes with the same name are answered one after another."""
        return Lane(self, name)

    def share(self, array: npt.NDArray[Any]) -> MappedArray:
        """Make a large argument known to the process; slow (it may be copied) unless it is a mapped file."""
        with self._lock:
            if self._scratch is None:
                self._scratch = Scratch()
            scratch = self._scratch
        return scratch.share(array)

    def ask(
        self,
        lane: str,
        target: str,
        args: tuple[Any, ...],
        done: Callable[[Any], None],
        failed: Callable[[FriedelError], None],
    ) -> None:
        """Send a request; `done(result)` or `failed(error)` is called in the thread that receives the answers."""
        with self._lock:
            if self._closed:
                return
            ticket = next(self._tickets)
            self._pending[ticket] = _Pending(done, failed)
            if self._sender is None:
                self._scratch = self._scratch or Scratch()
                self._sender = threading.Thread(target=self._send, name=f"{_TARGET} out", daemon=True)
                self._sender.start()
        self._outbox.put(Request(lane, ticket, target, args))

    def close(self) -> None:
        """Let the process go; answers still on their way are dropped."""
        with self._lock:
            self._closed = True
            self._pending.clear()
        self._outbox.put(None)
        if self._sender is not None:
            self._sender.join(2.0)

    # -- the sending thread ----------------------------------------------------------------------------------------

    def _send(self) -> None:
        process: multiprocessing.process.BaseProcess | None = None
        connection: Connection | None = None
        while (request := self._outbox.get()) is not None:
            try:
                if process is None or connection is None or connection.closed:
                    process, connection = self._start()
                try:
                    self._post(request, connection)
                except OSError:  # it died a moment ago
                    process, connection = self._start()
                    self._post(request, connection)
            except (OSError, RuntimeError, ValueError, TypeError, AttributeError) as error:
                log.exception("the service cannot be asked")
                problem = FriedelError("The background process cannot be used", cause=str(error), hint="see the log")
                self._fail([request.ticket], problem)
        if process is not None and connection is not None:
            try:
                connection.send(None)
            except OSError as error:
                log.debug("the service had gone already: %s", error)
            process.join(1.0)
            if process.is_alive():
                process.terminate()
                process.join(1.0)
        if self._scratch is not None:
            self._scratch.close()

    def _post(self, request: Request, connection: Connection) -> None:
        with self._lock:
            pending = self._pending.get(request.ticket)
            if pending is None:  # it was answered by an error meanwhile
                return
            pending.sent_to = connection
        connection.send(request)

    def _start(self) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        assert self._scratch is not None
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(
            target=service_worker.main, args=(there, str(self._scratch.folder), NICE), name=_TARGET, daemon=True
        )
        process.start()
        there.close()
        threading.Thread(target=self._receive, args=(here,), name=f"{_TARGET} in", daemon=True).start()
        return process, here

    # -- the receiving thread --------------------------------------------------------------------------------------

    def _receive(self, connection: Connection) -> None:
        while True:
            try:
                answer: Answer = connection.recv()
            except (EOFError, OSError):
                connection.close()  # before anybody is told: what is asked from then on starts a new process
                break
            pending = self._take(answer.ticket)
            if answer.error is not None:
                log.info("request failed: %s\n%s", answer.error.sentence(), answer.trace)
                if pending is not None:
                    pending.failed(answer.error)
            else:
                value = unpack(answer.parcel)
                if pending is not None:
                    pending.done(value)
        with self._lock:
            lost = [ticket for ticket, pending in self._pending.items() if pending.sent_to is connection]
        if lost:
            log.error("the service process ended unexpectedly")
            self._fail(
                lost,
                FriedelError(
                    "The background process ended unexpectedly",
                    cause="the system may have run out of memory",
                    hint="it is started again with the next label",
                ),
            )

    def _take(self, ticket: int) -> _Pending | None:
        with self._lock:
            return self._pending.pop(ticket, None)

    def _fail(self, tickets: list[int], error: FriedelError) -> None:
        for ticket in tickets:
            pending = self._take(ticket)
            if pending is not None:
                pending.failed(error)


class Lane:
    """Requests of which only the latest counts: one is at work, the last one waits, those between are dropped.

    Outcomes arrive in the GUI thread, and only those of requests that nothing newer replaced.
    """

    def __init__(self, service: Service, name: str) -> None:
        prepare_postbox()
        self._service = service
        self._name = name
        self._latest = 0
        self._at_work = False
        self._waiting: Callable[[], None] | None = None
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a request is at work or waiting."""
        return self._at_work or self._waiting is not None

    def share(self, array: npt.NDArray[Any]) -> MappedArray:
        """See `Service.share`."""
        return self._service.share(np.asanyarray(array))

    def submit(
        self,
        target: str,
        args: tuple[Any, ...],
        done: Callable[[Any], None],
        failed: Callable[[FriedelError], None],
    ) -> None:
        """Replace whatever waits by this request. GUI thread."""
        if self._closed:
            return
        self._latest += 1
        ticket = self._latest

        def begin() -> None:
            self._at_work = True

            def outcome(receive: Callable[[Any], None]) -> Callable[[Any], None]:
                return lambda value: to_main(lambda: self._arrived(ticket, receive, value))

            self._service.ask(self._name, target, args, outcome(done), outcome(failed))

        if self._at_work:
            self._waiting = begin
        else:
            begin()

    def forget(self) -> None:
        """Drop what waits, and the outcome of the request at work."""
        self._latest += 1
        self._waiting = None

    def close(self) -> None:
        """Nothing is asked and nothing arrives any more."""
        self.forget()
        self._closed = True

    def _arrived(self, ticket: int, receive: Callable[[Any], None], value: Any) -> None:
        self._at_work = False
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()
        if ticket == self._latest:
            receive(value)


_service: Service | None = None


def the_service() -> Service:
    """The service of this program; all windows share it."""
    global _service
    if _service is None:
        _service = Service()
        atexit.register(_service.close)
    return _service
