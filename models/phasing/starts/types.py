"""What a run of many starts says while it runs, and what it can be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from models.phasing.settings import PhasingSettings
from models.phasing.types import History, Preview
from models.progress import Progress

WAITING, FINISHED, STOPPED, GIVEN_UP, FAILED = "waiting", "finished", "stopped", "given up", "failed"
"""States of a start beside the name of the algorithm it is in."""
ENDED = frozenset({FINISHED, STOPPED, GIVEN_UP, FAILED})


@dataclass(frozen=True, slots=True)
class StartRow:
    """One start in the live table; NaN where a figure is not known yet.

    Attributes:
        seed: which start. state: "waiting", the algorithm it is in, "finished", "stopped", "given up", "failed".
        iteration, total: how far it is. algorithm: the present or last one.
        r_factor, free_log_likelihood, support_pixels: as in `PhasingState`.
        iterations_per_second: while it has its turn, so the speed of one core.
        generation: from 0.
    """

    seed: int
    state: str = WAITING
    iteration: int = 0
    total: int = 0
    algorithm: str = ""
    r_factor: float = math.nan
    free_log_likelihood: float = math.nan
    support_pixels: int = 0
    iterations_per_second: float = 0.0
    generation: int = 0

    @property
    def figure(self) -> float:
        """What starts are ranked by: free log-likelihood, the R factor where nothing was held out."""
        return self.r_factor if math.isnan(self.free_log_likelihood) else self.free_log_likelihood


@dataclass(frozen=True, slots=True, kw_only=True)
class StartsProgress(Progress):
    """Where all starts are. `done` counts iterations of all starts together.

    Attributes:
        rows: every start of the present generation, best first; those without figures after those with.
        watched: seed of the start that previews and curve are of; None for none.
        preview: its latest picture; None where there was none since the last record, at most ten a second.
        history: its error curves so far; None where it has none yet.
        curves: the error curves of the best sixteen starts, thinned to at most 200 points each, by seed. They end
            before the last refinement.
        paused: nothing runs until `GoOn`, `Step` or `Stop`.
        stage: what goes on before the starts ("searching for the support, round 1 of 3"; the rows are trials then);
            empty while the starts run. generation, generations: from 0; of how many.
        iterations_per_second: of all starts together, over the last few seconds.
        notes: sentences on what happened: starts given up or lost, settings refused, memory.
    """

    rows: tuple[StartRow, ...] = ()
    watched: int | None = None
    preview: Preview | None = None
    history: History | None = None
    curves: Mapping[int, History] = field(default_factory=dict)
    paused: bool = False
    stage: str = ""
    generation: int = 0
    generations: int = 1
    iterations_per_second: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait after the present iterations."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """End a pause."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many iterations of every running start, then pause."""

    iterations: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """Other settings, for the running starts from their next iteration on; another schedule from the next block on.

    How many starts there are, generations, seed and what is held out stay as they were.
    """

    settings: PhasingSettings


@dataclass(frozen=True, slots=True)
class Watch:
    """Show this start; None shows none."""

    seed: int | None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End one start; it has no part in the average. One that is being refined stays in it, as far as it has come."""

    seed: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End all starts now; the result is made of what there is."""


Command: TypeAlias = Pause | GoOn | Step | Change | Watch | GiveUp | Stop
