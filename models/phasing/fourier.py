"""Orthonormal transforms of one shape, in FFT order; imported only inside functions.

torch's own transforms without `out=`: with it torch computes into a new array all the same and copies, which costs a
third more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch  # noqa: TID253

Tensor = torch.Tensor


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes in one thread inside: with more a transform waits for a time slice wherever a core is busy."""
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Fourier:
    """Forward and inverse transform of arrays of one shape; Σ|object|² = Σ|F|².

    Args:
        shape: of the object. real: the object is real; then F has the half of the last axis that says all.
    """

    def __init__(self, shape: tuple[int, ...], real: bool) -> None:
        self.shape = shape
        self.real = real
        self.wave_shape = (*shape[:-1], shape[-1] // 2 + 1) if real else shape
        self._axes = tuple(range(-len(shape), 0))

    def forward(self, x: Tensor) -> Tensor:
        """F of x, a new array."""
        if self.real:
            wave: Tensor = torch.fft.rfftn(x, dim=self._axes, norm="ortho")
        else:
            wave = torch.fft.fftn(x, dim=self._axes, norm="ortho")
        return wave

    def inverse(self, wave: Tensor) -> Tensor:
        """x of F, a new array."""
        found: Tensor
        if not self.real:
            found = torch.fft.ifftn(wave, dim=self._axes, norm="ortho")
            return found
        # Axis by axis: the n-dimensional call copies its input first, which costs a quarter more.
        found = torch.fft.ifftn(wave, dim=self._axes[:-1], norm="ortho")
        found = torch.fft.irfft(found, n=self.shape[-1], dim=-1, norm="ortho")
        return found
