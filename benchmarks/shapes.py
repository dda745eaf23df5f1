"""How exact and how fast the amplitudes of single bodies are: `python -m benchmarks.shapes` prints markdown tables.

R = Σ|√I − √I_ref| / Σ√I_ref over a 128×128 detector in random orientations; CPU time of one process, BLAS on one
thread. References: formulas written out here (sphere, box), a direct float64 sum over atoms, the exact polyhedron for
bodies cut into voxels; float64 for float32.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Callable

import numpy as np

from models.simulation.particles import random_species
from models.simulation.propagation import q_map
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings
from models.simulation.shapes import (
    Atoms,
    Layered,
    Shape,
    VoxelMap,
    box,
    dodecahedron,
    helium_droplet,
    icosahedron,
    octahedron,
    sphere,
    tetrahedron,
    truncated,
)
from models.simulation.shapes.form_factors import form_factor

ORIENTATIONS = 6


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of the best of five calls."""
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def mismatch(value: np.ndarray, reference: np.ndarray) -> float:
    return float(np.abs(np.abs(value) - np.abs(reference)).sum() / np.abs(reference).sum())


def detector_q() -> list[np.ndarray]:
    """(3, 128, 128) float64 of the default detector in random orientations."""
    flat = q_map(SimulationSettings(), dtype=np.float64)
    turns = random_quaternions(np.random.default_rng(0), ORIENTATIONS)
    return [np.tensordot(rotation_matrix(turn).T, flat, axes=1) for turn in turns]


def molecule(n: int) -> Atoms:
    rng = np.random.default_rng(1)
    numbers = rng.choice([6, 7, 8, 16], n, p=[0.64, 0.17, 0.18, 0.01])
    return Atoms(rng.normal(0, 1, (n, 3)) * (n / 1400) ** (1 / 3), numbers, np.ones(n))


def direct(atoms: Atoms, q: np.ndarray) -> np.ndarray:
    """Atom by atom, in double precision."""
    q2 = (q**2).sum(axis=0)
    factors = {number: form_factor(number).at(q2) for number in atoms.elements}
    total = np.zeros(q2.shape, dtype=complex)
    for place, number in zip(atoms.positions, atoms.numbers, strict=True):
        total += factors[int(number)] * np.exp(1j * np.tensordot(place, q, axes=1))
    return total


def textbook_sphere(q: np.ndarray) -> np.ndarray:
    x = np.sqrt((q**2).sum(axis=0)).astype(np.longdouble) * 75
    return np.asarray(4 * np.pi * 75**3 * (np.sin(x) - x * np.cos(x)) / x**3, dtype=np.float64)


def textbook_box(q: np.ndarray) -> np.ndarray:
    sides = (150.0, 100.0, 80.0)
    return np.prod([side * np.sinc(q[i] * side / (2 * np.pi)) for i, side in enumerate(sides)], axis=0)


def main() -> None:
    qs = detector_q()
    singles = [q.astype(np.float32) for q in qs]
    bodies: dict[str, Shape] = {
        "sphere": sphere(150),
        "icosahedron": icosahedron(150),
        "icosahedron in a shell": Layered(icosahedron(150), 0.7, -1.0),
        "box": box(150, 100, 80),
        "tetrahedron": tetrahedron(150),
        "dodecahedron": dodecahedron(150),
        "truncated octahedron": truncated(octahedron(150), 1 / 3),
        "football": truncated(icosahedron(150), 1 / 3),
        "random polyhedron": random_species(3, "potato", (150.0, 150.0)).shape,
        "helium droplet with a core": helium_droplet(150, 0.8, core_diameter=40, core_at=(20, 0, 5)),
        "protein-like blobs": random_species(0, "globule", (150.0, 150.0)).shape,
        "1 300 atoms": molecule(1300),
    }
    print("## Shapes\n\n128×128 pixels, one amplitude.\n")
    print("| body | ms, float32 | R of float32 | ms, float64 |\n|---|---|---|---|")
    for name, body in bodies.items():
        fast = cpu_seconds(lambda b=body: [b.amplitude(q) for q in singles]) / ORIENTATIONS
        slow = cpu_seconds(lambda b=body: [b.amplitude(q) for q in qs[:1]])
        gap = max(mismatch(body.amplitude(s), body.amplitude(q)) for s, q in zip(singles, qs, strict=True))
        print(f"| {name} | {fast * 1e3:.2f} | {gap:.1e} | {slow * 1e3:.2f} |")
    print("\n| body | reference | R, float64 | R, float32 |\n|---|---|---|---|")
    references: list[tuple[str, str, Shape, Callable[[np.ndarray], np.ndarray]]] = [
        ("sphere", "formula", bodies["sphere"], textbook_sphere),
        ("box", "sinc product", bodies["box"], textbook_box),
        ("1 300 atoms, to 5 nm⁻¹", "direct sum", bodies["1 300 atoms"], lambda q: direct(molecule(1300), q)),
    ]
    for name, what, body, reference in references:
        stretch = 10.0 if "atoms" in name else 1.0
        q = qs[0] * stretch
        exact = reference(q)
        single = q.astype(np.float32)
        print(f"| {name} | {what} | {mismatch(body.amplitude(q), exact):.1e} | ", end="")
        print(f"{mismatch(body.amplitude(single), exact):.1e} |")
    for step in (4.0, 2.0, 1.0):
        values, origin = icosahedron(150).voxels(step)
        cut = VoxelMap(values, np.full(3, step), origin, averaged=True)
        exact = icosahedron(150).amplitude(qs[0])
        print(f"| icosahedron in voxels of {step:g} nm | exact polyhedron | ", end="")
        print(f"{mismatch(cut.amplitude(qs[0]), exact):.1e} | {mismatch(cut.amplitude(singles[0]), exact):.1e} |")


if __name__ == "__main__":
    main()
