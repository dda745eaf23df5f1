"""Noise-free frames kept ready for training: rendered once, given new noise, masks and backgrounds every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulation.generate import Kind, render_batch
from models.simulation.particles import DIAMETERS_NM, Species, random_species
from models.simulation.settings import SimulationSettings

POOL_SIDE_PX = 80
"""Side of a kept frame: 64 for the network and a rim for shifts and turns."""

BINNING = 2
"""Detector pixels per pool pixel and axis."""

STATION = SimulationSettings(height=POOL_SIDE_PX * BINNING, width=POOL_SIDE_PX * BINNING)
"""The simulator's default beamline with a wider detector."""


@dataclass
class Pool:
    """Noise-free frames of many species.

    Attributes:
        ids: (S,) int64 species numbers.
        frames: (S, 2, K, side, side) float16 square roots of intensity; axis 1 is single, aggregate. Each frame's
            largest value is 1.
        droplets: (D, side, side) float16 likewise, of contaminants.
    """

    ids: npt.NDArray[np.int64]
    frames: npt.NDArray[np.float16]
    droplets: npt.NDArray[np.float16]

    def replace(
        self, slot: int, species_id: int, rng: np.random.Generator, diameters_nm: tuple[float, float] = DIAMETERS_NM
    ) -> None:
        """Put a newly rendered species, of a diameter in the range, in place of another."""
        self.ids[slot] = species_id
        particle = random_species(species_id, diameters_nm=diameters_nm)
        self.frames[slot] = render_species(particle, self.frames.shape[2], rng)


def empty_pool(species: int, frames_per_class: int, droplets: int) -> Pool:
    """A pool with nothing rendered yet; fill it with `replace` and `render_droplets`."""
    side = POOL_SIDE_PX
    return Pool(
        ids=np.full(species, -1, np.int64),
        frames=np.zeros((species, 2, frames_per_class, side, side), np.float16),
        droplets=np.zeros((droplets, side, side), np.float16),
    )


def render_species(species: Species, frames_per_class: int, rng: np.random.Generator) -> npt.NDArray[np.float16]:
    """(2, K, side, side) float16 roots of one species: singles, then aggregates of 2 to 4."""
    kinds = [Kind.SINGLE] * frames_per_class + [Kind.MULTI] * frames_per_class
    return _roots([species] * len(kinds), kinds, rng).reshape(2, frames_per_class, POOL_SIDE_PX, POOL_SIDE_PX)


def render_droplets(n: int, rng: np.random.Generator) -> npt.NDArray[np.float16]:
    """(n, side, side) float16 roots of contaminants, each another droplet."""
    return _roots([None] * n, [Kind.CONTAMINANT] * n, rng)


def _roots(
    species: Sequence[Species | None], kinds: Sequence[Kind], rng: np.random.Generator
) -> npt.NDArray[np.float16]:
    fine = render_batch(species, kinds, None, rng, STATION)
    n = len(fine)
    coarse = fine.reshape(n, POOL_SIDE_PX, BINNING, POOL_SIDE_PX, BINNING).sum((2, 4))
    root: npt.NDArray[np.float16] = np.sqrt(coarse / coarse.max((1, 2), keepdims=True)).astype(np.float16)
    return root
