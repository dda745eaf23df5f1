"""Round numbers for the colour bar and the axes."""

from __future__ import annotations

import math

import numpy as np

from models.display.scaling import Levels, Scaling, from_unit, to_unit


def format_value(value: float) -> str:
    """A tick's number: short, exact for round values ("0", "250", "1.5", "2e6")."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}"
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def ticks(
    levels: Levels, scaling: Scaling, *, reach: tuple[float, float], spacing: float, whole: bool = False
) -> list[tuple[float, str]]:
    """Round values for an axis that shows `levels` under `scaling`.

    Args:
        reach: first and last place of the axis, where 0 is the low level and 1 the high one.
        spacing: smallest distance between two ticks, in places.
        whole: only whole numbers, for values that are counts.

    Returns:
        (place, text) in ascending order.
    """
    low, high = (float(v) for v in from_unit(np.array(reach), levels, scaling))
    if scaling is Scaling.LINEAR:
        candidates = [_linear(low, high, spacing * (high - low) / (reach[1] - reach[0]))]
    else:
        candidates = _decades(low, high)
    chosen: list[tuple[float, str]] = []
    # rounder numbers come first and keep their place; finer ones fill the room that is left
    for group in candidates:
        values = [value for value in group if not whole or value == round(value)]
        places = to_unit(np.array(values, np.float64), levels, scaling) if values else np.empty(0)
        for value, place in zip(values, places.tolist(), strict=True):
            inside = reach[0] - 1e-9 <= place <= reach[1] + 1e-9
            if inside and all(abs(place - other) >= spacing for other, _ in chosen):
                chosen.append((place, format_value(value)))
    return sorted(chosen)


def _linear(low: float, high: float, least: float) -> list[float]:
    """Multiples of 1, 2 or 5 × 10^n, at least `least` apart."""
    power = 10.0 ** math.floor(math.log10(least))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _decades(low: float, high: float) -> list[list[float]]:
    """Zero and powers of ten, then fives, then twos, of both signs, largest magnitude first."""
    largest = max(abs(low), abs(high))
    if largest == 0:
        return [[0.0]]
    top = math.floor(math.log10(largest))
    powers = [10.0**n for n in range(top, top - 7, -1)]
    groups = [[0.0, *_both_signs(powers)], _both_signs([5 * p for p in powers]), _both_signs([2 * p for p in powers])]
    offset_far_from_zero = min(abs(low), abs(high)) > 0.1 * (high - low) and low * high > 0
    if offset_far_from_zero:
        groups.append(_linear(low, high, (high - low) / 8))
    return groups


def _both_signs(values: list[float]) -> list[float]:
    return [signed for value in values for signed in (value, -value)]
