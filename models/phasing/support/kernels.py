"""Compiled loops of the support update: periodic Gaussian blur, exact k-th largest value.

Imported inside functions only: loading numba takes longer than opening the window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.phasing.compiled import compiled

Array = npt.NDArray[Any]


@compiled
def blur_rows(source: Array, taps: Array, out: Array) -> None:
    """Convolve the last axis of `source` (m, n) with the symmetric `taps`, periodically, into `out`.

    There are 2 r + 1 taps with r a multiple of 3: three on each side are added per pass over the line, since memory
    and not arithmetic sets the pace.
    """
    rows, n = source.shape
    radius = (taps.size - 1) // 2
    line = np.empty(n + 2 * radius, np.float32)
    for i in range(rows):
        for j in range(radius):
            line[j] = source[i, (j - radius) % n]
            line[n + radius + j] = source[i, j % n]
        for j in range(n):
            line[radius + j] = source[i, j]
        row = out[i]
        for j in range(n):
            row[j] = taps[radius] * line[radius + j]
        for k in range(1, radius + 1, 3):
            one, two, three = taps[radius + k], taps[radius + k + 1], taps[radius + k + 2]
            # Views instead of sums of indices, which might be negative for all the compiler knows.
            a, b, c = line[radius - k :], line[radius - k - 1 :], line[radius - k - 2 :]
            d, e, f = line[radius + k :], line[radius + k + 1 :], line[radius + k + 2 :]
            for j in range(n):
                row[j] += one * (a[j] + d[j]) + two * (b[j] + e[j]) + three * (c[j] + f[j])


@compiled
def blur_planes(source: Array, taps: Array, out: Array) -> None:
    """Convolve the middle axis of `source` (o, n, m) with `taps`, periodically, into `out`."""
    outer, n, inner = source.shape
    radius = (taps.size - 1) // 2
    # A strip of columns stays in the first-level cache while its rows are gone through.
    width = 256
    for o in range(outer):
        for first in range(0, inner, width):
            last = min(first + width, inner)
            for i in range(n):
                row, here = out[o, i, first:last], source[o, i, first:last]
                for j in range(last - first):
                    row[j] = taps[radius] * here[j]
                for k in range(1, radius + 1, 3):
                    one, two, three = taps[radius + k], taps[radius + k + 1], taps[radius + k + 2]
                    a = source[o, (i - k) % n, first:last]
                    b = source[o, (i - k - 1) % n, first:last]
                    c = source[o, (i - k - 2) % n, first:last]
                    d = source[o, (i + k) % n, first:last]
                    e = source[o, (i + k + 1) % n, first:last]
                    f = source[o, (i + k + 2) % n, first:last]
                    for j in range(last - first):
                        row[j] += one * (a[j] + d[j]) + two * (b[j] + e[j]) + three * (c[j] + f[j])


@compiled
def kth_largest(bits: Array, count: int) -> int:
    """The `count`-th largest of non-negative float32 values given as their int32 bits, which sort alike; exact.

    Counts values by their leading bits, then those of the bin that holds the wanted one by the next bits.
    """
    prefix, left = 0, count
    bins = np.empty(1 << 11, np.int64)
    for shift, width in ((20, 11), (9, 11), (0, 9)):
        bins[:] = 0
        last = (1 << width) - 1
        for value in bits:
            if value >> (shift + width) == prefix:
                bins[(value >> shift) & last] += 1
        at = last
        while left > bins[at]:
            left -= bins[at]
            at -= 1
        prefix = (prefix << width) | at
    return prefix
