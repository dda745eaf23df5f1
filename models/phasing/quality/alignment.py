"""Laying one object over another: whatever the pattern does not fix is taken out.

The intensities of an object stay the same when it is shifted, conjugated and inverted (its twin), or multiplied by a
phase. Shifts are periodic, as the discrete transform is (`models.phasing.quality.shifts`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.phasing.quality.shifts import Spectrum, best_shift, shifted
from models.phasing.types import BoolArray, ComplexArray


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
        done: ComplexArray = to_object(shifted(spectrum, self.shift_px) * self.factor).astype(np.complex64)
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
    twin, shift = best_shift((a.conj() * b, a.conj() * b.conj()))
    lying = shifted(b.conj() if twin else b, shift)
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
