"""Which starts are so far behind the best that they need not be run to their end.

Compared is at the same iteration, never at the present one: some starts are ahead. A start is given up where both its
R factor and its free log-likelihood (where anything was held out) were far behind those of the best at two checks in
a row, the first of them not before half of the schedule, and never so that fewer than two are left.

Both, because either alone gives up good starts: the free log-likelihood of starts with the same object differs up to
fourfold while they run, and R factors differ little where there is little light.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from models.phasing.starts.lane import LOOK_EVERY, Point

CHECKS = (0.5, 0.625, 0.75, 0.875)
"""shares of the schedule at which starts are compared"""
FAR_R = 1.3
"""a start with so many times the best's R factor is far behind"""
FAR_FREE = 1.5
"""a start with so many times the best's free log-likelihood is far behind"""
LEAST_LEFT = 2
_WINDOW = 0.1


def figures_at(curve: Sequence[Point], iteration: int, total: int) -> tuple[float, float]:
    """Medians of R factor and free log-likelihood over the looks in the tenth of the schedule before `iteration`.

    NaN where there is none. The median: the projection algorithms jump.
    """
    window = max(_WINDOW * total, LOOK_EVERY)
    # Points between the common looks come from pauses and slow machines, which must not decide.
    found = [(r, free) for at, r, free, _ in curve if iteration - window < at <= iteration and at % LOOK_EVERY == 0]
    return _median([r for r, _ in found]), _median([free for _, free in found])


def far_behind(curves: Mapping[int, Sequence[Point]], iteration: int, total: int) -> frozenset[int]:
    """The starts that are far behind the best at `iteration`; those that have not come so far are not judged."""
    figures = {seed: figures_at(curve, iteration, total) for seed, curve in curves.items()}
    best_r = min((r for r, _ in figures.values() if not math.isnan(r)), default=math.nan)
    best_free = min((free for _, free in figures.values() if not math.isnan(free)), default=math.nan)
    return frozenset(
        seed
        for seed, (r, free) in figures.items()
        if r > FAR_R * best_r and (math.isnan(best_free) or free > FAR_FREE * best_free)
    )


def _median(values: Sequence[float]) -> float:
    known = sorted(value for value in values if math.isfinite(value))
    return known[len(known) // 2] if known else math.nan


class Watchman:
    """Finds the hopeless starts at each check, once all starts have come so far.

    Waiting for all makes it independent of which process was quicker.

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
            found |= behind & self._behind_before & running.keys()
            self._behind_before = behind
        if len(running) - len(found) + others < LEAST_LEFT:
            return frozenset()
        return found
