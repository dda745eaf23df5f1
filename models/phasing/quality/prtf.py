"""The phase retrieval transfer function: up to which q independent starts find the same phases."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import numpy as np

from models.patterns import Pattern
from models.phasing.quality.laying import LARGE, blocks
from models.phasing.quality.rings import distance
from models.phasing.types import ComplexArray, Prtf
from models.progress import drain

CUTOFF = 1 / math.e
"""Where resolution is read off (Chapman et al. 2006); the 0.5 line is the stricter custom."""
STRICT = 0.5
_RINGS = 64
"""Rings up to the edge at most: thin ones in large patterns would be noisy."""


def phase_transfer(pattern: Pattern, objects: Sequence[ComplexArray]) -> Prtf:
    """PRTF of aligned objects (Chapman et al. 2006, J. Opt. Soc. Am. A 23, 1179): Σ|Σ_j F_j| / Σ Σ_j |F_j| over the
    measured pixels of each ring.

    Args:
        pattern: what was phased.
        objects: aligned in shift, twin and phase; of one object it is 1 everywhere and says nothing.

    Returns:
        Rings from the beam to the edge of the longest axis. Where no pixel of a ring was measured its value is NaN:
        there nothing was measured, so that agreement would show only the support.
    """
    return drain(phase_transfer_in_pieces(pattern, objects))


def phase_transfer_in_pieces(pattern: Pattern, objects: Sequence[ComplexArray]) -> Generator[None, None, Prtf]:
    """`phase_transfer`, left between pieces of a tenth of a second or so."""
    from models.phasing.quality.transform import in_pieces

    steps = q_steps(pattern)
    unit = min(steps)
    radius = distance(pattern.shape, [step / unit for step in steps])
    edge = max(n // 2 * step / unit for n, step in zip(pattern.shape, steps, strict=True))
    width = max(1.0, edge / _RINGS)
    n_rings = math.floor(edge / width) + 1
    yield

    total = np.zeros(pattern.shape, np.complex128 if pattern.intensity.size < LARGE else np.complex64)
    modulus = np.zeros(pattern.shape, total.real.dtype)
    for each in objects:
        spectrum = yield from in_pieces(each)
        for rows in blocks(pattern.shape):
            total[rows] += spectrum[rows]
            modulus[rows] += np.abs(spectrum[rows])
            yield
    pixels, together, apart = np.zeros(n_rings, np.int64), np.zeros(n_rings), np.zeros(n_rings)
    for rows in blocks(pattern.shape):
        ring = np.rint(radius[rows] / width).astype(np.intp)
        used = pattern.measured[rows] & (ring < n_rings)
        ring = ring[used]
        pixels += np.bincount(ring, minlength=n_rings)
        together += np.bincount(ring, weights=np.abs(total[rows][used]), minlength=n_rings)
        apart += np.bincount(ring, weights=modulus[rows][used], minlength=n_rings)
        yield
    values = np.full(n_rings, np.nan)
    some = (pixels > 0) & (apart > 0)
    values[some] = np.minimum(1.0, together[some] / apart[some])
    radii = np.arange(n_rings) * width
    return Prtf(
        radius_px=radii.astype(np.float32),
        values=values.astype(np.float32),
        pixels=pixels.astype(np.int32),
        q_nm=None if pattern.pixel_nm is None else (radii * unit).astype(np.float32),
    )


def q_steps(pattern: Pattern) -> tuple[float, ...]:
    """q of one pixel of the pattern along each axis, 2π / (n · object pixel), in nm⁻¹; 1 without geometry."""
    if pattern.pixel_nm is None:
        return (1.0,) * len(pattern.shape)
    return tuple(2 * math.pi / (n * p) for n, p in zip(pattern.shape, pattern.pixel_nm, strict=True))


def cutoff(curve: Prtf, level: float = CUTOFF) -> tuple[float, float, float]:
    """Where the PRTF first falls below `level`, between rings by a straight line.

    Returns:
        Radius in pixels, q in nm⁻¹, and full-period resolution 2π/q in nm (both NaN without geometry). A curve that
        stays above ends at its last measured ring; one that never was above, and one without values, is NaN.
    """
    known = np.flatnonzero(np.isfinite(curve.values))
    if not len(known) or curve.values[known[0]] < level:
        return math.nan, math.nan, math.nan
    radii, values = curve.radius_px[known].astype(np.float64), curve.values[known].astype(np.float64)
    below = np.flatnonzero(values < level)
    if len(below):
        i = int(below[0])
        share = (values[i - 1] - level) / (values[i - 1] - values[i])
        radius = float(radii[i - 1] + share * (radii[i] - radii[i - 1]))
    else:
        radius = float(radii[-1])
    if curve.q_nm is None or curve.radius_px[-1] == 0:
        return radius, math.nan, math.nan
    q = radius * float(curve.q_nm[-1]) / float(curve.radius_px[-1])
    return radius, q, 2 * math.pi / q if q > 0 else math.nan


def chance_level(n: int) -> float:
    """The PRTF of n starts whose phases are random, √(π / 4n): no PRTF can be expected to fall below it."""
    return 1.0 if n < 2 else math.sqrt(math.pi / (4 * n))
