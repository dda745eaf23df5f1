"""A reconstruction as an iterator of states."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.phasing.settings import PhasingSettings
from models.phasing.types import PhasingState, Start

SLICE_S = 0.02
SLICE_ITERATIONS = 10


def reconstruct(
    pattern: Pattern,
    settings: PhasingSettings,
    seed: int = 0,
    *,
    held_out: npt.NDArray[np.bool_] | None = None,
    device: str = "cpu",
    first: npt.NDArray[Any] | None = None,
    support: npt.NDArray[np.bool_] | None = None,
    dtype: str = "complex64",
) -> Generator[PhasingState, PhasingSettings | None, Start]:
    """One start, state by state: `for state in reconstruct(pattern, settings): …`.

    A state comes after ten iterations or some 20 ms, whichever is first, and never less than one iteration; previews
    come at most ten a second. Sending other settings changes the run: parameters from the next iteration on, the
    schedule from the next block on. Not asking for the next state pauses it; closing the generator stops it.

    Args:
        held_out: bool, centred: pixels to judge by. None: `settings.held_out` of the measured ones, in islands.
        The others are as for `models.phasing.solver.Solver`.

    Returns:
        the start, when its schedule has come to the end.

    Raises:
        BadPattern, BadParameter, NotConverging: see `Solver`.
    """
    from models.patterns.check import check_pattern
    from models.phasing.denoised import inputs
    from models.phasing.quality.held_out import held_out_pixels
    from models.phasing.solver import Solver

    check_pattern(pattern)
    if held_out is None and settings.held_out > 0:
        held_out = held_out_pixels(pattern, settings.held_out, settings.seed)
    fitted = inputs(pattern, settings, held_out).starts
    solver = Solver(
        fitted, settings, seed, held_out=held_out, device=device, first=first, support=support, dtype=dtype
    )
    count = 1
    while not solver.finished:
        begun = time.monotonic()
        done = solver.done
        state = solver.run(count)
        each = (time.monotonic() - begun) / max(1, solver.done - done)
        count = max(1, min(SLICE_ITERATIONS, int(SLICE_S / max(each, 1e-6))))
        changed = yield state
        if changed is not None:
            solver.settings = changed
    return solver.start()
