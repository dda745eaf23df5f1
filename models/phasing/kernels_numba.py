"""The passes over pixels of one iteration, compiled for the CPU; imported only inside functions.

Arrays come flattened and contiguous, so that 2-D and 3-D are the same; complex ones are changed in place. All work
in one thread and without the interpreter lock. `kernels_torch` has the same passes as torch operations.

An amplitude below zero marks a pixel that constrains nothing (not measured, or held out).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba  # noqa: TID253
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_CHUNK = 4096
"""Pixels summed in the array's own precision before the sum goes on in float64."""


def _compiled(function: Kernel) -> Kernel:
    # Everything but "nnan" and "ninf": a NaN has to stay one, so that the solver sees it.
    fast = {"nsz", "arcp", "contract", "reassoc", "afn"}
    try:
        kernel: Any = numba.njit(function, cache=True, nogil=True, fastmath=fast)
    except RuntimeError:
        # Nowhere to keep the compiled code: compile it anew in each process, which takes some seconds.
        kernel = numba.njit(function, nogil=True, fastmath=fast)
    return cast(Kernel, kernel)


@_compiled
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


@_compiled
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


@_compiled
def _misfit_part(parts: Array, amplitude: Array) -> float:
    total = amplitude.dtype.type(0)
    zero = amplitude.dtype.type(0)
    for i in range(amplitude.size):
        re, im, a = parts[2 * i], parts[2 * i + 1], amplitude[i]
        apart = abs(np.sqrt(re * re + im * im) - a)
        total += zero if a < zero else apart
    return float(total)


@_compiled
def misfit(wave: Array, amplitude: Array) -> float:
    """Σ||wave| − amplitude| over the constrained pixels (float64)."""
    parts = wave.view(amplitude.dtype)
    total = 0.0
    for first in range(0, amplitude.size, _CHUNK):
        last = min(first + _CHUNK, amplitude.size)
        total += _misfit_part(parts[2 * first : 2 * last], amplitude[first:last])
    return total


@_compiled
def blend_complex(
    x: Array, p: Array, support: Array, inside_p: float, inside_x: float, p_out: float, x_out: float
) -> None:
    """x ← inside_p·p + inside_x·x in the support, p_out·p + x_out·x outside.

    Args:
        x, p: real (2n,), the parts of complex arrays; x in place. support: bool (n,).
    """
    kind = x.dtype.type
    a, b, c, d = kind(inside_p), kind(inside_x), kind(p_out), kind(x_out)
    for i in range(support.size):
        s = support[i]
        of_p = a if s else c
        of_x = b if s else d
        x[2 * i] = of_p * p[2 * i] + of_x * x[2 * i]
        x[2 * i + 1] = of_p * p[2 * i + 1] + of_x * x[2 * i + 1]


@_compiled
def blend_real(
    x: Array, p: Array, support: Array, inside_p: float, inside_x: float, p_out: float, x_out: float
) -> None:
    """As `blend_complex` for real arrays (n,)."""
    kind = x.dtype.type
    a, b, c, d = kind(inside_p), kind(inside_x), kind(p_out), kind(x_out)
    for i in range(support.size):
        s = support[i]
        x[i] = (a if s else c) * p[i] + (b if s else d) * x[i]


@_compiled
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


@_compiled
def relax_wedge(
    x: Array,
    p: Array,
    support: Array,
    wedge: tuple[float, float, float, float],
    steps: tuple[float, float, float, float, float],
) -> None:
    """x ← c·P(a·p + b·x) + d·x + e·p with (a, b, c, d, e) = `steps`; P: in the support, phase within the wedge.

    Args:
        x, p: real (2n,), the parts of complex arrays; x in place. support: bool (n,). wedge: as in `_into_wedge`.
    """
    kind = x.dtype.type
    edges = (kind(wedge[0]), kind(wedge[1]), kind(wedge[2]), kind(wedge[3]))
    a, b, c, d, e = kind(steps[0]), kind(steps[1]), kind(steps[2]), kind(steps[3]), kind(steps[4])
    for i in range(support.size):
        re, im = d * x[2 * i] + e * p[2 * i], d * x[2 * i + 1] + e * p[2 * i + 1]
        if support[i]:
            to_re, to_im, _ = _into_wedge(a * p[2 * i] + b * x[2 * i], a * p[2 * i + 1] + b * x[2 * i + 1], edges)
            re += c * to_re
            im += c * to_im
        x[2 * i], x[2 * i + 1] = re, im


@_compiled
def feedback_wedge(x: Array, p: Array, support: Array, wedge: tuple[float, float, float, float], beta: float) -> None:
    """HIO: x ← p where p is in the support and its phase within the wedge, x − beta·p elsewhere."""
    kind = x.dtype.type
    edges = (kind(wedge[0]), kind(wedge[1]), kind(wedge[2]), kind(wedge[3]))
    back = kind(beta)
    for i in range(support.size):
        re, im = p[2 * i], p[2 * i + 1]
        fits = False
        if support[i]:
            _, _, fits = _into_wedge(re, im, edges)
        if fits:
            x[2 * i], x[2 * i + 1] = re, im
        else:
            x[2 * i] -= back * re
            x[2 * i + 1] -= back * im


@_compiled
def relax_floor(x: Array, p: Array, support: Array, steps: tuple[float, float, float, float, float]) -> None:
    """As `relax_wedge` for real arrays (n,); P: in the support, not below zero."""
    kind = x.dtype.type
    a, b, c, d, e = kind(steps[0]), kind(steps[1]), kind(steps[2]), kind(steps[3]), kind(steps[4])
    zero = kind(0)
    for i in range(support.size):
        to = max(a * p[i] + b * x[i], zero)
        x[i] = (c * to if support[i] else zero) + d * x[i] + e * p[i]


@_compiled
def feedback_floor(x: Array, p: Array, support: Array, beta: float) -> None:
    """HIO for real arrays: x ← p where p is in the support and not below zero, x − beta·p elsewhere."""
    back = x.dtype.type(beta)
    zero = x.dtype.type(0)
    for i in range(support.size):
        x[i] = p[i] if (support[i] and p[i] >= zero) else x[i] - back * p[i]


@_compiled
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
