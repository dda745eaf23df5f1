"""Many starts of one reconstruction, side by side in processes: watched, ranked and steered from here."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.errors import FriedelError
from models.parameters import validate
from models.patterns import Pattern
from models.patterns.check import check_pattern
from models.phasing.denoised import Inputs, inputs
from models.phasing.quality import Ranking, assemble, held_out_pixels, rank
from models.phasing.schedule import parse
from models.phasing.settings import PhasingSettings
from models.phasing.starts import refining
from models.phasing.starts.crew import Crew
from models.phasing.starts.desk import Desk, iterations_of
from models.phasing.starts.folder import own_folder
from models.phasing.starts.guided import Begun, next_objects, order
from models.phasing.starts.lane import Task
from models.phasing.starts.material import Material
from models.phasing.starts.memory import running_at_once
from models.phasing.starts.processes import SEARCH, processes_for
from models.phasing.starts.searching import LOW, tasks_of
from models.phasing.starts.table import Table
from models.phasing.starts.types import Command, StartsProgress, Stop
from models.phasing.types import BoolArray, Reconstruction, Start


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
    Once they are ranked, `settings.refine_iterations` more let the held-out pixels back in (`refining`).

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
    if settings.first_support != "given":
        support = None
    fitted = inputs(pattern, settings, held_out)
    with own_folder() as folder:
        material = Material.write(folder, fitted.starts, held_out, device)
        given = None if support is None else material.keep("given", support)
        run = _Run(pattern, fitted, settings, held_out, material, processes_for(settings, workers, device), device)
        try:
            yield from run.stages(given)
            yield from run.refine()
        finally:
            run.close()
    made = yield from run.result(doubts)
    return replace(made, first_support=support)


class _Run:
    """The state of `run_starts`."""

    def __init__(
        self,
        pattern: Pattern,
        fitted: Inputs,
        settings: PhasingSettings,
        held_out: BoolArray,
        material: Material,
        processes: int,
        device: str,
    ) -> None:
        self._pattern, self._fitted, self._settings, self._held_out = pattern, fitted, settings, held_out
        self._material, self._device = material, device
        self._at_once = running_at_once(pattern.shape, max(processes, 1), device)
        self._desk = Desk(settings, pattern.shape, Crew(material, min(processes, self._at_once)))
        self._bests: list[Start] = []
        self._refined = refining.is_wanted(settings, held_out)
        self._ranking: Ranking | None = None
        self._searched_s = self._earlier_s = 0.0
        if self._at_once < settings.starts:
            self._desk.notes.append(
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
        last = self._settings.refine_iterations * count if self._refined else 0
        if self._settings.first_support == SEARCH:
            tasks = yield from self._search(each * self._settings.generations + last)
            if self._desk.stopped:
                self._desk.table = Table((), {}, 0)
                return
        while True:
            left = self._settings.generations - self._desk.generation - 1
            self._desk.total_after = each * left + last
            yield from self._desk.run(tasks, self._at_once)
            if not left or self._desk.stopped or not self._desk.table.results:
                return
            self._desk.done_before += self._desk.table.iterations
            combined = yield from self._combined()
            if self._desk.stopped:
                return
            best = order(self._desk.table.results)[0]
            self._bests.append(best)
            # Of the others of this generation nothing but their time is left.
            self._earlier_s += sum(start.seconds for start in self._desk.table.results if start is not best)
            self._desk.generation += 1
            own = next(task.overrides for task in tasks if task.seed == best.seed)
            tasks = self._next_tasks(combined, own, support)

    def _search(self, after: int) -> Generator[StartsProgress, Command | None, list[Task]]:
        """Rounds of trials; gives what the starts begin from."""
        self._desk.stage = "estimating the object's area"
        yield self._desk.record(self._desk.stage)
        from models.phasing.search import Search

        search = Search(self._pattern, self._settings, self._held_out, self._fitted.starts)
        self._material.add(LOW, search.fitted, search.held_out)
        self._desk.low = search.pattern.shape
        number = 0
        while trials := search.trials():
            number += 1
            self._desk.stage = f"searching for the support, round {number} of {search.rounds}"
            tasks = tasks_of(trials, self._material, self._desk.settings)
            # How long later rounds are is known when they begin; they are no longer than this one.
            self._desk.total_after = after + (search.rounds - number) * iterations_of(tasks, self._desk.settings)
            self._desk.watched_since = time.monotonic()
            small = all(task.part == LOW for task in tasks)
            at_once = running_at_once(self._desk.low, 1, self._device) if small else self._at_once
            yield from self._desk.run(tasks, at_once, may_give_up=False)
            self._searched_s += sum(start.seconds for start in self._desk.table.results)
            self._desk.done_before += self._desk.table.iterations
            if self._desk.stopped:
                return []
            search.take(self._desk.table.results)
            # What was changed meanwhile holds for the rounds and the starts to come.
            search.settings = self._desk.settings
        self._desk.stage, self._desk.watched_since = "", None
        found = search.starts()
        if not found:
            raise self._desk.errors[0] if self._desk.errors else FriedelError("no support was found", hint="draw one")
        self._desk.errors.clear()
        return tasks_of(found, self._material, self._desk.settings)

    def _combined(self) -> Generator[StartsProgress, Command | None, list[Begun]]:
        """What the next generation begins from; nothing once it is stopped."""
        where = self._pattern.measured & ~self._held_out
        work = next_objects(self._desk.table.results, self._settings.starts, where)
        while True:
            self._desk.obey((yield self._desk.record("combining the best start with the others")))
            if self._desk.stopped:
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
        first_seed = self._settings.seed + self._desk.generation * self._settings.starts
        tasks = []
        for number, begun in enumerate(combined):
            seed = first_seed + number
            if begun is None:
                # The support that was found belongs to its object: begin as without it.
                fresh = {name: value for name, value in own.items() if name != "first_support"}
                tasks.append(Task(seed, None, given, self._desk.generation, fresh))
                continue
            first = self._material.keep(f"first-{number}", begun[0])
            support = self._material.keep(f"support-{number}", begun[1])
            tasks.append(Task(seed, first, support, self._desk.generation, own))
        return tasks

    def refine(self) -> Generator[StartsProgress, Command | None, None]:
        """Rank the starts by what was held out, then let that back in for a last refinement."""
        desk = self._desk
        starts, self._bests = [*desk.table.results, *self._bests], []
        desk.table.results, desk.total_after = starts, 0
        if not self._refined or desk.stopped or not starts:
            return
        desk.doing = refining.WORDS
        work = rank(self._pattern, starts, self._held_out)
        while True:
            try:
                step = next(work)
            except StopIteration as stop:
                self._ranking = stop.value
                break
            desk.obey((yield desk.record(step.message)))
            if desk.stopped:
                return
        schedule = refining.refinement(desk.settings, self._pattern)
        try:
            tasks = refining.tasks_of(starts, schedule, self._material, self._fitted.refinement)
            if tasks:
                table = refining.RefiningTable(desk.table, starts, tasks, schedule)
                yield from desk.run(tasks, self._at_once, may_give_up=False, table=table)
        except FriedelError as error:
            # No room for temporary files, or for processes: what the starts have found is kept as it is.
            desk.errors.append(error)
            desk.notes.append(error.sentence())
        desk.doing = ""

    def result(self, doubts: Sequence[str]) -> Generator[StartsProgress, Command | None, Reconstruction]:
        """The reconstruction of what there is. Raises FriedelError where there is nothing."""
        starts = self._desk.table.results
        if not starts:
            if self._desk.errors:
                raise self._desk.errors[0]
            cause = "it was stopped in the search for the support" if self._searched_s else ""
            cause = cause or "it was stopped before the first iteration"
            raise FriedelError("There is nothing to show yet", cause=cause)
        work = assemble(
            self._fitted.counted,
            starts,
            self._settings,
            self._held_out,
            changes=tuple(self._desk.changes),
            ranking=self._ranking,
        )
        begun = enough = False
        while True:
            try:
                # Told to stop once more, it makes the result of what is laid over one another so far.
                step = work.send(enough) if begun else next(work)
            except StopIteration as stop:
                made: Reconstruction = stop.value
                break
            begun = True
            record = replace(self._desk.record(step.message), done=step.done, total=step.total, unit=step.unit)
            enough = isinstance((yield record), Stop) or enough
        said = [text for text in doubts if text not in made.trust.warnings]
        said += self._fitted.warnings
        if self._desk.generation:
            said.append(
                "the starts of later generations begin from the best of the earlier ones: their agreement says less "
                "than that of independent starts"
            )
        elif self._settings.first_support == SEARCH and len(made.starts) > 1:
            said.append("the starts begin from what the search found: their agreement says less than that of others")
        rough = sum(start.ended == "finished" and not start.refinement for start in made.starts)
        if self._refined and rough:
            said.append(f"{rough} of {len(made.starts)} starts are not refined with the held-out pixels")
        if self._desk.table.dropped:
            said.append(f"{self._desk.table.dropped} more starts did not fit into memory: only the best are kept")
        lost = [error.sentence() for error in dict.fromkeys(self._desk.errors)]
        trust = replace(made.trust, warnings=(*made.trust.warnings, *said, *lost))
        return replace(made, trust=trust, seconds=made.seconds + self._searched_s + self._earlier_s)

    def close(self) -> None:
        self._desk.crew.close()
