"""A run that counts what is read from it and can be slow, broken or paused."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from models.errors import FrameUnreadable
from models.runs.stack import RunFacts, StackRun
from models.runs.types import RunIdentity


class FakeSource:
    """Frames whose every pixel is their index. `gate` must be set for a read to go on."""

    def __init__(self, shape: tuple[int, int], broken: set[int]) -> None:
        self.shape = shape
        self.broken = broken
        self.reads: list[int] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def read(self, index: int) -> np.ndarray:
        self.reads.append(index)
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        assert self.gate.wait(10), "the test forgot to open the gate"
        if index in self.broken:
            raise FrameUnreadable(f"frame {index} is broken", index=index)
        return np.full(self.shape, index, np.uint16)

    def flags(self, index: int) -> None:
        return None

    def close(self) -> None:
        pass


def fake_run(frames: int = 100, shape: tuple[int, int] = (8, 8), broken: set[int] | None = None):
    """(run, its source)."""
    source = FakeSource(shape, broken or set())
    facts = RunFacts(
        path=Path("fake"),
        dataset="",
        frames=frames,
        shape=shape,
        dtype=np.dtype(np.uint16),
        identity=RunIdentity("0" * 16, frames),
    )
    return StackRun(facts, source), source
