"""The passes of `kernels_numba` as torch operations, for any device; imported only inside functions.

Arrays may have leading axes (many starts at once): amplitudes, supports and the like are broadcast over them.
"""

from __future__ import annotations

import torch  # noqa: TID253

from models.phasing.constraints import Values, Wedge

Tensor = torch.Tensor


def modulus(wave: Tensor, amplitude: Tensor, margin: float) -> None:
    """As `kernels_numba.modulus`."""
    wave.copy_(_to_modulus(wave, wave.abs(), amplitude, margin))


def _to_modulus(wave: Tensor, found: Tensor, amplitude: Tensor, margin: float) -> Tensor:
    wanted = torch.minimum(torch.maximum(found, (amplitude - margin).clamp_(min=0)), amplitude + margin)
    turned = torch.where(found <= 1e-30, wanted.to(wave.dtype), wave * (wanted / found.clamp(min=1e-30)))
    return torch.where(amplitude < 0, wave, turned)


def advance(
    wave: Tensor,
    addend: Tensor,
    factor: float,
    amplitude: Tensor,
    margin: float,
    steps: tuple[float, float, float, float],
) -> None:
    """As `kernels_numba.advance`."""
    x = wave + factor * addend
    p = _to_modulus(x, x.abs(), amplitude, margin)
    addend.copy_(steps[0] * p + steps[1] * x)
    wave.copy_(steps[2] * x + steps[3] * p)


def modulus_given(wave: Tensor, intensity: Tensor, amplitude: Tensor, margin: float) -> None:
    """As `kernels_numba.modulus_given`."""
    found = intensity.clamp(min=0).sqrt_()
    wanted = torch.minimum(torch.maximum(found, (amplitude - margin).clamp_(min=0)), amplitude + margin)
    scale = wanted / found.clamp(min=1e-30)
    wave.mul_(torch.where(amplitude < 0, torch.ones_like(scale), scale))


def misfit(wave: Tensor, amplitude: Tensor) -> float:
    """As `kernels_numba.misfit`."""
    apart = (wave.abs() - amplitude).abs_()
    return float(torch.where(amplitude < 0, torch.zeros_like(apart), apart).sum(dtype=torch.float64))


def into_wedge(value: Tensor, wedge: Wedge) -> tuple[Tensor, Tensor]:
    """The nearest values whose phase is in the wedge, and where that is the value itself."""
    cos_mid, sin_mid, cos_half, sin_half = wedge
    middle = complex(cos_mid, sin_mid)
    turned = value * middle.conjugate()
    inside = turned.real >= turned.abs() * cos_half
    length = (turned.real * cos_half + turned.imag.abs() * sin_half).clamp_(min=0)
    side = torch.where(turned.imag >= 0, sin_half, -sin_half)
    edge = torch.complex(length * cos_half, length * side) * middle
    return torch.where(inside, value, edge), inside


def add(wave: Tensor, addend: Tensor, factor: float) -> None:
    """wave ← wave + factor·addend, to the last digit as `advance` does it."""
    wave.copy_(wave + factor * addend)


def settle(wave: Tensor, addend: Tensor, factor: float, amplitude: Tensor, margin: float) -> Tensor:
    """As `kernels_numba.settle`; what is found is returned."""
    add(wave, addend, factor)
    return _to_modulus(wave, wave.abs(), amplitude, margin)


def moduli(x: Tensor) -> Tensor:
    """|x|, a new array."""
    return x.abs()


def project(x: Tensor, support: Tensor, values: Values) -> None:
    """P_S, in place: the nearest values that meet the constraints inside the support, zero outside."""
    found = x
    if values.wedge is not None:
        found = into_wedge(found, values.wedge)[0]
    if values.floor:
        found = found.clamp(min=0)
    x.copy_(torch.where(support, found, torch.zeros_like(found)))


def feedback(x: Tensor, p: Tensor, support: Tensor, values: Values, beta: float) -> None:
    """As `kernels_numba.feedback_wedge` for whatever the values' constraint is."""
    kept = x - beta * p
    fits = support
    if values.wedge is not None:
        fits = fits & into_wedge(p, values.wedge)[1]
    if values.floor:
        fits = fits & (p >= 0)
    x.copy_(torch.where(fits, p, kept))
    p.copy_(torch.where(fits, p - kept, torch.zeros_like(p)))


def line_slopes(
    m0: Tensor, m1: Tensor, m2: Tensor, weight: Tensor, counts: Tensor, at: float, floor: float
) -> tuple[float, float]:
    """As `kernels_numba.line_slopes`."""
    m = (m0 + at * (m1 + at * m2)).clamp(min=floor)
    rise = m1 + 2 * at * m2
    share = counts / m
    slope = ((weight - share) * rise).sum(dtype=torch.float64)
    bend = (share / m * rise**2 + (weight - share).clamp(min=0) * 2 * m2).sum(dtype=torch.float64)
    return float(slope), float(bend)
