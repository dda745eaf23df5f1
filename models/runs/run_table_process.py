"""The process that opens runs to describe them: a damaged file may end it, a dead network share may hang it."""

from __future__ import annotations

import importlib
import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from models.runs.run_table import RunState
from models.runs.run_table_describe import Description

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

_READY = "ready"
_START_S = 60.0
"""Longest time that an interpreter may take to start and load its libraries."""


class Describer:
    """Describes runs one by one in a process of its own, which is made anew when it dies or does not answer.

    Args:
        target: "package.module:function" of what describes: called with path and newest file of a run, gives a
            `Description`.
        patience_s: longest time one run may take.
    """

    def __init__(self, target: str, patience_s: float) -> None:
        self._target = target
        self._patience_s = patience_s
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._ready = False
        self._deadline = 0.0

    def ask(self, path: str, newest: str) -> None:
        """Begin with a run; `answer` gives the outcome."""
        if self._process is None or not self._process.is_alive():
            self._start()
        assert self._pipe is not None
        self._deadline = time.monotonic() + (self._patience_s if self._ready else _START_S + self._patience_s)
        self._pipe.send((path, newest))

    def answer(self, wait_s: float) -> Description | None:
        """The description, or None where it is not there after `wait_s` seconds. Never later than the patience."""
        assert self._pipe is not None
        try:
            if self._pipe.poll(wait_s):
                said = self._pipe.recv()
                if said != _READY:
                    found: Description = said
                    return found
                self._ready, self._deadline = True, time.monotonic() + self._patience_s
                return None
        except (EOFError, OSError):
            self.close()
            return Description(RunState.UNREADABLE, "Reading it ended the reading process: the file is damaged")
        if time.monotonic() > self._deadline:
            self.close()
            return Description(
                RunState.UNREADABLE,
                f"It did not open within {self._patience_s:g} s: the disk or the network may not answer",
            )
        return None

    def close(self) -> None:
        """End the process, also in the middle of a run."""
        process, pipe = self._process, self._pipe
        self._process, self._pipe, self._ready = None, None, False
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join(5.0)

    def _start(self) -> None:
        self.close()
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other, self._target), daemon=True, name="friedel-describe"
        )
        self._process.start()
        other.close()


def _serve(pipe: Connection, target: str) -> None:
    """The inside of the process: answer until the other side goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the listing, which then ends us
    module, _, name = target.partition(":")
    describe: Callable[[str, str], Description] = getattr(importlib.import_module(module), name)
    pipe.send(_READY)
    while True:
        try:
            path, newest = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            found = describe(path, newest)
        except Exception as error:  # noqa: BLE001 - the border of a process: a defect is the run's line, not the list's end
            found = Description(RunState.UNREADABLE, f"Describing it failed ({type(error).__name__}: {error})")
        try:
            pipe.send(found)
        except (BrokenPipeError, OSError):
            return
