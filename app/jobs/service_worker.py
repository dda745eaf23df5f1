"""The inside of the service process: answers requests, each lane on a thread of its own.

Imports nothing heavy and no Qt: it is what a freshly spawned interpreter loads first.
"""

from __future__ import annotations

import importlib
import logging
import os
import queue
import shutil
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from models.allocator import keep_freed_memory
from models.errors import FriedelError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """Call `target` ("package.module:function") with `args`; requests of one lane are answered one after another."""

    lane: str
    ticket: int
    target: str
    args: tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """What became of a request: a `Parcel`, or an error and its trace."""

    ticket: int
    parcel: Any = None
    error: FriedelError | None = None
    trace: str = ""


def main(connection: Connection, folder: str, nice: int) -> None:
    """Answer requests until the other side says None or goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the window
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    keep_freed_memory()
    try:
        os.nice(nice)
    except (OSError, AttributeError) as error:
        log.info("priority stays as it is: %s", error)
    sending = threading.Lock()

    def reply(answer: Answer) -> None:
        with sending:
            try:
                connection.send(answer)
            except (BrokenPipeError, ConnectionResetError):
                log.debug("nobody waits for request %d any more", answer.ticket)

    lanes: dict[str, queue.SimpleQueue[Request]] = {}
    while True:
        try:
            request: Request | None = connection.recv()
        except (EOFError, ConnectionResetError):
            # A window that was killed could not clean up itself.
            shutil.rmtree(folder, ignore_errors=True)
            _leave()
        if request is None:
            _leave()
        if request.lane not in lanes:
            lanes[request.lane] = queue.SimpleQueue()
            args = (lanes[request.lane], folder, reply)
            threading.Thread(target=_serve, args=args, name=request.lane, daemon=True).start()
        lanes[request.lane].put(request)


def _leave() -> NoReturn:
    """End at once: a lane in the middle of compiled code does not survive the interpreter being taken down."""
    logging.shutdown()
    os._exit(0)


def _serve(waiting: queue.SimpleQueue[Request], folder: str, reply: Callable[[Answer], None]) -> None:
    while True:
        request = waiting.get()
        reply(_answer(request, folder))


def _answer(request: Request, folder: str) -> Answer:
    from app.jobs.arrays import pack

    module, _, name = request.target.partition(":")
    try:
        value = getattr(importlib.import_module(module), name)(*request.args)
        return Answer(request.ticket, parcel=pack(value, folder))
    except FriedelError as error:
        return Answer(request.ticket, error=error, trace=traceback.format_exc())
    except MemoryError:
        error = FriedelError("There is not enough memory for this", hint="Close other programs and try again")
        return Answer(request.ticket, error=error, trace=traceback.format_exc())
    except Exception as unexpected:  # noqa: BLE001 - the border of a process: everything has to cross as a message
        error = FriedelError(
            "Something went wrong in the background",
            cause=f"{type(unexpected).__name__}: {unexpected}",
            hint="The log has the details",
        )
        return Answer(request.ticket, error=error, trace=traceback.format_exc())
