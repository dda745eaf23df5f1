"""What every body offers, and how its amplitude follows the array library of q."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace, device, is_numpy_array

Array = Any
"""A real or complex array of numpy or torch, on any device."""
Real = npt.NDArray[np.floating[Any]]
Amplitude = npt.NDArray[np.inexact[Any]]

_CACHED_NUMBERS = 1 << 19
_DEVICE_NUMBERS = 1 << 26


class Shape(Protocol):
    """A body: lengths in nm, densities in electrons/nm³, about an origin that lies within it."""

    @property
    def radius(self) -> float:
        """Radius of the bounding sphere about the origin, nm."""
        ...

    @property
    def beads(self) -> Real:
        """(M, 4) float64: centre x, y, z and radius (nm) of spheres that stand for the surface."""
        ...

    @property
    def electrons(self) -> float:
        """Number of electrons: the amplitude at q = 0."""
        ...

    def amplitude(self, q: Array) -> Array:
        """F(q) = ∫ ρ(r) exp(i q·r) dr in electrons.

        Args:
            q: (3, …) x, y, z components in nm⁻¹, float32 or float64, of numpy or torch.

        Returns:
            (…) real where the body is its own mirror image through the origin, complex otherwise; in the precision,
            in the array library and on the device of q.
        """
        ...

    def voxels(self, step_nm: float, rotation: Real | None = None) -> tuple[npt.NDArray[np.float32], Real]:
        """The density on a cubic grid: see `models.simulation.shapes.voxels`.

        Args:
            step_nm: edge of a voxel, nm.
            rotation: (3, 3) matrix that turns the body before it is cut into voxels; None leaves it as it is.

        Returns:
            (n, n, n) float32 mean density of each voxel in electrons/nm³, indexed x, y, z, and the (3,) position in
            nm of the centre of voxel [0, 0, 0]. n is odd and the body's origin is the centre of the middle voxel.

        Raises:
            BadParameter: for a step that is not positive or needs more voxels than fit into memory.
        """
        ...


def like(values: Any, q: Array) -> Array:
    """Numbers in the array library, in the real precision and on the device of q."""
    if is_numpy_array(q):
        return np.asarray(values, dtype=q.dtype)
    xp = array_namespace(q)
    return xp.asarray(np.asarray(values, dtype=np.float64), dtype=q.dtype, device=device(q))


def like_index(numbers: npt.NDArray[np.int64], q: Array) -> Array:
    """Whole numbers that pick from arrays in the library and on the device of q."""
    return numbers if is_numpy_array(q) else array_namespace(q).asarray(numbers, device=device(q))


def chunks(q: Array, rows: int) -> Iterator[Array]:
    """Pieces of q, (3, P), one at least, so small that tables of `rows` numbers per column stay in the cache.

    On an accelerator the pieces are as large as its memory comfortably holds.
    """
    count = int(q.shape[1])
    size = max(256, (_CACHED_NUMBERS if is_numpy_array(q) else _DEVICE_NUMBERS) // max(1, rows))
    for start in range(0, max(1, count), size):
        yield q[:, start : start + size]


def as_complex(real: Array, imaginary: Array) -> Array:
    """real + i imaginary; the complex type of the same precision."""
    if is_numpy_array(real):
        value = np.empty(real.shape, dtype=np.result_type(real.dtype, np.complex64))
        value.real = real
        value.imag = imaginary
        return value
    return real + 1j * imaginary


def phasor(phase: Array) -> Array:
    """exp(i phase), complex; sine and cosine apart are faster than the complex exponential."""
    xp = array_namespace(phase)
    return as_complex(xp.cos(phase), xp.sin(phase))
