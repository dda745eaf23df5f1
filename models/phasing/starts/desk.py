"""The desk of a run of starts: what it is told, what it says, and the starts it lets run meanwhile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from models.errors import FriedelError
from models.parameters import to_dict, validate
from models.phasing.schedule import parse
from models.phasing.settings import PhasingSettings
from models.phasing.starts.crew import Crew
from models.phasing.starts.hopeless import Watchman
from models.phasing.starts.lane import Ended, Failed, Message, Picture, Report, Task
from models.phasing.starts.memory import kept_at_most
from models.phasing.starts.searching import LOW, at_whole
from models.phasing.starts.table import Table, best_words
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
from models.phasing.types import Preview

RECORD_EVERY_S = 0.06
"""A record is given about so often, running or paused, so that whoever drives this can send a command each time. A
little more than what `app.jobs` passes on, so that no picture is left out on the way."""
_RATE_OVER_S = 3.0
_WATCH_AT_LEAST_S = 1.0
_ANSWER_WITHIN_S = 0.5
_UNCHANGEABLE = (
    "starts", "generations", "seed", "held_out", "keep", "first_support", "refine_iterations",
    "input", "denoiser", "denoised_share", "bound_sigma",
)  # fmt: skip


class Desk:
    """Lets groups of starts run, one after the other, obeys commands and tells how they stand.

    Args:
        settings: to begin with. shape: of the pattern. crew: who runs the starts.

    Attributes:
        table: of the present group. low: shape of the pattern of tasks of the part `LOW`.
        settings: as they were changed last. changes: all changes, (iteration, JSON-ready settings).
        stage, generation: told with every record. doing: what is done with the starts where that is no stage of other
            starts; no settings can be changed meanwhile.
        done_before, total_after: iterations before and after this group.
        watched_since: since when the best is watched, None where it is not looked for.
        stopped: all was ended by a command. notes, errors: what happened.
    """

    def __init__(self, settings: PhasingSettings, shape: tuple[int, ...], crew: Crew) -> None:
        self.first_settings = self.settings = settings
        self.crew = crew
        self.table = Table((), {}, 0)
        self.low: tuple[int, ...] = ()
        self.changes: list[tuple[int, dict[str, Any]]] = []
        self.stage = self.doing = ""
        self.generation = 0
        self.done_before = self.total_after = 0
        self.watched_since: float | None = None
        self.stopped = False
        self.notes: list[str] = []
        self.errors: list[FriedelError] = []
        self._shape = shape
        self._watched: int | None = settings.seed
        self._preview: Preview | None = None
        self._at_low: set[int] = set()
        self._watchmen: list[tuple[set[int], Watchman]] = []
        self._paused = False
        self._stopped_at = 0.0
        self._rates: deque[tuple[float, int]] = deque()

    def run(
        self, tasks: Sequence[Task], at_once: int, *, may_give_up: bool = True, table: Table | None = None
    ) -> Generator[StartsProgress, Command | None, None]:
        """Run them, so many at once, to their ends or until stopped.

        Args:
            may_give_up: hopeless ones are given up. table: to stand in, where they go on with others' work.
        """
        totals = {task.seed: iterations_of([task], self.settings) for task in tasks}
        self._at_low = {task.seed for task in tasks if task.part == LOW}
        if table is None:
            table = Table(tasks, totals, kept_at_most(self.low if self._at_low else self._shape))
        self.table = table
        waves = [tasks[n : n + at_once] for n in range(0, len(tasks), at_once)]
        self._watchmen = []
        if may_give_up:
            self._watchmen = [({task.seed for task in wave}, Watchman(totals[wave[0].seed])) for wave in waves]
        begun = False
        command = yield self.record()
        while True:
            self.obey(command)
            if self.stopped and not begun:
                return
            if not begun:
                begun = True
                self.crew.begin(tasks, self.settings, at_once)
                self._watch(self._watched if self._watched in self.table.rows else tasks[0].seed)
                self.crew.tell("pause" if self._paused else "go_on")
            if not self.table.running or self._nothing_comes():
                return
            self._take_in(self.crew.listen(RECORD_EVERY_S))
            self._give_up_hopeless()
            self._watch_best()
            command = yield self.record()

    def _nothing_comes(self) -> bool:
        """Whether it was stopped and the starts, being prepared yet, have nothing to give: on large arrays the first
        iteration takes long, and is not waited for."""
        return self.stopped and not self.table.begun and time.monotonic() - self._stopped_at > _ANSWER_WITHIN_S

    def _take_in(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if isinstance(message, Report):
                self.table.report(message)
            elif isinstance(message, Picture):
                if message.seed == self._watched and message.seed in self.table.rows:
                    preview, low = message.preview, message.seed in self._at_low
                    self._preview = at_whole(preview, self.low, self._shape) if low else preview
            elif isinstance(message, Ended):
                self.table.ended(message)
            elif isinstance(message, Failed):
                self.table.failed(message.seed)
                self.errors.append(message.error)
                if message.error.sentence() not in self.notes:
                    self.notes.append(message.error.sentence())

    def _give_up_hopeless(self) -> None:
        if not self.settings.stop_hopeless:
            return
        running = self.table.running
        others = sum(start.ended != "hopeless" for start in self.table.results)
        compared: dict[int, Any] = {}
        for seeds, watchman in self._watchmen:
            compared |= {seed: self.table.curves[seed] for seed in seeds}
            mine = {seed: done for seed, done in running.items() if seed in compared}
            for seed in sorted(watchman.hopeless(compared, mine, others)):
                self.notes.append(f"start {seed} given up: it is far behind the best")
                self._end(seed)

    def _watch_best(self) -> None:
        """In the search, where nobody knows one trial from another, the best so far is shown."""
        if self.watched_since is None or time.monotonic() - self.watched_since < _WATCH_AT_LEAST_S:
            return
        best = next((row for row in self.table.ranked() if row.seed in self.table.running), None)
        if best is not None and best.iteration and best.seed != self._watched:
            self.watched_since = time.monotonic()
            self._watch(best.seed)

    # What it is told

    def obey(self, command: Command | None) -> None:
        if command is None:
            return
        if isinstance(command, Pause):
            self._paused = True
            self.crew.tell("pause")
        elif isinstance(command, GoOn):
            self._paused = False
            self._rates.clear()
            self.crew.tell("go_on")
        elif isinstance(command, Step):
            self._paused = True
            self.crew.tell("step", command.iterations)
        elif isinstance(command, Watch):
            self.watched_since = None
            self._watch(command.seed)
        elif isinstance(command, GiveUp):
            self._end(command.seed)
        elif isinstance(command, Change):
            self._change(command.settings)
        else:
            if not self.stopped:
                self.stopped, self._stopped_at = True, time.monotonic()
            for seed in self.crew.end_all():
                self.table.leave_out(seed)

    def _end(self, seed: int) -> None:
        if self.crew.end(seed, "hopeless"):
            self.table.leave_out(seed)

    def _watch(self, seed: int | None) -> None:
        self._watched, self._preview = seed, None
        self.crew.tell("watch", seed)

    def _change(self, wanted: PhasingSettings) -> None:
        if self.doing:
            self.notes.append("The settings stay as they were: the starts have ended and are being refined")
            return
        kept = {name: getattr(self.first_settings, name) for name in _UNCHANGEABLE}
        new = replace(wanted, **kept)
        try:
            validate(new)
            parse(new.schedule)
        except FriedelError as error:
            self.notes.append(f"The settings stay as they were: {error.sentence()}")
            return
        if new == self.settings:
            return
        self.settings = new
        furthest = max((row.iteration for row in self.table.rows.values()), default=0)
        self.changes.append((0 if self.stage else furthest, to_dict(new)))
        self.crew.tell("change", new)

    # What it says

    def record(self, message: str = "") -> StartsProgress:
        table = self.table
        rows = table.ranked()
        preview, self._preview = self._preview, None
        if not message:
            message = "paused" if self._paused else best_words(rows)
            doing = self.stage or self.doing
            message = f"{doing}; {message}" if doing else message
        return StartsProgress(
            done=self.done_before + table.iterations,
            total=self.done_before + table.total + (0 if self.stopped else self.total_after),
            unit="iterations",
            message=message,
            rows=rows,
            watched=self._watched,
            preview=preview,
            history=table.history(self._watched),
            curves=table.histories(),
            paused=self._paused,
            stage=self.stage,
            generation=self.generation,
            generations=self.settings.generations,
            iterations_per_second=self._rate(),
            notes=tuple(self.notes),
        )

    def _rate(self) -> float:
        now, done = time.monotonic(), self.done_before + self.table.iterations
        self._rates.append((now, done))
        while now - self._rates[0][0] > _RATE_OVER_S:
            self._rates.popleft()
        seconds = now - self._rates[0][0]
        return (done - self._rates[0][1]) / seconds if seconds > 0.5 and not self._paused else 0.0


def iterations_of(tasks: Sequence[Task], settings: PhasingSettings) -> int:
    """Of all of them together."""
    return sum(parse(task.settings(settings).schedule).iterations for task in tasks)
