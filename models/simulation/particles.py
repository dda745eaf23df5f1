"""Particle species: what flies through the beam, made reproducibly from whole numbers.

A species is its number: `random_species(17)` is the same particle everywhere and for ever, so a training, a
validation and a test set are disjoint when their numbers are (`TRAIN_IDS`, `VALIDATION_IDS`, `TEST_IDS`). The
user's own particles come from files: `load_particle`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter, CannotOpen
from models.simulation import rotations
from models.simulation.shapes import (
    Blobs,
    Ellipsoid,
    Layered,
    Polyhedron,
    Shape,
    box,
    convex,
    dodecahedron,
    helium_droplet,
    icosahedron,
    nested,
    octahedron,
    sphere,
    spheroid,
    tetrahedron,
    truncated,
)
from models.simulation.shapes.map_file import read_map
from models.simulation.shapes.structure_file import read_atoms

Real = npt.NDArray[np.floating[Any]]

TRAIN_IDS = range(0, 1_000_000)
VALIDATION_IDS = range(1_000_000, 2_000_000)
TEST_IDS = range(2_000_000, 3_000_000)
FILE_IDS = range(3_000_000, 4_000_000)
"""particles from files: the number is a digest of the file's content"""

PROTEIN_FAMILIES = ("globule", "oligomer", "cage", "rod")
"""protein-like clouds of blobs: one chain, a symmetric complex of chains, a closed shell, a helix"""
FAMILIES = ("sphere", "icosahedron", "capsid", *PROTEIN_FAMILIES)
"""every family that a number picks when left to itself"""
SHAPE_FAMILIES = ("spheroid", "platonic", "potato", "core_shell", "helium")
"""families by name only: flattened or elongated spheres; regular solids, whole or with their corners cut off; random
convex polyhedra; a core of another density anywhere in a spheroid; helium droplets, some with a xenon core"""
NAMED_FAMILIES = (*FAMILIES, *SHAPE_FAMILIES)
"""every family that can be asked for by name"""
MOLECULE = "molecule"
"""the family of particles read from coordinates"""
MAP = "map"
"""the family of particles read from density maps"""
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
        id: the number it was made from; one of `FILE_IDS` for a file's; −1 for a droplet drawn on the way.
        family: one of `NAMED_FAMILIES`, `MOLECULE`, `MAP`, or `DROPLET`.
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
        family: one of `NAMED_FAMILIES`; None lets the number decide among `FAMILIES`.
        diameters_nm: range the number's diameter falls in, log-uniform; the same number keeps its place in the range.

    Raises:
        BadParameter: for an unknown family or a range that is empty or not positive.
    """
    if isinstance(seed_or_rng, np.random.Generator):
        seed_or_rng = int(seed_or_rng.integers(TRAIN_IDS.start, TRAIN_IDS.stop))
    number = int(seed_or_rng)
    if number < 0:
        raise BadParameter(f"species number {number}", cause="it must not be negative")
    if family is not None and family not in NAMED_FAMILIES:
        raise BadParameter(f"particle family {family!r}", cause=f"it must be one of {', '.join(NAMED_FAMILIES)}")
    rng = np.random.default_rng([_SALT, number])
    drawn = str(rng.choice(list(_SHARES), p=np.array(list(_SHARES.values())) / sum(_SHARES.values())))
    diameter = _log_uniform(rng, diameters_nm)
    family = family or drawn
    return Species(number, family, diameter, _BUILDERS[family](rng, diameter))


_COORDINATES = (".pdb", ".ent", ".cif", ".mmcif")
_MAPS = (".mrc", ".map", ".ccp4")


def load_particle(
    path: Path | str,
    *,
    assembly: bool = True,
    photon_energy_eV: float | None = None,
    electrons: float | None = None,
    contour: float = 0.0,
) -> Species:
    """The particle in a file of coordinates (PDB, mmCIF) or of a density map (MRC, CCP4).

    Args:
        path: .pdb, .ent, .cif or .mmcif, also with .gz; .mrc, .map or .ccp4.
        assembly: of coordinates build the biological assembly, where the file has one.
        photon_energy_eV: of coordinates include the atoms' anomalous dispersion at this energy.
        electrons: of a map, what it is scaled to; None takes its mean density to be protein's.
        contour: of a map, the level below which it is emptied, in the file's units.

    Raises:
        CannotOpen: for a file that is missing, damaged, empty or of another kind.
        BadParameter: for an option out of its range.
    """
    path = Path(path)
    kind = Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    shape: Shape
    if kind in _COORDINATES:
        family, shape = MOLECULE, read_atoms(path, assembly=assembly, photon_energy_eV=photon_energy_eV)
    elif kind in _MAPS:
        family, shape = MAP, read_map(path, electrons=electrons, contour=contour)
    else:
        raise CannotOpen(
            f"{path.name} is no particle that can be read",
            hint=f"give coordinates ({', '.join(_COORDINATES)}) or a density map ({', '.join(_MAPS)})",
        )
    number = FILE_IDS.start + crc32(path.read_bytes()) % len(FILE_IDS)
    return Species(number, family, 2 * shape.radius, shape)


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


def _aspect(rng: np.random.Generator) -> tuple[float, float]:
    """Equatorial and polar size of a spheroid, the larger of them 1."""
    aspect = float(rng.uniform(0.4, 0.95))
    return (1.0, aspect) if rng.random() < 0.5 else (aspect, 1.0)


def _spheroid(rng: np.random.Generator, diameter: float) -> Shape:
    equator, polar = _aspect(rng)
    return spheroid(diameter * equator, diameter * polar)


def _cube(diameter: float) -> Polyhedron:
    return box(*(diameter / 3**0.5,) * 3)


def _platonic(rng: np.random.Generator, diameter: float) -> Shape:
    """One of the five regular solids, half of them with their corners cut off."""
    make = (tetrahedron, _cube, octahedron, dodecahedron, icosahedron)[int(rng.integers(5))]
    solid = make(diameter)
    if rng.random() < 0.5:
        solid = truncated(solid, float(rng.uniform(0.1, 0.45)))
    return _grown(solid, diameter)


def _potato(rng: np.random.Generator, diameter: float) -> Shape:
    """The hull of 8 to 40 points near an ellipsoid: crystallites, grains, dust."""
    directions = rng.standard_normal((int(rng.integers(8, 41)), 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    reach = rng.uniform(0.75, 1.0, (len(directions), 1))
    # The six along the axes keep the hull from falling flat, whatever is drawn.
    points = np.concatenate([directions * reach, 0.7 * np.eye(3), -0.7 * np.eye(3)])
    return _grown(convex(points * rng.uniform(0.5, 1.0, 3)), diameter)


def _core_shell(rng: np.random.Generator, diameter: float) -> Shape:
    """A spheroid with a spherical core, lighter or denser, at a random place within."""
    equator, polar = _aspect(rng)
    outer = spheroid(diameter * equator, diameter * polar)
    room = min(outer.semi_axes)
    size = float(room * rng.uniform(0.3, 0.8))
    direction = rng.standard_normal(3)
    place = direction / np.linalg.norm(direction) * (room - size) * rng.random()
    density = float(rng.uniform(0.0, 0.6) if rng.random() < 0.5 else rng.uniform(1.5, 4.0))
    return nested(outer, Ellipsoid((size,) * 3, density), positions=np.stack([np.zeros(3), place]))


def _helium(rng: np.random.Generator, diameter: float) -> Shape:
    aspect = 1.0 if rng.random() < 0.4 else float(rng.uniform(0.55, 1.0))
    if rng.random() < 0.6:
        return helium_droplet(diameter, aspect)
    core = float(rng.uniform(0.1, 0.4)) * diameter * aspect
    reach = (aspect * diameter - core) / 2 * rng.random() ** (1 / 3)
    direction = rng.standard_normal(3)
    place = direction / np.linalg.norm(direction) * reach
    return helium_droplet(diameter, aspect, core_diameter=core, core_at=place)


def _grown(solid: Polyhedron, diameter: float) -> Polyhedron:
    """The same solid in a bounding sphere of `diameter`."""
    return Polyhedron(solid.vertices * (diameter / 2 / solid.radius), solid.faces, solid.density)


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
    "spheroid": _spheroid,
    "platonic": _platonic,
    "potato": _potato,
    "core_shell": _core_shell,
    "helium": _helium,
}
