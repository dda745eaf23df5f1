"""Many starts of one reconstruction, side by side in processes: watched, ranked and steered from here."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.errors import FriedelError
from models.parameters import to_dict, validate
from models.patterns import Pattern
from models.patterns.check import check_pattern
from models.phasing.quality import assemble, held_out_pixels
from models.phasing.schedule import parse
from models.phasing.settings import PhasingSettings
from models.phasing.starts.crew import Crew
from models.phasing.starts.guided import Begun, next_objects, order
from models.phasing.starts.hopeless import Watchman
from models.phasing.starts.lane import Ended, Failed, Message, Picture, Report, Task
from models.phasing.starts.material import Material
from models.phasing.starts.memory import kept_at_most, running_at_once
from models.phasing.starts.processes import SEARCH, processes_for
from models.phasing.starts.searching import LOW, at_whole, tasks_of
from models.phasing.starts.table import Table, best_words
from models.phasing.starts.types import (
    Change,
    Command,
    GiveUp,
    GoOn,
    Pause,
    StartsProgress,
    Step,
    Stop,
    Watch,
)
from models.phasing.types import BoolArray, Preview, Reconstruction, Start

RECORD_EVERY_S = 0.06
"""A record is given about so often, running or paused, so that whoever drives this can send a command each time. A
little more than what `app.jobs` passes on, so that no picture is left out on the way."""
_RATE_OVER_S = 3.0
_WATCH_AT_LEAST_S = 1.0
_ANSWER_WITHIN_S = 0.5
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
        run = _Run(pattern, settings, held_out, material, processes_for(settings, workers, device), device)
        try:
            yield from run.stages(given)
        finally:
            run.close()
    return (yield from run.result(doubts))


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
    ) -> None:
        self._pattern, self._first_settings, self._held_out = pattern, settings, held_out
        self._settings = settings
        self._material, self._device = material, device
        self._at_once = running_at_once(pattern.shape, max(processes, 1), device)
        self._crew = Crew(material, min(processes, self._at_once))
        self._table = Table((), {}, 0)
        self._watchmen: list[tuple[set[int], Watchman]] = []
        self._bests: list[Start] = []
        self._stage = ""
        self._low: tuple[int, ...] = ()
        self._at_low: set[int] = set()
        self._generation = 0
        self._done_before = self._total_after = 0
        self._searched_s = self._earlier_s = 0.0
        self._watched: int | None = settings.seed
        self._watched_since: float | None = None
        self._preview: Preview | None = None
        self._paused = self._stopped = False
        self._stopped_at = 0.0
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

    def stages(self, support: Path | None) -> Generator[StartsProgress, Command | None, None]:
        """The search for the support, where it is asked for; then generation after generation.

        Args:
            support: file of the first support that was given, if one was.
        """
        count = self._settings.starts
        tasks = [Task(self._settings.seed + n, support=support) for n in range(count)]
        each = parse(self._settings.schedule).iterations * count
        if self._settings.first_support == SEARCH:
            tasks = yield from self._search(each * self._settings.generations)
            if self._stopped:
                self._table = Table((), {}, 0)
                return
        while True:
            self._total_after = each * (self._settings.generations - self._generation - 1)
            yield from self._run(tasks, self._at_once)
            if not self._total_after or self._stopped or not self._table.results:
                return
            self._done_before += self._table.iterations
            combined = yield from self._combined()
            if self._stopped:
                return
            best = order(self._table.results)[0]
            self._bests.append(best)
            # Of the others of this generation nothing but their time is left.
            self._earlier_s += sum(start.seconds for start in self._table.results if start is not best)
            self._generation += 1
            own = next(task.overrides for task in tasks if task.seed == best.seed)
            tasks = self._next_tasks(combined, own, support)

    def _search(self, after: int) -> Generator[StartsProgress, Command | None, list[Task]]:
        """Rounds of trials; gives what the starts begin from."""
        self._stage = "estimating the object's area"
        yield self._record(self._stage)
        from models.phasing.search import Search

        search = Search(self._pattern, self._settings, self._held_out)
        self._material.add(LOW, search.pattern, search.held_out)
        self._low = search.pattern.shape
        number = 0
        while trials := search.trials():
            number += 1
            self._stage = f"searching for the support, round {number} of {search.rounds}"
            tasks = tasks_of(trials, self._material, self._settings)
            # How long later rounds are is known when they begin; they are no longer than this one.
            self._total_after = after + (search.rounds - number) * self._iterations(tasks)
            self._watched_since = time.monotonic()
            small = all(task.part == LOW for task in tasks)
            at_once = running_at_once(self._low, 1, self._device) if small else self._at_once
            yield from self._run(tasks, at_once, may_give_up=False)
            self._searched_s += sum(start.seconds for start in self._table.results)
            self._done_before += self._table.iterations
            if self._stopped:
                return []
            search.take(self._table.results)
        self._stage, self._watched_since = "", None
        found = search.starts()
        if not found:
            raise self._errors[0] if self._errors else FriedelError("no support was found", hint="draw one")
        self._errors.clear()
        return tasks_of(found, self._material, self._settings)

    def _iterations(self, tasks: Sequence[Task]) -> int:
        return sum(parse(task.settings(self._settings).schedule).iterations for task in tasks)

    def _run(
        self, tasks: Sequence[Task], at_once: int, *, may_give_up: bool = True
    ) -> Generator[StartsProgress, Command | None, None]:
        totals = {task.seed: self._iterations([task]) for task in tasks}
        self._at_low = {task.seed for task in tasks if task.part == LOW}
        self._table = Table(tasks, totals, kept_at_most(self._low if self._at_low else self._pattern.shape))
        waves = [tasks[n : n + at_once] for n in range(0, len(tasks), at_once)]
        self._watchmen = []
        if may_give_up:
            self._watchmen = [({task.seed for task in wave}, Watchman(totals[wave[0].seed])) for wave in waves]
        begun = False
        command = yield self._record()
        while True:
            self._obey(command)
            if self._stopped and not begun:
                return
            if not begun:
                begun = True
                self._crew.begin(tasks, self._settings, at_once)
                self._watch(self._watched if self._watched in self._table.rows else tasks[0].seed)
                self._crew.tell("pause" if self._paused else "go_on")
            if not self._table.running or self._nothing_comes():
                return
            self._take_in(self._crew.listen(RECORD_EVERY_S))
            self._give_up_hopeless()
            self._watch_best()
            command = yield self._record()

    def _nothing_comes(self) -> bool:
        """Whether it was stopped and the starts, being prepared yet, have nothing to give: on large arrays the first
        iteration takes long, and is not waited for."""
        return self._stopped and not self._table.iterations and time.monotonic() - self._stopped_at > _ANSWER_WITHIN_S

    def _combined(self) -> Generator[StartsProgress, Command | None, list[Begun]]:
        """What the next generation begins from; nothing once it is stopped."""
        where = self._pattern.measured & ~self._held_out
        work = next_objects(self._table.results, self._settings.starts, where)
        while True:
            self._obey((yield self._record("combining the best start with the others")))
            if self._stopped:
                return []
            try:
                next(work)
            except StopIteration as stop:
                found: list[Begun] = stop.value
                return found

    def _next_tasks(self, combined: Sequence[Begun], own: Mapping[str, Any], given: Path | None) -> list[Task]:
        """Those of the next generation.

        Args:
            combined: what they begin from.
            own: the settings of its template's own: the area that was searched for is its successors' too.
            given: file of the first support that was given, if one was.
        """
        first_seed = self._settings.seed + self._generation * self._settings.starts
        tasks = []
        for number, begun in enumerate(combined):
            seed = first_seed + number
            if begun is None:
                # The support that was found belongs to its object: begin as without it.
                fresh = {name: value for name, value in own.items() if name != "first_support"}
                tasks.append(Task(seed, None, given, self._generation, fresh))
                continue
            first = self._material.keep(f"first-{number}", begun[0])
            support = self._material.keep(f"support-{number}", begun[1])
            tasks.append(Task(seed, first, support, self._generation, own))
        return tasks

    def _take_in(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if isinstance(message, Report):
                self._table.report(message)
            elif isinstance(message, Picture):
                if message.seed == self._watched and message.seed in self._table.rows:
                    preview, low = message.preview, message.seed in self._at_low
                    self._preview = at_whole(preview, self._low, self._pattern.shape) if low else preview
            elif isinstance(message, Ended):
                self._table.ended(message)
            elif isinstance(message, Failed):
                self._table.failed(message.seed)
                self._errors.append(message.error)
                if message.error.sentence() not in self._notes:
                    self._notes.append(message.error.sentence())

    def _give_up_hopeless(self) -> None:
        if not self._settings.stop_hopeless:
            return
        running = self._table.running
        others = sum(start.ended != "hopeless" for start in self._table.results)
        compared: dict[int, Any] = {}
        for seeds, watchman in self._watchmen:
            compared |= {seed: self._table.curves[seed] for seed in seeds}
            mine = {seed: done for seed, done in running.items() if seed in compared}
            for seed in sorted(watchman.hopeless(compared, mine, others)):
                self._notes.append(f"start {seed} given up: it is far behind the best")
                self._end(seed)

    def _watch_best(self) -> None:
        """In the search, where nobody knows one trial from another, the best so far is shown."""
        if self._watched_since is None or time.monotonic() - self._watched_since < _WATCH_AT_LEAST_S:
            return
        best = next((row for row in self._table.ranked() if row.seed in self._table.running), None)
        if best is not None and best.iteration and best.seed != self._watched:
            self._watched_since = time.monotonic()
            self._watch(best.seed)

    # What it is told

    def _obey(self, command: Command | None) -> None:
        if command is None:
            return
        if isinstance(command, Pause):
            self._paused = True
            self._crew.tell("pause")
        elif isinstance(command, GoOn):
            self._paused = False
            self._rates.clear()
            self._crew.tell("go_on")
        elif isinstance(command, Step):
            self._paused = True
            self._crew.tell("step", command.iterations)
        elif isinstance(command, Watch):
            self._watched_since = None
            self._watch(command.seed)
        elif isinstance(command, GiveUp):
            self._end(command.seed)
        elif isinstance(command, Change):
            self._change(command.settings)
        else:
            if not self._stopped:
                self._stopped, self._stopped_at = True, time.monotonic()
            for seed in self._crew.end_all():
                self._table.leave_out(seed)

    def _end(self, seed: int) -> None:
        if self._crew.end(seed, "hopeless"):
            self._table.leave_out(seed)

    def _watch(self, seed: int | None) -> None:
        self._watched, self._preview = seed, None
        self._crew.tell("watch", seed)

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
        self._changes.append((0 if self._stage else furthest, to_dict(new)))
        self._crew.tell("change", new)

    # What it says

    def _record(self, message: str = "") -> StartsProgress:
        table = self._table
        rows = table.ranked()
        preview, self._preview = self._preview, None
        if not message:
            message = "paused" if self._paused else best_words(rows)
            message = f"{self._stage}; {message}" if self._stage else message
        return StartsProgress(
            done=self._done_before + table.iterations,
            total=self._done_before + table.total + (0 if self._stopped else self._total_after),
            unit="iterations",
            message=message,
            rows=rows,
            watched=self._watched,
            preview=preview,
            history=table.history(self._watched),
            paused=self._paused,
            stage=self._stage,
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
            cause = "it was stopped in the search for the support" if self._searched_s else ""
            cause = cause or "it was stopped before the first iteration"
            raise FriedelError("There is nothing to show yet", cause=cause)
        work = assemble(self._pattern, starts, self._first_settings, self._held_out, changes=tuple(self._changes))
        begun = enough = False
        while True:
            try:
                # Told to stop once more, it makes the result of what is laid over one another so far.
                step = work.send(enough) if begun else next(work)
            except StopIteration as stop:
                made: Reconstruction = stop.value
                break
            begun = True
            record = replace(self._record(step.message), done=step.done, total=step.total, unit=step.unit)
            enough = isinstance((yield record), Stop) or enough
        said = [text for text in doubts if text not in made.trust.warnings]
        if self._generation:
            said.append(
                "the starts of later generations begin from the best of the earlier ones: their agreement says less "
                "than that of independent starts"
            )
        elif self._first_settings.first_support == SEARCH:
            said.append("the starts begin from what the search found: their agreement says less than that of others")
        if self._table.dropped:
            said.append(f"{self._table.dropped} more starts did not fit into memory: only the best are kept")
        lost = [error.sentence() for error in dict.fromkeys(self._errors)]
        trust = replace(made.trust, warnings=(*made.trust.warnings, *said, *lost))
        return replace(made, trust=trust, seconds=made.seconds + self._searched_s + self._earlier_s)

    def close(self) -> None:
        self._crew.close()
