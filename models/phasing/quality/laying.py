"""Laying many objects over one, of arrays of any size, in pieces that can be left in between.

Small arrays are aligned as `models.phasing.quality.alignment` says. Of large ones the shift is looked for in the
middle of Fourier space first, where most of the light is and a correlation costs little, then followed through
middles twice as large each up to the whole: only the surroundings of a few maxima are looked at there, by matrix
products. Everything is in single precision then.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.phasing.quality.alignment import Alignment, find_alignment
from models.phasing.quality.shifts import Maximum, Spectrum, best_of, maxima, nearby, refined, shifted
from models.phasing.types import BoolArray, ComplexArray

LARGE = 1 << 19
"""Elements from which an array is large: whole correlations would take more than half a second."""
_MIDDLE = 1 << 18
_STILL_POSSIBLE = 0.9
"""Share of the highest maximum of a middle from which one may be the highest of the whole."""
_FOLLOWED = 4
_LIT = 0.2
"""Share of the whole norm a middle has to have to be looked at: its square is the share of the light."""
_REACH = 10
"""Sixteenths of a pixel around the place of a maximum in the middle half as large."""
_PIECE = 1 << 21


@dataclass(frozen=True, slots=True)
class Laid:
    """An object laid over the reference: itself, its support, and their correlation 0 … 1."""

    object: ComplexArray
    support: BoolArray
    agreement: float


class Reference:
    """What the others are laid over.

    Args:
        values: object, centred. where: Fourier pixels that are compared, centred, at least one.
    """

    def __init__(self, values: ComplexArray, where: BoolArray) -> None:
        self._values, self._where = values, where
        self._spectrum: Spectrum | None = None

    def lay(self, values: ComplexArray, support: BoolArray) -> Generator[None, None, Laid]:
        """Lay an object of the same shape over it.

        Yields:
            between pieces of a tenth of a second or so.

        Raises:
            BadParameter: as `find_alignment`.
        """
        if values.size < LARGE:
            how = find_alignment(self._values, values, where=self._where)
            return Laid(how.object(values), how.support(support), how.agreement)
        from models.phasing.quality.transform import in_pieces

        if self._spectrum is None:
            self._spectrum = yield from in_pieces(self._values.astype(np.complex64, copy=False))
            for rows in blocks(values.shape):
                self._spectrum[rows] *= self._where[rows]
                yield
        reference = self._spectrum
        whole = yield from in_pieces(values.astype(np.complex64, copy=False))
        seen = np.empty_like(whole)
        for rows in blocks(values.shape):
            np.multiply(whole[rows], self._where[rows], out=seen[rows])
            yield
        norms = []
        for name, each in (("first", reference), ("second", seen)):
            norms.append((yield from _norm(each)))
            if not math.isfinite(norms[-1]) or norms[-1] == 0:
                what = "zero" if norms[-1] == 0 else "not finite"
                raise BadParameter(f"Two objects cannot be compared: the {name} is {what}")
        twin, shift = yield from _shift(reference, seen, norms)
        inner = 0j
        for rows in blocks(seen.shape):
            part = seen[rows].conj() if twin else seen[rows]
            inner += complex(np.vdot(shifted(part, shift, seen.shape, rows), reference[rows]))
            yield
        del seen
        factor = inner / abs(inner) if inner else 1 + 0j
        agreement = min(1.0, abs(inner) / (norms[0] * norms[1]))
        how = Alignment(bool(twin), tuple(float(s) for s in shift), factor, math.nan, agreement)
        for rows in blocks(whole.shape):
            part = whole[rows].conj() if twin else whole[rows]
            whole[rows] = shifted(part, shift, whole.shape, rows) * np.complex64(factor)
            yield
        found = yield from in_pieces(whole, inverse=True)
        return Laid(found, how.support(support), agreement)


def blocks(shape: tuple[int, ...]) -> list[slice]:
    """Parts of the first axis of a few million elements each."""
    size = max(1, _PIECE * shape[0] // max(1, math.prod(shape)))
    return [slice(first, first + size) for first in range(0, shape[0], size)]


def _norm(values: Spectrum) -> Generator[None, None, float]:
    total = 0.0
    for rows in blocks(values.shape):
        # In single precision many small numbers would be lost, or large ones overflow.
        total += float(np.square(np.abs(values[rows]), dtype=np.float64).sum())
        yield
    return math.sqrt(total) if math.isfinite(total) else math.nan


def _shift(
    a: Spectrum, b: Spectrum, norms: Sequence[float]
) -> Generator[None, None, tuple[int, npt.NDArray[np.float64]]]:
    """Whether `b`'s twin is meant, and the shift that lays it over `a`; of spectra with these norms."""
    middles = _middles(a.shape)
    unit = norms[0] * norms[1]
    # A beam stop may cover most of a small middle.
    first = next(n for n, sides in enumerate(middles) if _has_light(a, b, norms, sides) or sides == a.shape)
    followed: list[Maximum] = []
    before = np.ones(a.ndim)
    for sides in middles[first:]:
        at = _middle(a.shape, sides)
        here, there = a[at], b[at]
        if not followed:
            here = here.conj().astype(np.complex128) / unit
            followed = maxima((here * there, here * there.conj()), _STILL_POSSIBLE)
        else:
            products: dict[int, Spectrum] = {}
            climbed = []
            for _, shift, twin in followed:
                if twin not in products:
                    products[twin] = yield from _product(here, there, bool(twin), unit)
                start = shift * np.array(sides) / before
                _, start = nearby(products[twin], start, _REACH)
                yield
                climbed.append((*refined(products[twin], start), twin))
                yield
            followed = climbed
        yield
        followed.sort(key=lambda each: -each[0])
        followed = [each for each in followed if each[0] >= _STILL_POSSIBLE * followed[0][0]][:_FOLLOWED]
        before = np.array(sides)
    return best_of(followed)


def _product(a: Spectrum, b: Spectrum, twin: bool, unit: float) -> Generator[None, None, Spectrum]:
    """conj(a)·b, or conj(a)·conj(b) for the twin, in this unit; complex64."""
    found = np.empty(a.shape, np.complex64)
    for rows in blocks(a.shape):
        yield
        np.multiply(a[rows].conj(), b[rows].conj() if twin else b[rows], out=found[rows])
        found[rows] *= np.float32(1 / unit)
    return found


def _middles(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Shapes of middles, each at most twice as long as the one before along each axis, up to the whole."""
    side = round(_MIDDLE ** (1 / len(shape)))
    found = [tuple(min(n, side) for n in shape)]
    while found[-1] != shape:
        side *= 2
        found.append(tuple(min(n, side) for n in shape))
    return found


def _middle(shape: tuple[int, ...], sides: tuple[int, ...]) -> tuple[slice, ...]:
    """The part around index n // 2 whose own middle is at m // 2."""
    return tuple(slice(n // 2 - m // 2, n // 2 - m // 2 + m) for n, m in zip(shape, sides, strict=True))


def _has_light(a: Spectrum, b: Spectrum, norms: Sequence[float], sides: tuple[int, ...]) -> bool:
    at = _middle(a.shape, sides)
    return all(float(np.linalg.norm(each[at])) > _LIT * norm for each, norm in zip((a, b), norms, strict=True))
