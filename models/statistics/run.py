"""A pass over a run on all cores: every process reads frames of its own, and the sums are put together at the end.

HDF5 has one lock in a process, so that threads do not help with compressed frames; processes do.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter, FriedelError
from models.progress import Progress
from models.statistics.accumulate import Accumulator
from models.statistics.reading import Reader, Stretch, StretchRead, Sums, main
from models.statistics.types import REST, FrameNumbers, PixelStatistics, RunStatistics, StatisticsSettings
from models.treatment.reference import RunReference

_STRETCH_BYTES = 128 * 2**20
_STRETCH_FRAMES = 512
_FEW_BYTES = 96 * 2**20
"""Of frames, below which starting processes takes longer than reading them here."""
_POLL_S = 0.25


def run_statistics(
    source: RunReference,
    frames: Sequence[int] | npt.NDArray[np.integer] | None = None,
    codes: npt.NDArray[np.integer] | None = None,
    names: Sequence[str] = (),
    settings: StatisticsSettings | None = None,
) -> Generator[Progress, None, RunStatistics]:
    """Mean, variance, maximum and lit pixels of a run's frames. Stopping the generator ends its processes.

    Args:
        source: the run, and how its frames are treated.
        frames: which; None for all.
        codes: (N,) class of every frame of the run, an index into `names`, −1 for none; None for no classes.
        names: of the classes.
        settings: defaults where None.

    Raises:
        CannotOpen, AmbiguousRun: the run cannot be opened.
        FriedelError: no frame could be read, or a process ended.
        BadParameter: codes that are not one for each frame.
    """
    settings = settings or StatisticsSettings()
    yield Progress(done=0, unit="frames", message="opening the run")
    run = source.open()
    try:
        total, shape, unit = len(run), run.shape, run.unit
        if codes is not None and len(codes) != total:
            raise BadParameter(f"{len(codes)} classes were given for {total} frames")
        chosen = np.arange(total) if frames is None else np.unique(np.asarray(frames, np.int64))
        if len(chosen) and not (chosen[0] >= 0 and chosen[-1] < total):
            raise BadParameter(f"frames {chosen[0]} … {chosen[-1]} of a run with frames 0 … {total - 1}")
        chosen = chosen[:: settings.every]
        frame_bytes = shape[0] * shape[1] * 4
        workers = settings.workers or os.cpu_count() or 1
        stretches = _stretches(chosen, codes, frame_bytes, workers)
        gathered = _Gathered(total)
        here = workers == 1 or len(chosen) * frame_bytes < _FEW_BYTES or multiprocessing.current_process().daemon
        if here:
            reader = Reader(run, settings.lit_from)
            for stretch in stretches:
                gathered.take(reader.read(stretch))
                yield Progress(done=gathered.done, total=len(chosen), unit="frames", message="reading")
            gathered.add(reader.sums())
    finally:
        run.close()
    if not here:
        crew = _Crew(source, settings.lit_from, workers)
        try:
            for answer in crew.work(iter(stretches)):
                if isinstance(answer, StretchRead):
                    gathered.take(answer)
                elif answer is not None:
                    gathered.add(answer)
                yield Progress(done=gathered.done, total=len(chosen), unit="frames", message="reading")
        finally:
            crew.close()
    return gathered.result(unit, settings.lit_from, shape, names)


def _stretches(
    chosen: npt.NDArray[np.int64], codes: npt.NDArray[np.integer] | None, frame_bytes: int, workers: int
) -> list[Stretch]:
    """Neighbouring frames together; enough stretches that no process waits long for another at the end."""
    length = max(1, min(_STRETCH_FRAMES, _STRETCH_BYTES // frame_bytes, -(-len(chosen) // (4 * workers)) or 1))
    of_class = np.full(len(chosen), -1) if codes is None else np.asarray(codes)[chosen]
    return [
        Stretch(chosen[place : place + length].tolist(), of_class[place : place + length].tolist())
        for place in range(0, len(chosen), length)
    ]


class _Gathered:
    """Answers, put together."""

    def __init__(self, frames: int) -> None:
        self.done = 0
        self._numbers = FrameNumbers(np.full(frames, np.nan), np.full(frames, -1, np.int64), np.full(frames, np.nan))
        self._unreadable: list[int] = []
        self._sums: dict[int, Accumulator] = {}

    def take(self, read: StretchRead) -> None:
        self.done += len(read.numbers) + len(read.unreadable)
        self._unreadable += read.unreadable
        for index, total, lit, largest in read.numbers:
            self._numbers.total[index] = total
            self._numbers.lit_pixels[index] = lit
            self._numbers.largest[index] = largest

    def add(self, sums: Sums) -> None:
        for code, part in sums.by_code.items():
            if code in self._sums:
                self._sums[code].merge(part)
            else:
                self._sums[code] = part

    def result(self, unit: str, lit_from: float, shape: tuple[int, int], names: Sequence[str]) -> RunStatistics:
        if not self._sums:
            count = len(self._unreadable)
            raise FriedelError(
                "There are no statistics",
                cause=f"none of {count} frames could be read" if count else "no frame was chosen",
                hint="look at single frames to see what is wrong with them" if count else "choose frames",
            )
        by_class = {}
        if names:
            called = dict(enumerate(names)) | {-1: REST}
            by_class = {called[code]: PixelStatistics.of(made) for code, made in sorted(self._sums.items())}
        whole = Accumulator(shape, lit_from)
        for made in self._sums.values():
            whole.merge(made)
        return RunStatistics(
            unit, lit_from, PixelStatistics.of(whole), self._numbers, by_class, tuple(sorted(self._unreadable))
        )


class _Crew:
    """Processes that read."""

    def __init__(self, source: RunReference, lit_from: float, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._processes = []
        self._connections: list[Connection] = []
        try:
            for number in range(count):
                here, there = context.Pipe()
                process = context.Process(
                    target=main, args=(there, source, lit_from), name=f"statistics {number}", daemon=True
                )
                process.start()
                there.close()
                self._processes.append(process)
                self._connections.append(here)
        except OSError as error:
            self.close()
            raise FriedelError("The processes could not be started", cause=str(error)) from error

    def work(self, stretches: Iterator[Stretch]) -> Iterator[StretchRead | Sums | None]:
        """What they answer, as it comes; None when nothing came for a while."""
        open_ones = set(self._connections)
        for connection in self._connections:
            connection.send(next(stretches, None))
        while open_ones:
            ready = wait(list(open_ones), _POLL_S)
            if not ready:
                yield None
            for connection in [one for one in self._connections if one in ready]:
                answer = self._heard(connection)
                if isinstance(answer, Sums):
                    open_ones.discard(connection)
                else:
                    connection.send(next(stretches, None))
                yield answer

    def _heard(self, connection: Connection) -> StretchRead | Sums:
        try:
            answer = connection.recv()
        except (EOFError, ConnectionResetError) as error:
            raise FriedelError(
                "A process that was reading ended unexpectedly",
                cause="the system may have run out of memory, or the file crashed the library that reads it",
                hint="Try it with one process",
            ) from error
        if isinstance(answer, FriedelError):
            raise answer
        assert isinstance(answer, StretchRead | Sums)
        return answer

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(1.0)
