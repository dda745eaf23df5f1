"""Compiled loops of the support update: periodic Gaussian blur, exact k-th largest value.

Imported inside functions only: loading numba takes longer than opening the window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba  # noqa: TID253
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def _compiled(function: Kernel) -> Kernel:
    # Everything but "nnan" and "ninf": a NaN has to stay one, so that the update sees it.
    fast = {"nsz", "arcp", "contract", "reassoc", "afn"}
    try:
        kernel: Any = numba.njit(function, cache=True, nogil=True, fastmath=fast)
    except RuntimeError:
        # Nowhere to keep the compiled code: compile it anew in each process, which takes some seconds.
        kernel = numba.njit(function, nogil=True, fastmath=fast)
    return cast(Kernel, kernel)


@_compiled
def blur_rows(source: Array, taps: Array, out: Array) -> None:
    """Convolve the last axis of `source` (m, n) with the symmetric `taps` (2 r + 1), periodically, into `out`."""
    rows, n = source.shape
    radius = (taps.size - 1) // 2
    line = np.empty(n + 2 * radius, np.float32)
    for i in range(rows):
        for j in range(radius):
            line[j] = source[i, (j - radius) % n]
            line[n + radius + j] = source[i, j % n]
        for j in range(n):
            line[radius + j] = source[i, j]
        middle = taps[radius]
        for j in range(n):
            out[i, j] = middle * line[radius + j]
        for k in range(1, radius + 1):
            tap = taps[radius + k]
            for j in range(n):
                out[i, j] += tap * (line[radius + j - k] + line[radius + j + k])


@_compiled
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
                middle = taps[radius]
                for j in range(first, last):
                    out[o, i, j] = middle * source[o, i, j]
                for k in range(1, radius + 1):
                    tap = taps[radius + k]
                    above = (i - k) % n
                    below = (i + k) % n
                    for j in range(first, last):
                        out[o, i, j] += tap * (source[o, above, j] + source[o, below, j])


@_compiled
def kth_largest(bits: Array, count: int) -> int:
    """The `count`-th largest of non-negative float32 values given as their int32 bits, which sort alike."""
    high = np.zeros(1 << 16, np.int64)
    for value in bits:
        high[value >> 16] += 1
    left = count
    top = high.size - 1
    while left > high[top]:
        left -= high[top]
        top -= 1
    low = np.zeros(1 << 16, np.int64)
    for value in bits:
        if value >> 16 == top:
            low[value & 0xFFFF] += 1
    bottom = low.size - 1
    while left > low[bottom]:
        left -= low[bottom]
        bottom -= 1
    return (top << 16) | bottom
