"""Particle species: what flies through the beam, made reproducibly from whole numbers.

A species is its number: `random_species(17)` is the same particle everywhere and for ever, so a training, a
validation and a test set are disjoint when their numbers are (`TRAIN_IDS`, `VALIDATION_IDS`, `TEST_IDS`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.simulation import rotations
from models.simulation.shapes import Blobs, Ellipsoid, Layered, Polyhedron, Shape, icosahedron, sphere

Real = npt.NDArray[np.floating[Any]]

TRAIN_IDS = range(0, 1_000_000)
VALIDATION_IDS = range(1_000_000, 2_000_000)
TEST_IDS = range(2_000_000, 3_000_000)

PROTEIN_FAMILIES = ("globule", "oligomer", "cage", "rod")
"""protein-like clouds of blobs: one chain, a symmetric complex of chains, a closed shell, a helix"""
FAMILIES = ("sphere", "icosahedron", "capsid", *PROTEIN_FAMILIES)
"""every family a sample can have"""
DROPLET = "droplet"
"""the family of contaminants; never drawn as a sample"""

DIAMETERS_NM = (80.0, 220.0)
"""default range of sample diameters: speckles of 16 to 6 pixels at the default beamline"""

DROPLETS_NM = (90.0, 280.0)
"""default range of contaminant diameters: larger on average, but brightness and size alone do not tell them"""

# Protein-like particles are what samples mostly are and the only ones whose number of shapes is unlimited.
_SHARES = {"sphere": 1, "icosahedron": 1, "capsid": 2, "globule": 3, "oligomer": 4, "cage": 3, "rod": 3}
_SALT = 0x46724C


@dataclass(frozen=True, eq=False)
class Species:
    """One kind of particle.

    Attributes:
        id: the number it was made from; −1 for a droplet drawn on the way.
        family: one of `FAMILIES`, or `DROPLET`.
        diameter_nm: diameter of the bounding sphere.
        shape: the body, centred, in nm.
    """

    id: int
    family: str
    diameter_nm: float
    shape: Shape


def random_species(
    seed_or_rng: int | np.random.Generator,
    family: str | None = None,
    diameters_nm: tuple[float, float] = DIAMETERS_NM,
) -> Species:
    """The species of a number.

    Args:
        seed_or_rng: the species' number, or a generator to draw one of `TRAIN_IDS` from.
        family: one of `FAMILIES`; None lets the number decide.
        diameters_nm: range the number's diameter falls in, log-uniform; the same number keeps its place in the range.

    Raises:
        BadParameter: for an unknown family or a range that is empty or not positive.
    """
    if isinstance(seed_or_rng, np.random.Generator):
        seed_or_rng = int(seed_or_rng.integers(TRAIN_IDS.start, TRAIN_IDS.stop))
    number = int(seed_or_rng)
    if number < 0:
        raise BadParameter(f"species number {number}", cause="it must not be negative")
    if family is not None and family not in FAMILIES:
        raise BadParameter(f"particle family {family!r}", cause=f"it must be one of {', '.join(FAMILIES)}")
    rng = np.random.default_rng([_SALT, number])
    drawn = str(rng.choice(list(_SHARES), p=np.array(list(_SHARES.values())) / sum(_SHARES.values())))
    diameter = _log_uniform(rng, diameters_nm)
    family = family or drawn
    return Species(number, family, diameter, _BUILDERS[family](rng, diameter))


def random_droplet(rng: np.random.Generator, diameters_nm: tuple[float, float] = DROPLETS_NM) -> Species:
    """A contaminant: a round or slightly oblate or prolate droplet, some with a denser core."""
    diameter = _log_uniform(rng, diameters_nm)
    aspect = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.75, 1.0))
    polar, equator = (aspect, 1.0) if rng.random() < 0.5 else (1.0, aspect)
    body = Ellipsoid((diameter / 2 * equator, diameter / 2 * equator, diameter / 2 * polar))
    shape: Shape = body
    if rng.random() < 0.25:
        shape = Layered(body, float(rng.uniform(0.3, 0.7)), float(rng.uniform(-0.5, 1.0)))
    return Species(-1, DROPLET, diameter, shape)


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    low, high = limits
    if not 0 < low <= high:
        raise BadParameter(f"diameters {low} … {high} nm", cause="the range must be positive and not empty")
    return float(low * (high / low) ** rng.random())


def _sphere(rng: np.random.Generator, diameter: float) -> Shape:
    return sphere(diameter)


def _icosahedron(rng: np.random.Generator, diameter: float) -> Shape:
    return icosahedron(diameter)


def _capsid(rng: np.random.Generator, diameter: float) -> Shape:
    """A virus-like icosahedron or a vesicle-like sphere whose inside is lighter or denser than its shell."""
    outer: Ellipsoid | Polyhedron = icosahedron(diameter) if rng.random() < 0.6 else sphere(diameter)
    contrast = rng.uniform(-1.0, -0.4) if rng.random() < 0.7 else rng.uniform(0.5, 2.0)
    return Layered(outer, float(rng.uniform(0.5, 0.88)), float(contrast))


def _chain(rng: np.random.Generator, n: int, compactness: float) -> Real:
    """(n, 3) a random walk of unit steps drawn towards its own centre: a folded chain, not a spider's thread."""
    points = np.zeros((n, 3))
    centre = np.zeros(3)
    steps = rng.standard_normal((n, 3))
    bias = rng.standard_normal((3,)) * 0.3
    for i in range(1, n):
        pull = centre - points[i - 1]
        step = steps[i] / np.linalg.norm(steps[i]) + compactness * pull + bias * (1 - i / n)
        points[i] = points[i - 1] + step / np.linalg.norm(step)
        centre += (points[i] - centre) / (i + 1)
    return points


