"""Streams of labelled frames to train on: noise-free frames of simulated particles under a law of fluence.

Any other iterator of `LabelledFrames` does as well; a benchmark gives the same frames to every network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.classifying.types import BoolArray, FloatArray, IntArray
from models.parameters import parameter
from models.simulation import detector
from models.simulation.generate import Kind
from models.simulation.particles import TRAIN_IDS, random_species
from models.simulation.propagation import aggregate, intensity
from models.simulation.settings import SimulationSettings

PROPORTIONAL, INDEPENDENT = "proportional", "independent"


@dataclass(frozen=True, eq=False)
class LabelledFrames:
    """A batch of a stream.

    Attributes:
        frames: (n, H, W) float32 expected photons, background included, without mask or noise.
        species: (n,) int64. kind: (n,) int64 of `Kind`.
        valid: (H, W) bool, True = use.
    """

    frames: FloatArray
    species: IntArray
    kind: IntArray
    valid: BoolArray

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class FluenceLaw:
    """How many photons a frame is expected to have."""

    law: str = parameter(
        PROPORTIONAL,
        "proportional: photons_per_particle times the particles in the beam; independent: log-uniform whatever the "
        "frame shows",
        choices=(PROPORTIONAL, INDEPENDENT),
    )
    photons_per_particle: float = parameter(1000.0, "Of the proportional law", unit="photons", low=0.1)
    photons_low: float = parameter(50.0, "Fewest of the independent law", unit="photons", low=0.1)
    photons_high: float = parameter(20_000.0, "Most of the independent law", unit="photons", low=0.1)

    def draw(self, particles: npt.ArrayLike, rng: np.random.Generator) -> FloatArray:
        """(n,) expected photons of frames with that many particles."""
        number = np.asarray(particles, np.float64)
        if self.law == PROPORTIONAL:
            return np.asarray(self.photons_per_particle * np.maximum(number, 1.0), np.float32)
        ratio = self.photons_high / self.photons_low
        return np.asarray(self.photons_low * ratio ** rng.random(len(number)), np.float32)


def simulated_stream(
    law: FluenceLaw,
    station: SimulationSettings | None = None,
    *,
    ids: range = TRAIN_IDS[:200],
    samples: int = 20,
    candidates: int = 20,
    kept: int = 40,
    seed: int = 0,
) -> Iterator[LabelledFrames]:
    """Batches of `samples` groups (species and kind) of `candidates` frames each, for ever.

    Noise-free frames are rendered when a group is first asked for and kept, as the published training draws from
    fixed frames; photons and background are drawn anew every time.

    Args:
        law: of the fluence.
        station: the beamline; the simulator's default where None. Background is drawn from its range.
        ids: species to draw from.
        samples, candidates: groups in a batch and frames of each, with replacement as published.
        kept: noise-free frames rendered of every group.
        seed: the stream is a function of it.
    """
    station = station or SimulationSettings()
    rng = np.random.default_rng([seed, 1])
    pool: dict[tuple[int, int], tuple[npt.NDArray[np.float16], IntArray]] = {}
    valid = detector.usable(station)
    while True:
        frames, species, kinds = [], [], []
        for _ in range(samples):
            number, kind = int(rng.choice(ids)), int(rng.integers(2))
            if (number, kind) not in pool:
                pool[number, kind] = _render(number, Kind(kind), kept, station, seed)
            roots, particles = pool[number, kind]
            rows = rng.integers(0, kept, candidates)
            share = station.background_low * (station.background_high / station.background_low) ** rng.random(
                candidates
            )
            signal = roots[rows].astype(np.float32) ** 2
            photons = law.draw(particles[rows], rng)
            frames.append(detector.expected_counts(signal, photons, share, rng, station))
            species.append(np.full(candidates, number, np.int64))
            kinds.append(np.full(candidates, kind, np.int64))
        yield LabelledFrames(np.concatenate(frames), np.concatenate(species), np.concatenate(kinds), valid)


def _render(
    number: int, kind: Kind, kept: int, station: SimulationSettings, seed: int
) -> tuple[npt.NDArray[np.float16], IntArray]:
    """(kept, H, W) roots of noise-free frames, their largest value 1, and (kept,) particles in each."""
    rng = np.random.default_rng([seed, 0, number, kind])
    shape = random_species(number).shape
    single = kind == Kind.SINGLE
    particles = np.ones(kept, np.int64) if single else rng.integers(2, station.most_copies + 1, kept)
    frames = np.empty((kept, *station.shape), np.float16)
    for i, copies in enumerate(particles):
        scale = float(np.clip(1 + station.size_spread * rng.standard_normal(), 0.5, 1.5))
        dy, dx = rng.normal(0.0, 1.0, 2) * station.centre_jitter_px
        picture = intensity(aggregate(shape, int(copies), rng, scale)[0], station, (float(dy), float(dx)))
        frames[i] = np.sqrt(picture / max(float(picture.max()), 1e-30))
    return frames, particles
