"""The passes over pixels of one iteration, compiled for the CPU; imported only inside functions.

Arrays come flattened and contiguous, so that 2-D and 3-D are the same; complex ones are changed in place. All work
in one thread and without the interpreter lock. `kernels_torch` has the same passes as torch operations.

An amplitude below zero marks a pixel that constrains nothing (not measured, or held out).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.compiled import compiled

Array = npt.NDArray[Any]

_CHUNK = 4096
"""Pixels summed in the array's own precision before the sum goes on in float64."""
_TILE = 8
"""Rows turned into columns at a time: their lines stay in the first cache."""


@compiled
def modulus(wave: Array, amplitude: Array, margin: float) -> None:
    """Move every constrained pixel of `wave` to the nearest value whose modulus is within `margin` of `amplitude`.

    Args:
        wave: complex (n,), in place. amplitude: real (n,), √photons; below zero: leave the pixel.
        margin: real, √photons.
    """
    parts = wave.view(amplitude.dtype)
    width = amplitude.dtype.type(margin)
    zero = amplitude.dtype.type(0)
    one = amplitude.dtype.type(1)
    tiny = amplitude.dtype.type(1e-30)
    for i in range(amplitude.size):
        re, im, a = parts[2 * i], parts[2 * i + 1], amplitude[i]
        found = np.sqrt(re * re + im * im)
        wanted = min(max(found, max(a - width, zero)), a + width)
        scale = one if a < zero else wanted / max(found, tiny)
        # Where nothing is found no phase is either; any phase is a nearest point, so take 0.
        parts[2 * i] = wanted if (a >= zero and found <= tiny) else re * scale
        parts[2 * i + 1] = im * scale


@compiled
def modulus_given(wave: Array, intensity: Array, amplitude: Array, margin: float) -> None:
    """As `modulus` where the calculated intensity is not |wave|² (partial coherence, background): `wave` is scaled.

    Args:
        wave: complex (n,), in place. intensity: real (n,), calculated, photons. amplitude, margin: as in `modulus`.
    """
    parts = wave.view(amplitude.dtype)
    width = amplitude.dtype.type(margin)
    zero = amplitude.dtype.type(0)
    one = amplitude.dtype.type(1)
    tiny = amplitude.dtype.type(1e-30)
    for i in range(amplitude.size):
        a = amplitude[i]
        found = np.sqrt(max(intensity[i], zero))
        wanted = min(max(found, max(a - width, zero)), a + width)
        scale = one if a < zero else wanted / max(found, tiny)
        parts[2 * i] *= scale
        parts[2 * i + 1] *= scale


@compiled
def _misfit_part(parts: Array, amplitude: Array) -> float:
    total = amplitude.dtype.type(0)
    zero = amplitude.dtype.type(0)
    for i in range(amplitude.size):
        re, im, a = parts[2 * i], parts[2 * i + 1], amplitude[i]
        apart = abs(np.sqrt(re * re + im * im) - a)
        total += zero if a < zero else apart
    return float(total)


@compiled
def misfit(wave: Array, amplitude: Array) -> float:
    """Σ||wave| − amplitude| over the constrained pixels (float64)."""
    parts = wave.view(amplitude.dtype)
    total = 0.0
    for first in range(0, amplitude.size, _CHUNK):
        last = min(first + _CHUNK, amplitude.size)
        total += _misfit_part(parts[2 * first : 2 * last], amplitude[first:last])
    return total


