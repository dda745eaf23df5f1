"""Electron densities of common materials, and what they mean for the refractive index.

Mass densities are those of the CRC Handbook of Chemistry and Physics (97th edition) at room temperature unless said
otherwise; the electrons of a compound are counted from its formula.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.errors import BadParameter

CLASSICAL_ELECTRON_RADIUS_NM = 2.8179403205e-6
"""CODATA 2022"""

_AVOGADRO_PER_MOL = 6.02214076e23
_CM3_IN_NM3 = 1e21


@dataclass(frozen=True)
class Material:
    """A material of uniform density.

    Attributes:
        name: as shown to the user.
        composition: atoms of each element per unit of formula.
        mass_density: g/cm³.
        source: of the mass density and, where it is no compound, the composition.
    """

    name: str
    composition: tuple[tuple[str, float], ...]
    mass_density: float
    source: str = "CRC Handbook"

    @property
    def electrons_per_nm3(self) -> float:
        electrons = mass = 0.0
        for symbol, count in self.composition:
            number, weight = _ELEMENTS[symbol]
            electrons += number * count
            mass += weight * count
        return self.mass_density / mass * _AVOGADRO_PER_MOL / _CM3_IN_NM3 * electrons


# Atomic number and standard atomic weight (IUPAC 2021, abridged).
_ELEMENTS: dict[str, tuple[int, float]] = {
    "H": (1, 1.008),
    "He": (2, 4.0026),
    "C": (6, 12.011),
    "N": (7, 14.007),
    "O": (8, 15.999),
    "Si": (14, 28.085),
    "S": (16, 32.06),
    "Ag": (47, 107.87),
    "I": (53, 126.90),
    "Xe": (54, 131.29),
    "Cs": (55, 132.91),
    "Au": (79, 196.97),
}

WATER = Material("water", (("H", 2), ("O", 1)), 0.997)
PROTEIN = Material(
    "protein",
    (("H", 86), ("C", 52), ("N", 13), ("O", 15), ("S", 1)),
    1.35,
    "Fischer, Polikarpov & Craievich, Protein Sci. 13 (2004) 2825; composition of Bergh et al., Q. Rev. Biophys. 41 "
    "(2008) 181",
)
SUCROSE = Material("sucrose", (("C", 12), ("H", 22), ("O", 11)), 1.5805)
POLYSTYRENE = Material("polystyrene", (("C", 8), ("H", 8)), 1.05)
SILICA = Material("silica", (("Si", 1), ("O", 2)), 2.20, "CRC Handbook, vitreous")
CAESIUM_IODIDE = Material("caesium iodide", (("Cs", 1), ("I", 1)), 4.51)
SILVER = Material("silver", (("Ag", 1),), 10.5)
GOLD = Material("gold", (("Au", 1),), 19.3)
HELIUM = Material(
    "liquid helium",
    (("He", 1),),
    0.0218e24 * 4.0026 / _AVOGADRO_PER_MOL,
    "0.0218 atoms/Å³: Donnelly & Barenghi, J. Phys. Chem. Ref. Data 27 (1998) 1217",
)
XENON = Material("liquid xenon", (("Xe", 1),), 2.95, "at its boiling point, 165 K")

MATERIALS = {
    material.name: material
    for material in (
        WATER,
        PROTEIN,
        SUCROSE,
        POLYSTYRENE,
        SILICA,
        CAESIUM_IODIDE,
        SILVER,
        GOLD,
        HELIUM,
        XENON,
    )
}
"""by name"""


def delta(electrons_per_nm3: float, wavelength_nm: float) -> float:
    """δ = rₑ λ² ρ/2π of n = 1 − δ + iβ, for photon energies well above the absorption edges.

    Near them ρ is to be multiplied by f₁/Z (Henke, Gullikson & Davis 1993).
    """
    return CLASSICAL_ELECTRON_RADIUS_NM * wavelength_nm**2 * electrons_per_nm3 / (2 * np.pi)


def effective_density(delta: float, wavelength_nm: float) -> float:
    """The electrons/nm³ that scatter like a material of this δ: ρ = 2πδ/(rₑ λ²), the inverse of `delta`.

    Raises:
        BadParameter: for a wavelength that is not positive.
    """
    if not wavelength_nm > 0:
        raise BadParameter(f"a wavelength of {wavelength_nm:g} nm", cause="it must be positive")
    return delta * 2 * np.pi / (CLASSICAL_ELECTRON_RADIUS_NM * wavelength_nm**2)


def refractive_index(electrons_per_nm3: float, wavelength_nm: float, absorption: float = 0.0) -> complex:
    """n = 1 − δ + iβ.

    Args:
        electrons_per_nm3: of the material.
        wavelength_nm: in vacuum.
        absorption: β; its absorption length is λ/4πβ.
    """
    return complex(1 - delta(electrons_per_nm3, wavelength_nm), absorption)
