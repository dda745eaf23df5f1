"""How fast frames are simulated: `python -m benchmarks.simulation` prints a markdown table.

CPU time of one process, BLAS on one thread. The floor is the arithmetic nobody can leave out: one complex exponential
per blob and pixel by a direct sum, measured in the same run on fewer pixels and scaled up.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.progress import drain
from models.simulation.generate import Kind, render_batch, simulate
from models.simulation.particles import FAMILIES, random_species
from models.simulation.propagation import q_map
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
        counted.append(f"{120 / cpu_seconds(lambda w=whole: drain(simulate(w))):.0f}")
    print(f"| whole run: all families and classes, background, mask, counts | {' | '.join(counted)} |")


if __name__ == "__main__":
    main()
