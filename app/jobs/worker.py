"""The inside of a worker process: run a generator, send its records, heed a wish to stop.

Imports nothing heavy and no Qt: it is what a freshly spawned interpreter loads first.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import time
import traceback
from collections.abc import Callable, Generator, Mapping
from multiprocessing.connection import Connection
from typing import Any

from models.allocator import keep_freed_memory
from models.errors import FriedelError
from models.progress import Progress

log = logging.getLogger(__name__)

SEND_EVERY_S = 0.05
"""records are sent at most twenty times a second; the latest wins"""

PROGRESS, RESULT, FAILED, CANCELLED = "progress", "result", "failed", "cancelled"

STOP, SAY = "stop", "say"
"""what a worker is told: to stop, or (SAY, value) for the generator to find in its next `yield`"""


def resolve(target: str) -> Callable[..., Generator[Progress, Any, Any]]:
    """The generator function named "package.module:function"."""
    module, _, name = target.partition(":")
    found: Callable[..., Generator[Progress, Any, Any]] = getattr(importlib.import_module(module), name)
    return found


def main(
    connection: Connection, target: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], nice: int, threads: int
) -> None:
    """Run `target(*args, **kwargs)` to its end, or until the other side asks to stop or goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the window, which then stops us
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = str(threads)
    keep_freed_memory()
    if nice:
        try:
            os.nice(nice)
        except (OSError, AttributeError) as error:
            log.info("priority stays as it is: %s", error)
    try:
        _serve(connection, resolve(target)(*args, **kwargs))
    except FriedelError as error:
        _send(connection, FAILED, (error, traceback.format_exc()))
    except MemoryError:
        no_memory = FriedelError("The job ran out of memory", hint="Close other programs and start it again")
        _send(connection, FAILED, (no_memory, traceback.format_exc()))
    except Exception as unexpected:  # noqa: BLE001 - the border of a process: everything has to cross as a message
        cause = f"{type(unexpected).__name__}: {unexpected}"
        failure = FriedelError("The job failed unexpectedly", cause=cause, hint="The log has the details")
        _send(connection, FAILED, (failure, traceback.format_exc()))
    finally:
        connection.close()


def _serve(connection: Connection, work: Generator[Progress, Any, Any]) -> None:
    last_sent = 0.0
    begun, said = False, None
    while True:
        try:
            # What was said before the first record waits: a generator that has not begun cannot be sent anything.
            record = work.send(said) if begun else next(work)
        except StopIteration as stop:
            _send(connection, RESULT, stop.value)
            return
        begun, said = True, None
        now = time.monotonic()
        if now - last_sent >= SEND_EVERY_S:
            last_sent = now
            if not _send(connection, PROGRESS, record):
                work.close()
                return
        if connection.poll():
            heard, value = _heard(connection)
            if heard != SAY:
                work.close()
                _send(connection, CANCELLED, None)
                return
            said = value


def _heard(connection: Connection) -> tuple[str, Any]:
    """The next thing said to this worker; the other end having gone away means stop."""
    try:
        message = connection.recv()
    except (EOFError, ConnectionResetError):
        return STOP, None
    kind, value = message if isinstance(message, tuple) else (message, None)
    return kind, value


def _send(connection: Connection, kind: str, value: Any) -> bool:
    """Send one message; False where nobody listens any more."""
    try:
        connection.send((kind, value))
    except (BrokenPipeError, ConnectionResetError, EOFError):
        return False
    return True
