"""Atoms from PDB and mmCIF files.

What is kept: the first model; of alternative locations the likeliest of each residue; hydrogens as the file has them
(crystal structures mostly lack them: 7 % of a protein's electrons); ligands and ions. What is left out: water, unless
asked for; the bulk solvent and the hydration shell, which a file does not hold; temperature factors, which describe
the crystal rather than one molecule.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.errors import CannotOpen
from models.simulation.shapes.atoms import Atoms

if TYPE_CHECKING:
    import gemmi

log = logging.getLogger(__name__)

MOST_ATOMS = 5_000_000

# Files older than PDB format 2 hold an identifier and a line number where the element and the charge are now.
_OLD_LINE = 72


def read_atoms(
    path: Path | str,
    *,
    assembly: bool = True,
    water: bool = False,
    photon_energy_eV: float | None = None,
) -> Atoms:
    """The molecule in a PDB or mmCIF file, its electrons' centre at the origin.

    Args:
        path: .pdb, .ent, .cif or .mmcif, gzipped or not.
        assembly: build the first biological assembly from the file's operators, where it has one.
        water: keep the water molecules the file has.
        photon_energy_eV: see `Atoms`.

    Raises:
        CannotOpen: for a file that is missing, damaged, without atoms, or with more than `MOST_ATOMS`.
    """
    path = Path(path)
    if not path.is_file():
        raise CannotOpen(f"{path} cannot be read", cause="there is no such file")
    try:
        rows = _rows(_model(path, assembly), water)
    except (RuntimeError, ValueError, IndexError, OSError) as error:
        lines = str(error).replace(str(path), path.name).splitlines()
        raise CannotOpen(
            f"{path.name} cannot be read as a molecule",
            cause=lines[0].rstrip(":") if lines else type(error).__name__,
            hint="give a coordinate file in PDB or mmCIF format",
        ) from error
    unknown = int((rows[:, 3] == 0).sum())
    if unknown:
        log.warning("%s: %d atoms of unknown element left out", path.name, unknown)
        rows = rows[rows[:, 3] > 0]
    rows = rows[rows[:, 4] > 0]
    if not len(rows):
        raise CannotOpen(
            f"{path.name} holds no atoms", hint="give a coordinate file in PDB or mmCIF format with ATOM records"
        )
    if not np.isfinite(rows).all() or np.abs(rows[:, :3]).max() > 1e5:
        raise CannotOpen(f"{path.name} holds atoms at impossible places", cause="the coordinates are damaged")
    positions, numbers, occupancies = rows[:, :3] / 10, rows[:, 3].astype(np.int64), rows[:, 4]
    electrons = numbers * occupancies
    centre = electrons @ positions / electrons.sum()
    return Atoms(positions - centre, numbers, np.ascontiguousarray(occupancies), photon_energy_eV)


def _model(path: Path, assembly: bool) -> gemmi.Model:
    """The first model of the file, or its first biological assembly."""
    import gemmi

    try:
        structure = gemmi.read_structure(str(path))
    except RuntimeError as error:
        if "charge" not in str(error):
            raise
        structure = gemmi.read_pdb(str(path), max_line_length=_OLD_LINE)
    if len(structure) == 0:
        raise CannotOpen(f"{path.name} holds no model", cause="it has no atom records")
    while len(structure) > 1:
        del structure[len(structure) - 1]
    if assembly and len(structure.assemblies):
        first = structure.assemblies[0]
        copies = sum(len(generator.operators) for generator in first.generators)
        atoms = structure[0].count_atom_sites()
        if copies * atoms > MOST_ATOMS:
            raise CannotOpen(
                f"{path.name} is too large",
                cause=f"{copies} copies of {atoms} atoms are more than {MOST_ATOMS}",
                hint="make the assembly of fewer operators",
            )
        structure.setup_entities()
        structure.transform_to_assembly(first.name, gemmi.HowToNameCopiedChain.Dup)
    return structure[0]


def _rows(model: gemmi.Model, water: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(N, 5) x, y, z in Å, atomic number, occupancy."""
    rows: list[tuple[float, float, float, int, float]] = []
    for chain in model:
        for residue in chain:
            if residue.is_water() and not water:
                continue
            chosen = _likeliest(residue)
            for atom in residue:
                if atom.has_altloc() and atom.altloc != chosen:
                    continue
                # The likeliest conformer stands for the whole residue.
                occupancy = 1.0 if atom.has_altloc() else min(1.0, max(0.0, atom.occ))
                place = atom.pos
                rows.append((place.x, place.y, place.z, atom.element.atomic_number, occupancy))
    return np.array(rows, dtype=np.float64).reshape(-1, 5)


def _likeliest(residue: gemmi.Residue) -> str:
    """The alternative location with the largest occupancy, the first of equals; "" where there are none."""
    shares: dict[str, float] = {}
    for atom in residue:
        if atom.has_altloc():
            shares[atom.altloc] = shares.get(atom.altloc, 0.0) + atom.occ
    return max(shares, key=lambda name: shares[name]) if shares else ""