@compiled
def advance(
    wave: Array,
    addend: Array,
    factor: float,
    amplitude: Array,
    margin: float,
    steps: tuple[float, float, float, float],
) -> None:
    """With X = wave + factor·addend and P the `modulus` of X: addend ← a·P + b·X and wave ← d·X + e·P.

    Args:
        steps: a, b, d, e.
        wave, addend: complex (n,), in place. amplitude, margin: as in `modulus`.
    """
    kind = amplitude.dtype.type
    x, g = wave.view(amplitude.dtype), addend.view(amplitude.dtype)
    c, width, zero, one, tiny = kind(factor), kind(margin), kind(0), kind(1), kind(1e-30)
    a_p, a_x, keep_x, keep_p = kind(steps[0]), kind(steps[1]), kind(steps[2]), kind(steps[3])
    for i in range(amplitude.size):
        re, im = x[2 * i] + c * g[2 * i], x[2 * i + 1] + c * g[2 * i + 1]
        a = amplitude[i]
        found = np.sqrt(re * re + im * im)
        wanted = min(max(found, max(a - width, zero)), a + width)
        scale = one if a < zero else wanted / max(found, tiny)
        p_re = wanted if (a >= zero and found <= tiny) else re * scale
        p_im = im * scale
        g[2 * i], g[2 * i + 1] = a_p * p_re + a_x * re, a_p * p_im + a_x * im
        x[2 * i], x[2 * i + 1] = keep_x * re + keep_p * p_re, keep_x * im + keep_p * p_im


@compiled
def settle(wave: Array, addend: Array, factor: float, amplitude: Array, margin: float, found: Array) -> None:
    """`add` and the `modulus` of what that gives in one pass: wave ← wave + factor·addend, found ← its `modulus`.

    Args:
        wave, addend, found: complex (n,). amplitude, margin: as in `modulus`.
    """
    kind = amplitude.dtype.type
    x, g, p = wave.view(amplitude.dtype), addend.view(amplitude.dtype), found.view(amplitude.dtype)
    c, width, zero, one, tiny = kind(factor), kind(margin), kind(0), kind(1), kind(1e-30)
    for i in range(amplitude.size):
        re, im = x[2 * i] + c * g[2 * i], x[2 * i + 1] + c * g[2 * i + 1]
        x[2 * i], x[2 * i + 1] = re, im
        a = amplitude[i]
        modulus = np.sqrt(re * re + im * im)
        wanted = min(max(modulus, max(a - width, zero)), a + width)
        scale = one if a < zero else wanted / max(modulus, tiny)
        p[2 * i] = wanted if (a >= zero and modulus <= tiny) else re * scale
        p[2 * i + 1] = im * scale


@compiled
def add(wave: Array, addend: Array, factor: float) -> None:
    """wave ← wave + factor·addend, to the last digit as `advance` does it, so that a look changes nothing.

    Args:
        wave, addend: real (2n,), the parts of complex arrays.
    """
    c = wave.dtype.type(factor)
    for i in range(wave.size):
        wave[i] = wave[i] + c * addend[i]


@compiled
def moduli(x: Array, found: Array) -> None:
    """found ← |x|, in a tenth of the time that torch takes; x real (2n,), the parts of a complex array."""
    for i in range(found.size):
        found[i] = np.sqrt(x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1])


@compiled
def keep_support(x: Array, support: Array) -> None:
    """Zero outside the support, in place.

    Args:
        x: complex or real (n,). support: bool (n,).
    """
    for i in range(support.size):
        if not support[i]:
            x[i] = 0


@compiled
def _into_wedge(re: float, im: float, wedge: tuple[float, float, float, float]) -> tuple[float, float, bool]:
    """The point of the wedge of phases nearest to re + i im, and whether that is the point itself.

    Args:
        wedge: cosine and sine of the middle phase, cosine and sine of half its opening.
    """
    cos_mid, sin_mid, cos_half, sin_half = wedge
    along = re * cos_mid + im * sin_mid
    across = im * cos_mid - re * sin_mid
    if along >= np.sqrt(re * re + im * im) * cos_half:
        return re, im, True
    # The nearer of the two edges; beyond a right angle from it the tip, which is zero.
    length = max(along * cos_half + abs(across) * sin_half, cos_half * 0)
    along = length * cos_half
    across = length * sin_half if across >= 0 else -length * sin_half
    return along * cos_mid - across * sin_mid, along * sin_mid + across * cos_mid, False


@compiled
def keep_wedge(x: Array, support: Array, wedge: tuple[float, float, float, float]) -> None:
    """The nearest values with phases in the wedge inside the support, zero outside, in place.

    Args:
        x: real (2n,), the parts of a complex array. support: bool (n,). wedge: as in `_into_wedge`.
    """
    kind = x.dtype.type
    edges = (kind(wedge[0]), kind(wedge[1]), kind(wedge[2]), kind(wedge[3]))
    for i in range(support.size):
        if support[i]:
            x[2 * i], x[2 * i + 1], _ = _into_wedge(x[2 * i], x[2 * i + 1], edges)
        else:
            x[2 * i] = x[2 * i + 1] = 0


