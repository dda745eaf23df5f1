"""A stand-in for the worker of a reconstruction: quick, obedient, and it tells in its result what it was told."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.phasing.patterns import load_pattern
from app.phasing.records import PhasingNews
from app.phasing.results import keep
from models.parameters import from_dict, to_dict
from models.phasing.settings import PhasingSettings
from models.phasing.starts.types import Change, GoOn, Pause, StartRow, StartsProgress, Step, Stop, Watch
from models.phasing.types import History, Preview, Prtf, Reconstruction, Start, Trust
from models.progress import Progress

TOTAL = 60
SLICE_S = 0.02
ENDLESS = "1000 RAAR"
"""a schedule that goes on until it is stopped"""


def reconstruct(
    folder: str,
    values: Mapping[str, Any],
    place: Mapping[str, Any],
    support: npt.NDArray[np.bool_] | None = None,
    workers: int | None = None,
) -> Generator[Progress, Any, str]:
    """Counts iterations; with the schedule `ENDLESS` until it is told to stop."""
    pattern = load_pattern(Path(folder))
    settings = from_dict(PhasingSettings, values)
    first = np.zeros(pattern.shape, np.bool_)
    first[tuple(slice(n // 4, 3 * n // 4) for n in pattern.shape)] = True
    first = first if support is None else support
    seeds = [settings.seed + n for n in range(settings.starts)]
    watched, paused, stopped, iteration, left = settings.seed, False, False, 0, 0
    changes: list[tuple[int, dict[str, Any]]] = []
    while not stopped and (iteration < TOTAL or settings.schedule == ENDLESS):
        if not paused or left:
            iteration += 1
            left = max(0, left - 1)
        command = yield _news(pattern.shape, seeds, watched, iteration, paused, first)
        if isinstance(command, Pause):
            paused = True
        elif isinstance(command, GoOn):
            paused = False
        elif isinstance(command, Step):
            paused, left = True, command.iterations
        elif isinstance(command, Watch):
            watched = command.seed
        elif isinstance(command, Change):
            changes.append((iteration, to_dict(command.settings)))
        elif isinstance(command, Stop):
            stopped = True
        time.sleep(SLICE_S)
    starts = tuple(
        Start(
            seed, _object(first, seed), first, _history(iteration, seed), 0.1 + 0.1 * place_, 1.0 + place_, iteration,
            0.5, "stopped" if stopped else "finished", settings.schedule,
        )
        for place_, seed in enumerate(seeds)
    )  # fmt: skip
    rings = np.arange(min(pattern.shape) // 2, dtype=np.float32)
    trust = Trust(
        r_factor=0.1, free_log_likelihood=1.0, prtf_cutoff_px=5.0, mode_weight=0.9, agreement=0.8, kept=len(seeds),
        starts=len(seeds), masked_power=0.1, oversampling=4.0, warnings=("a made-up result",),
    )  # fmt: skip
    made = Reconstruction(
        pattern=pattern,
        object=_object(first, 0),
        support=first,
        held_out=np.zeros(pattern.shape, np.bool_),
        starts=starts,
        kept=len(seeds),
        agreement=first.astype(np.float32),
        modes=np.array([_object(first, 0)]),
        mode_weights=np.array([1.0], np.float32),
        prtf=Prtf(rings, np.linspace(1, 0, rings.size).astype(np.float32), np.full(rings.size, 9, np.int32)),
        trust=trust,
        settings=dict(values),
        changes=tuple(changes),
        first_support=support if settings.first_support == "given" else None,
        seconds=1.0,
    )
    return (yield from keep(made, place))


def _news(
    shape: tuple[int, ...], seeds: list[int], watched: int, iteration: int, paused: bool, support: np.ndarray
) -> PhasingNews:
    rows = tuple(
        StartRow(seed, "RAAR", iteration, TOTAL, "RAAR", 0.2, 1.0 + place, int(support.sum()))
        for place, seed in enumerate(seeds)
    )
    preview = Preview(_object(support, watched), support, (0,) * len(shape), 1)
    record = StartsProgress(
        done=iteration * len(seeds),
        total=TOTAL * len(seeds),
        rows=rows,
        watched=watched,
        preview=preview,
        history=_history(iteration, watched),
        paused=paused,
        iterations_per_second=100.0,
    )
    return PhasingNews(done=record.done, total=record.total, starts=record)


def _object(support: np.ndarray, seed: int) -> np.ndarray:
    return (support * (1.0 + seed)).astype(np.complex64)


def _history(iteration: int, seed: int) -> History:
    at = np.arange(1, iteration + 1, dtype=np.int32)
    falling = (1.0 / at).astype(np.float32)
    return History(at, falling, falling + seed, np.full(at.size, 9, np.int32))
