"""Scattering of single atoms: form factors of the International Tables and anomalous dispersion.

f(q) = Σ₄ aᵢ exp(−bᵢ s²) + c with s = q/4π in Å⁻¹ (Cromer & Mann; International Tables for Crystallography, vol. C
(1992), table 6.1.1.4), as tabulated by gemmi; good for s ≤ 2 Å⁻¹, that is q ≤ 250 nm⁻¹. The published sums miss the
atomic number by up to 0.1 %; here they are scaled to it, so that amplitudes at q = 0 count electrons.
Dispersion f′ + i f″ is by Cromer & Liberman, also gemmi's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace

from models.errors import BadParameter
from models.simulation.shapes.body import Array

DISPERSION_EV = (1000.0, 100_000.0)
"""photon energies at which Cromer & Liberman's values hold, away from absorption edges"""


@dataclass(frozen=True)
class FormFactor:
    """f(q) of one element.

    Attributes:
        number: atomic number Z.
        heights: a₁…a₄, electrons.
        widths: b₁…b₄ for q in nm⁻¹, nm².
        constant: c, electrons.
    """

    number: int
    heights: tuple[float, ...]
    widths: tuple[float, ...]
    constant: float

    def at(self, q2: Array) -> Array:
        """f in electrons at squares of q in nm⁻², in their precision and library."""
        xp = array_namespace(q2)
        total = xp.zeros_like(q2) + self.constant
        for height, width in zip(self.heights, self.widths, strict=True):
            total += height * xp.exp(q2 * -width)
        return total

    @property
    def spread(self) -> float:
        """Standard deviation (nm) of the Gaussian cloud with the same curvature of f at q = 0."""
        curvature = sum(a * b for a, b in zip(self.heights, self.widths, strict=True))
        return float(np.sqrt(2 * curvature / self.number))


@lru_cache(maxsize=128)
def form_factor(number: int) -> FormFactor:
    """The form factor of the neutral atom.

    Raises:
        BadParameter: for an atomic number without published coefficients (beyond 98).
    """
    import gemmi

    element = gemmi.Element(number)
    table = element.it92
    if number < 1 or table is None:
        raise BadParameter(f"atomic number {number}", cause="no form factor is published for it")
    scale = number / (sum(table.a) + table.c)
    # s² = q²/(4π)² with q in nm⁻¹ → Å⁻¹ by a tenth.
    convert = (0.1 / (4 * np.pi)) ** 2
    heights = tuple(float(a * scale) for a in table.a)
    return FormFactor(number, heights, tuple(float(b * convert) for b in table.b), float(table.c * scale))


@lru_cache(maxsize=512)
def dispersion(number: int, photon_energy_eV: float) -> complex:
    """f′ + i f″ in electrons.

    Raises:
        BadParameter: for an energy outside `DISPERSION_EV`.
    """
    import gemmi

    low, high = DISPERSION_EV
    if not low <= photon_energy_eV <= high:
        raise BadParameter(
            f"anomalous dispersion at {photon_energy_eV:g} eV", cause=f"it is known for {low:g} … {high:g} eV"
        )
    real, imaginary = gemmi.cromer_liberman(number, photon_energy_eV)
    return complex(real, imaginary)