@compiled
def keep_floor(x: Array, support: Array) -> None:
    """The nearest values not below zero inside the support, zero outside, in place; x real (n,)."""
    zero = x.dtype.type(0)
    for i in range(support.size):
        x[i] = max(x[i], zero) if support[i] else zero


@compiled
def feedback_wedge(x: Array, p: Array, support: Array, wedge: tuple[float, float, float, float], beta: float) -> None:
    """HIO: x ← p where that fits, x − beta·p elsewhere; and p ← what x now has beyond x − beta·p.

    A value fits in the support with its phase in the wedge.

    Args:
        x, p: real (2n,), the parts of complex arrays, in place.
    """
    kind = x.dtype.type
    edges = (kind(wedge[0]), kind(wedge[1]), kind(wedge[2]), kind(wedge[3]))
    back = kind(beta)
    for i in range(support.size):
        re, im = p[2 * i], p[2 * i + 1]
        kept_re, kept_im = x[2 * i] - back * re, x[2 * i + 1] - back * im
        fits = False
        if support[i]:
            _, _, fits = _into_wedge(re, im, edges)
        if fits:
            x[2 * i], x[2 * i + 1] = re, im
            p[2 * i], p[2 * i + 1] = re - kept_re, im - kept_im
        else:
            x[2 * i], x[2 * i + 1] = kept_re, kept_im
            p[2 * i] = p[2 * i + 1] = 0


@compiled
def feedback_floor(x: Array, p: Array, support: Array, beta: float) -> None:
    """As `feedback_wedge` for real arrays (n,): p fits in the support where it is not below zero."""
    back = x.dtype.type(beta)
    zero = x.dtype.type(0)
    for i in range(support.size):
        value = p[i]
        kept = x[i] - back * value
        fits = support[i] and value >= zero
        x[i] = value if fits else kept
        p[i] = value - kept if fits else zero


@compiled
def line_slopes(
    m0: Array, m1: Array, m2: Array, weight: Array, counts: Array, at: float, floor: float
) -> tuple[float, float]:
    """First and second derivative of Σ weight·m − counts·ln m along the line m = m0 + at·m1 + at²·m2.

    Where the second derivative of a pixel's −counts·ln m is negative, only its Gauss-Newton part is counted, so that
    the sum is never below what makes Newton's steps too long.

    Args:
        m0, m1, m2, weight, counts: real (n,). floor: smallest m.
    """
    kind = m0.dtype.type
    step, least, two = kind(at), kind(floor), kind(2)
    slope, bend = 0.0, 0.0
    for i in range(m0.size):
        m = max(m0[i] + step * (m1[i] + step * m2[i]), least)
        rise = m1[i] + two * step * m2[i]
        share = counts[i] / m
        slope += (weight[i] - share) * rise
        bend += share / m * rise * rise + max(weight[i] - share, kind(0)) * two * m2[i]
    return slope, bend


@compiled
def turn(rows: Array, start: int, columns: Array) -> None:
    """columns[j] ← rows[:, start + j], round the end if need be.

    Args:
        rows: (m, n). columns: (length, m).
    """
    m, n = rows.shape
    for first in range(0, m, _TILE):
        last = min(first + _TILE, m)
        for j in range(columns.shape[0]):
            at = start + j
            at = at - n if at >= n else at
            for i in range(first, last):
                columns[j, i] = rows[i, at]


@compiled
def turn_back(columns: Array, start: int, rows: Array) -> None:
    """rows[:, start + j] ← columns[j], round the end if need be; the other way round from `turn`."""
    m, n = rows.shape
    for first in range(0, m, _TILE):
        last = min(first + _TILE, m)
        for j in range(columns.shape[0]):
            at = start + j
            at = at - n if at >= n else at
            for i in range(first, last):
                rows[i, at] = columns[j, i]
