"""Feeds mutants to workers that may crash or hang, and tells what became of each."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.fuzz.seeds import Seed
from tests.fuzz.worker import Made, Tried, fingerprint, log_of, work

HANG_SECONDS = 5.0
_STARTING_SECONDS = 120.0
_PAUSE = 2.0
_LOG = 4000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant.

    Attributes:
        seed: what it was made of.
        number: its number, which with the seed's name and the run's seed makes it again.
        recipe: what was done to it.
        opened, frames, unreadable, faults, modified, seconds, held: as in `Tried`.
        crashed: the process ended; the text says how. "" otherwise.
        hung: longer than 5 s, twice, each time in a process of its own.
        again: a crash came again in a fresh process.
    """

    seed: Seed
    number: int
    recipe: str
    opened: bool = False
    frames: int = 0
    unreadable: int = 0
    faults: tuple[str, ...] = ()
    modified: bool = False
    seconds: float = 0.0
    held: str = ""
    crashed: str = ""
    hung: bool = False
    again: bool = False

    @property
    def offends(self) -> bool:
        return bool(self.faults or self.modified or self.crashed or self.hung)


@dataclass
class _Task:
    which: int
    number: int
    crashed: str = ""
    late: int = 0


@dataclass
class _Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    folder: Path
    fresh: bool = True
    task: _Task | None = None
    made: Made | None = None
    since: float = field(default_factory=time.monotonic)


def _kill(worker: _Worker) -> None:
    """End a worker and what it has started (it leads a session of its own)."""
    pid = worker.process.pid
    if pid is not None:
        with contextlib.suppress(OSError):
            if os.getpgid(pid) != os.getpgid(0):
                os.killpg(pid, signal.SIGKILL)
    worker.process.kill()
    worker.process.join()


class Pool:
    """Workers with one mutant each at a time.

    Args:
        seeds: what mutants are made of.
        run_seed: decides, with a seed's name and a number, what is done.
        folder: workers write their mutants below it.
        jobs: number of workers.
        probing: files are tried out in a further process first, as in the window.
        subject: module whose `try_run` and `try_geometry` use a mutant.
        keep: called with a verdict and the folder of the mutant, for those that offend or were held by the trial.
    """

    def __init__(
        self,
        seeds: Sequence[Seed],
        run_seed: int,
        folder: Path,
        *,
        jobs: int = 2,
        probing: bool = True,
        subject: str = "tests.fuzz.subject",
        keep: Callable[[Verdict, Path], None] | None = None,
    ) -> None:
        self._seeds = list(seeds)
        self._run_seed = run_seed
        self._how = (probing, subject)
        self._folder = folder
        self._keep = keep
        self._context = multiprocessing.get_context("spawn")
        self._started = 0
        self._workers = [self._start() for _ in range(jobs)]

    def run(self, tasks: Sequence[tuple[int, int]]) -> Iterator[Verdict]:
        """Try (number of the seed, number of the mutant) one after the other; verdicts as they come."""
        queue = deque(_Task(which, number) for which, number in tasks)
        looked = time.monotonic()
        while queue or any(worker.task for worker in self._workers):
            for place, worker in enumerate(self._workers):
                if worker.task is None and queue:
                    if (queue[0].crashed or queue[0].late) and not worker.fresh:
                        self._end(worker)
                        worker = self._workers[place] = self._start()
                    self._give(worker, queue.popleft())
            busy = {worker.pipe: worker for worker in self._workers if worker.task}
            ready = wait(list(busy), timeout=0.5)
            now = time.monotonic()
            if now - looked > _PAUSE:  # this process was stopped, and the workers perhaps with it
                for worker in busy.values():
                    worker.since = now
            looked = now
            for place, worker in enumerate(self._workers):
                if worker.pipe in ready:
                    verdict = self._hear(worker)
                elif worker.task is not None and now - worker.since > self._patience(worker):
                    verdict = self._give_up(worker)
                else:
                    continue
                if verdict is not None and (worker.task is not None or not worker.process.is_alive()):
                    self._end(worker)
                    self._workers[place] = self._start()
                if isinstance(verdict, _Task):
                    queue.appendleft(verdict)
                elif verdict is not None:
                    yield verdict

    def close(self) -> None:
        for worker in self._workers:
            self._end(worker)

    def _start(self) -> _Worker:
        mine, its = self._context.Pipe()
        folder = self._folder / f"worker{self._started}"
        self._started += 1
        process = self._context.Process(
            target=work, args=(its, folder, self._seeds, self._run_seed, *self._how), name="fuzz"
        )
        process.start()
        its.close()
        return _Worker(process, mine, folder)

    def _end(self, worker: _Worker) -> None:
        _kill(worker)
        worker.pipe.close()
        shutil.rmtree(worker.folder, ignore_errors=True)
        log_of(worker.folder).unlink(missing_ok=True)

    def _give(self, worker: _Worker, task: _Task) -> None:
        worker.task, worker.made, worker.since = task, None, time.monotonic()
        try:
            worker.pipe.send((task.which, task.number))
        except OSError:
            pass  # it has died; reading from it tells

    def _patience(self, worker: _Worker) -> float:
        return HANG_SECONDS if worker.made else HANG_SECONDS + (_STARTING_SECONDS if worker.fresh else 0)

    def _hear(self, worker: _Worker) -> Verdict | _Task | None:
        task = worker.task
        assert task is not None
        try:
            said = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            how = f"exit status {worker.process.exitcode}" + ("" if worker.made else " while the mutant was made")
            if not task.crashed:
                self._kept(self._verdict(worker, task, crashed=how), worker)
                return _Task(task.which, task.number, crashed=how)
            return self._finish(worker, self._verdict(worker, task, crashed=how, again=True))
        if isinstance(said, Made):
            worker.made, worker.since = said, time.monotonic()
            return None
        worker.task, worker.fresh = None, False
        assert isinstance(said, Tried)
        found = {name: getattr(said, name) for name in Tried.__slots__}
        return self._finish(worker, self._verdict(worker, task, crashed=task.crashed, **found))

    def _give_up(self, worker: _Worker) -> Verdict | _Task:
        task = worker.task
        assert task is not None
        _kill(worker)
        if not task.late:
            return _Task(task.which, task.number, crashed=task.crashed, late=1)
        return self._finish(worker, self._verdict(worker, task, hung=True, crashed=task.crashed))

    def _verdict(self, worker: _Worker, task: _Task, **found: object) -> Verdict:
        recipe = worker.made.recipe if worker.made else ""
        if worker.made and not worker.process.is_alive():
            found["modified"] = fingerprint(worker.folder) != worker.made.fingerprint
        return Verdict(self._seeds[task.which], task.number, recipe, **found)  # type: ignore[arg-type]

    def _finish(self, worker: _Worker, verdict: Verdict) -> Verdict:
        if verdict.offends or verdict.held:
            self._kept(verdict, worker)
        return verdict

    def _kept(self, verdict: Verdict, worker: _Worker) -> None:
        if verdict.crashed:  # the fault handler has written where it was
            said = log_of(worker.folder).read_text("utf-8", "replace")[-_LOG:]
            verdict = replace(verdict, faults=(*verdict.faults, said))
        if self._keep is not None:
            self._keep(verdict, worker.folder)
