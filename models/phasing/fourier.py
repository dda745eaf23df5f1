"""Orthonormal transforms between a box of object space and all of Fourier space; imported only inside functions.

Whatever an algorithm does to the object it does inside the support; outside, its step is linear and can be done on
the transform. So only a box around the support needs to be transformed: on the way to the object, after an axis, what
lies outside the box is dropped, on the way back it is zero, and the axes that follow have so much less to do. With a
support a quarter of the array wide a pair of transforms has five eighths of the work, in 3-D less than half.

Arrays of the object are boxes; waves are whole, in FFT order. A real object's wave is kept for the half of the first
axis that says all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from models.phasing import kernels_numba

Tensor = torch.Tensor
BoolArray = npt.NDArray[np.bool_]

_MOST_OF_IT = 0.2
"""A box with a larger share of the array is no gain over the whole."""


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


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a periodic array: along each axis `lengths` pixels from index `starts` on, round the end if need be.

    The first axis is always whole: it is the last to be transformed, so that to cut it would save nothing.
    """

    shape: tuple[int, ...]
    starts: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Box:
        return cls(shape, (0,) * len(shape), shape)

    @classmethod
    def around(cls, support: BoolArray) -> Box:
        """The smallest box with all of a support that is not empty."""
        starts, lengths = [], []
        for axis, n in enumerate(support.shape):
            if axis == 0:
                starts.append(0)
                lengths.append(n)
                continue
            others = tuple(a for a in range(support.ndim) if a != axis)
            inside = np.nonzero(support.any(axis=others))[0]
            gaps = np.diff(np.append(inside, inside[0] + n))
            widest = int(gaps.argmax())
            lengths.append(n - int(gaps[widest]) + 1)
            starts.append(0 if lengths[-1] == n else int(inside[(widest + 1) % inside.size]))
        if math.prod(lengths) > _MOST_OF_IT * support.size:
            return cls.whole(support.shape)
        return cls(support.shape, tuple(starts), tuple(lengths))

    def index(self) -> tuple[npt.NDArray[np.intp], ...]:
        """Of the box's pixels in the whole array, for `numpy.ix_`."""
        return tuple(
            (start + np.arange(length)) % n
            for start, length, n in zip(self.starts, self.lengths, self.shape, strict=True)
        )

    def cut(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The box of an array; a view of it where the box does not go round the end."""
        for axis, (start, length, n) in enumerate(zip(self.starts, self.lengths, self.shape, strict=True)):
            before = (slice(None),) * axis
            parts = [
                values[(*before, slice(start, min(start + length, n)))],
                values[(*before, slice(0, max(start + length - n, 0)))],
            ]
            values = parts[0] if start + length <= n else np.concatenate(parts, axis)
        return values

    def filled(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array of zeros with these values in its box."""
        for axis, (start, length, n) in enumerate(zip(self.starts, self.lengths, self.shape, strict=True)):
            if length == n:
                continue
            before = (slice(None),) * axis
            whole = np.zeros((*values.shape[:axis], n, *values.shape[axis + 1 :]), values.dtype)
            first = min(length, n - start)
            whole[(*before, slice(start, start + first))] = values[(*before, slice(0, first))]
            whole[(*before, slice(0, length - first))] = values[(*before, slice(first, length))]
            values = whole
        return values


class Fourier:
    """Transforms between a box of the object and its wave; Σ|object|² = Σ|wave|².

    Arrays of a box have its first axis last. Every transform is along the last axis of its array, after which the
    axes are turned by one; strided transforms would take up to three times as long. A box that is the whole of a
    complex array keeps its order and is transformed in one call.

    Args:
        box: outside it the object is zero (forward) or of no interest (inverse).
        real: the object is real. kind: dtype of the object. device: a torch device.
        rooms: arrays that may be overwritten.
    """

    def __init__(self, box: Box, real: bool, kind: torch.dtype, device: str, rooms: Sequence[Tensor] = ()) -> None:
        self.box = box
        self.real = real
        self.shape = box.shape
        self._device, self._kind = device, kind
        self._whole = box.lengths == box.shape and not real
        self._turns = [] if self._whole else self._plan(rooms)

    def moved(self, box: Box) -> Fourier:
        """The same for another box; nothing is transformed by this one any more."""
        if box == self.box:
            return self
        return Fourier(box, self.real, self._kind, self._device, [room for _, room in self._turns])

    def _plan(self, rooms: Sequence[Tensor]) -> list[tuple[int, Tensor]]:
        """Per axis but the first: the axis and an array of zeros to put its box into before it is transformed."""
        shape, lengths, kind = self.box.shape, self.box.lengths, self._kind
        kind = kind if kind.is_complex else kind.to_complex()
        sides = [*lengths[2:], shape[0] // 2 + 1 if self.real else shape[0]]
        plan = []
        for place, axis in enumerate(range(1, len(shape))):
            wanted = (*sides, shape[axis])
            if place < len(rooms) and rooms[place].shape == wanted:
                plan.append((axis, rooms[place].zero_()))
            else:
                plan.append((axis, torch.zeros(wanted, dtype=kind, device=self._device)))
            sides = [*sides[1:], shape[axis]]
        return plan

    def forward(self, x: Tensor) -> Tensor:
        """The wave of a box, a new array."""
        if self._whole:
            x = torch.fft.fftn(x, norm="ortho")
        else:
            x = torch.fft.rfft(x, norm="ortho") if self.real else torch.fft.fft(x, norm="ortho")
        for axis, padded in self._turns:
            self._turn_back(padded, x, axis)
            x = torch.fft.fft(padded, norm="ortho")
        return x

    def inverse(self, wave: Tensor) -> Tensor:
        """The box of a wave, a new contiguous array."""
        for axis, _ in reversed(self._turns):
            wave = self._turned(torch.fft.ifft(wave, norm="ortho"), axis)
        if self._whole:
            wave = torch.fft.ifftn(wave, norm="ortho")
        elif self.real:
            wave = torch.fft.irfft(wave, n=self.shape[0], norm="ortho")
        else:
            wave = torch.fft.ifft(wave, norm="ortho")
        return wave

    def cut(self, values: npt.NDArray[Any]) -> Tensor:
        """The box of an array in FFT order, as a tensor in the box's order; its own dtype."""
        found = self.box.cut(values)
        if not self._whole:
            found = np.moveaxis(found, 0, -1)
        return torch.tensor(np.ascontiguousarray(found), device=self._device)

    def boxed(self, x: Tensor) -> npt.NDArray[Any]:
        """A box's values with the axes in their own order."""
        found = x.cpu().numpy()
        return found if self._whole else np.moveaxis(found, -1, 0)

    def whole(self, x: Tensor) -> npt.NDArray[Any]:
        """A box in an array of zeros, FFT order."""
        return self.box.filled(self.boxed(x))

    def _turned(self, wave: Tensor, axis: int) -> Tensor:
        """The box's part of the last axis, which becomes the first."""
        if not wave.is_cpu:
            index = torch.from_numpy(self.box.index()[axis]).to(wave.device)
            return wave.index_select(-1, index).movedim(-1, 0).contiguous()
        found = torch.empty((self.box.lengths[axis], *wave.shape[:-1]), dtype=wave.dtype)
        rows = wave.numpy().reshape(-1, self.shape[axis])
        kernels_numba.turn(rows, self.box.starts[axis], found.numpy().reshape(-1, len(rows)))
        return found

    def _turn_back(self, padded: Tensor, x: Tensor, axis: int) -> None:
        """The first axis of x becomes the last, and is the box's part of it."""
        start, length, n = self.box.starts[axis], self.box.lengths[axis], self.shape[axis]
        if x.is_cpu:
            kernels_numba.turn_back(x.numpy().reshape(length, -1), start, padded.numpy().reshape(-1, n))
            return
        index = torch.from_numpy(self.box.index()[axis]).to(x.device)
        padded.index_copy_(-1, index, x.movedim(0, -1).contiguous())
