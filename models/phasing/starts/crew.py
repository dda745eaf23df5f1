"""The lanes of a run: who computes what, what is said to them, and what becomes of one that dies."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from models.errors import FriedelError
from models.phasing.settings import PhasingSettings
from models.phasing.starts.lane import Ended, Failed, Lane, Message, Task
from models.phasing.starts.material import Material
from models.phasing.starts.processes import LaneGone, LaneHere, LaneProcess, ask, see_off

log = logging.getLogger(__name__)


class Crew:
    """Lanes and the starts that wait for room in them.

    Args:
        material: what the starts share. processes: how many lanes, each in a process; 0 for one lane in this process.
    """

    def __init__(self, material: Material, processes: int) -> None:
        self._material, self._processes = material, processes
        self._lanes: list[LaneProcess | LaneHere] = []
        self._load: dict[LaneProcess | LaneHere, set[int]] = {}
        self._waiting: deque[Task] = deque()
        self._at_once = 1

    def begin(self, tasks: Sequence[Task], settings: PhasingSettings, at_once: int) -> None:
        """Run these, so many at once; the lanes are started with the first."""
        self._waiting.extend(tasks)
        self._at_once = at_once
        if self._lanes:
            return
        if self._processes:
            self._lanes = [LaneProcess(self._material, settings, number) for number in range(self._processes)]
        else:
            self._lanes = [LaneHere(Lane(self._material.maker(), settings))]
        self._load = {lane: set() for lane in self._lanes}

    def tell(self, method: str, *args: Any) -> None:
        """Say it to all lanes: the name of a method of `Lane`, and its arguments."""
        for lane in self._lanes:
            lane.tell(method, *args)

    def end(self, seed: int, ended: str) -> bool:
        """End one start; True where it had not begun, so that nothing will be heard of it."""
        for lane, seeds in self._load.items():
            if seed in seeds:
                lane.tell("end", seed, ended)
        waiting = [task for task in self._waiting if task.seed == seed]
        for task in waiting:
            self._waiting.remove(task)
        return bool(waiting)

    def end_all(self) -> list[int]:
        """End all; the seeds of those that had not begun."""
        left = [task.seed for task in self._waiting]
        self._waiting.clear()
        self.tell("end", None, "stopped")
        return left

    def listen(self, seconds: float) -> list[Message]:
        """What the lanes say in so long; starts that wait begin wherever there is room."""
        until = time.monotonic() + seconds
        said: list[Message] = []
        while True:
            self._dispatch()
            left = max(0.0, until - time.monotonic())
            processes = [lane for lane in self._lanes if isinstance(lane, LaneProcess)]
            for lane in self._lanes:
                if isinstance(lane, LaneHere):
                    said += self._heard(lane, lane.answers(left))
            for lane in ask(processes, left) if processes else []:
                try:
                    said += self._heard(lane, lane.answers())
                except LaneGone as gone:
                    said += self._lose(lane, str(gone))
            if time.monotonic() >= until or not any(self._load.values()):
                return said

    def close(self) -> None:
        """See the processes off."""
        see_off([lane for lane in self._lanes if isinstance(lane, LaneProcess)])
        self._lanes, self._load = [], {}

    def _dispatch(self) -> None:
        while self._waiting and self._lanes and sum(map(len, self._load.values())) < self._at_once:
            lane = min(self._lanes, key=lambda lane: len(self._load[lane]))
            task = self._waiting.popleft()
            self._load[lane].add(task.seed)
            lane.tell("add", task)

    def _heard(self, lane: LaneProcess | LaneHere, messages: list[Message]) -> list[Message]:
        for message in messages:
            if isinstance(message, Ended):
                self._load[lane].discard(message.row.seed)
            elif isinstance(message, Failed):
                self._load[lane].discard(message.seed)
        return messages

    def _lose(self, lane: LaneProcess, how: str) -> list[Message]:
        """A process has died: its starts are lost, the others go on, and in its place nothing is started."""
        lost = sorted(self._load.pop(lane))
        self._lanes.remove(lane)
        see_off([lane])
        if not self._lanes:
            lost += [task.seed for task in self._waiting]
            self._waiting.clear()
        names = f"start {lost[0]} was" if len(lost) == 1 else f"starts {', '.join(map(str, lost))} were"
        error = FriedelError(
            f"{names} lost" if lost else "a process of the starts was lost",
            cause=f"it ended with {how}; the system may have run out of memory",
            hint="what the other starts found is kept",
        )
        log.error(error.sentence())
        return [Failed(seed, error) for seed in lost]
