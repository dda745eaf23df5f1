"""A process that goes through frames and keeps sums; it is told what to read a stretch at a time."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from models.allocator import keep_freed_memory
from models.errors import FrameUnreadable, FriedelError
from models.statistics.accumulate import Accumulator

if TYPE_CHECKING:
    from models.runs.types import Frame, Run
    from models.treatment.reference import RunReference

log = logging.getLogger(__name__)

_BLOCK_FRAMES = 16
_BLOCK_BYTES = 4 * 2**20
"""of flags: frames that are added together stay in the caches between reading and adding"""

FrameSays = tuple[int, float, int, float]
"""index, sum, lit pixels, largest value"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames to read next, and the code of each one's class (−1: none)."""

    frames: Sequence[int]
    codes: Sequence[int]


@dataclass(frozen=True, slots=True)
class StretchRead:
    """What became of a stretch: what each frame says, and those that could not be read."""

    numbers: list[FrameSays]
    unreadable: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Everything that was added up, by class code."""

    by_code: Mapping[int, Accumulator]


class _Block:
    """Frames of one class that wait to be added; its memory is used again and again."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype[Any], length: int) -> None:
        self.frames: list[int] = []
        self._values = np.empty((length, *shape), dtype)
        self._flags = np.empty((length, *shape), np.uint8)

    def put(self, frame: Frame) -> bool:
        """Take a frame in; True where the block is full now."""
        place = len(self.frames)
        self._values[place], self._flags[place] = frame.raw, frame.flags
        self.frames.append(frame.index)
        return place + 1 == len(self._values)

    def empty_into(self, sums: Accumulator) -> list[FrameSays]:
        frames, self.frames = self.frames, []
        if not frames:
            return []
        said = sums.add(self._values[: len(frames)], self._flags[: len(frames)])
        return [
            (index, float(total), int(lit), float(largest))
            for index, (total, lit, largest) in zip(frames, said, strict=True)
        ]


class Reader:
    """Adds frames of an open run up."""

    def __init__(self, run: Run, lit_from: float) -> None:
        self._run = run
        self._lit_from = lit_from
        self._by_code: dict[int, Accumulator] = {}
        self._blocks: dict[int, _Block] = {}
        height, width = run.shape
        self._length = max(1, min(_BLOCK_FRAMES, _BLOCK_BYTES // (height * width)))

    def read(self, stretch: Stretch) -> StretchRead:
        numbers: list[FrameSays] = []
        unreadable = []
        for index, code in zip(stretch.frames, stretch.codes, strict=True):
            try:
                frame = self._run.load(index)
            except FrameUnreadable as error:
                log.info("frame %d is left out: %s", index, error.sentence())
                unreadable.append(index)
                continue
            if code not in self._by_code:
                self._by_code[code] = Accumulator(self._run.shape, self._lit_from)
                self._blocks[code] = _Block(self._run.shape, frame.raw.dtype, self._length)
            if self._blocks[code].put(frame):
                numbers += self._blocks[code].empty_into(self._by_code[code])
        for code, block in self._blocks.items():
            numbers += block.empty_into(self._by_code[code])
        return StretchRead(numbers, unreadable)

    def sums(self) -> Sums:
        return Sums(self._by_code)


def main(connection: Connection, source: RunReference, lit_from: float) -> None:
    """Read stretches until None comes, then give the sums. An error of the run is the answer in place of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    keep_freed_memory()
    try:
        run = source.open()
    except FriedelError as error:
        connection.send(error)
        return
    reader = Reader(run, lit_from)
    try:
        while (stretch := connection.recv()) is not None:
            connection.send(reader.read(stretch))
        connection.send(reader.sums())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        log.info("nobody wants the statistics any more")
    finally:
        run.close()
