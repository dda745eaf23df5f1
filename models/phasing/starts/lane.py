"""Several starts taking turns in one process, so that all advance together.

A lane is told things by messages and answers by messages, whether it runs in this process or in another one
(`models.phasing.starts.processes`). Messages are small, except for finished starts and pictures.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from models.errors import FriedelError
from models.parameters import to_dict
from models.phasing.settings import PhasingSettings
from models.phasing.starts.types import GIVEN_UP, StartRow
from models.phasing.types import PhasingState, Preview, Start

log = logging.getLogger(__name__)

SLICE_S = 0.15
"""A start has its turn for about so long: short enough to see all of them move, long enough for its arrays to stay in
the processor's caches."""
CHUNK_S = 0.03
"""What is said to a lane is heard after about so long."""
SLOW_RUN_S = 0.3
"""So long it may take at most where iterations are slow, unless one takes longer."""
_SLICE_SHARE = 0.04
LOOK_EVERY = 20
"""The solver judges its object every so many iterations (`models.phasing.solver`), the same in every start."""
REPORT_EVERY_S = 0.05
PREVIEW_EVERY_S = 0.1

Point: TypeAlias = tuple[int, float, float, int]
"""iteration, R factor, free log-likelihood, pixels of the support"""


@dataclass(frozen=True, slots=True)
class Task:
    """One start to run.

    Attributes:
        seed: what it is drawn from. first: file of the object to begin from, complex64 (NPY), None for a random one.
        support: file of the first support, bool (NPY), None where the settings say. generation: from 0.
        overrides: settings that are its own, by name. part: which of the patterns of the material; "" the whole one.
    """

    seed: int
    first: Path | None = None
    support: Path | None = None
    generation: int = 0
    overrides: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""

    def settings(self, common: PhasingSettings) -> PhasingSettings:
        """What holds for this start."""
        return replace(common, **self.overrides)


