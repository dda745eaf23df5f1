"""Many starts of one reconstruction, side by side in processes: watched, ranked and steered from here."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import FriedelError
from models.parameters import to_dict, validate
from models.patterns import Pattern
from models.patterns.check import check_pattern
from models.phasing.quality import assemble, held_out_pixels
from models.phasing.schedule import parse
from models.phasing.settings import PhasingSettings
from models.phasing.starts.guided import next_objects, order
from models.phasing.starts.hopeless import Watchman
from models.phasing.starts.lane import Ended, Failed, Lane, Message, Picture, Report, Task
from models.phasing.starts.material import Material
from models.phasing.starts.memory import kept_at_most, running_at_once
from models.phasing.starts.processes import LaneGone, LaneHere, LaneProcess, ask, may_have_children, see_off
from models.phasing.starts.table import Table
from models.phasing.starts.types import (
    Change,
    Command,
    GiveUp,
    GoOn,
    Pause,
    StartsProgress,
    Step,
    Watch,
)
from models.phasing.types import BoolArray, Preview, Reconstruction, Start

log = logging.getLogger(__name__)

RECORD_EVERY_S = 0.06
"""A record is given about so often, running or paused, so that whoever drives this can send a command each time. A
little more than what `app.jobs` passes on, so that no picture is left out on the way."""
_RATE_OVER_S = 3.0
_UNCHANGEABLE = ("starts", "generations", "seed", "held_out", "keep", "first_support")


def run_starts(
    pattern: Pattern,
    settings: PhasingSettings,
    workers: int | None = None,
    device: str = "cpu",
    *,
    support: BoolArray | None = None,
) -> Generator[StartsProgress, Command | None, Reconstruction]:
    """Run `settings.starts` starts in each of `settings.generations` generations and make a reconstruction of them.

    Seeds are `settings.seed`, seed + 1, …; what is held out follows from `settings.seed` and is the same for all.
    Starts come out the same however many processes there are; only how far those get that are given up differs.

    Args:
        pattern: what was measured.
        settings: what to do.
        workers: processes, one thread each; None for one per core, 0 for none: everything runs in this process while
            the next record is asked for. A daemon process, which may start none, behaves as with 0.
        device: "cpu", or a torch device; on a GPU all starts share one process.
        support: bool, centred; for `settings.first_support` "given".

    Yields:
        `StartsProgress`, about sixteen a second, also while paused. It can be sent a `Command`.

    Raises:
        BadPattern, BadParameter, BadSchedule: what is asked for cannot be run.
        FriedelError: every start failed, or it was stopped before there was anything.
    """
    doubts = check_pattern(pattern)
    validate(settings)
    if settings.first_support == "given" and support is None:
        raise FriedelError("No first support is given", hint="draw it, or begin with a disc or the autocorrelation")
    parse(settings.schedule)
    held_out = held_out_pixels(pattern, settings.held_out, settings.seed)
    with tempfile.TemporaryDirectory(prefix="friedel-starts-") as folder:
        material = Material.write(Path(folder), pattern, held_out, device)
        given = None
        if support is not None and settings.first_support == "given":
            given = material.keep("given", support)
        run = _Run(pattern, settings, held_out, material, _processes(settings, workers, device), device, given)
        try:
            yield from run.generations()
        finally:
            run.close()
    return (yield from run.result(doubts))


def _processes(settings: PhasingSettings, workers: int | None, device: str) -> int:
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if device != "cpu":
        workers = min(workers, 1)
    if workers and not may_have_children():
        log.info("this process may start no others: the starts run in it")
        return 0
    return min(workers, settings.starts)


class _Run:
    """The state of `run_starts`."""

    def __init__(
        self,
        pattern: Pattern,
        settings: PhasingSettings,
        held_out: BoolArray,
        material: Material,
        processes: int,
        device: str,
        support: Path | None,
    ) -> None:
        self._pattern, self._first_settings, self._held_out = pattern, settings, held_out
        self._settings = settings
        self._material, self._support = material, support
        at_once = running_at_once(pattern.shape, max(processes, 1), device)
        self._at_once = min(at_once, settings.starts)
        self._processes = min(processes, self._at_once)
        self._lanes: list[LaneProcess | LaneHere] = []
        self._load: dict[LaneProcess | LaneHere, set[int]] = {}
        self._waiting: deque[Task] = deque()
        self._table = Table((), 0, 0)
        self._watchmen: list[tuple[set[int], Watchman]] = []
        self._bests: list[Start] = []
        self._generation = 0
        self._done_before = 0
        self._watched: int | None = settings.seed
        self._preview: Preview | None = None
        self._paused = self._stopped = False
        self._notes: list[str] = []
        self._errors: list[FriedelError] = []
        self._changes: list[tuple[int, dict[str, Any]]] = []
        self._rates: deque[tuple[float, int]] = deque()
        if self._at_once < settings.starts:
            self._notes.append(
                f"{self._at_once} of {settings.starts} starts run at a time, the others after them: more do not fit "
                "into memory"
            )

    # The run

    def generations(self) -> Generator[StartsProgress, Command | None, None]:
        tasks = [Task(self._settings.seed + n, support=self._support) for n in range(self._settings.starts)]
        while True:
            yield from self._run(tasks)
            last = self._generation + 1 >= self._settings.generations
            if last or self._stopped or not self._table.results:
                return
            self._done_before += self._table.iterations
            yield self._record("combining the best start with the others")
            self._bests.append(order(self._table.results)[0])
            self._generation += 1
            tasks = self._next_tasks()

    def _run(self, tasks: Sequence[Task]) -> Generator[StartsProgress, Command | None, None]:
        total = parse(self._settings.schedule).iterations
        self._table = Table(tasks, total, kept_at_most(self._pattern.shape))
        waves = [tasks[n : n + self._at_once] for n in range(0, len(tasks), self._at_once)]
        self._watchmen = [({task.seed for task in wave}, Watchman(total)) for wave in waves]
        self._waiting = deque(tasks)
        if self._watched not in self._table.rows:
            self._watched = tasks[0].seed
        command = yield self._record()
        while True:
            self._obey(command)
            self._dispatch()
            if not self._table.running:
                return
            self._listen()
            self._give_up_hopeless()
            command = yield self._record()

    def _next_tasks(self) -> list[Task]:
        where = self._pattern.measured & ~self._held_out
        count, first_seed = self._settings.starts, self._settings.seed + self._generation * self._settings.starts
        tasks = []
        for number, begun in enumerate(next_objects(self._table.results, count, where)):
            seed = first_seed + number
            if begun is None:
                tasks.append(Task(seed, support=self._support, generation=self._generation))
                continue
            first = self._material.keep(f"first-{number}", begun[0])
            support = self._material.keep(f"support-{number}", begun[1])
            tasks.append(Task(seed, first, support, self._generation))
        return tasks

    def _dispatch(self) -> None:
        """Begin waiting starts wherever there is room, in the lane with the fewest."""
        if not self._waiting:
            return
        if not self._lanes:
            self._open_lanes()
        while self._waiting and sum(map(len, self._load.values())) < self._at_once:
            lane = min(self._lanes, key=lambda lane: len(self._load[lane]))
            task = self._waiting.popleft()
            self._load[lane].add(task.seed)
            lane.tell("add", task)

    def _open_lanes(self) -> None:
        if self._processes:
            self._lanes = [LaneProcess(self._material, self._settings, n) for n in range(self._processes)]
        else:
            self._lanes = [LaneHere(Lane(self._material.maker(), self._settings))]
        self._load = {lane: set() for lane in self._lanes}
        for lane in self._lanes:
            lane.tell("watch", self._watched)
            if self._paused:
                lane.tell("pause")

    def _listen(self) -> None:
        """Take in what the lanes say, for the time of one record."""
        until = time.monotonic() + RECORD_EVERY_S
        while True:
            left = max(0.0, until - time.monotonic())
            processes = [lane for lane in self._lanes if isinstance(lane, LaneProcess)]
            for lane in self._lanes:
                if isinstance(lane, LaneHere):
                    self._take_in(lane, lane.answers(left))
            for lane in ask(processes, left) if processes else []:
                try:
                    self._take_in(lane, lane.answers())
                except LaneGone as gone:
                    self._lose(lane, str(gone))
            if time.monotonic() >= until or not self._table.running or not self._lanes:
                return

    def _take_in(self, lane: LaneProcess | LaneHere, messages: Sequence[Message]) -> None:
        for message in messages:
            if isinstance(message, Report):
                self._table.report(message)
            elif isinstance(message, Picture):
                if message.seed == self._watched:
                    self._preview = message.preview
            elif isinstance(message, Ended):
                self._load[lane].discard(message.row.seed)
                self._table.ended(message)
            elif isinstance(message, Failed):
                self._load[lane].discard(message.seed)
                self._fail(message.seed, message.error)

    def _lose(self, lane: LaneProcess, how: str) -> None:
        """A process has died: its starts are lost, the others go on, and in its place nothing is started."""
        lost = sorted(self._load.pop(lane))
        self._lanes.remove(lane)
        see_off([lane])
        names = f"start {lost[0]} was" if len(lost) == 1 else f"starts {', '.join(map(str, lost))} were"
        error = FriedelError(
            f"{names} lost",
            cause=f"the process ended with {how}; the system may have run out of memory",
            hint="what the other starts found is kept",
        )
        log.error(error.sentence())
        for number, seed in enumerate(lost):
            self._fail(seed, error, quietly=number > 0)
        if not self._lanes:
            while self._waiting:
                self._fail(self._waiting.popleft().seed, error, quietly=True)

    def _fail(self, seed: int, error: FriedelError, *, quietly: bool = False) -> None:
        self._table.failed(seed)
        self._errors.append(error)
        if not quietly and error.sentence() not in self._notes:
            self._notes.append(error.sentence())

    def _give_up_hopeless(self) -> None:
        if not self._settings.stop_hopeless:
            return
        running = self._table.running
        compared: dict[int, Any] = {}
        for seeds, watchman in self._watchmen:
            compared |= {seed: self._table.curves[seed] for seed in seeds}
            mine = {seed: done for seed, done in running.items() if seed in compared}
            found = watchman.hopeless(compared, mine, len(self._table.results))
            for seed in sorted(found):
                self._notes.append(f"start {seed} given up: it is far behind the best")
                self._tell_about(seed, "hopeless")

    # What it is told

    def _obey(self, command: Command | None) -> None:
        if command is None:
            return
        if isinstance(command, Pause):
            self._paused = True
            self._tell("pause")
        elif isinstance(command, GoOn):
            self._paused = False
            self._rates.clear()
            self._tell("go_on")
        elif isinstance(command, Step):
            self._paused = True
            self._tell("step", command.iterations)
        elif isinstance(command, Watch):
            self._watch(command.seed)
        elif isinstance(command, GiveUp):
            self._tell_about(command.seed, "hopeless")
        elif isinstance(command, Change):
            self._change(command.settings)
        else:
            self._stop()

    def _stop(self) -> None:
        self._stopped = True
        while self._waiting:
            self._table.leave_out(self._waiting.popleft().seed)
        self._tell("end", None, "stopped")

    def _watch(self, seed: int | None) -> None:
        self._watched, self._preview = seed, None
        self._tell("watch", seed)

    def _change(self, wanted: PhasingSettings) -> None:
        kept = {name: getattr(self._first_settings, name) for name in _UNCHANGEABLE}
        new = replace(wanted, **kept)
        try:
            validate(new)
            parse(new.schedule)
        except FriedelError as error:
            self._notes.append(f"The settings stay as they were: {error.sentence()}")
            return
        if new == self._settings:
            return
        self._settings = new
        furthest = max((row.iteration for row in self._table.rows.values()), default=0)
        self._changes.append((furthest, to_dict(new)))
        self._tell("change", new)

    def _tell(self, method: str, *args: Any) -> None:
        for lane in self._lanes:
            lane.tell(method, *args)

    def _tell_about(self, seed: int, ended: str) -> None:
        for lane, seeds in self._load.items():
            if seed in seeds:
                lane.tell("end", seed, ended)
        for task in [task for task in self._waiting if task.seed == seed]:
            self._waiting.remove(task)
            self._table.leave_out(seed)

    # What it says

    def _record(self, message: str = "") -> StartsProgress:
        table = self._table
        rows = table.ranked()
        generations = 1 if self._stopped else self._settings.generations - self._generation
        preview, self._preview = self._preview, None
        if self._paused and not message:
            message = "paused"
        return StartsProgress(
            done=self._done_before + table.iterations,
            total=self._done_before + table.total + (generations - 1) * sum(row.total for row in rows),
            unit="iterations",
            message=message or _best(rows),
            rows=rows,
            watched=self._watched,
            preview=preview,
            history=table.history(self._watched),
            paused=self._paused,
            generation=self._generation,
            generations=self._settings.generations,
            iterations_per_second=self._rate(),
            notes=tuple(self._notes),
        )

    def _rate(self) -> float:
        now, done = time.monotonic(), self._done_before + self._table.iterations
        self._rates.append((now, done))
        while now - self._rates[0][0] > _RATE_OVER_S:
            self._rates.popleft()
        seconds = now - self._rates[0][0]
        return (done - self._rates[0][1]) / seconds if seconds > 0.5 and not self._paused else 0.0

    # The end

    def result(self, doubts: Sequence[str]) -> Generator[StartsProgress, Command | None, Reconstruction]:
        """The reconstruction of what there is. Raises FriedelError where there is nothing."""
        starts = [*self._table.results, *self._bests]
        if not starts:
            if self._errors:
                raise self._errors[0]
            raise FriedelError("There is nothing to show yet", cause="it was stopped before the first iteration")
        work = assemble(self._pattern, starts, self._first_settings, self._held_out, changes=tuple(self._changes))
        while True:
            try:
                step = next(work)
            except StopIteration as stop:
                made: Reconstruction = stop.value
                break
            yield replace(self._record(step.message), done=step.done, total=step.total, unit=step.unit)
        said = [text for text in doubts if text not in made.trust.warnings]
        if self._generation:
            said.append(
                "the starts of later generations begin from the best of the earlier ones: their agreement says less "
                "than that of independent starts"
            )
        if self._table.dropped:
            said.append(f"{self._table.dropped} more starts did not fit into memory: only the best are kept")
        lost = [error.sentence() for error in dict.fromkeys(self._errors)]
        return replace(made, trust=replace(made.trust, warnings=(*made.trust.warnings, *said, *lost)))

    def close(self) -> None:
        """See the processes off."""
        see_off([lane for lane in self._lanes if isinstance(lane, LaneProcess)])
        self._lanes, self._load = [], {}


def _best(rows: Sequence[Any]) -> str:
    best = rows[0] if rows else None
    if best is None or np.isnan(best.figure):
        return "starting"
    name = "R" if np.isnan(best.free_log_likelihood) else "free LLK"
    return f"best: start {best.seed}, {name} {best.figure:.4g}"
