"""Mie scattering of a homogeneous sphere: the exact answer that propagators are measured against.

After C. F. Bohren & D. R. Huffman, Absorption and Scattering of Light by Small Particles (1983), chapter 4 and
appendix A: logarithmic derivatives by downward recurrence. Waves go as exp(ikz − iωt), so an absorbing index has
a positive imaginary part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.simulation.photons import tangents

if TYPE_CHECKING:
    from models.simulation.settings import SimulationSettings

Real = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True)
class Efficiencies:
    """Cross-sections over the sphere's shadow πR²."""

    extinction: float
    scattering: float

    @property
    def absorption(self) -> float:
        return self.extinction - self.scattering


def coefficients(size: float, index: complex) -> tuple[Complex, Complex]:
    """(N,) external field coefficients aₙ and bₙ, n from 1, as many as the series needs (Wiscombe 1980).

    Args:
        size: x = 2πR/λ, above 0.
        index: refractive index of the sphere over that of its surroundings; imaginary part ≥ 0.

    Raises:
        BadParameter: for a size that is not positive or an index that amplifies.
    """
    if not size > 0:
        raise BadParameter(f"size parameter {size:g}", cause="it must be positive")
    if index.imag < 0:
        raise BadParameter(f"refractive index {index}", cause="a negative imaginary part would amplify")
    terms = int(np.ceil(size + 4.05 * size ** (1 / 3) + 2)) + 2
    order = np.arange(1, terms + 1)
    inside = size * index
    start = _beyond(max(terms, abs(inside)))
    derivative = np.zeros(start + 1, dtype=np.complex128)
    for n in range(start, 0, -1):
        derivative[n - 1] = n / inside - 1 / (derivative[n] + n / inside)
    d = derivative[1 : terms + 1]
    psi, chi = _riccati(size, terms)
    xi = psi - 1j * chi
    electric = d / index + order / size
    magnetic = d * index + order / size
    a = (electric * psi[1:] - psi[:-1]) / (electric * xi[1:] - xi[:-1])
    b = (magnetic * psi[1:] - psi[:-1]) / (magnetic * xi[1:] - xi[:-1])
    return a, b


def _beyond(order: float) -> int:
    """Where a downward recurrence may start from nothing: the turning point at n = x is x^⅓ wide."""
    return int(np.ceil(order + 10 * order ** (1 / 3))) + 16


def _riccati(x: float, terms: int) -> tuple[Real, Real]:
    """(terms + 1,) Riccati–Bessel functions ψₙ and χₙ of a real argument, n from 0."""
    chi = np.empty(terms + 1)
    before, chi[0] = -np.sin(x), np.cos(x)
    for n in range(1, terms + 1):
        before, chi[n] = chi[n - 1], (2 * n - 1) / x * chi[n - 1] - before
    # ψ dies out beyond n = x, where only the downward recurrence of its ratios keeps the digits.
    start = _beyond(terms)
    ratio = np.zeros(start + 1)
    for n in range(start, 0, -1):
        ratio[n - 1] = 1 / ((2 * n + 1) / x - ratio[n])
    psi = np.empty(terms + 1)
    psi[0] = np.sin(x)
    # The first ratio divides by sin x, which may vanish: there ψ₁ itself is safe.
    psi[1] = np.sin(x) / x - np.cos(x) if x > 1 else psi[0] * ratio[0]
    for n in range(2, terms + 1):
        forward = (2 * n - 1) / x * psi[n - 1] - psi[n - 2]
        psi[n] = forward if n < x else psi[n - 1] * ratio[n - 1]
    return psi, chi


def efficiencies(size: float, index: complex) -> Efficiencies:
    """Extinction and scattering efficiency of a sphere (Bohren & Huffman eqs 4.61 and 4.62)."""
    a, b = coefficients(size, index)
    weight = 2 * np.arange(1, len(a) + 1) + 1
    extinction = 2 / size**2 * float((weight * (a + b).real).sum())
    scattering = 2 / size**2 * float((weight * (np.abs(a) ** 2 + np.abs(b) ** 2)).sum())
    return Efficiencies(extinction, scattering)


def amplitudes(size: float, index: complex, cosine: npt.ArrayLike) -> tuple[Complex, Complex]:
    """S₁ and S₂ (field perpendicular and parallel to the scattering plane) at cosines of the scattering angle.

    The differential cross-section of either polarisation is |S|²/k² (Bohren & Huffman eq. 4.74).
    """
    mu = np.asarray(cosine, dtype=np.float64)
    a, b = coefficients(size, index)
    s1, s2 = np.zeros(mu.shape, np.complex128), np.zeros(mu.shape, np.complex128)
    before, pi = np.zeros_like(mu), np.ones_like(mu)
    for n, (an, bn) in enumerate(zip(a, b, strict=True), start=1):
        tau = n * mu * pi - (n + 1) * before
        weight = (2 * n + 1) / (n * (n + 1))
        s1 += weight * (an * pi + bn * tau)
        s2 += weight * (an * tau + bn * pi)
        before, pi = pi, ((2 * n + 1) * mu * pi - (n + 1) * before) / n
    return s1, s2


def cross_section(
    settings: SimulationSettings, diameter_nm: float, index: complex, offset_px: tuple[float, float] = (0.0, 0.0)
) -> Real:
    """(H, W) float64 differential cross-section dσ/dΩ of a sphere at every pixel, nm²/sr.

    With the settings' polarisation; where that is ignored, the field is taken perpendicular to the scattering plane
    everywhere, as scalar propagators have it.
    """
    tangent_y, tangent_x = tangents(settings, offset_px)
    tangent2: Any = tangent_y**2 + tangent_x**2
    wavenumber = 2 * np.pi / settings.wavelength_nm
    s1, s2 = amplitudes(wavenumber * diameter_nm / 2, index, 1 / np.sqrt(1 + tangent2))
    perpendicular, parallel = np.abs(s1) ** 2, np.abs(s2) ** 2
    kind = settings.beam.polarisation
    if kind == "ignored":
        return np.asarray(perpendicular / wavenumber**2)
    # Share of the field that lies in the scattering plane; in the very middle both polarisations are the same.
    inside = np.divide(tangent_x**2 + 0 * tangent2, tangent2, out=np.full_like(tangent2, 0.5), where=tangent2 > 0)
    if kind == "vertical":
        inside = 1 - inside
    elif kind == "unpolarised":
        inside = np.full_like(inside, 0.5)
    return np.asarray((parallel * inside + perpendicular * (1 - inside)) / wavenumber**2)
