"""Solvers that only count, so that what the many starts do can be told from the physics."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.errors import BadParameter, FriedelError
from models.phasing.schedule import parse
from models.phasing.settings import PhasingSettings
from models.phasing.starts.lane import LOOK_EVERY, Task
from models.phasing.types import History, PhasingState, Preview, Start

LEVELS = {0: 4.0, 1: 1.0, 2: 1.2, 3: 30.0}
"""What the free log-likelihood of a seed comes down to."""


class FakeSolver:
    """Its error falls to a level that depends on the seed; a time of `each_s` seconds is spent per iteration."""

    def __init__(self, task: Task, settings: PhasingSettings, each_s: float, trouble: dict[int, str]) -> None:
        self.task, self.settings = task, settings
        self.done = 0
        self._each_s = each_s
        self._trouble = trouble.get(task.seed, "")
        self.betas: list[float] = []
        self._seen = float("nan")

    @property
    def total(self) -> int:
        return parse(self.settings.schedule).iterations

    @property
    def finished(self) -> bool:
        return self.done >= self.total

    def run(self, iterations_at_most: int, look: bool = False) -> PhasingState:
        for number in range(min(iterations_at_most, self.total - self.done)):
            if self._trouble and self.done >= 20:
                if self._trouble == "die":
                    os.kill(os.getpid(), signal.SIGKILL)
                if self._trouble == "bug":
                    raise ZeroDivisionError("what nobody expected")
                raise FriedelError(f"start {self.task.seed} has left the range of numbers", hint="lower beta")
            self.done += 1
            self.betas.append(self.settings.beta)
            if self.done % LOOK_EVERY == 0 or (look and number == iterations_at_most - 1):
                self._seen = self.figure
            time.sleep(self._each_s)
        return self.state()

    @property
    def figure(self) -> float:
        level = LEVELS.get(self.task.seed, 2.0)
        return level * (1 + 50 * 0.97**self.done)

    def state(self) -> PhasingState:
        free = self._seen
        return PhasingState(
            done=self.done,
            total=self.total,
            seed=self.task.seed,
            algorithm="RAAR",
            support_pixels=10,
            r_factor=free / 100,
            free_log_likelihood=free,
        )

    def preview(self) -> Preview:
        shape = (4, 4)
        return Preview(np.full(shape, self.task.seed, np.complex64), np.ones(shape, bool), (0, 0), 1)

    def start(self, ended: str = "") -> Start:
        # The object tells what it began from and which parameters held.
        shape = (32, 32)
        if self.settings.first_support == "given" and self.task.support is None:
            raise BadParameter("There is no support to begin with")
        value = 1.0 if self.task.first is None else float(np.abs(np.load(self.task.first)).max()) + 1
        return Start(
            seed=self.task.seed,
            object=np.full(shape, value, np.complex64),
            support=np.ones(shape, bool),
            history=History(*(np.zeros(0, kind) for kind in (np.int32, np.float32, np.float32, np.int32))),
            r_factor=self.figure / 100,
            free_log_likelihood=self.figure,
            iterations=self.done,
            seconds=self.done * self._each_s,
            ended=ended or ("finished" if self.finished else "stopped"),
            schedule=",".join(f"{beta:g}" for beta in dict.fromkeys(self.betas)),
        )


@dataclass
class FakeMaterial:
    """In place of `Material`: hands out fake solvers, in other processes too."""

    folder: Path
    each_s: float = 0.0
    trouble: dict[int, str] = field(default_factory=dict)

    def keep(self, name: str, values: np.ndarray) -> Path:
        path = self.folder / f"{name}.npy"
        np.save(path, values)
        return path

    def add(self, part: str, pattern: object, held_out: np.ndarray) -> None:
        (self.folder / part).mkdir(exist_ok=True)

    def maker(self):
        each_s, trouble = self.each_s, self.trouble
        return lambda task, settings: FakeSolver(task, settings, each_s, trouble)
