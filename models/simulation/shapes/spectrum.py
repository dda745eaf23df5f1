"""The Fourier sum over a grid of voxels at any q: a non-uniform fast Fourier transform of type 2.

The grid is transformed once and kept; an amplitude is then an interpolation between its Fourier coefficients with
the "exponential of semicircle" kernel (Barnett, Magland & af Klinteberg, SIAM J. Sci. Comput. 41 (2019) C479), good
to 1e-6. A library call would repeat the fast Fourier transform, by far the largest part, for every frame's q.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace, device, is_numpy_array

from models.simulation.shapes.body import Array, Real, chunks, like, phasor

_WIDTH = 7
_SHARPNESS = 2.30 * _WIDTH
_OVERSAMPLING = 2

_DOUBLE_BELOW = 1 << 25
"""padded cells up to which the transform is made in double precision, whatever the precision of q"""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Σ vⱼ exp(i q·rⱼ) over the points of a regular grid.

    Attributes:
        values: (nx, ny, nz) real.
        steps: (3,) distances between neighbours, nm.
        origin: (3,) place of point [0, 0, 0], nm.
    """

    values: npt.NDArray[np.floating[Any]]
    steps: Real
    origin: Real
    _on_device: dict[tuple[str, str], Array] = field(default_factory=dict, init=False, repr=False)

    @property
    def padded(self) -> tuple[int, ...]:
        """Points along each axis of the transform."""
        return tuple(_smooth(max(_OVERSAMPLING * n, 2 * _WIDTH + 2)) for n in self.values.shape)

    @cached_property
    def _coefficients(self) -> npt.NDArray[np.complexfloating[Any, Any]]:
        """Of exp(+i q·r), for 0 ≤ qz ≤ π/step and the few planes on both sides that the kernel reaches."""
        shape = self.padded
        from scipy.fft import rfftn

        kind: type[np.floating[Any]] = np.float64 if np.prod(shape) <= _DOUBLE_BELOW else np.float32
        table: Real = self.values.astype(kind)
        for axis, (n, long) in enumerate(zip(self.values.shape, shape, strict=True)):
            profile = 1 / _kernel_transform((np.arange(n) - n // 2) / long)
            table = table * profile.astype(kind).reshape([-1 if axis == i else 1 for i in range(3)])
        padded = np.zeros(shape, dtype=kind)
        # The middle of the grid goes to index 0, so that the coefficients vary as little as they can.
        places = [(np.arange(n) - n // 2) % long for n, long in zip(table.shape, shape, strict=True)]
        padded[np.ix_(*places)] = table
        half = rfftn(padded)
        del padded
        np.conj(half, out=half)
        # Real values: what is at −l is the conjugate of what is at l.
        reach = [half[:, :, _WIDTH:0:-1], half[:, :, -2 : -2 - _WIDTH : -1]]
        below, above = (np.conj(np.roll(planes[::-1, ::-1], (1, 1), axis=(0, 1))) for planes in reach)
        return np.concatenate([below, half, above], axis=2)

    def at(self, q: Array) -> Array:
        """(P,) complex sum at q (3, P) in nm⁻¹, where |qᵢ| ≤ π/step: beyond, it only repeats itself."""
        xp = array_namespace(q)
        table = self._table(q)
        shape = self.padded
        to_cells = like(np.array(shape) * self.steps / (2 * np.pi), q)
        middle = like(self.origin + np.array([n // 2 for n in self.values.shape]) * self.steps, q)
        rows, planes = shape[1], shape[2] // 2 + 1 + 2 * _WIDTH
        parts = []
        for piece in chunks(q, _WIDTH * 16):
            flipped = piece[2, :] < 0
            turned = xp.where(flipped, -piece, piece)
            places = turned * to_cells[:, None]
            first = xp.ceil(places - _WIDTH / 2)
            reach = xp.arange(_WIDTH, dtype=q.dtype, device=None if is_numpy_array(q) else device(q))
            gaps = (first - places)[:, :, None] + reach
            weights = _kernel(gaps * (2 / _WIDTH))
            cells = xp.astype(first, xp.int64)[:, :, None] + xp.astype(reach, xp.int64)
            x, y, z = cells[0, ...] % shape[0], cells[1, ...] % rows, cells[2, :, :1] + _WIDTH
            total: Any = 0
            for i in range(_WIDTH):
                columns = table[(x[:, i][:, None] * rows + y) * planes + z]
                shares = weights[0, :, i][:, None] * weights[1, ...]
                total = total + xp.sum(xp.sum(columns * weights[2, :, None, :], axis=2) * shares, axis=1)
            total = xp.where(flipped, xp.conj(total), total)
            parts.append(total * phasor(xp.tensordot(middle, piece, axes=1)))
        return xp.concat(parts) if len(parts) != 1 else parts[0]

    def _table(self, q: Array) -> Array:
        """The coefficients in the precision of q and where q is: from each cell on, the kernel's width along z.

        A view whose rows overlap: neighbours along z lie side by side in memory and are fetched together.
        """
        xp = array_namespace(q)
        single = q.dtype == xp.float32
        key = ("single" if single else "double", "numpy" if is_numpy_array(q) else str(device(q)))
        if key not in self._on_device:
            flat = self._coefficients.reshape(-1).astype(np.complex64 if single else np.complex128)
            self._on_device[key] = flat if is_numpy_array(q) else xp.asarray(flat, device=device(q))
        flat = self._on_device[key]
        if is_numpy_array(q):
            return np.lib.stride_tricks.sliding_window_view(flat, _WIDTH)
        return flat.unfold(0, _WIDTH, 1)


def _kernel(t: Array) -> Array:
    """exp(β (√(1 − t²) − 1)) for |t| ≤ 1, 0 beyond."""
    xp = array_namespace(t)
    inside = 1 - t * t
    root = xp.sqrt(xp.where(inside > 0, inside, xp.zeros_like(inside)))
    return xp.where(inside >= 0, xp.exp(_SHARPNESS * (root - 1)), xp.zeros_like(inside))


def _kernel_transform(x: Real) -> Real:
    """∫ kernel(2 t/w) exp(2πi x t) dt at x, in turns per cell."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    half = _WIDTH / 2
    return np.asarray((half * weights * _kernel(nodes)) @ np.cos(2 * np.pi * half * np.outer(nodes, x)))


def _smooth(n: int) -> int:
    """The next even number without prime factors above 5, which fast Fourier transforms like."""
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1 and n % 2 == 0:
            return n
        n += 1
