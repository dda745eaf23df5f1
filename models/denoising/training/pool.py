"""Noise-free frames kept ready for training: rendered once, exposed anew every time they are shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.denoising.training.settings import FrameTrainingSettings
from models.simulation.generate import Kind, render_batch
from models.simulation.particles import TRAIN_IDS, random_species
from models.simulation.settings import SimulationSettings

SIDE_PX = 128
SHARES = {
    "sphere": 3.0,
    "spheroid": 4.0,
    "icosahedron": 4.0,
    "platonic": 1.0,
    "potato": 0.7,
    "capsid": 2.0,
    "core_shell": 2.0,
    "helium": 1.0,
    "globule": 3.0,
    "oligomer": 3.0,
    "cage": 3.0,
    "rod": 3.0,
}
"""how often each family of particles is drawn, relative to the others"""
_LARGEST_IN_AGGREGATE_NM = 250.0
_HALF_FLOAT_SCALE = 64.0


def station(surface: str = "projected", side_px: int = SIDE_PX) -> SimulationSettings:
    """The simulator's default beamline with a whole detector and the beam in its middle."""
    return SimulationSettings(
        surface=surface, height=side_px, width=side_px, centre_jitter_px=0.0, gap_rows=0, beam_stop_px=0.0
    )


def speckle_px(diameter_nm: float) -> float:
    """Fringe spacing of a particle at that beamline: λL/(D p)."""
    where = station()
    return where.wavelength_nm * where.distance_m / (diameter_nm * where.pixel_size_m)


class Pool:
    """Frames (n, side, side) as float16 roots of intensity, the square of their norm being the same for all.

    Args:
        settings: what is drawn. rng: the only source of chance.
    """

    def __init__(self, settings: FrameTrainingSettings) -> None:
        self._settings = settings
        self.roots = np.zeros((settings.pool, SIDE_PX, SIDE_PX), np.float16)

    def render(self, slot: int, rng: np.random.Generator) -> None:
        """Put a new frame in a slot."""
        settings = self._settings
        families, shares = list(SHARES), np.array(list(SHARES.values()))
        family = str(rng.choice(families, p=shares / shares.sum()))
        number = int(rng.integers(TRAIN_IDS.start, TRAIN_IDS.stop))
        species = random_species(number, family, (settings.diameter_low_nm, settings.diameter_high_nm))
        several = rng.random() < settings.aggregates and species.diameter_nm < _LARGEST_IN_AGGREGATE_NM
        where = station("paraxial" if rng.random() < settings.curved else "projected")
        frame = render_batch([species], [Kind.MULTI if several else Kind.SINGLE], None, rng, where)[0]
        self.roots[slot] = (_HALF_FLOAT_SCALE * np.sqrt(frame / frame.sum(dtype=np.float64))).astype(np.float16)

    def draw(self, rng: np.random.Generator, side_px: int) -> npt.NDArray[np.float64]:
        """(side, side) intensity of a frame's middle, turned or mirrored at random; its sum is 1."""
        frame = self.roots[rng.integers(len(self.roots))]
        frame = np.rot90(frame, int(rng.integers(4)))
        if rng.random() < 0.5:
            frame = frame.T
        rim = (SIDE_PX - side_px) // 2
        intensity = frame[rim : rim + side_px, rim : rim + side_px].astype(np.float64) ** 2
        whole: npt.NDArray[np.float64] = intensity / intensity.sum()
        return whole
