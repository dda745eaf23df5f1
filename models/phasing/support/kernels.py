"""Compiled loops of the support update: periodic Gaussian blur, exact k-th largest value.

Imported inside functions only: loading numba takes longer than opening the window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.compiled import compiled

Array = npt.NDArray[Any]

_MAGNITUDE = 0x7FFFFFFF
"""All bits but the sign: a zero may have one."""


@compiled
def _blur_line(source: Array, taps: Array, line: Array, out: Array) -> None:
    """Convolve `source` (n,) with the symmetric `taps`, periodically, into `out`.

    There are 2 r + 1 taps with r a multiple of 3: three on each side are added per pass over the line, since memory
    and not arithmetic sets the pace.

    Args:
        line: float32 (n + 2 r,), overwritten.
    """
    n = source.size
    radius = (taps.size - 1) // 2
    for j in range(radius):
        line[j] = source[(j - radius) % n]
        line[n + radius + j] = source[j % n]
    for j in range(n):
        line[radius + j] = source[j]
    for j in range(n):
        out[j] = taps[radius] * line[radius + j]
    for k in range(1, radius + 1, 3):
        one, two, three = taps[radius + k], taps[radius + k + 1], taps[radius + k + 2]
        # Views instead of sums of indices, which might be negative for all the compiler knows.
        a, b, c = line[radius - k :], line[radius - k - 1 :], line[radius - k - 2 :]
        d, e, f = line[radius + k :], line[radius + k + 1 :], line[radius + k + 2 :]
        for j in range(n):
            out[j] += one * (a[j] + d[j]) + two * (b[j] + e[j]) + three * (c[j] + f[j])


@compiled
def blur_pictures(source: Array, taps: Array, out: Array) -> None:
    """Convolve the last two axes of `source` (o, n, m) with `taps`, periodically, into `out`.

    Rows are blurred just before the columns through them are, and stay in the first-level cache for that.
    """
    outer, n, inner = source.shape
    radius = (taps.size - 1) // 2
    near = 2 * radius + 1
    line = np.empty(inner + 2 * radius, np.float32)
    ring = np.empty((near, inner), np.float32)
    for o in range(outer):
        for i in range(-radius, n + radius):
            _blur_line(source[o, i % n], taps, line, ring[(i + radius) % near])
            at = i - radius
            if at < 0:
                continue
            row, here = out[o, at], ring[(at + radius) % near]
            for j in range(inner):
                row[j] = taps[radius] * here[j]
            for k in range(1, radius + 1, 3):
                one, two, three = taps[radius + k], taps[radius + k + 1], taps[radius + k + 2]
                a, d = ring[(at + radius - k) % near], ring[(at + radius + k) % near]
                b, e = ring[(at + radius - k - 1) % near], ring[(at + radius + k + 1) % near]
                c, f = ring[(at + radius - k - 2) % near], ring[(at + radius + k + 2) % near]
                for j in range(inner):
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

    Counts values by their leading bits; those of the bin that holds the wanted one are put aside and counted by the
    bits that follow.
    """
    # Neighbours are alike: counted in turns, one count does not wait for the last to be written.
    bins = np.zeros((4, 1 << 11), np.int32)
    n = bits.size
    whole = n - n % 4
    for i in range(0, whole, 4):
        bins[0, (bits[i] & _MAGNITUDE) >> 20] += 1
        bins[1, (bits[i + 1] & _MAGNITUDE) >> 20] += 1
        bins[2, (bits[i + 2] & _MAGNITUDE) >> 20] += 1
        bins[3, (bits[i + 3] & _MAGNITUDE) >> 20] += 1
    for i in range(whole, n):
        bins[0, (bits[i] & _MAGNITUDE) >> 20] += 1
    left, prefix = count, (1 << 11) - 1
    while left > bins[:, prefix].sum():
        left -= bins[:, prefix].sum()
        prefix -= 1
    aside = np.empty(n, np.int32)
    kept = 0
    for i in range(n):
        # Written in any case, and kept by moving on: no branch that depends on the values.
        value = bits[i] & _MAGNITUDE
        aside[kept] = value
        kept += (value >> 20) == prefix
    for shift, width in ((9, 11), (0, 9)):
        counts = np.zeros(1 << width, np.int32)
        last = (1 << width) - 1
        for i in range(kept):
            if aside[i] >> (shift + width) == prefix:
                counts[(aside[i] >> shift) & last] += 1
        at = last
        while left > counts[at]:
            left -= counts[at]
            at -= 1
        prefix = (prefix << width) | at
    return prefix
