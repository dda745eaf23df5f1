"""Simulated test frames: made once, kept as compressed counts, always the same from the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import numpy.typing as npt

from benchmarks.fewshot.plan import BLANKS, CONDITIONS, CONTAMINANTS, FULL, PARTICLE_PHOTONS, PHOTONS, Condition
from models.simulation import detector
from models.simulation.generate import Kind
from models.simulation.particles import TEST_IDS, Species, random_droplet, random_species
from models.simulation.propagation import Placed, aggregate, intensity
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Frames:
    """Simulated exposures and what they are.

    Attributes:
        kind: (n,) int64 of `Kind`. species: (n,) int64, −1 for blanks and contaminants. particles: (n,) int64.
        photons: (n,) float32 expected in the frame.
        valid: (H, W) bool, True = use.
    """

    file: Path
    missing: str
    kind: Ints
    species: Ints
    particles: Ints
    photons: Floats
    valid: Mask

    def __len__(self) -> int:
        return len(self.kind)

    def counts(self, rows: slice) -> Floats:
        """(n, H, W) photons, 0 where masked."""
        with h5py.File(self.file, "r") as stored:
            counts: Floats = stored["counts"][rows].astype(np.float32)
        counts *= self.valid
        return counts


def absent(name: str, shape: tuple[int, int]) -> Mask:
    """(H, W) True where the detector is missing: the first quadrant, the upper half, all but the last quadrant."""
    gone = np.zeros(shape, np.bool_)
    rows, columns = shape[0] // 2, shape[1] // 2
    if name in ("half", "three-quarters"):
        gone[:rows] = True
    if name in ("quarter", "three-quarters"):
        gone[:rows, :columns] = True
    if name == "three-quarters":
        gone[:, :columns] = True
    return gone


def dose_ladder(rng: np.random.Generator, n: int, limits: tuple[float, float]) -> npt.NDArray[np.float64]:
    """(n,) log-uniform photons, one from each of n equal steps of the logarithm, in random order."""
    steps = (rng.permutation(n) + rng.random(n)) / n
    return np.asarray(limits[0] * (limits[1] / limits[0]) ** steps)


def render(
    species: Species,
    kind: Kind,
    copies: int,
    offset: tuple[float, float],
    rng: np.random.Generator,
    station: SimulationSettings,
) -> Floats:
    """(H, W) noise-free intensity of one particle, or of several that touch, in a fresh orientation."""
    scale = float(np.clip(1 + station.size_spread * rng.standard_normal(), 0.5, 1.5))
    if kind == Kind.MULTI:
        placed, _ = aggregate(species.shape, copies, rng, scale)
    else:
        turn = rotation_matrix(random_quaternions(rng, 1)[0])
        placed = [Placed(species.shape, turn, np.zeros(3), scale)]
    return np.asarray(intensity(placed, station, offset), np.float32)


def beam_offset(rng: np.random.Generator, station: SimulationSettings, largest: float) -> tuple[float, float]:
    """Where the beam is, (y, x) pixels from the middle: the station's jitter, or evenly within a disc."""
    if largest <= 0:
        y, x = rng.normal(0.0, station.centre_jitter_px, 2)
    else:
        radius, angle = largest * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        y, x = radius * np.sin(angle), radius * np.cos(angle)
    return float(y), float(x)


def expose(
    kinds: Ints,
    doses: npt.NDArray[np.float64],
    particles: list[Species | None],
    copies: Ints,
    rng: np.random.Generator,
    condition: Condition,
) -> npt.NDArray[np.uint16]:
    """(n, H, W) photon counts of frames with given contents and expected photons."""
    station = condition.station
    out = np.empty((len(kinds), *station.shape), np.uint16)
    for i, (kind, dose, species, number) in enumerate(zip(kinds, doses, particles, copies, strict=True)):
        signal = np.zeros(station.shape, np.float32)
        if species is not None:
            offset = beam_offset(rng, station, condition.offset_px)
            signal = render(species, Kind(int(kind)), int(number), offset, rng, station)
        share = station.background_low * (station.background_high / station.background_low) ** rng.random()
        expected = detector.expected_counts(signal[None], dose, share, rng, station)[0]
        out[i] = detector.sample_counts(rng, expected)
    return out


def of_species(number: int, condition: Condition, seed: int) -> dict[str, npt.NDArray[np.generic]]:
    """Singles, then aggregates of two to four, of one species."""
    rng = np.random.default_rng([seed, number, _stream(condition)])
    n = condition.frames_per_class
    kinds = np.repeat([Kind.SINGLE, Kind.MULTI], n).astype(np.int64)
    copies = np.where(kinds == Kind.SINGLE, 1, rng.integers(2, condition.station.most_copies + 1, 2 * n))
    if condition.proportional:
        low, high = PARTICLE_PHOTONS
        doses = copies * low * (high / low) ** rng.random()
    else:
        doses = np.concatenate([dose_ladder(rng, n, PHOTONS) for _ in range(2)])
    species = random_species(number, diameters_nm=condition.station.diameters_nm)
    counts = expose(kinds, doses, [species] * (2 * n), copies, rng, condition)
    return _table(counts, kinds, np.full(2 * n, number), copies, doses)


