"""The shift at which two spectra correlate best.

The maximum of |Σ_k conj(A)·B·exp(2πi k·s)| is found by FFT on half pixels, then by the matrix-product DFT of
Guizar-Sicairos, Thurman & Fienup (2008, Opt. Lett. 33, 156) around its highest maxima, then by Newton's method on the
exact derivatives, so that the shift is limited by the numbers and not by a grid.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

_CANDIDATES = 32
"""Maxima looked at closely at most: a grating has many that are nearly the same."""
_WORTH_A_LOOK = 0.7
"""On half pixels a maximum keeps at least 0.73 of its height in 3-D (0.81 in 2-D) where the spectrum is flat: higher
ones may lie under any value above this share of the highest."""
_NEARLY = 0.88
"""Maxima whose height by parabolas is below this share of the highest cannot be it: parabolas through half pixels of
a flat spectrum are 2.5 % low along each axis."""
_CLOSE = 0.98
"""Only maxima this close to the highest on a grid of 1/16 pixel can be the highest (the grid loses 0.4 % at most)."""
_LARGEST_PADDED = 1 << 25
"""Elements; larger correlations are looked at on whole pixels, with more candidates."""
_NEWTON_STEPS = 12
Spectrum: TypeAlias = npt.NDArray[np.complexfloating]
Maximum: TypeAlias = tuple[float, npt.NDArray[np.float64], int]
"""height, shift, which of the two correlations"""


def best_shift(products: tuple[Spectrum, Spectrum]) -> tuple[int, npt.NDArray[np.float64]]:
    """Which of the two, and the shift where it correlates best."""
    return best_of(maxima(products))


def maxima(products: tuple[Spectrum, Spectrum], share: float = _CLOSE) -> list[Maximum]:
    """The maxima of both correlations, as exact as the numbers are, that are at least this share of the highest."""
    fine = _fineness(products)
    near = [(*nearby(products[twin], at, 10 // fine), twin) for twin, at in _candidates(products, fine)]
    highest = max(height for height, _, _ in near)
    return [(*refined(products[twin], at), twin) for height, at, twin in near if height >= share * highest]


def best_of(found: Sequence[Maximum]) -> tuple[int, npt.NDArray[np.float64]]:
    """Which of the two, and the shift, of the highest maximum."""
    best = found[0]
    for height, shift, twin in found[1:]:
        # Equal to the last digits, as for an object that is its own twin: the plain object is meant.
        if height > best[0] * (1 + 1e-12) or (twin < best[2] and height > best[0] * (1 - 1e-12)):
            best = (height, shift, twin)
    return best[2], best[1]


def _candidates(products: tuple[Spectrum, Spectrum], fine: int) -> list[tuple[int, npt.NDArray[np.float64]]]:
    """(twin or not, shift) of the highest maxima of both correlations, highest first."""
    shape = products[0].shape
    worth = _WORTH_A_LOOK if fine == 2 or _is_smooth(products) else _WORTH_A_LOOK**2
    maps = [_correlation(product, fine) for product in products]
    highest = max(float(values.max()) for values in maps)
    found = []
    for twin, values in enumerate(maps):
        # Of a broad maximum the top is enough: neighbours are compared only where a value is high at all.
        places = np.argwhere(values >= worth * highest)
        heights = values[tuple(places.T)]
        top = np.ones(len(places), np.bool_)
        for step in itertools.product((-1, 0, 1), repeat=values.ndim):
            top &= heights >= values[tuple(((places + step) % values.shape).T)]
        peaks = _peak_heights(values, places[top])
        found += [(height, twin, place) for height, place in zip(peaks, places[top], strict=True)]
    found.sort(key=lambda each: -each[0])
    half = np.array(shape) * fine / 2
    return [
        (twin, -((place + half) % (2 * half) - half) / fine)
        for height, twin, place in found[:_CANDIDATES]
        if height >= _NEARLY * found[0][0]
    ]


def _peak_heights(values: npt.NDArray[np.float32], places: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Heights of the maxima at `places` between the points of the grid, by a parabola along each axis."""
    middle: npt.NDArray[np.float64] = values[tuple(places.T)].astype(np.float64)
    found = middle.copy()
    for axis in range(values.ndim):
        step = np.zeros(values.ndim, np.intp)
        step[axis] = 1
        before, after = (values[tuple(((places + sign * step) % values.shape).T)] for sign in (-1, 1))
        bend = 2 * middle - before - after
        found += np.where(bend > 0, (after - before) ** 2 / np.maximum(8 * bend, 1e-30), 0)
    return found


def _fineness(products: tuple[Spectrum, Spectrum]) -> int:
    """Points per pixel on which maxima are looked for."""
    small = products[0].size << products[0].ndim <= _LARGEST_PADDED
    return 2 if small and not _is_smooth(products) else 1


