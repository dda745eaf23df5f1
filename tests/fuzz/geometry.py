"""What is tried on every damaged geometry file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.geometry.assembly import Assembly, index_map
from models.geometry.crystfel import read_geom
from models.geometry.positions import bad_flags, positions_of

SLAB = (20, 24)
"""Pixels of the run's frames: damage may make the panels span more, or nothing."""


def use_geometry(path: Path) -> None:
    """Read it, and put a frame together by it. Raises FriedelError where it is refused."""
    detector = read_geom(path)
    positions = positions_of(detector, SLAB)
    assembly = Assembly(index_map(positions), SLAB, bad=bad_flags(detector, positions))
    raw, flags = assembly.apply(np.ones(SLAB, np.uint16), np.zeros(SLAB, np.uint8))
    if raw.shape != flags.shape or raw.shape != assembly.shape:
        raise AssertionError(f"a frame of {raw.shape}, flags of {flags.shape}")
