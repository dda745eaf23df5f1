"""What is tried on every damaged geometry file."""

from __future__ import annotations

from pathlib import Path


def use_geometry(path: Path) -> None:
    """Read it. Raises FriedelError where it is refused."""
    from models.geometry.crystfel import read_geom

    read_geom(path)
