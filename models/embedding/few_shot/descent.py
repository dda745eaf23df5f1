"""The minimum of many small smooth convex functions at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Objective = Callable[[Array, npt.NDArray[np.int64]], tuple[Array, Array]]

_MEMORY = 10
_MOST_STEPS = 200
_PRECISION = 1e-4


def minimise(objective: Objective, start: Array) -> Array:
    """Limited-memory BFGS (Nocedal, Math. Comp. 35:773, 1980) with backtracking, for F functions side by side.

    Args:
        objective: (points (f, P), which functions (f,)) -> (values (f,), slopes (f, P)).
        start: (F, P).

    Returns:
        (F, P), where each slope has fallen to 1e-4 of its first length (or of 1), or after 200 steps.
    """
    result = start.copy()
    among = np.arange(len(start))
    point = start
    value, slope = objective(point, among)
    floor = _PRECISION * np.maximum(1.0, _length(slope))
    steps: list[tuple[Array, Array, Array]] = []
    for _ in range(_MOST_STEPS):
        going = _length(slope) > floor
        if not going.all():
            result[among] = point
            if not going.any():
                return result
            among, point, value = among[going], point[going], value[going]
            slope, floor = slope[going], floor[going]
            steps = [(step[going], change[going], inverse[going]) for step, change, inverse in steps]
        direction = _direction(slope, steps)
        descent = _dot(slope, direction)
        length = np.ones(len(among))
        trial = point + direction
        trial_value, trial_slope = objective(trial, among)
        while True:
            short = (trial_value > value + 1e-4 * length * descent) & (length >= 1e-8)
            if not short.any():
                break
            length[short] *= 0.5
            trial[short] = point[short] + length[short, None] * direction[short]
            trial_value[short], trial_slope[short] = objective(trial[short], among[short])
        step, change = trial - point, trial_slope - slope
        curvature = _dot(step, change)
        # A function that did not move, or is not convex to working precision, forgets this step.
        inverse = np.where(curvature > 1e-12, 1.0 / np.maximum(curvature, 1e-12), 0.0)
        steps = [*steps[1 - _MEMORY :], (step, change, inverse)]
        point, value, slope = trial, trial_value, trial_slope
    result[among] = point
    return result


def _direction(slope: Array, steps: list[tuple[Array, Array, Array]]) -> Array:
    """(f, P) the way down, by the two-loop recursion."""
    direction = -slope
    factors = []
    for step, change, inverse in reversed(steps):
        factor = inverse * _dot(step, direction)
        factors.append(factor)
        direction = direction - factor[:, None] * change
    first = 1.0 / np.maximum(1.0, _length(slope))
    if steps:
        _, change, inverse = steps[-1]
        first = np.where(inverse > 0, 1.0 / np.maximum(inverse * _dot(change, change), 1e-300), first)
    direction = direction * first[:, None]
    for (step, change, inverse), factor in zip(steps, reversed(factors), strict=True):
        direction = direction + (factor - inverse * _dot(change, direction))[:, None] * step
    return direction


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.vecdot(a, b), np.float64)


def _length(a: Array) -> Array:
    return np.sqrt(_dot(a, a))