def _is_smooth(products: tuple[Spectrum, Spectrum]) -> bool:
    """Whether nearly all of the correlation is in the inner half of the band: then whole pixels are fine enough."""
    size = np.abs(products[0])
    inner = tuple(slice(n // 4, n - n // 4) for n in size.shape)
    return float(size[inner].sum()) > 0.97 * float(size.sum())


def _correlation(product: Spectrum, fine: int) -> npt.NDArray[np.float32]:
    """|Σ_k product·exp(2πi k·s)|, unscaled, at s = index / fine, zero shift first."""
    import scipy.fft

    shape = tuple(n * fine for n in product.shape)
    padded = np.zeros(shape, np.complex64)
    # The centred spectrum goes around index 0; the rest of the finer grid has no power.
    index = np.ix_(*((np.arange(n) - n // 2) % m for n, m in zip(product.shape, shape, strict=True)))
    # Scaled so that single precision neither overflows nor loses weak patterns.
    padded[index] = product / np.abs(product).max()
    found: npt.NDArray[np.float32] = np.abs(scipy.fft.ifftn(padded, overwrite_x=True)).astype(np.float32, copy=False)
    return found


def nearby(product: Spectrum, at: npt.NDArray[np.float64], reach: int) -> tuple[float, npt.NDArray[np.float64]]:
    """The highest value of |Σ product·ramp| on a grid of 1/16 pixel around `at`, and its place."""
    steps = np.arange(-reach, reach + 1) / 16
    grids = [at[axis] + steps for axis in range(product.ndim)]
    local = np.abs(_contract(product, [_ramp(n, grid) for n, grid in zip(product.shape, grids, strict=True)]))
    place = np.unravel_index(int(local.argmax()), local.shape)
    return float(local[place]), np.array([grid[i] for grid, i in zip(grids, place, strict=True)])


def refined(product: Spectrum, at: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
    """The maximum of |Σ product·ramp| next to `at`, by Newton's method, and its place."""
    shift = at
    value, gradient, hessian = _derivatives(product, shift)
    for _ in range(_NEWTON_STEPS):
        try:
            step = -np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:  # no second derivative: an object of one pixel's spectrum, or constant
            break
        if not np.isfinite(step).all() or np.abs(step).max() > 0.25:
            break
        moved = _derivatives(product, shift + step)
        if moved[0] < value * (1 - 1e-14):
            break
        shift = shift + step
        value, gradient, hessian = moved
        if np.abs(step).max() < 1e-11:
            break
    return math.sqrt(value), shift


def _derivatives(
    product: Spectrum, shift: npt.NDArray[np.float64]
) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """|C|² at a shift, its gradient and its matrix of second derivatives, from matrix products."""
    factors = []
    for n, s in zip(product.shape, shift, strict=True):
        ramp = _ramp(n, np.array([s]))
        rate = -2j * np.pi * (np.arange(n) - n // 2) / n
        factors.append(np.concatenate((ramp, ramp * rate, ramp * rate**2)))
    moments = _contract(product, factors)
    ndim = product.ndim
    unit = np.eye(ndim, dtype=int)
    value = moments[(0,) * ndim]
    first = np.array([moments[tuple(unit[i])] for i in range(ndim)])
    second = np.array([[moments[tuple(unit[i] + unit[j])] for j in range(ndim)] for i in range(ndim)])
    gradient = 2 * np.real(np.conj(value) * first)
    hessian = 2 * np.real(np.conj(value) * second + np.outer(np.conj(first), first))
    return float(abs(value) ** 2), gradient, hessian


def _contract(product: Spectrum, factors: list[Any]) -> npt.NDArray[np.complex128]:
    """Σ_k product[k]·Π factors[axis][:, k_axis]: one matrix product for each axis, the last first."""
    values: Any = product
    for factor in reversed(factors):
        # The axis used goes, its shifts come in front, so that the axes end in their order.
        # Large spectra come in single precision and stay in it.
        values = np.tensordot(factor.astype(values.dtype, copy=False), values, axes=(1, values.ndim - 1))
    found: npt.NDArray[np.complex128] = values.astype(np.complex128, copy=False)
    return found


def _ramp(n: int, shifts: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """(shifts, n): exp(−2πi k·s / n) at the centred frequencies, what a shift by s multiplies a spectrum with."""
    ramp: npt.NDArray[np.complex128] = np.exp(-2j * np.pi * np.outer(shifts, np.arange(n) - n // 2) / n)
    return ramp


def shifted(
    spectrum: Spectrum, shift: Any, shape: Sequence[int] | None = None, rows: slice | None = None
) -> Spectrum:
    """What the object's shift, towards higher indices, makes of its centred spectrum; in its precision.

    Args:
        shape, rows: where only these rows of a spectrum of that shape are given.
    """
    for axis, (n, s) in enumerate(zip(shape or spectrum.shape, shift, strict=True)):
        ramp = _ramp(n, np.array([s]))[0]
        if axis == 0 and rows is not None:
            ramp = ramp[rows]
        along = [1] * spectrum.ndim
        along[axis] = -1
        spectrum = spectrum * ramp.reshape(along).astype(spectrum.dtype, copy=False)
    return spectrum
