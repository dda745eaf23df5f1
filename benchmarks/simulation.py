"""How fast frames are simulated, and what each stage costs: `python -m benchmarks.simulation` prints markdown tables.

CPU time of one process, BLAS on one thread. The floor is the arithmetic nobody can leave out: one complex exponential
per blob and pixel by a direct sum, measured in the same run on fewer pixels and scaled up.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.files.h5 import new_h5
from models.progress import drain
from models.simulation import detector
from models.simulation.beam import BeamSettings
from models.simulation.generate import Kind, render_batch, simulate
from models.simulation.particles import FAMILIES, random_species
from models.simulation.photons import pixel_weights
from models.simulation.propagation import Placed, intensity, q_map
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings
from models.simulation.shapes import Blobs

FRAMES = 60


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of the best of three calls."""
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def direct_sum(settings: SimulationSettings, species: list[Blobs]) -> float:
    """Frames per second of Σ w exp(i q·r) pixel by pixel, from 1/16 of the pixels."""
    part = q_map(settings)[:, ::4, ::4]
    seconds = cpu_seconds(lambda: [np.abs(cloud.amplitude(part)) ** 2 for cloud in species])
    return len(species) / (16 * seconds)


ICOSAHEDRA = SimulationSettings(
    frames=400,
    family="icosahedron",
    species=8,
    surface="ewald",
    single=1.0,
    multi=0.0,
    blank=0.0,
    contaminant=0.0,
)


def stages() -> None:
    """What a 128×128 frame of one icosahedron costs, stage by stage, and whole."""
    n = 60
    rng = np.random.default_rng(0)
    turns = [rotation_matrix(turn) for turn in random_quaternions(rng, n)]
    shape = random_species(0, "icosahedron").shape
    weighted = replace(ICOSAHEDRA, beam=BeamSettings(solid_angle=True, polarisation="horizontal"))
    pictures = [intensity([Placed(shape, turn, np.zeros(3))], ICOSAHEDRA) for turn in turns]
    form = detector.random_form(rng)
    expected = [detector.expected_counts(p[None], 2000.0, 0.1, rng, ICOSAHEDRA, form)[0] for p in pictures]
    counts = [detector.read_out(rng, frame, ICOSAHEDRA) for frame in expected]
    work: dict[str, Callable[[], object]] = {
        "amplitude on the Ewald sphere, squared": lambda: [
            intensity([Placed(shape, turn, np.zeros(3))], ICOSAHEDRA) for turn in turns
        ],
        "of it the q map": lambda: [q_map(ICOSAHEDRA) for _ in turns],
        "solid angle and polarisation (where asked for)": lambda: [pixel_weights(weighted) for _ in turns],
        "background, scaling, mask": lambda: [
            detector.expected_counts(p[None], 2000.0, 0.1, rng, ICOSAHEDRA, form) for p in pictures
        ],
        "Poisson counts": lambda: [detector.read_out(rng, frame, ICOSAHEDRA) for frame in expected],
        "writing, gzip 4": lambda: store(counts),
    }
    print("\n## Simulation: one icosahedron on the Ewald sphere, 128×128 pixels\n")
    print("| stage | ms of CPU per frame |")
    print("|---|---|")
    for name, step in work.items():
        print(f"| {name} | {1e3 * cpu_seconds(step) / n:.2f} |")
    print("\n| whole run by `simulate` | frames per second | per second of CPU |")
    print("|---|---|---|")
    for threads in (1, 2):
        rates = []
        for _ in range(5):
            start, busy = time.perf_counter(), time.process_time()
            drain(simulate(ICOSAHEDRA, threads=threads))
            rates.append(
                (ICOSAHEDRA.frames / (time.perf_counter() - start), ICOSAHEDRA.frames / (time.process_time() - busy))
            )
        wall, cpu = np.max(rates, axis=0)
        print(f"| {threads} thread{'s' * (threads > 1)} | {wall:.0f} | {cpu:.0f} |")


def store(frames: list[np.ndarray]) -> None:
    """Frames into a file as `write_cxi` stores them."""
    with tempfile.TemporaryDirectory() as folder, new_h5(Path(folder) / "frames.h5", "not saved") as file:
        data = file.create_dataset(
            "data",
            (len(frames), *frames[0].shape),
            np.uint16,
            chunks=(1, *frames[0].shape),
            compression="gzip",
            compression_opts=4,
            shuffle=True,
        )
        for i, frame in enumerate(frames):
            data[i] = frame


def main() -> None:
    print("## Simulation\n\nFrames per second of CPU, one thread.\n")
    print("| what | 64×64 px | 96×96 px | 128×128 px |")
    print("|---|---|---|---|")
    sizes = [replace(SimulationSettings(), height=n, width=n) for n in (64, 96, 128)]
    for family in FAMILIES:
        species = [random_species(i, family) for i in range(FRAMES)]
        for kind in (Kind.SINGLE, Kind.MULTI):
            rates = []
            for settings in sizes:
                rng = np.random.default_rng(0)
                seconds = cpu_seconds(
                    lambda r=rng, s=settings, p=species, k=kind: render_batch(p, [k] * FRAMES, None, r, s)
                )
                rates.append(f"{FRAMES / seconds:.0f}")
            print(f"| {family}, {kind.name.lower()}, noise-free | {' | '.join(rates)} |")
    clouds = [s.shape for s in (random_species(i, "globule") for i in range(10)) if isinstance(s.shape, Blobs)]
    slow = [f"{direct_sum(settings, clouds):.0f}" for settings in sizes]
    print(f"| globule, single, direct sum over blobs (reference) | {' | '.join(slow)} |")
    counted = []
    for settings in sizes:
        whole = replace(settings, frames=120, species=8)
        counted.append(f"{120 / cpu_seconds(lambda w=whole: drain(simulate(w, threads=1))):.0f}")
    print(f"| whole run: all families and classes, background, mask, counts | {' | '.join(counted)} |")
    stages()


if __name__ == "__main__":
    main()
