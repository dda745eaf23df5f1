"""Crop about the beam and binning: whole pixels only, counts are summed and never interpolated.

Phasing does not need the beam at exactly n // 2: what is left of the shift is a linear phase over the object.
"""

from __future__ import annotations

import math

import numpy as np

from models.errors import BadParameter
from models.patterns.raw import BoolArray, FloatArray, by, count
from models.patterns.types import Step
from models.runs.types import Geometry

_SMALL_PRIMES = (2, 3, 5, 7)
_LARGE_ANGLE_RAD = 0.2


def fitting_side(shape: tuple[int, int], centre: tuple[float, float], binning: int) -> int:
    """Side of the square to crop to where none is given.

    The largest about the beam that lies on the frame. Where the beam is so near an edge that this would be less than
    half of the frame's shorter side, the shorter side itself: what lies beyond the detector is then not measured. An
    even multiple of the binning without prime factors beyond 7, which Fourier transforms are quick for.
    """
    fitting = [
        side
        for side in _quick_sides(min(shape), binning)
        if all(0 <= _first(c, side, binning) <= n - side for c, n in zip(centre, shape, strict=True))
    ]
    if fitting and fitting[0] >= min(shape) / 2:
        return fitting[0]
    return next(iter(_quick_sides(min(shape), binning)), max(min(shape) // binning, 1) * binning)


def _first(centre: float, side: int, binning: int) -> int:
    """The first pixel of a crop whose middle bin is nearest `centre`."""
    return math.floor(centre - binning * (side // binning // 2) - (binning - 1) / 2 + 0.5)


def _quick_sides(longest: int, binning: int) -> list[int]:
    return [bins * binning for bins in range(longest // binning, 1, -1) if bins % 2 == 0 and _is_smooth(bins)]


def _is_smooth(n: int) -> bool:
    for prime in _SMALL_PRIMES:
        while n % prime == 0:
            n //= prime
    return n == 1


def crop(
    values: FloatArray, valid: BoolArray, centre: tuple[float, ...], sides: tuple[int, ...], binning: int
) -> tuple[FloatArray, BoolArray, Step]:
    """The box of `sides` pixels (multiples of `binning`) whose middle bin, index n // 2, is nearest the beam.

    Pixels beyond the frame are not measured.
    """
    starts = [_first(c, side, binning) for c, side in zip(centre, sides, strict=True)]
    rest = [
        c - (start + binning * (side // binning // 2) + (binning - 1) / 2)
        for c, start, side in zip(centre, starts, sides, strict=True)
    ]
    out = np.zeros(sides, np.float32)
    measured = np.zeros(sides, bool)
    here, there = [], []
    for start, side, n in zip(starts, sides, values.shape, strict=True):
        low, high = max(0, start), min(n, start + side)
        here.append(slice(low, max(low, high)))
        there.append(slice(low - start, max(low, high) - start))
    out[tuple(there)] = values[tuple(here)]
    measured[tuple(there)] = valid[tuple(here)]
    beyond = measured.size - math.prod(part.stop - part.start for part in here)
    shift = ", ".join(f"{r:+.2f}" for r in rest)
    words = (
        f"cropped from {by(values.shape)} to {by(sides)} px about the beam, from pixel "
        f"({', '.join(map(str, starts))}); the beam is ({shift}) px off the middle, which is a phase ramp over the "
        "object (nothing is interpolated)"
    )
    words += f"; {count(beyond)} beyond the detector not measured" if beyond else ""
    kept = {"first_px": starts, "sides_px": list(sides), "rest_px": rest, "beyond": beyond}
    return out, measured, Step("crop", words, kept)


def bin_pixels(values: FloatArray, valid: BoolArray, binning: int) -> tuple[FloatArray, BoolArray, Step]:
    """Sum blocks of `binning` pixels a side.

    A block with at least half of its pixels measured is scaled to the whole block; with fewer it is not measured.

    Raises:
        BadParameter: the blocks do not fill the array, or are larger than it.
    """
    if any(n % binning or n < binning for n in values.shape):
        raise BadParameter(
            f"{by(values.shape)} pixels cannot be binned by {binning}", hint="crop to a multiple of the binning"
        )
    blocks = [part for n in values.shape for part in (n // binning, binning)]
    within = tuple(range(1, len(blocks), 2))
    whole = binning**values.ndim
    used = valid.reshape(blocks).sum(within)
    sums = np.where(valid, values, 0).reshape(blocks).sum(within, dtype=np.float64)
    measured = used >= whole / 2
    out = np.where(measured, sums * (whole / np.maximum(used, 1)), 0).astype(np.float32)
    part = int((measured & (used < whole)).sum())
    words = f"{by((binning,) * values.ndim)} pixels summed into one, {by(out.shape)} px"
    words += f"; {count(part, 'sum')} of blocks partly measured scaled to the whole block" if part else ""
    return out, measured, Step("binning", words, {"binning": binning, "partly": part})


def pixel_nm(
    geometry: Geometry, shape: tuple[int, ...], binning: int
) -> tuple[tuple[float, ...] | None, Step | None]:
    """Size of an object pixel λ·z/(n·p) along each axis, in nm; None where wavelength, distance or pixel is unknown.

    That is the small-angle relation, with the detector flat and the sine taken as the tangent.
    """
    wavelength, distance, pitch = geometry.wavelength_m, geometry.distance_m, geometry.pixel_size_m
    if len(shape) != 2 or not wavelength or not distance or not pitch or min(pitch) <= 0 or distance <= 0:
        return None, None
    sizes = tuple(1e9 * wavelength * distance / (n * p * binning) for n, p in zip(shape, pitch, strict=True))
    edge = max(n * p * binning / 2 for n, p in zip(shape, pitch, strict=True)) / distance
    words = f"object pixel {sizes[0]:.3g} × {sizes[1]:.3g} nm (small angles: λz/(n·p))"
    if math.atan(edge) > _LARGE_ANGLE_RAD:
        words += f"; the edge is at 2θ = {math.atan(edge):.2f} rad, where that is only a rough figure"
    return sizes, Step("sampling", words, {"pixel_nm": list(sizes), "binning": binning})


def pixel_nm_of_part(
    whole_nm: tuple[float, ...], whole: tuple[int, ...], shape: tuple[int, ...], binning: int
) -> tuple[tuple[float, ...], Step]:
    """Size of an object pixel, in nm, after crop and binning of an array of `whole` pixels with `whole_nm`.

    n times the object pixel is λz/p, which a crop leaves and binning divides.
    """
    sizes = tuple(size * n / (left * binning) for size, n, left in zip(whole_nm, whole, shape, strict=True))
    words = f"object pixel {' × '.join(f'{size:.3g}' for size in sizes)} nm, from the file's own"
    return sizes, Step("sampling", words, {"pixel_nm": list(sizes), "binning": binning})
