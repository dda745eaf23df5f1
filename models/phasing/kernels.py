"""Chooses the compiled passes on the CPU and torch operations elsewhere; imported only inside functions."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt
import torch  # noqa: TID253

from models.phasing import kernels_numba, kernels_torch
from models.phasing.constraints import Values

Tensor = torch.Tensor
Array = npt.NDArray[Any]


class Kernels(Protocol):
    """The passes over pixels of one iteration; see `kernels_numba` for what each does. Tensors are contiguous."""

    def modulus(self, wave: Tensor, amplitude: Tensor, margin: float) -> None: ...

    def modulus_given(self, wave: Tensor, intensity: Tensor, amplitude: Tensor, margin: float) -> None: ...

    def misfit(self, wave: Tensor, amplitude: Tensor) -> float: ...

    def advance(
        self,
        wave: Tensor,
        addend: Tensor,
        factor: float,
        amplitude: Tensor,
        margin: float,
        steps: tuple[float, float, float, float],
    ) -> None: ...

    def add(self, wave: Tensor, addend: Tensor, factor: float) -> None: ...

    def settle(self, wave: Tensor, addend: Tensor, factor: float, amplitude: Tensor, margin: float) -> Tensor: ...

    def moduli(self, x: Tensor) -> Tensor: ...

    def project(self, x: Tensor, support: Tensor, values: Values) -> None:
        """P_S in place: support and values."""

    def feedback(self, x: Tensor, p: Tensor, support: Tensor, values: Values, beta: float) -> None:
        """HIO with a constraint on values: x becomes the next iterate, p what the plain step lacks of it."""

    def line_slopes(
        self, m0: Tensor, m1: Tensor, m2: Tensor, weight: Tensor, counts: Tensor, at: float, floor: float
    ) -> tuple[float, float]: ...


class CompiledKernels:
    """On the CPU: numba on the tensors' own memory."""

    def modulus(self, wave: Tensor, amplitude: Tensor, margin: float) -> None:
        kernels_numba.modulus(wave.numpy().reshape(-1), amplitude.numpy().reshape(-1), margin)

    def modulus_given(self, wave: Tensor, intensity: Tensor, amplitude: Tensor, margin: float) -> None:
        kernels_numba.modulus_given(
            wave.numpy().reshape(-1), intensity.numpy().reshape(-1), amplitude.numpy().reshape(-1), margin
        )

    def misfit(self, wave: Tensor, amplitude: Tensor) -> float:
        return float(kernels_numba.misfit(wave.numpy().reshape(-1), amplitude.numpy().reshape(-1)))

    def advance(
        self,
        wave: Tensor,
        addend: Tensor,
        factor: float,
        amplitude: Tensor,
        margin: float,
        steps: tuple[float, float, float, float],
    ) -> None:
        x, g, a = (part.numpy().reshape(-1) for part in (wave, addend, amplitude))
        kernels_numba.advance(x, g, factor, a, margin, steps)

    def add(self, wave: Tensor, addend: Tensor, factor: float) -> None:
        kernels_numba.add(_parts(wave), _parts(addend), factor)

    def settle(self, wave: Tensor, addend: Tensor, factor: float, amplitude: Tensor, margin: float) -> Tensor:
        found = torch.empty_like(wave)
        x, g, a, p = (part.numpy().reshape(-1) for part in (wave, addend, amplitude, found))
        kernels_numba.settle(x, g, factor, a, margin, p)
        return found

    def moduli(self, x: Tensor) -> Tensor:
        if not x.is_complex():
            return x.abs()
        found = torch.empty(x.shape, dtype=x.real.dtype)
        kernels_numba.moduli(_parts(x), found.numpy().reshape(-1))
        return found

    def project(self, x: Tensor, support: Tensor, values: Values) -> None:
        where = support.numpy().reshape(-1)
        if values.wedge is not None:
            kernels_numba.keep_wedge(_parts(x), where, values.wedge)
        elif values.floor:
            kernels_numba.keep_floor(x.numpy().reshape(-1), where)
        else:
            kernels_numba.keep_support(x.numpy().reshape(-1), where)

    def feedback(self, x: Tensor, p: Tensor, support: Tensor, values: Values, beta: float) -> None:
        where = support.numpy().reshape(-1)
        if values.wedge is not None:
            kernels_numba.feedback_wedge(_parts(x), _parts(p), where, values.wedge, beta)
        elif values.floor:
            kernels_numba.feedback_floor(x.numpy().reshape(-1), p.numpy().reshape(-1), where, beta)
        else:
            kernels_torch.feedback(x, p, support, values, beta)

    def line_slopes(
        self, m0: Tensor, m1: Tensor, m2: Tensor, weight: Tensor, counts: Tensor, at: float, floor: float
    ) -> tuple[float, float]:
        a, b, c, w, n = (part.numpy().reshape(-1) for part in (m0, m1, m2, weight, counts))
        slope, bend = kernels_numba.line_slopes(a, b, c, w, n, at, floor)
        return float(slope), float(bend)


def _parts(x: Tensor) -> Array:
    return torch.view_as_real(x).numpy().reshape(-1)


def kernels_for(device: str) -> Kernels:
    return CompiledKernels() if device == "cpu" else kernels_torch
