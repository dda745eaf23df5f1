"""The one pass over a frame's pixels, compiled; imported only inside functions."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from models.compiled import compiled

Array = npt.NDArray[Any]


@compiled
def add_frame(
    values: Array,
    flags: Array,
    lit_from: float,
    count: Array,
    origin: Array,
    total: Array,
    squares: Array,
    maximum: Array,
    lit: Array,
) -> tuple[float, int, float]:
    """Add a frame to the sums of its valid pixels; all arrays flattened.

    Args:
        values: as stored, any real type. flags: uint8, 0 where valid.
        lit_from: from which value on a pixel is lit.
        count, origin, total, squares, maximum, lit: in place: frames, first value, sums of the differences from it
            and of their squares, largest value, and how often lit.

    Returns:
        Sum of the valid values, how many are lit, and the largest; that is −inf where none is valid.
    """
    whole, bright, highest = 0.0, 0, float("-inf")
    for i in range(values.size):
        if flags[i] == 0:
            value = float(values[i])
            if count[i] == 0:
                origin[i] = value
                maximum[i] = value
            elif value > maximum[i]:
                maximum[i] = value
            count[i] += 1
            rest = value - origin[i]
            total[i] += rest
            squares[i] += rest * rest
            whole += value
            highest = max(highest, value)
            if value >= lit_from:
                lit[i] += 1
                bright += 1
    return whole, bright, highest
