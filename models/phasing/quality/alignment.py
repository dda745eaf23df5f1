"""Laying one object over another: whatever the pattern does not fix is taken out.

The intensities of an object stay the same when it is shifted, conjugated and inverted (its twin), or multiplied by a
phase. The shift is found on the cross-correlation |Σ_k conj(A)·B·exp(2πi k·s)|: by FFT on half pixels, then by the
matrix-product DFT of Guizar-Sicairos, Thurman & Fienup (2008, Opt. Lett. 33, 156) around its highest maxima, then by
Newton's method on the exact derivatives, so that the shift is limited by the numbers and not by a grid.

Shifts are periodic, as the discrete transform is.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.phasing.types import BoolArray, ComplexArray

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
Spectrum = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Alignment:
    """What has to be done to an object so that it lies over the reference.

    Attributes:
        twin: conjugate and invert first. shift_px: then shift, towards higher indices. factor: then multiply; its
            phase is the global phase, its modulus 1 unless the scale was asked for.
        error: ‖reference − aligned‖ / ‖reference‖. agreement: |⟨reference, aligned⟩| / (‖reference‖·‖aligned‖),
            0 … 1. Both over the Fourier pixels that were compared.
    """

    twin: bool
    shift_px: tuple[float, ...]
    factor: complex
    error: float
    agreement: float

    def object(self, values: npt.NDArray[np.complexfloating]) -> ComplexArray:
        """An object, done so. complex64 of the same shape, centred."""
        from models.phasing.quality.transform import to_fourier, to_object

        spectrum = to_fourier(np.asarray(values, np.complex128))
        if self.twin:
            spectrum = np.conj(spectrum)
        done: ComplexArray = to_object(_shifted(spectrum, self.shift_px) * self.factor).astype(np.complex64)
        return done

    def support(self, values: BoolArray) -> BoolArray:
        """A support, done so, by whole pixels."""
        from models.phasing.quality.held_out import mates

        turned = mates(values) if self.twin else values
        moves = tuple(round(s) for s in self.shift_px)
        return np.roll(turned, moves, axis=tuple(range(values.ndim)))


def find_alignment(
    reference: npt.NDArray[np.complexfloating],
    other: npt.NDArray[np.complexfloating],
    *,
    where: BoolArray | None = None,
    scale: bool = False,
) -> Alignment:
    """How `other` has to be shifted, turned into its twin, and phased to lie over `reference`.

    Args:
        reference, other: objects of the same shape, 2-D or 3-D, centred.
        where: Fourier pixels that are compared, centred, at least one; None for all. With the measured ones, what
            the mask leaves free (often most of the power) has no say.
        scale: also find the best real factor.

    Raises:
        BadParameter: the shapes differ, an object is not finite, or is zero where it is compared.
    """
    a, b = _spectra(reference, other, where)
    twin, shift = _best_shift((a.conj() * b, a.conj() * b.conj()))
    lying = _shifted(b.conj() if twin else b, shift)
    inner = complex(np.vdot(lying, a))
    norm_a, norm_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    factor = inner / norm_b**2 if scale else (inner / abs(inner) if inner else 1.0 + 0j)
    error = float(np.linalg.norm(a - factor * lying)) / norm_a
    agreement = min(1.0, abs(inner) / (norm_a * norm_b))
    return Alignment(bool(twin), tuple(float(s) for s in shift), factor, error, agreement)


def align(
    reference: npt.NDArray[np.complexfloating],
    other: npt.NDArray[np.complexfloating],
    *,
    where: BoolArray | None = None,
    scale: bool = False,
) -> tuple[ComplexArray, Alignment]:
    """`other` laid over `reference`, and what was done to it; see `find_alignment`."""
    how = find_alignment(reference, other, where=where, scale=scale)
    return how.object(other), how


def object_error(
    truth: npt.NDArray[np.complexfloating], found: npt.NDArray[np.complexfloating], *, scale: bool = True
) -> float:
    """min ‖truth − found'‖ / ‖truth‖ over everything a pattern cannot tell: shift, twin, phase and, unless `scale` is
    False, a real factor (so that the worst is 1).

    Args:
        truth, found: objects of the same shape, 2-D or 3-D, centred.

    Raises:
        BadParameter: the shapes differ, or an object is zero or not finite.
    """
    return find_alignment(truth, found, scale=scale).error


def _spectra(
    reference: npt.NDArray[np.complexfloating], other: npt.NDArray[np.complexfloating], where: BoolArray | None
) -> tuple[Spectrum, Spectrum]:
    from models.phasing.quality.transform import to_fourier

    if reference.shape != other.shape:
        raise BadParameter(f"An object of {other.shape} pixels cannot be laid over one of {reference.shape}")
    a, b = (to_fourier(np.asarray(values, np.complex128)) for values in (reference, other))
    if where is not None:
        a, b = a * where, b * where
    for name, values in (("first", a), ("second", b)):
        norm = float(np.linalg.norm(values))
        if not math.isfinite(norm) or norm == 0:
            what = "zero" if norm == 0 else "not finite"
            raise BadParameter(f"Two objects cannot be compared: the {name} is {what}")
    return a, b


def _best_shift(products: tuple[Spectrum, Spectrum]) -> tuple[int, npt.NDArray[np.float64]]:
    """Which of the two, and the shift where it correlates best."""
    fine = _fineness(products)
    near = [(*_nearby(products[twin], at, 10 // fine), twin) for twin, at in _candidates(products, fine)]
    highest = max(height for height, _, _ in near)
    best: tuple[float, int, npt.NDArray[np.float64]] | None = None
    for height, at, twin in near:
        if height < _CLOSE * highest:
            continue
        height, shift = _refined(products[twin], at)
        # Equal to the last digits, as for an object that is its own twin: the plain object is meant.
        if best is None or height > best[0] * (1 + 1e-12) or (twin < best[1] and height > best[0] * (1 - 1e-12)):
            best = (height, twin, shift)
    assert best is not None
    return best[1], best[2]


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


def _nearby(product: Spectrum, at: npt.NDArray[np.float64], reach: int) -> tuple[float, npt.NDArray[np.float64]]:
    """The highest value of |Σ product·ramp| on a grid of 1/16 pixel around `at`, and its place."""
    steps = np.arange(-reach, reach + 1) / 16
    grids = [at[axis] + steps for axis in range(product.ndim)]
    local = np.abs(_contract(product, [_ramp(n, grid) for n, grid in zip(product.shape, grids, strict=True)]))
    place = np.unravel_index(int(local.argmax()), local.shape)
    return float(local[place]), np.array([grid[i] for grid, i in zip(grids, place, strict=True)])


def _refined(product: Spectrum, at: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
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
    values = product
    for factor in reversed(factors):
        # The axis used goes, its shifts come in front, so that the axes end in their order.
        values = np.tensordot(factor, values, axes=(1, values.ndim - 1))
    return values


def _ramp(n: int, shifts: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """(shifts, n): exp(−2πi k·s / n) at the centred frequencies, what a shift by s multiplies a spectrum with."""
    ramp: npt.NDArray[np.complex128] = np.exp(-2j * np.pi * np.outer(shifts, np.arange(n) - n // 2) / n)
    return ramp


def _shifted(spectrum: Spectrum, shift: Any) -> Spectrum:
    for axis, (n, s) in enumerate(zip(spectrum.shape, shift, strict=True)):
        along = [1] * spectrum.ndim
        along[axis] = n
        spectrum = spectrum * _ramp(n, np.array([s])).reshape(along)
    return spectrum
