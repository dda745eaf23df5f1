"""The one pass over frames' pixels, compiled; imported only inside functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.compiled import compiled

Array = npt.NDArray[Any]

_TILE = 2048
"""Pixels whose sums stay in the first caches while all frames of a block are added."""
_LANES = 16
"""Maxima that are kept apart until the end of a tile: one alone would be waited for at every pixel."""


@compiled
def add_frames(
    values: Array,
    flags: Array,
    lit_from: float,
    count: Array,
    origin: Array,
    total: Array,
    squares: Array,
    maximum: Array,
    lit: Array,
    said: Array,
) -> None:
    """Add frames to the sums of their valid pixels.

    Args:
        values: (k, n) as stored, any real type. flags: (k, n) uint8, 0 where valid.
        lit_from: from which value on a pixel is lit.
        count, origin, total, squares, maximum, lit: (n,), in place: frames, first value, sums of the differences from
            it and of their squares, largest value, and how often lit.
        said: (k, 3) float64, filled: of each frame the sum of the valid values, how many are lit, and the largest;
            that is −inf where none is valid.
    """
    frames, pixels = values.shape
    number, rest, lanes = np.empty(_TILE), np.empty(_TILE), np.empty(_LANES)
    for frame in range(frames):
        said[frame, 0] = said[frame, 1] = 0.0
        said[frame, 2] = -np.inf
    for start in range(0, pixels, _TILE):
        n = min(_TILE, pixels - start)
        place = slice(start, start + n)
        counts, first, sums, squared = count[place], origin[place], total[place], squares[place]
        largest, shone = maximum[place], lit[place]
        unmet = 0
        for i in range(n):
            unmet += counts[i] == 0
        for frame in range(frames):
            stored, bad = values[frame, place], flags[frame, place]
            if unmet > 0:
                for i in range(n):
                    if counts[i] == 0 and bad[i] == 0:
                        first[i] = largest[i] = stored[i]
            flagged = 0
            for i in range(n):
                flagged += bad[i] != 0
            whole, bright, highest = 0.0, 0, -np.inf
            if flagged == 0:
                # Short loops over few arrays each: these the compiler makes eight pixels wide.
                for i in range(n):
                    number[i] = stored[i]
                    rest[i] = number[i] - first[i]
                    sums[i] += rest[i]
                    whole += number[i]
                for i in range(n):
                    squared[i] += rest[i] * rest[i]
                for i in range(n):
                    largest[i] = max(largest[i], number[i])
                lanes[:] = -np.inf
                whole_lanes = n - n % _LANES
                for i in range(0, whole_lanes, _LANES):
                    for j in range(_LANES):
                        lanes[j] = number[i + j] if number[i + j] > lanes[j] else lanes[j]
                for i in range(whole_lanes, n):
                    highest = max(highest, number[i])
                for j in range(_LANES):
                    highest = max(highest, lanes[j])
                for i in range(n):
                    counts[i] += 1
                for i in range(n):
                    shines = 1 if number[i] >= lit_from else 0
                    shone[i] += shines
                    bright += shines
            else:
                for i in range(n):
                    if bad[i] == 0:
                        value = float(stored[i])
                        sums[i] += value - first[i]
                        squared[i] += (value - first[i]) ** 2
                        whole += value
                        largest[i] = max(largest[i], value)
                        highest = max(highest, value)
                        counts[i] += 1
                        if value >= lit_from:
                            shone[i] += 1
                            bright += 1
            said[frame, 0] += whole
            said[frame, 1] += bright
            said[frame, 2] = max(said[frame, 2], highest)
