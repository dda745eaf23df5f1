"""Density maps from MRC and CCP4 files (Cheng et al., J. Struct. Biol. 192 (2015) 146)."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from models.errors import BadParameter, CannotOpen
from models.simulation.shapes.density_map import VoxelMap
from models.simulation.shapes.materials import PROTEIN

_HEADER = 1024
_BYTES = {0: 1, 1: 2, 2: 4, 6: 2}
"""bytes per voxel of the modes that are read"""

MOST_VOXELS = 1 << 27


def read_map(path: Path | str, *, electrons: float | None = None, contour: float = 0.0) -> VoxelMap:
    """The density in a map file, its electrons' centre at the origin.

    Map files hold arbitrary units and noise about the particle. What lies at or below the contour is emptied; the
    rest is scaled.

    Args:
        path: .mrc, .map or .ccp4.
        electrons: the particle's number of electrons; None takes the mean density within the contour to be protein's.
        contour: level in the file's units, as published with the map.

    Raises:
        CannotOpen: for a file that is missing, damaged, of a kind that is not read, or empty above the contour.
        BadParameter: for a number of electrons that is not positive.
    """
    if electrons is not None and not electrons > 0:
        raise BadParameter(f"{electrons:g} electrons", cause="a particle has more than none")
    path = Path(path)
    _check_header(path)
    values, steps = _read(path)
    kept = np.where(values > contour, values, 0).astype(np.float32)
    total = float(kept.sum(dtype=np.float64))
    if not total > 0:
        raise CannotOpen(
            f"{path.name} is empty above the contour level {contour:g}",
            cause=f"its values are {values.min():g} … {values.max():g}",
            hint="give a level within them",
        )
    if electrons is None:
        electrons = PROTEIN.electrons_per_nm3 * np.count_nonzero(kept) * float(np.prod(steps))
    kept *= electrons / (total * float(np.prod(steps)))
    full = np.argwhere(kept.any(axis=(1, 2))), np.argwhere(kept.any(axis=(0, 2))), np.argwhere(kept.any(axis=(0, 1)))
    kept = np.ascontiguousarray(kept[tuple(slice(int(i.min()), int(i.max()) + 1) for i in full)])
    centre = []
    for axis in range(3):
        profile = kept.sum(axis=tuple(other for other in range(3) if other != axis), dtype=np.float64)
        centre.append(profile @ np.arange(len(profile)) / profile.sum())
    return VoxelMap(kept, steps, -np.array(centre) * steps)


def _check_header(path: Path) -> None:
    """Refuse what is no map, before anything of the size it claims is allocated."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
        size = path.stat().st_size
    except OSError as error:
        raise CannotOpen(f"{path} cannot be read", cause=error.strerror or str(error)) from error
    hint = "give a density map in MRC or CCP4 format"
    if len(head) < _HEADER:
        raise CannotOpen(f"{path.name} is not a density map", cause="it is shorter than a header", hint=hint)
    order = ">" if head[212:214] == b"\x11\x11" else "<"
    nx, ny, nz, mode = struct.unpack(order + "4i", head[:16])
    (extra,) = struct.unpack(order + "i", head[92:96])
    if not all(0 < n < 1 << 20 for n in (nx, ny, nz)) or head[208:211] != b"MAP":
        raise CannotOpen(f"{path.name} is not a density map", cause="its header makes no sense", hint=hint)
    if mode not in _BYTES:
        raise CannotOpen(
            f"{path.name} cannot be read", cause=f"mode {mode} is not a real density", hint="convert it to mode 2"
        )
    if nx * ny * nz > MOST_VOXELS:
        raise CannotOpen(
            f"{path.name} is too large",
            cause=f"{nx} × {ny} × {nz} voxels are more than {MOST_VOXELS}",
            hint="crop or bin it",
        )
    if extra < 0 or size < _HEADER + extra + nx * ny * nz * _BYTES[mode]:
        raise CannotOpen(f"{path.name} is incomplete", cause="the file is shorter than its header says")


def _read(
    path: Path,
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """(nx, ny, nz) values along x, y, z and (3,) voxel sizes in nm."""
    import gemmi

    try:
        file = gemmi.read_ccp4_map(str(path))
        sampling = [file.header_i32(word) for word in (8, 9, 10)]
        cell = [file.header_float(word) for word in range(11, 17)]
        file.setup(0.0, gemmi.MapSetup.ReorderOnly)
        values = np.array(file.grid, dtype=np.float32)
    except (RuntimeError, ValueError, IndexError, OSError) as error:
        raise CannotOpen(f"{path.name} cannot be read as a density map", cause=str(error).rstrip(":")) from error
    if any(abs(angle - 90) > 1e-3 for angle in cell[3:]):
        raise CannotOpen(
            f"{path.name} is on a skewed grid",
            cause=f"its cell angles are {cell[3]:g}°, {cell[4]:g}°, {cell[5]:g}°",
            hint="resample it on orthogonal axes",
        )
    if min(sampling) < 1 or not all(np.isfinite(length) and length > 0 for length in cell[:3]):
        raise CannotOpen(f"{path.name} has no voxel size", cause="the cell in its header is empty")
    if not np.isfinite(values).all():
        raise CannotOpen(f"{path.name} holds values that are not numbers", cause="the density is damaged")
    return values, np.array([length / n / 10 for length, n in zip(cell[:3], sampling, strict=True)])
