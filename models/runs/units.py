"""Lengths and energies from files, in metres and electronvolts."""

from __future__ import annotations

import math

from models.runs.types import PLANCK_TIMES_LIGHT_EV_M

JOULE_IN_EV = 1.0 / 1.602176634e-19
"""Electronvolts per joule (CODATA 2018, exact)."""

_LENGTHS_M = {
    "m": 1.0,
    "meter": 1.0,
    "metre": 1.0,
    "cm": 1e-2,
    "mm": 1e-3,
    "millimeter": 1e-3,
    "millimetre": 1e-3,
    "um": 1e-6,
    "µm": 1e-6,
    "μm": 1e-6,
    "micron": 1e-6,
    "micrometer": 1e-6,
    "micrometre": 1e-6,
    "nm": 1e-9,
    "nanometer": 1e-9,
    "nanometre": 1e-9,
    "a": 1e-10,
    "å": 1e-10,
    "Å".lower(): 1e-10,
    "ang": 1e-10,
    "angstrom": 1e-10,
    "pm": 1e-12,
}
_ENERGIES_EV = {"ev": 1.0, "kev": 1e3, "mev": 1e6, "gev": 1e9, "j": JOULE_IN_EV, "joule": JOULE_IN_EV}
_XRAY_EV = (5.0, 1e6)


def length_in_m(value: float, unit: str) -> float | None:
    """A length in metres; None for an unknown unit."""
    factor = _LENGTHS_M.get(_plain(unit))
    return None if factor is None else _tidy(value * factor)


def energy_in_eV(value: float, unit: str) -> float | None:
    """An energy in electronvolts; None for an unknown unit."""
    factor = _ENERGIES_EV.get(_plain(unit))
    return None if factor is None else value * factor


def is_photon_energy(value_eV: float) -> bool:
    """Whether an energy can be that of an extreme-ultraviolet or X-ray photon (and not, say, of a storage ring)."""
    return math.isfinite(value_eV) and _XRAY_EV[0] <= value_eV <= _XRAY_EV[1]


def guess_energy_eV(value: float) -> tuple[float, str]:
    """A photon energy without a unit: (electronvolts, the unit assumed), told by its size."""
    if value < 1e-10:
        return value * JOULE_IN_EV, "J"
    if value < 100.0:
        return value * 1e3, "keV"
    return value, "eV"


def guess_wavelength_m(value: float) -> tuple[float, str]:
    """A wavelength without a unit: (metres, the unit assumed), told by its size."""
    if value < 1e-6:
        return value, "m"
    return value * 1e-10, "Å"


def guess_distance_m(value: float) -> tuple[float, str]:
    """A distance from sample to detector without a unit: (metres, the unit assumed), told by its size."""
    if value > 30.0:
        return _tidy(value * 1e-3), "mm"
    return value, "m"


def guess_pixel_m(value: float) -> tuple[float, str]:
    """A pixel pitch without a unit: (metres, the unit assumed), told by its size."""
    if value < 2e-3:
        return value, "m"
    if value < 5.0:
        return _tidy(value * 1e-3), "mm"
    return _tidy(value * 1e-6), "µm"


def energy_of_wavelength(wavelength_m: float) -> float:
    """Photon energy in electronvolts."""
    return PLANCK_TIMES_LIGHT_EV_M / wavelength_m


def _tidy(value: float) -> float:
    """The value without the last digits that a change of unit makes untidy (0.172 mm is 0.000172 m)."""
    return float(f"{value:.13g}")


def _plain(unit: str) -> str:
    text = unit.strip().lower()
    if text not in _LENGTHS_M and text.endswith("s"):
        text = text[:-1]
    return text
