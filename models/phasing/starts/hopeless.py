"""Which starts are so far behind the best that they need not be run to their end.

Compared is the free log-likelihood (the R factor where nothing was held out) at the same iteration, never the present
one: some starts are ahead. A start is given up where it was far behind at two checks in a row, the first of them not
before half of the schedule, and never so that fewer than two are left. What is far: `FAR` times the best's deviance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from models.phasing.starts.lane import LOOK_EVERY, Point

CHECKS = (0.5, 0.625, 0.75, 0.875)
"""shares of the schedule at which starts are compared"""
FAR = 1.5
"""a start with so many times the best's figure is far behind"""
LEAST_LEFT = 2
_WINDOW = 0.05


def figure_at(curve: Sequence[Point], iteration: int, total: int) -> float:
    """Median figure of the looks in the last twentieth of the schedule up to `iteration`; NaN where there is none.

    The median: the projection algorithms jump.
    """
    window = max(_WINDOW * total, LOOK_EVERY)
    # Points between the common looks come from pauses and slow machines, which must not decide.
    found = [
        r if math.isnan(free) else free
        for at, r, free, _ in curve
        if iteration - window < at <= iteration and at % LOOK_EVERY == 0
    ]
    found = sorted(value for value in found if math.isfinite(value))
    return found[len(found) // 2] if found else math.nan


def far_behind(curves: Mapping[int, Sequence[Point]], iteration: int, total: int) -> frozenset[int]:
    """The starts that are far behind the best at `iteration`; those that have not come so far are not judged."""
    figures = {seed: figure_at(curve, iteration, total) for seed, curve in curves.items()}
    known = [value for value in figures.values() if not math.isnan(value)]
    if not known:
        return frozenset()
    best = min(known)
    return frozenset(seed for seed, value in figures.items() if value > FAR * best)


class Watchman:
    """Finds the hopeless starts at each check, once all starts have come so far.

    Waiting for all makes it independent of which process was quicker: the same seeds give the same result.

    Args:
        total: iterations of the schedule.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._checks = [round(share * total) for share in CHECKS]
        self._behind_before: frozenset[int] = frozenset()

    def hopeless(
        self, curves: Mapping[int, Sequence[Point]], running: Mapping[int, int], others: int = 0
    ) -> frozenset[int]:
        """The starts to give up now.

        Args:
            curves: of all starts to compare with, ended ones too. running: iterations done by each that has not
                ended and may be given up. others: starts beside these that will be part of the result.
        """
        found: frozenset[int] = frozenset()
        while self._checks and running and all(done >= self._checks[0] for done in running.values()):
            behind = far_behind(curves, self._checks.pop(0), self._total)
            candidates = behind & self._behind_before & running.keys()
            self._behind_before = behind
            found |= candidates
        if len(running) - len(found) + others < LEAST_LEFT:
            return frozenset()
        return found
