"""Simulated runs: the plan of every frame, noise-free intensities for training, and counted frames block by block."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.progress import Progress
from models.simulation import detector
from models.simulation.backend import NUMPY, array_library, to_numpy
from models.simulation.beam import PHYSICAL, PROPORTIONAL, Shot, draw_shot
from models.simulation.multislice import BORN
from models.simulation.panels import BadPixels, bad_pixels
from models.simulation.particles import DROPLET, MAP, MOLECULE, Species, load_particle, random_droplet, random_species
from models.simulation.photons import photons_per_pixel
from models.simulation.propagation import Placed, aggregate, intensity
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings, checked, families

FloatStack = npt.NDArray[np.float32]
Counts = npt.NDArray[Any]


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
_STREAM_OF_SHOTS = 17
_OF_KNOWN_DENSITY = (MOLECULE, MAP, "helium")

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
        orientation: (N, 4) float32 quaternion (w, x, y, z) of the first particle, turning it into the laboratory;
            NaN for blanks.
        orientations: (N, M, 4) float32 likewise of every particle, M the most there can be; NaN beyond `particles`.
        positions_nm: (N, M, 3) float32 (x, y, z) of their origins about the mean of them; NaN likewise.
        diameter_nm: float32 of one particle; NaN for blanks.
        centre_px: (N, 2) float32 (y, x) of the beam.
        photon_energy_eV: float32 of the pulse.
        pulse_energy_J: float32 before the optics; NaN where fluence is not physical.
        hit_position_um: (N, 2) float32 (y, x) of the particle in the focus; NaN likewise, and for blanks.
        fluence_per_nm2: float32 photons per nm² at the particle; NaN likewise, and for blanks.
    """

    kind: npt.NDArray[np.uint8]
    species: npt.NDArray[np.int64]
    particles: npt.NDArray[np.uint8]
    photons: npt.NDArray[np.float32]
    background: npt.NDArray[np.float32]
    orientation: npt.NDArray[np.float32]
    orientations: npt.NDArray[np.float32]
    positions_nm: npt.NDArray[np.float32]
    diameter_nm: npt.NDArray[np.float32]
    centre_px: npt.NDArray[np.float32]
    photon_energy_eV: npt.NDArray[np.float32]
    pulse_energy_J: npt.NDArray[np.float32]
    hit_position_um: npt.NDArray[np.float32]
    fluence_per_nm2: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedBlock(Progress):
    """A few consecutive frames of a simulated run.

    Attributes:
        start: index of the first.
        counts: (n, H, W) uint16 photons, or float32 ADU of an integrating detector.
        truth: of these frames.
    """

    start: int
    counts: Counts
    truth: Truth


def species_of(settings: SimulationSettings) -> list[Species]:
    """The sample species of a run, in the order of their numbers or files.

    Raises:
        CannotOpen: for a particle file that cannot be read.
    """
    if settings.particle_files:
        energy = settings.photon_energy_eV
        return [load_particle(path, photon_energy_eV=energy) for path in settings.particle_files]
    kinds = families(settings)
    numbers = range(settings.first_species, settings.first_species + settings.species)
    return [random_species(i, kinds[i % len(kinds)] if kinds else None, settings.diameters_nm) for i in numbers]


