"""The X-ray pulse: its focus, where in it a particle is hit, and how pulses differ from shot to shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.parameters import parameter

JOULE_PER_EV = 1.602176634e-19
NM_PER_UM = 1e3

DRAWN = "drawn"
PROPORTIONAL = "proportional"
PHYSICAL = "physical"
GUINIER = "guinier"

Real = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class BeamSettings:
    """The pulse and what it carries besides. All of it is out of the way by default: brightness is drawn."""

    fluence: str = parameter(
        DRAWN,
        "what decides how bright a frame is: drawn (photons-low … photons-high for every class alike), proportional "
        "(that many photons for each particle), physical (pulse energy, focus, solid angle and electrons)",
        choices=(DRAWN, PROPORTIONAL, PHYSICAL),
    )
    polarisation: str = parameter(
        "ignored",
        "direction of the electric field; ignored leaves the factor out",
        choices=("ignored", "horizontal", "vertical", "unpolarised"),
    )
    solid_angle: bool = parameter(
        False, "weigh pixels with their exact solid angle; with physical fluence this is always so"
    )
    pulse_energy_J: float = parameter(
        2e-3, "mean energy of a pulse before the optics (physical fluence)", unit="J", low=1e-12, high=1.0
    )
    transmission: float = parameter(
        1.0, "share of the pulse that reaches the focus (physical fluence)", low=1e-12, high=1.0
    )
    focus_profile: str = parameter(
        "gaussian",
        "fluence across the focus (physical fluence): gaussian, top-hat, or lorentzian, whose knife-edge scans are "
        "those of a Lorentzian line",
        choices=("gaussian", "top-hat", "lorentzian"),
    )
    focus_fwhm_um: float = parameter(
        1.0, "full width at half maximum of the focus; diameter of a top hat", unit="µm", low=1e-3, high=1e4
    )
    hit_radius: float = parameter(
        1.0,
        "particles pass anywhere in a disc of this radius about the focus; 0 hits each in its middle (physical)",
        unit="FWHM",
        low=0.0,
        high=10.0,
    )
    sase_modes: float = parameter(
        30.0,
        "modes of a self-amplified pulse: its energy fluctuates like a gamma variable, relative deviation 1/√modes; "
        "0 for none (physical fluence)",
        low=0.0,
        high=1e6,
    )
    photon_energy_spread: float = parameter(
        0.0, "relative standard deviation of the photon energy from pulse to pulse", low=0.0, high=0.1
    )
    background_photons: float = parameter(
        100.0,
        "photons of parasitic scattering on the usable pixels at the mean pulse energy (physical fluence)",
        unit="photons",
        low=0.0,
        high=1e9,
    )
    background_form: str = parameter(
        "halo",
        "how background is spread: halo (of apertures and gas, on a flat floor, another one every run), guinier "
        "(exp(−q²Rg²/3) about the beam)",
        choices=("halo", GUINIER),
    )
    guinier_rg_nm: float = parameter(
        10.0, "radius of gyration Rg of the Guinier-like background", unit="nm", low=1e-3, high=1e4
    )


@dataclass(frozen=True, slots=True)
class Shot:
    """One pulse as a particle meets it.

    Attributes:
        photon_energy_eV: of this pulse.
        pulse_energy_J: before the optics; NaN where brightness is not physical.
        position_um: (y, x) of the particle in the focus; NaN likewise.
        fluence_per_nm2: photons per nm² at the particle; NaN likewise.
    """

    photon_energy_eV: float
    pulse_energy_J: float = np.nan
    position_um: tuple[float, float] = (np.nan, np.nan)
    fluence_per_nm2: float = np.nan


def focus(profile: str, fwhm_um: float, radius_um: npt.ArrayLike) -> Real:
    """Share of the pulse per nm² at a distance from the middle of the focus; its integral over the plane is 1.

    Args:
        profile: "gaussian"; "top-hat", a disc of diameter `fwhm_um`; "lorentzian", (1 + r²/a²)^(−3/2)/2πa², the
            round profile whose integral over one axis is a Lorentzian (its own power stays finite, unlike that of a
            Lorentzian in r).
        fwhm_um: full width at half maximum.
        radius_um: distances, any shape.
    """
    r = np.asarray(radius_um, dtype=np.float64) * NM_PER_UM
    width = fwhm_um * NM_PER_UM
    if profile == "top-hat":
        return np.where(r <= width / 2, 1 / (np.pi * (width / 2) ** 2), 0.0)
    if profile == "gaussian":
        variance = width**2 / (8 * np.log(2))
        return np.asarray(np.exp(-(r**2) / (2 * variance)) / (2 * np.pi * variance))
    a2 = (width / 2) ** 2 / (2 ** (2 / 3) - 1)
    return np.asarray((1 + r**2 / a2) ** -1.5 / (2 * np.pi * a2))


def draw_shot(rng: np.random.Generator, beam: BeamSettings, photon_energy_eV: float) -> Shot:
    """A pulse of the beam, and where in its focus the particle is.

    Hits are uniform over the disc of `hit_radius`: the particle beam is much wider than the focus. Pulse energies of
    a self-amplified source in the linear regime are gamma distributed with M modes (Saldin, Schneidmiller & Yurkov,
    Opt. Commun. 148 (1998) 383).
    """
    energy = photon_energy_eV
    if beam.photon_energy_spread > 0:
        energy *= float(np.clip(1 + beam.photon_energy_spread * rng.standard_normal(), 0.5, 1.5))
    if beam.fluence != PHYSICAL:
        return Shot(energy)
    pulse = beam.pulse_energy_J
    if beam.sase_modes > 0:
        pulse *= float(rng.gamma(beam.sase_modes, 1 / beam.sase_modes))
    radius = beam.hit_radius * beam.focus_fwhm_um * np.sqrt(rng.random())
    angle = 2 * np.pi * rng.random()
    share = float(focus(beam.focus_profile, beam.focus_fwhm_um, radius))
    photons = pulse * beam.transmission / (energy * JOULE_PER_EV)
    where = (float(radius * np.sin(angle)), float(radius * np.cos(angle)))
    return Shot(energy, pulse, where, photons * share)
