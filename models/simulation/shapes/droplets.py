"""Droplets of superfluid helium, bare or with a dopant core."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.simulation.shapes.body import Real
from models.simulation.shapes.ellipsoid import Ellipsoid, spheroid
from models.simulation.shapes.layers import Nested, nested
from models.simulation.shapes.materials import HELIUM, XENON


def helium_droplet(
    diameter: float,
    aspect: float = 1.0,
    *,
    core_diameter: float = 0.0,
    core_at: npt.ArrayLike = (0.0, 0.0, 0.0),
    core_density: float | None = None,
) -> Ellipsoid | Nested:
    """A uniform droplet of liquid helium; rotation makes it oblate (Gomez et al., Science 345 (2014) 906).

    Args:
        diameter: largest diameter, nm.
        aspect: polar over equatorial diameter; 1 is a sphere, below 1 oblate about z, above 1 prolate.
        core_diameter: of a spherical dopant cluster, nm; 0 for none.
        core_at: (3,) its centre, nm.
        core_density: its electrons/nm³; None for liquid xenon, the usual dopant.

    Raises:
        BadParameter: for sizes that are not positive, or a core that is not inside.
    """
    if not (diameter > 0 and aspect > 0 and core_diameter >= 0):
        raise BadParameter(
            f"a droplet of {diameter:g} nm, aspect {aspect:g}, core {core_diameter:g} nm",
            cause="sizes are positive",
        )
    equator, polar = (diameter, diameter * aspect) if aspect <= 1 else (diameter / aspect, diameter)
    helium = spheroid(equator, polar, HELIUM.electrons_per_nm3)
    if core_diameter == 0:
        return helium
    place = np.asarray(core_at, dtype=np.float64)
    if helium.depth(place + core_diameter / 2 * _directions(500)).min() < 0:
        raise BadParameter(
            f"a core of {core_diameter:g} nm at {place.tolist()} nm", cause="it does not lie inside the droplet"
        )
    core = XENON.electrons_per_nm3 if core_density is None else core_density
    dopant = Ellipsoid((core_diameter / 2,) * 3, core)
    return nested(helium, dopant, positions=np.stack([np.zeros(3), place]))


def _directions(n: int) -> Real:
    """(n, 3) unit vectors spread evenly over the sphere, on a spiral of the golden angle."""
    z = (np.arange(n) + 0.5) * (2 / n) - 1
    turn = np.pi * (3 - 5**0.5) * np.arange(n)
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)