def of_strangers(condition: Condition, seed: int) -> dict[str, npt.NDArray[np.generic]]:
    """Blanks, then contaminants, each another droplet."""
    rng = np.random.default_rng([seed, 1, _stream(condition)])
    station = condition.station
    kinds = np.repeat([Kind.BLANK, Kind.CONTAMINANT], [BLANKS, CONTAMINANTS]).astype(np.int64)
    doses = np.concatenate([dose_ladder(rng, n, PHOTONS) for n in (BLANKS, CONTAMINANTS)])
    sizes = station.droplet_low_nm, station.droplet_high_nm
    droplets: list[Species | None] = [None] * BLANKS
    droplets += [random_droplet(rng, sizes) for _ in range(CONTAMINANTS)]
    copies = (kinds == Kind.CONTAMINANT).astype(np.int64)
    counts = expose(kinds, doses, droplets, copies, rng, condition)
    return _table(counts, kinds, np.full(len(kinds), -1), copies, doses)


def _stream(condition: Condition) -> int:
    return int.from_bytes(hashlib.sha256(condition.name.encode()).digest()[:4], "little")


def _table(
    counts: npt.NDArray[np.uint16], kind: Ints, species: Ints, particles: Ints, photons: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.generic]]:
    return {
        "counts": counts,
        "kind": kind,
        "species": species.astype(np.int64),
        "particles": particles.astype(np.int64),
        "photons": photons.astype(np.float32),
    }


@cache
def simulator_digest(cache_folder: Path) -> str:
    """Eight hex digits that change when the simulator's pictures do: sets of another simulator are made again.

    A few noise-free pictures are compared with those that earlier sets in the cache were made with; differences below
    a thousandth of a picture's mean, as another order of summation makes them, are none.
    """
    station = CONDITIONS[FULL].station
    rng = np.random.default_rng(0)
    pictures = []
    for number in TEST_IDS[:12]:
        species = random_species(number, diameters_nm=station.diameters_nm)
        pictures += [render(species, kind, 3, (0.0, 0.0), rng, station) for kind in (Kind.SINGLE, Kind.MULTI)]
    probe = np.stack([picture / picture.mean() for picture in pictures])[:, ::4, ::4]
    for path in sorted((cache_folder / "sets").glob("probe-*.npy")):
        if np.abs(np.load(path, allow_pickle=False) - probe).max() < 1e-3 * max(1.0, float(probe.max())):
            return path.stem.removeprefix("probe-")
    name = hashlib.sha256(probe.tobytes()).hexdigest()[:8]
    (cache_folder / "sets").mkdir(parents=True, exist_ok=True)
    np.save(cache_folder / "sets" / f"probe-{name}.npy", probe)
    return name


def frames(condition: Condition, seed: int, species: range, cache_folder: Path) -> Frames:
    """A test set, simulated now unless it is in the cache."""
    source = CONDITIONS[condition.like or condition.name]
    size = f"{species.start}-{len(species)}x{source.frames_per_class}"
    path = cache_folder / "sets" / f"{source.name}-{seed}-{size}-{simulator_digest(cache_folder)}.h5"
    if not path.is_file():
        print(f"simulating {source.title}, seed {seed} …", flush=True)
        _simulate(source, seed, species, path)
    with h5py.File(path, "r") as stored:
        columns = {key: stored[key][:] for key in ("kind", "species", "particles", "photons")}
    return Frames(file=path, missing=condition.missing, valid=valid_pixels(condition), **columns)


def valid_pixels(condition: Condition) -> Mask:
    """(H, W) True where the detector counts under a condition."""
    valid = detector.usable(condition.station) & ~absent(condition.missing, condition.station.shape)
    if condition.columns_gap:
        first = (condition.station.width - condition.columns_gap) // 2
        valid[:, first : first + condition.columns_gap] = False
    return valid


def _simulate(condition: Condition, seed: int, species: range, path: Path) -> None:
    parts = [of_species(number, condition, seed) for number in species]
    if condition.everything:
        parts.append(of_strangers(condition, seed))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    with h5py.File(aside, "w") as file:
        total = sum(len(part["kind"]) for part in parts)
        stored = file.create_dataset(
            "counts",
            (total, *condition.station.shape),
            np.uint16,
            chunks=(8, *condition.station.shape),
            **hdf5plugin.Bitshuffle(),
        )
        first = 0
        for part in parts:
            stored[first : first + len(part["kind"])] = part["counts"]
            first += len(part["kind"])
        for key in ("kind", "species", "particles", "photons"):
            file[key] = np.concatenate([part[key] for part in parts])
    aside.replace(path)