@dataclass(frozen=True, slots=True)
class Report:
    """How the starts of a lane stand: rows, and the points their curves have gained since the last report."""

    rows: tuple[StartRow, ...]
    points: dict[int, tuple[Point, ...]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A preview of one start."""

    seed: int
    preview: Preview


@dataclass(frozen=True, slots=True)
class Ended:
    """A start that is done, with its last row and points."""

    row: StartRow
    start: Start
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """A start that cannot go on."""

    seed: int
    error: FriedelError


Message: TypeAlias = Report | Picture | Ended | Failed


class SolverLike(Protocol):
    """What a lane needs of `models.phasing.solver.Solver`."""

    settings: PhasingSettings

    @property
    def finished(self) -> bool: ...
    def run(self, iterations_at_most: int, look: bool = False) -> PhasingState: ...
    def state(self) -> PhasingState: ...
    def preview(self) -> Preview: ...
    def start(self, ended: str = "") -> Start: ...


MakeSolver: TypeAlias = Callable[[Task, PhasingSettings], SolverLike]


@dataclass
class _Running:
    task: Task
    solver: SolverLike
    row: StartRow
    points: list[Point] = field(default_factory=list)
    seconds_per_iteration: float = 0.0
    figures: tuple[float, float] = (math.nan, math.nan)
    had: int = 0


class Lane:
    """Starts that take turns.

    Args:
        make: makes the solver of a task.
        settings: for the starts that begin from now on.
    """

    def __init__(self, make: MakeSolver, settings: PhasingSettings) -> None:
        self._make = make
        self._settings = settings
        self._running: list[_Running] = []
        self._watched: int | None = None
        self._paused = False
        self._steps: dict[int, int] = {}
        self._out: list[Message] = []
        self._reported = self._pictured = -1e9
        self._turn: tuple[_Running, float] | None = None
        self._last: _Running | None = None

    @property
    def busy(self) -> bool:
        """Whether there is anything to compute."""
        return bool(self._running) and (not self._paused or bool(self._steps))

    # What it can be told

    def add(self, task: Task) -> None:
        """Begin a start."""
        try:
            solver = self._make(task, task.settings(self._settings))
            state = solver.state()
        except Exception as error:  # noqa: BLE001 - the border of a start: whatever it is, the others go on
            self._out.append(Failed(task.seed, _explained(task.seed, error)))
            return
        row = StartRow(task.seed, state.algorithm, total=state.total or 0, generation=task.generation)
        # Who comes late shares the time from now on; nobody waits until it has caught up.
        had = min((running.had for running in self._running), default=0)
        self._running.append(_Running(task, solver, _row(row, state), had=had))
        self._turn = None

    def change(self, settings: PhasingSettings) -> None:
        """Other settings for the running starts, from their next iteration on, and for those to come."""
        before, self._settings = to_dict(self._settings), settings
        for running in list(self._running):
            # What is a start's own stays, unless it is just this that is changed.
            own = {n: v for n, v in running.task.overrides.items() if getattr(settings, n) == before[n]}
            running.task = replace(running.task, overrides=own)
            try:
                running.solver.settings = running.task.settings(settings)
                running.row = replace(running.row, total=running.solver.state().total or running.row.total)
            except Exception as error:  # noqa: BLE001 - as in `add`
                self._fail(running, error)

    def pause(self) -> None:
        self._paused, self._steps = True, {}
        self._reported = -1e9

    def go_on(self) -> None:
        self._paused, self._steps = False, {}

    def step(self, iterations: int) -> None:
        """So many iterations of every start, then pause."""
        self._paused = True
        self._steps = {running.task.seed: max(1, iterations) for running in self._running}

    def watch(self, seed: int | None) -> None:
        """Send pictures of this start; the first at once."""
        self._watched = seed
        self._turn = None
        for running in self._running:
            if running.task.seed == seed:
                self._picture(running)

    def end(self, seed: int | None, ended: str) -> None:
        """End one start, or all (None), as "stopped" or "hopeless"."""
        for running in list(self._running):
            if seed is None or running.task.seed == seed:
                self._end(running, ended)

    # What it does

    def turn(self) -> None:
        """A few looks of one start."""
        running, seconds = self._next()
        until = time.perf_counter() + min(seconds, CHUNK_S)
        while True:
            begun = time.perf_counter()
            try:
                # Whoever steps wants to see what the step has done to the figures.
                state = running.solver.run(self._at_most(running), running.task.seed in self._steps)
            except Exception as error:  # noqa: BLE001 - as in `add`
                self._fail(running, error)
                return
            now = time.perf_counter()
            self._count(running, state, now - begun)
            if running.solver.finished:
                self._end(running, "")
                return
            if now >= until or (self._paused and running.task.seed not in self._steps):
                break
        if running.task.seed == self._watched and time.monotonic() - self._pictured >= PREVIEW_EVERY_S:
            self._picture(running)

    def take(self) -> list[Message]:
        """The messages since the last call; a report among them at most twenty times a second."""
        now = time.monotonic()
        if self._running and now - self._reported >= REPORT_EVERY_S:
            self._reported = now
            points = {running.task.seed: tuple(running.points) for running in self._running if running.points}
            self._out.append(Report(tuple(running.row for running in self._running), points))
            for running in self._running:
                running.points = []
        out, self._out = self._out, []
        return out

    # Parts

    def _next(self) -> tuple[_Running, float]:
        """Whose turn it is, and how many seconds of it are left. Stepping takes them one after the other.

        The one that has had the fewest iterations is next. Between two others the watched start has a short turn, so
        that its picture moves, as long as that does not bring it more than one turn ahead.
        """
        if self._steps:
            return next(r for r in self._running if r.task.seed in self._steps), SLICE_S
        if self._turn is not None:
            return self._turn
        least = min(self._running, key=lambda r: r.had)
        watched = next((r for r in self._running if r.task.seed == self._watched), None)
        if watched is not None and watched is not self._last and watched.had < least.had + _iterations(least):
            self._turn = (watched, min(CHUNK_S, _slice(watched)))
        else:
            self._turn = (least, _slice(least))
        self._last = self._turn[0]
        return self._turn

    def _at_most(self, running: _Running) -> int:
        """Iterations to the next look; fewer where they are slow."""
        wanted = LOOK_EVERY - running.row.iteration % LOOK_EVERY
        # How slow they are is not known before the first.
        each = running.seconds_per_iteration
        wanted = min(wanted, max(1, int(SLOW_RUN_S / each))) if each > 0 else 1
        return min(wanted, self._steps.get(running.task.seed, wanted))

    def _count(self, running: _Running, state: PhasingState, took: float) -> None:
        seed, iterations = running.task.seed, state.done - running.row.iteration
        if iterations:
            each, old = took / iterations, running.seconds_per_iteration
            # The first run is slower than all others: code is compiled, caches are cold.
            running.seconds_per_iteration = each if not old or each < 0.5 * old else 0.9 * old + 0.1 * each
        running.had += iterations
        running.row = _row(running.row, state, running.seconds_per_iteration)
        figures = state.r_factor, state.free_log_likelihood
        if figures != running.figures and not math.isnan(figures[0]):  # there was a look
            running.figures = figures
            running.points.append((state.done, *figures, state.support_pixels))
        if seed in self._steps:
            self._steps[seed] -= iterations
            if self._steps[seed] <= 0 or not iterations:
                del self._steps[seed]
                self._reported = -1e9
                if seed == self._watched:
                    self._picture(running)
        elif self._turn is not None:
            left = self._turn[1] - took
            # Another run of which most would lie beyond the turn's end is left to the next turn.
            self._turn = (running, left) if left > 0.5 * took else None

    def _picture(self, running: _Running) -> None:
        self._pictured = time.monotonic()
        self._out.append(Picture(running.task.seed, running.solver.preview()))

    def _end(self, running: _Running, ended: str) -> None:
        self._forget(running)
        try:
            start = running.solver.start(ended) if ended else running.solver.start()
        except Exception as error:  # noqa: BLE001 - as in `add`
            self._out.append(Failed(running.task.seed, _explained(running.task.seed, error)))
            return
        state = GIVEN_UP if start.ended == "hopeless" else start.ended
        row = replace(
            running.row,
            state=state,
            iteration=start.iterations,
            r_factor=start.r_factor,
            free_log_likelihood=start.free_log_likelihood,
        )
        self._out.append(Ended(row, start, tuple(running.points)))

    def _fail(self, running: _Running, error: Exception) -> None:
        self._forget(running)
        self._out.append(Failed(running.task.seed, _explained(running.task.seed, error)))

    def _forget(self, running: _Running) -> None:
        self._running = [r for r in self._running if r is not running]
        self._steps.pop(running.task.seed, None)
        self._turn = None


def _slice(running: _Running) -> float:
    """Seconds of one turn: less where the whole schedule takes seconds only, or one start would end before the next
    begins."""
    whole = running.row.total * running.seconds_per_iteration
    return min(SLICE_S, _SLICE_SHARE * whole) if whole > 0 else SLICE_S


def _iterations(running: _Running) -> float:
    """Iterations of one turn."""
    return _slice(running) / running.seconds_per_iteration if running.seconds_per_iteration > 0 else LOOK_EVERY


def _row(row: StartRow, state: PhasingState, seconds_per_iteration: float = 0.0) -> StartRow:
    return replace(
        row,
        state=state.algorithm,
        algorithm=state.algorithm,
        iteration=state.done,
        total=state.total or row.total,
        r_factor=state.r_factor,
        free_log_likelihood=state.free_log_likelihood,
        support_pixels=state.support_pixels,
        iterations_per_second=1 / seconds_per_iteration if seconds_per_iteration > 0 else 0.0,
    )


def _explained(seed: int, error: Exception) -> FriedelError:
    """The error as a sentence for the user; what nobody expected goes to the log with its traceback."""
    if isinstance(error, FriedelError):
        return error
    if isinstance(error, MemoryError):
        return FriedelError(f"start {seed} ran out of memory", hint="crop or bin the pattern, or run fewer starts")
    log.error("start %d failed", seed, exc_info=error)
    cause = f"{type(error).__name__}: {error}"
    return FriedelError(f"start {seed} failed unexpectedly", cause=cause, hint="the log has the details")
