"""Simulated runs: the plan of every frame, noise-free intensities for training, and counted frames block by block."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.progress import Progress
from models.simulation import detector
from models.simulation.particles import DROPLET, Species, random_droplet, random_species
from models.simulation.propagation import Placed, aggregate, intensity
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings, checked, families

FloatStack = npt.NDArray[np.float32]


class Kind(IntEnum):
    """What a frame shows."""

    SINGLE = 0
    """one particle of the sample"""
    MULTI = 1
    """several particles of the sample, touching"""
    BLANK = 2
    """background only"""
    CONTAMINANT = 3
    """something that is not the sample: a droplet"""


_STREAM_OF_BACKGROUND = 11

KIND_NAMES = ("single", "multi", "blank", "contaminant")


@dataclass(frozen=True, eq=False)
class Truth:
    """What every frame really is; all arrays have the run's length.

    Attributes:
        kind: uint8 of `Kind`.
        species: int64 number of the sample species; −1 for blanks and contaminants.
        particles: uint8 number of particles in the beam.
        photons: float32 expected photons on the usable pixels, sample and background together.
        background: float32 expected background photons among them.
        orientation: (N, 4) float32 quaternion (w, x, y, z) of the first particle; NaN for blanks.
        diameter_nm: float32 of one particle; NaN for blanks.
        centre_px: (N, 2) float32 (y, x) of the beam.
    """

    kind: npt.NDArray[np.uint8]
    species: npt.NDArray[np.int64]
    particles: npt.NDArray[np.uint8]
    photons: npt.NDArray[np.float32]
    background: npt.NDArray[np.float32]
    orientation: npt.NDArray[np.float32]
    diameter_nm: npt.NDArray[np.float32]
    centre_px: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedBlock(Progress):
    """A few consecutive frames of a simulated run.

    Attributes:
        start: index of the first.
        counts: (n, H, W) uint16 photons.
        truth: of these frames.
    """

    start: int
    counts: npt.NDArray[np.uint16]
    truth: Truth


def species_of(settings: SimulationSettings) -> list[Species]:
    """The sample species of a run, in the order of their numbers."""
    kinds = families(settings)
    numbers = range(settings.first_species, settings.first_species + settings.species)
    return [random_species(i, kinds[i % len(kinds)] if kinds else None, settings.diameters_nm) for i in numbers]


def render_batch(
    species: Sequence[Species | None],
    kinds: npt.ArrayLike,
    photons: npt.ArrayLike | None,
    rng: np.random.Generator,
    settings: SimulationSettings,
) -> FloatStack:
    """Noise-free intensities of the sample alone, in fresh random orientations: what training caches and re-noises.

    Args:
        species: of every frame; None (or any species) for blanks; for contaminants a droplet, or None to draw one.
        kinds: (n,) of `Kind`.
        photons: (n,) expected sample photons on the usable pixels; None scales every frame to 1.
        rng: draws orientations, aggregates, sizes and the beam's position.
        settings: the beamline; its class shares, fluence and seed are not used.

    Returns:
        (n, H, W) float32, 0 for blanks. No mask, background or noise: see `detector.expected_counts` and
        `detector.sample_counts`.

    Raises:
        BadParameter: for a single or an aggregate without a species.
    """
    what = np.asarray(kinds)
    seen = detector.usable(settings)
    wanted = np.broadcast_to(np.asarray(1.0 if photons is None else photons, dtype=np.float32), len(what))
    out = np.zeros((len(what), *settings.shape), dtype=np.float32)
    for i, (kind, particle) in enumerate(zip(what, species, strict=True)):
        if kind == Kind.BLANK:
            continue
        picture = _render(Kind(int(kind)), particle, rng, settings).picture
        out[i] = picture * (wanted[i] / picture[seen].sum())
    return out


@dataclass(frozen=True, eq=False)
class _Rendered:
    picture: npt.NDArray[np.float32]
    particles: int
    orientation: npt.NDArray[Any]
    diameter_nm: float
    centre_px: tuple[float, float]


def _render(kind: Kind, species: Species | None, rng: np.random.Generator, settings: SimulationSettings) -> _Rendered:
    """One exposure without noise; `species` is needed unless the frame shows a contaminant."""
    if kind == Kind.CONTAMINANT and (species is None or species.family != DROPLET):
        species = random_droplet(rng, (settings.droplet_low_nm, settings.droplet_high_nm))
    if species is None:
        raise BadParameter(f"a {kind.name.lower()} frame without a species", hint="give the species it shows")
    scale = float(np.clip(1 + settings.size_spread * rng.standard_normal(), 0.5, 1.5))
    offset = rng.normal(0.0, settings.centre_jitter_px, 2) if settings.centre_jitter_px > 0 else np.zeros(2)
    if kind == Kind.MULTI:
        copies = int(rng.integers(2, settings.most_copies + 1))
        placed, turns = aggregate(species.shape, copies, rng, scale)
    else:
        turns = random_quaternions(rng, 1)
        placed = [Placed(species.shape, rotation_matrix(turns[0]), np.zeros(3), scale)]
    dy, dx = float(offset[0]), float(offset[1])
    cy, cx = settings.centre_px
    picture = intensity(placed, settings, (dy, dx))
    return _Rendered(picture, len(placed), turns[0], species.diameter_nm * scale, (cy + dy, cx + dx))


def simulate(settings: SimulationSettings, block_frames: int = 32) -> Generator[SimulatedBlock, None, Truth]:
    """Simulate a run, a block of frames at a time.

    Every frame has its own random numbers, so frames do not depend on the block size, and the first n frames of a
    longer run with the same settings are the same.

    Raises:
        BadParameter: where the settings do not describe a run.
    """
    checked(settings)
    pool = species_of(settings)
    form = detector.random_form(np.random.default_rng([settings.seed, 0, _STREAM_OF_BACKGROUND]))
    parts = []
    for start in range(0, settings.frames, block_frames):
        stop = min(start + block_frames, settings.frames)
        frames = [_expose(i, pool, form, settings) for i in range(start, stop)]
        truth = join([truth for _, truth in frames])
        parts.append(truth)
        yield SimulatedBlock(
            done=stop,
            total=settings.frames,
            unit="frames",
            message="simulating",
            start=start,
            counts=np.stack([counts for counts, _ in frames]),
            truth=truth,
        )
    return join(parts)


def _expose(
    index: int, pool: list[Species], form: detector.BackgroundForm, settings: SimulationSettings
) -> tuple[npt.NDArray[np.uint16], Truth]:
    """Counts of one frame and its truth (arrays of length 1)."""
    rng = np.random.default_rng([settings.seed, index])
    shares = np.array([settings.single, settings.multi, settings.blank, settings.contaminant])
    kind = Kind(int(rng.choice(4, p=shares / shares.sum())))
    # Drawn before and whatever the class, so that brightness cannot tell one from another.
    photons = settings.photons_low * (settings.photons_high / settings.photons_low) ** rng.random()
    share = settings.background_low * (settings.background_high / settings.background_low) ** rng.random()
    chosen = pool[int(rng.integers(len(pool)))]
    if kind == Kind.BLANK:
        blank = np.zeros(settings.shape, np.float32)
        shown = _Rendered(blank, 0, np.full(4, np.nan), np.nan, settings.centre_px)
        share = 1.0
    else:
        shown = _render(kind, chosen, rng, settings)
    expected = detector.expected_counts(shown.picture[None], photons, share, rng, settings, form)
    sample = kind in (Kind.SINGLE, Kind.MULTI)
    truth = Truth(
        kind=np.array([kind], np.uint8),
        species=np.array([chosen.id if sample else -1], np.int64),
        particles=np.array([shown.particles], np.uint8),
        photons=np.array([photons], np.float32),
        background=np.array([photons * share], np.float32),
        orientation=np.array([shown.orientation], np.float32),
        diameter_nm=np.array([shown.diameter_nm], np.float32),
        centre_px=np.array([shown.centre_px], np.float32),
    )
    return detector.sample_counts(rng, expected[0]), truth


def join(parts: Sequence[Truth]) -> Truth:
    """The truth of consecutive pieces as one."""
    return Truth(**{field.name: np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(Truth)})
