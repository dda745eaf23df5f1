"""Lanes in processes of their own, or in this one; both are told and asked in the same way.

A lane whose other end goes away ends by
itself, so that no start outlives the program, however that ended.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from models.errors import FriedelError
from models.phasing.starts.lane import Lane, Message

if TYPE_CHECKING:
    from models.phasing.settings import PhasingSettings
    from models.phasing.starts.material import Material

log = logging.getLogger(__name__)

SEARCH = "search"
"""the first support that is searched for by trials at low resolution, in a stage before the starts"""
_SEE_OFF_S = 0.5
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class LaneGone(Exception):
    """A lane's process has ended without having been asked to; the text says how."""


class LaneHere:
    """A lane in this process: it computes while it is asked."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def tell(self, method: str, *args: Any) -> None:
        getattr(self._lane, method)(*args)

    def answers(self, seconds: float) -> list[Message]:
        """What it has to say after computing for so long; at once where there is nothing to compute."""
        until = time.monotonic() + seconds
        while self._lane.busy:
            self._lane.turn()
            if time.monotonic() >= until:
                break
        found = self._lane.take()
        if not found and not self._lane.busy:
            time.sleep(max(0.0, until - time.monotonic()))
        return found


class LaneProcess:
    """A lane in a spawned process with one thread.

    Raises:
        FriedelError: the process cannot be started.
    """

    def __init__(self, material: Material, settings: PhasingSettings, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, there = context.Pipe()
        self._process = context.Process(
            target=lane_main, args=(there, material, settings), name=f"phasing lane {number}", daemon=True
        )
        try:
            self._process.start()
        except (OSError, RuntimeError, ValueError) as error:
            self.connection.close()
            raise FriedelError("The starts could not be started", cause=str(error), hint="see the log") from error
        finally:
            there.close()

    def tell(self, method: str, *args: Any) -> None:
        """Pass it on; a lane that has gone is found out when it is asked."""
        try:
            self.connection.send((method, args))
        except (BrokenPipeError, ConnectionResetError, OSError):
            log.info("%s has gone before it could be told to %s", self._process.name, method)

    def answers(self) -> list[Message]:
        """What it has said so far, without waiting. Raises LaneGone."""
        found = []
        try:
            while self.connection.poll():
                found.append(self.connection.recv())
        except (EOFError, ConnectionResetError, OSError) as error:
            if found:
                return found  # the next call finds it gone
            self._process.join(_SEE_OFF_S)
            code = self._process.exitcode
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            raise LaneGone(how) from error
        return found

    def hang_up(self) -> None:
        """The lane ends by itself after its present iterations; `see_off` waits for it."""
        self.connection.close()

    def gone(self, seconds: float) -> bool:
        """Whether the process has ended within so long."""
        self._process.join(max(0.0, seconds))
        return not self._process.is_alive()

    def terminate(self, *, hard: bool) -> None:
        """Do not wait for its present iterations any longer."""
        self._process.kill() if hard else self._process.terminate()


def see_off(lanes: Sequence[LaneProcess]) -> None:
    """End processes, all at the same time: gently first, and within about a second in any case."""
    for lane in lanes:
        lane.hang_up()
    left = list(lanes)
    for hard in (False, True):
        until = time.monotonic() + _SEE_OFF_S
        left = [lane for lane in left if not lane.gone(until - time.monotonic())]
        for lane in left:
            lane.terminate(hard=hard)
    for lane in left:
        if not lane.gone(_SEE_OFF_S):
            log.error("a process of the starts does not end")


def ask(lanes: Sequence[LaneProcess], seconds: float) -> list[LaneProcess]:
    """The lanes with something to say, or gone; at most after so long."""
    ready = set(wait([lane.connection for lane in lanes], seconds))
    return [lane for lane in lanes if lane.connection in ready]


def may_have_children() -> bool:
    """Whether this process may start processes: a daemon may not."""
    return not multiprocessing.current_process().daemon


def lane_main(connection: Connection, material: Material, settings: PhasingSettings) -> None:
    """Run a lane until the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program that started us
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = "1"
    # The solver's libraries, which read those variables once, are loaded with the first start.
    lane = Lane(material.maker(), settings)
    try:
        while True:
            while connection.poll(0 if lane.busy else None):
                method, args = connection.recv()
                getattr(lane, method)(*args)
                for message in lane.take():
                    connection.send(message)
            if lane.busy:
                lane.turn()
            for message in lane.take():
                connection.send(message)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def processes_for(settings: PhasingSettings, workers: int | None, device: str) -> int:
    """How many processes to run; 0 for none. `workers`: how many were asked for, None for one per core."""
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if device != "cpu":
        workers = min(workers, 1)
    if workers and not may_have_children():
        log.info("this process may start no others: the starts run in it")
        return 0
    # A search runs more trials at a time than there are starts.
    return workers if settings.first_support == SEARCH else min(workers, settings.starts)