def render_batch(
    species: Sequence[Species | None],
    kinds: npt.ArrayLike,
    photons: npt.ArrayLike | None,
    rng: np.random.Generator,
    settings: SimulationSettings,
    device: str = NUMPY,
) -> FloatStack:
    """Noise-free intensities of the sample alone, in fresh random orientations: what training caches and re-noises.

    Args:
        species: of every frame; None (or any species) for blanks; for contaminants a droplet, or None to draw one.
        kinds: (n,) of `Kind`.
        photons: (n,) expected sample photons on the usable pixels; None scales every frame to 1.
        rng: draws orientations, aggregates, sizes and the beam's position.
        settings: the beamline; its class shares, fluence and seed are not used.
        device: what computes, see `backend.array_library`.

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
        picture = _render(Kind(int(kind)), particle, rng, settings, device).picture
        out[i] = picture * (wanted[i] / picture[seen].sum())
    return out


@dataclass(frozen=True, eq=False)
class _Rendered:
    """What a frame shows: orientations (n, 4) and positions (n, 3) of its n particles."""

    picture: npt.NDArray[np.float32]
    orientations: npt.NDArray[Any]
    positions_nm: npt.NDArray[Any]
    diameter_nm: float
    centre_px: tuple[float, float]

    @property
    def particles(self) -> int:
        return len(self.orientations)


def _empty(settings: SimulationSettings) -> _Rendered:
    picture = np.zeros(settings.shape, np.float32)
    return _Rendered(picture, np.empty((0, 4)), np.empty((0, 3)), np.nan, settings.centre_px)


def _padded(rows: npt.NDArray[Any], settings: SimulationSettings) -> npt.NDArray[np.float32]:
    """(1, M, …) float32 of n ≤ M rows, NaN beyond."""
    out = np.full((1, settings.most_copies, rows.shape[1]), np.nan, np.float32)
    out[0, : len(rows)] = rows
    return out


def _render(
    kind: Kind, species: Species | None, rng: np.random.Generator, settings: SimulationSettings, device: str
) -> _Rendered:
    """One exposure without noise; `species` is needed unless the frame shows a contaminant."""
    if kind == Kind.CONTAMINANT and (species is None or species.family != DROPLET):
        species = random_droplet(rng, (settings.droplet_low_nm, settings.droplet_high_nm))
    if species is None:
        raise BadParameter(f"a {kind.name.lower()} frame without a species", hint="give the species it shows")
    scale = float(np.clip(1 + settings.size_spread * rng.standard_normal(), 0.5, 1.5))
    if species.family == MOLECULE:
        scale = 1.0  # molecules do not come in sizes
    offset = rng.normal(0.0, settings.centre_jitter_px, 2) if settings.centre_jitter_px > 0 else np.zeros(2)
    if kind == Kind.MULTI:
        copies = int(rng.integers(2, settings.most_copies + 1))
        placed, turns = aggregate(species.shape, copies, rng, scale)
    else:
        turns = random_quaternions(rng, 1)
        placed = [Placed(species.shape, rotation_matrix(turns[0]), np.zeros(3), scale)]
    factor = _density_factor(species, settings)
    if factor != 1.0:
        placed = [replace(particle, density_factor=factor) for particle in placed]
    dy, dx = float(offset[0]), float(offset[1])
    cy, cx = settings.centre_px
    xp, place = array_library(device)
    picture = to_numpy(intensity(placed, settings, (dy, dx), xp, place))
    positions = np.stack([particle.position for particle in placed])
    return _Rendered(picture, turns, positions, species.diameter_nm * scale, (cy + dy, cx + dx))


def _density_factor(species: Species, settings: SimulationSettings) -> float:
    """What turns the density of a species, whose number decides its form alone, into that of the settings."""
    if (settings.beam.fluence != PHYSICAL and settings.propagator == BORN) or species.family in _OF_KNOWN_DENSITY:
        return 1.0
    sphere = np.pi / 6 * species.diameter_nm**3
    return float(settings.electrons_per_nm3 * sphere / species.shape.electrons)


def simulate(
    settings: SimulationSettings, block_frames: int = 32, device: str = NUMPY, threads: int = 1
) -> Generator[SimulatedBlock, None, Truth]:
    """Simulate a run, a block of frames at a time.

    Every frame has its own random numbers, so frames depend neither on the block size nor on the threads, and the
    first n frames of a longer run with the same settings are the same.

    Args:
        settings: the run.
        block_frames: frames per block.
        device: what computes the amplitudes, see `backend.array_library`.
        threads: frames computed at the same time. Frames of 128×128 pixels are slower with two than with one, which
            wait for the interpreter more than they compute; from 256×256 on two are faster.

    Raises:
        BadParameter: where the settings do not describe a run.
    """
    checked(settings)
    form = detector.random_form(np.random.default_rng([settings.seed, 0, _STREAM_OF_BACKGROUND]))
    plan = _Plan(settings, species_of(settings), form, bad_pixels(settings), device)
    wanted = 1 if device != NUMPY else max(1, threads)
    parts = []
    with ThreadPoolExecutor(wanted, "simulate") as pool:
        for start in range(0, settings.frames, block_frames):
            stop = min(start + block_frames, settings.frames)
            expose = partial(_expose, plan)
            spread: Iterable[tuple[Counts, Truth]] = map(expose, range(start, stop))
            if wanted > 1:
                spread = pool.map(expose, range(start, stop))
            frames = list(spread)
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


@dataclass(frozen=True, eq=False)
class _Plan:
    """What all frames of a run share."""

    settings: SimulationSettings
    pool: list[Species]
    form: detector.BackgroundForm
    bad: BadPixels | None
    device: str


def _expose(plan: _Plan, index: int) -> tuple[Counts, Truth]:
    """One frame and its truth (arrays of length 1)."""
    settings = plan.settings
    rng = np.random.default_rng([settings.seed, index])
    # A stream of its own: the pulse knows nothing of what it hits.
    shots = np.random.default_rng([settings.seed, index, _STREAM_OF_SHOTS])
    shot = draw_shot(shots, settings.beam, settings.photon_energy_eV)
    if shot.photon_energy_eV != settings.photon_energy_eV:
        settings = replace(settings, photon_energy_eV=shot.photon_energy_eV)
    shares = np.array([settings.single, settings.multi, settings.blank, settings.contaminant])
    kind = Kind(int(rng.choice(4, p=shares / shares.sum())))
    # Drawn before and whatever the class, so that brightness cannot tell one from another.
    photons = settings.photons_low * (settings.photons_high / settings.photons_low) ** rng.random()
    share = settings.background_low * (settings.background_high / settings.background_low) ** rng.random()
    chosen = plan.pool[_draw_species(rng, settings)]
    if kind == Kind.BLANK:
        shown = _empty(settings)
        shot = replace(shot, position_um=(np.nan, np.nan), fluence_per_nm2=np.nan)
    else:
        shown = _render(kind, chosen, rng, settings, plan.device)
    photons, share = _brightness(photons, share, shown, shot, settings)
    expected = detector.expected_counts(shown.picture[None], photons, share, rng, settings, plan.form)
    sample = kind in (Kind.SINGLE, Kind.MULTI)
    orientations = _padded(shown.orientations, settings)
    truth = Truth(
        kind=np.array([kind], np.uint8),
        species=np.array([chosen.id if sample else -1], np.int64),
        particles=np.array([shown.particles], np.uint8),
        photons=np.array([photons], np.float32),
        background=np.array([photons * share], np.float32),
        orientation=orientations[:, 0],
        orientations=orientations,
        positions_nm=_padded(shown.positions_nm, settings),
        diameter_nm=np.array([shown.diameter_nm], np.float32),
        centre_px=np.array([shown.centre_px], np.float32),
        photon_energy_eV=np.array([shot.photon_energy_eV], np.float32),
        pulse_energy_J=np.array([shot.pulse_energy_J], np.float32),
        hit_position_um=np.array([shot.position_um], np.float32),
        fluence_per_nm2=np.array([shot.fluence_per_nm2], np.float32),
    )
    return detector.read_out(rng, expected[0], settings, plan.bad), truth


def _draw_species(rng: np.random.Generator, settings: SimulationSettings) -> int:
    """Place in the pool of the species that a hit would show."""
    if not settings.species_weights:
        return int(rng.integers(settings.species_in_all))
    weights = np.array(settings.species_weights)
    return int(rng.choice(settings.species_in_all, p=weights / weights.sum()))


def _brightness(
    photons: float, share: float, shown: _Rendered, shot: Shot, settings: SimulationSettings
) -> tuple[float, float]:
    """(expected photons on the usable pixels, share of them that is background), by the settings' law of fluence.

    `photons` and `share` are what was drawn; `shown.picture` is in electrons² sr where fluence is physical.
    """
    law = settings.beam.fluence
    if law == PHYSICAL:
        seen = shown.picture[detector.usable(settings)].sum(dtype=np.float64)
        sample = float(photons_per_pixel(seen, shot.fluence_per_nm2)) if shown.particles else 0.0
        background = settings.beam.background_photons * shot.pulse_energy_J / settings.beam.pulse_energy_J
    elif law == PROPORTIONAL:
        sample, background = photons * (1 - share) * shown.particles, photons * share
    else:
        return photons, share if shown.particles else 1.0
    total = sample + background
    return total, background / total if total > 0 else 1.0


def join(parts: Sequence[Truth]) -> Truth:
    """The truth of consecutive pieces as one."""
    return Truth(**{field.name: np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(Truth)})
