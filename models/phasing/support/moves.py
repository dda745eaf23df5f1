"""Holes, middles and halves of a support. Arrays are periodic; the middle is index n // 2 unless `fft_order`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
ComplexArray = npt.NDArray[np.complex64]


def fill_holes(support: BoolArray) -> BoolArray:
    """The support with everything it encloses: all that is not joined to the largest region outside.

    Regions outside are joined through faces of pixels, also across the array's edges.
    """
    from scipy import ndimage

    labels, count = ndimage.label(~support)
    if count < 2:
        return support
    root = np.arange(count + 1)
    for axis in range(support.ndim):
        first, last = labels.take(0, axis), labels.take(-1, axis)
        joined = (first > 0) & (last > 0)
        for a, b in np.unique(np.stack([first[joined], last[joined]], axis=1), axis=0):
            high, low = max(root[a], root[b]), min(root[a], root[b])
            root[root == high] = low
    sizes = np.bincount(root[labels.ravel()], minlength=count + 1)
    sizes[root[0]] = 0
    outside = int(sizes.argmax())
    filled: BoolArray = root[labels] != outside
    return filled


def without_specks(support: BoolArray, obj: ComplexArray, share: float = 0.01) -> BoolArray:
    """The support without islands that are tiny and dim: less than `share` of the largest one's area, and less power
    per pixel of `obj` than it has. In weak patterns noise makes such islands anywhere in the array.

    Islands are joined through faces, edges and corners of pixels. A small satellite as bright as the object stays.
    """
    from scipy import ndimage

    labels, count = ndimage.label(support, np.ones((3,) * support.ndim))
    if count < 2:
        return support
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    power = np.bincount(labels.ravel(), weights=np.square(np.abs(obj)).ravel(), minlength=count + 1) / sizes
    sizes[0] = 0
    largest = int(sizes.argmax())
    stays = (sizes >= share * sizes[largest]) | (power >= power[largest])
    stays[0] = False
    left: BoolArray = stays[labels]
    return left


def middle_of(support: BoolArray) -> tuple[float, ...]:
    """Centre of mass of a support as (fractional) index per axis, 0 ≤ index < n; for an empty one index n // 2.

    On a ring of n pixels the mass is cut open opposite to its circular mean, so that a support across the edge has
    the same middle, shifted, as one that is not.
    """
    middle = []
    for axis, n in enumerate(support.shape):
        others = tuple(a for a in range(support.ndim) if a != axis)
        mass = support.sum(axis=others, dtype=np.float64)
        total = mass.sum()
        if total == 0:
            middle.append(float(n // 2))
            continue
        index = np.arange(n)
        turn = np.angle(np.sum(mass * np.exp(2j * np.pi * index / n)))
        start = round(turn * n / (2 * np.pi))
        offset = _wrapped(index - start, n)
        middle.append(float((start + np.sum(mass * offset) / total) % n))
    return tuple(middle)


def recentre(
    support: BoolArray, obj: ComplexArray | None = None, *, fft_order: bool = False
) -> tuple[BoolArray, ComplexArray | None, tuple[int, ...]]:
    """Support and object moved by whole pixels so that the support's centre of mass is in the middle.

    Returns:
        support, object (None where none was given) and the shift in pixels per axis.
    """
    shift = []
    for at, n in zip(middle_of(support), support.shape, strict=True):
        target = 0 if fft_order else n // 2
        shift.append(int(_wrapped(np.array(target - round(at)), n)))
    axes = tuple(range(support.ndim))
    if not any(shift):
        return support, obj, tuple(shift)
    moved = None if obj is None else np.roll(obj, shift, axes)
    return np.roll(support, shift, axes), moved, tuple(shift)


def half_support(support: BoolArray, axis: int = 0) -> BoolArray:
    """The half of a support on one side of its centre of mass, for choosing one of two twins.

    What is left is no longer centrosymmetric (Guizar-Sicairos & Fienup, J. Opt. Soc. Am. A 29, 2367, 2012). Order of
    the array does not matter. Never empty unless the support is.
    """
    n = support.shape[axis]
    at = middle_of(support)[axis]
    offset = _wrapped(np.arange(n) - at, n)
    shape = [1] * support.ndim
    shape[axis] = n
    half: BoolArray = support & (offset >= -1e-6).reshape(shape)
    return half if half.any() else support


def _wrapped(offset: npt.NDArray[Any], n: int) -> npt.NDArray[np.float64]:
    """Offsets on a ring of n pixels, brought into −n/2 … n/2."""
    wrapped: npt.NDArray[np.float64] = (np.asarray(offset, np.float64) + n // 2) % n - n // 2
    return wrapped