def _cloud(rng: np.random.Generator, points: Real, diameter: float) -> Blobs:
    """Blobs at `points`, centred on their mean and scaled to `diameter`."""
    weights = rng.uniform(0.6, 1.4, len(points))
    centred = points - (weights[:, None] * points).sum(axis=0) / weights.sum()
    extent = np.linalg.norm(centred, axis=1).max()
    sigma = diameter * float(rng.uniform(0.022, 0.045))
    return Blobs(centred * ((diameter / 2 - 2 * sigma) / extent), weights, sigma)


def _globule(rng: np.random.Generator, diameter: float) -> Shape:
    """A folded chain, or two or three domains of it joined like beads."""
    n = int(rng.integers(120, 300))
    domains = int(rng.integers(1, 4))
    parts = []
    offset = np.zeros(3)
    for _ in range(domains):
        part = _chain(rng, max(40, n // domains), float(rng.uniform(0.05, 0.3)))
        parts.append(part - part.mean(axis=0) + offset)
        direction = rng.standard_normal(3)
        reach = 2 * np.sqrt(((part - part.mean(axis=0)) ** 2).sum(axis=1).mean())
        offset = offset + direction / np.linalg.norm(direction) * reach
    return _cloud(rng, np.concatenate(parts), diameter)


def _oligomer(rng: np.random.Generator, diameter: float) -> Shape:
    """2 to 14 copies of a chain about a cyclic or dihedral axis: rings, barrels, propellers."""
    order = int(rng.integers(2, 8))
    symmetry = rotations.cyclic(order) if rng.random() < 0.5 else rotations.dihedral(order)
    n = int(np.clip(rng.integers(140, 320) // len(symmetry), 8, 120))
    subunit = _chain(rng, n, float(rng.uniform(0.02, 0.3)))
    spread = np.sqrt(((subunit - subunit.mean(axis=0)) ** 2).sum(axis=1).mean())
    offset = spread * np.array([rng.uniform(0.3, 0.35 * order + 0.6), 0.0, rng.uniform(0.3, 1.6)])
    return _cloud(rng, _repeat(symmetry, subunit - subunit.mean(axis=0) + offset), diameter)


def _cage(rng: np.random.Generator, diameter: float) -> Shape:
    """A closed shell with tetrahedral, octahedral or icosahedral rotations: ferritin, chaperones, small viruses."""
    symmetry = _cage_group(int(rng.integers(3)))
    n = int(np.clip(rng.integers(150, 330) // len(symmetry), 3, 24))
    subunit = _chain(rng, n, float(rng.uniform(0.0, 0.2)))
    subunit = subunit - subunit.mean(axis=0)
    spread = max(0.5, float(np.sqrt((subunit**2).sum(axis=1).mean())))
    direction = rng.standard_normal(3)
    distance = spread * np.sqrt(len(symmetry)) * rng.uniform(0.7, 1.3)
    return _cloud(rng, _repeat(symmetry, subunit + direction / np.linalg.norm(direction) * distance), diameter)


def _rod(rng: np.random.Generator, diameter: float) -> Shape:
    """A helix of equal subunits, 2 to 5 times as long as wide: filament pieces, tails, elongated complexes."""
    copies = int(rng.integers(6, 30))
    n = int(np.clip(rng.integers(150, 320) // copies, 5, 50))
    subunit = _chain(rng, n, float(rng.uniform(0.05, 0.3)))
    subunit = subunit - subunit.mean(axis=0)
    spread = max(0.5, float(np.sqrt((subunit**2).sum(axis=1).mean())))
    arm = spread * rng.uniform(0.3, 1.5)
    rise = (arm + spread) * 2 * rng.uniform(2.0, 5.0) / copies
    twist = rng.uniform(0.3, np.pi)
    shift = np.array([arm, 0.0, 0.0])
    turns = [
        (subunit + shift) @ rotations.about((0, 0, 1), twist * k).T + np.array([0, 0, rise * k])
        for k in range(copies)
    ]
    return _cloud(rng, np.concatenate(turns), diameter)


def _repeat(symmetry: Real, points: Real) -> Real:
    """(G·N, 3) the points under every rotation of a group."""
    return np.concatenate([points @ rotation.T for rotation in symmetry])


@lru_cache(maxsize=3)
def _cage_group(which: int) -> Real:
    return (rotations.tetrahedral, rotations.octahedral, rotations.icosahedral)[which]()


_BUILDERS: dict[str, Callable[[np.random.Generator, float], Shape]] = {
    "sphere": _sphere,
    "icosahedron": _icosahedron,
    "capsid": _capsid,
    "globule": _globule,
    "oligomer": _oligomer,
    "cage": _cage,
    "rod": _rod,
}
