"""Chooses the compiled passes on the CPU and torch operations elsewhere; imported only inside functions."""

from __future__ import annotations

from typing import Protocol

import torch  # noqa: TID253

from models.phasing import kernels_numba, kernels_torch
from models.phasing.algorithms import Update
from models.phasing.constraints import Values

Tensor = torch.Tensor


class Kernels(Protocol):
    """The passes over pixels of one iteration; see `kernels_numba` for what each does. Tensors are contiguous."""

    def modulus(self, wave: Tensor, amplitude: Tensor, margin: float) -> None: ...

    def modulus_given(self, wave: Tensor, intensity: Tensor, amplitude: Tensor, margin: float) -> None: ...

    def misfit(self, wave: Tensor, amplitude: Tensor) -> float: ...

    def apply_update(self, x: Tensor, p: Tensor, support: Tensor, values: Values, step: Update) -> None:
        """One algorithm's step in object space; x in place, support bool."""

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

    def apply_update(self, x: Tensor, p: Tensor, support: Tensor, values: Values, step: Update) -> None:
        is_complex = x.is_complex()
        parts = (torch.view_as_real(x) if is_complex else x).numpy().reshape(-1)
        of_p = (torch.view_as_real(p) if is_complex else p).numpy().reshape(-1)
        where = support.numpy().reshape(-1)
        if values.free or (is_complex and values.wedge is None):
            blend = kernels_numba.blend_complex if is_complex else kernels_numba.blend_real
            blend(parts, of_p, where, *step.blend)
        elif values.wedge is not None:
            if step.feedback is not None:
                kernels_numba.feedback_wedge(parts, of_p, where, values.wedge, step.feedback)
            else:
                kernels_numba.relax_wedge(parts, of_p, where, values.wedge, step.steps)
        elif step.feedback is not None:
            kernels_numba.feedback_floor(parts, of_p, where, step.feedback)
        else:
            kernels_numba.relax_floor(parts, of_p, where, step.steps)

    def line_slopes(
        self, m0: Tensor, m1: Tensor, m2: Tensor, weight: Tensor, counts: Tensor, at: float, floor: float
    ) -> tuple[float, float]:
        a, b, c, w, n = (part.numpy().reshape(-1) for part in (m0, m1, m2, weight, counts))
        slope, bend = kernels_numba.line_slopes(a, b, c, w, n, at, floor)
        return float(slope), float(bend)


def kernels_for(device: str) -> Kernels:
    return CompiledKernels() if device == "cpu" else kernels_torch
