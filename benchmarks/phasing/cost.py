"""What an iteration of phase retrieval costs: `python -m benchmarks.phasing.cost` prints a markdown table.

Everything in one thread and complex64, as CPU time of that thread, in rounds in which every candidate takes its turn,
so that whatever else the machine does falls on all alike; medians over the rounds. The measure is one pair of
transforms (forward and inverse, orthonormal) by the fastest permissively licensed library that is here. Iterations
are those of the solver as a reconstruction runs it, with the looks at R factor and held-out pixels. cohere_core's own
loops are measured beside it where it is installed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.fft
import torch

from benchmarks.phasing.peer_cohere import cohere_loops
from models.patterns import Pattern
from models.phasing.quality.held_out import held_out_pixels
from models.phasing.settings import PhasingSettings
from models.phasing.solver import Solver

ROUNDS = 15
BURST = 100
"""Iterations of a turn, with their looks: a start runs in slices of 0.15 s, which are more than this at 256²."""
UPDATE_EVERY = 20
FOREVER, MANY = 10_000_000, 5_000

Turn = Callable[[], float]
"""Does some work and gives its CPU seconds per unit."""


def particle(side: int) -> tuple[Pattern, np.ndarray]:
    """A smooth particle a quarter of the array wide, 10^7 photons, with a beam stop of 3 px; and its true support."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:side, :side] - side // 2
    inside = (y / (0.12 * side)) ** 2 + (x / (0.09 * side)) ** 2 < 1
    wave = inside * (1.5 + np.sin(40 * x / side) * np.cos(33 * y / side + 20 * x / side))
    wave *= np.sqrt(1e7 / np.sum(wave**2))
    mean = np.abs(np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(wave), norm="ortho"))) ** 2
    measured = np.hypot(y, x) > 3
    return Pattern((rng.poisson(mean) * measured).astype(np.float32), measured), inside


def per_unit(work: Callable[[], object], units: int) -> Turn:
    def turn() -> float:
        begun = time.thread_time()
        work()
        return (time.thread_time() - begun) / units

    return turn


def repeated(work: Callable[[], object], times: int) -> Turn:
    def turn() -> None:
        for _ in range(times):
            work()

    return per_unit(turn, times)


def pairs(side: int) -> dict[str, Turn]:
    """One forward and one inverse transform, complex64, each library as it is fastest."""
    rng = np.random.default_rng(0)
    array = (rng.standard_normal((side, side)) + 1j * rng.standard_normal((side, side))).astype(np.complex64)
    tensor = torch.from_numpy(array.copy())
    found = {
        "torch": lambda: torch.fft.ifft2(torch.fft.fft2(tensor, norm="ortho"), norm="ortho"),
        "scipy": lambda: scipy.fft.ifft2(scipy.fft.fft2(array, norm="ortho"), norm="ortho", overwrite_x=True),
    }
    if importlib.util.find_spec("mkl_fft") is not None:
        import mkl_fft

        found["mkl_fft"] = lambda: mkl_fft.ifft2(mkl_fft.fft2(array, norm="ortho"), norm="ortho")
    return {f"pair, {name}": repeated(work, BURST) for name, work in found.items()}


def solvers(side: int) -> dict[str, Turn]:
    pattern, inside = particle(side)
    held_out = held_out_pixels(pattern, 0.05, 0)
    base = PhasingSettings(
        coherence_px=0.0, first_support="given", threshold_of="area", area_low=0.034, area_high=0.034, held_out=0.05
    )

    def solver(schedule: str, **changes: object) -> Solver:
        made = Solver(pattern, replace(base, schedule=schedule, **changes), 1, held_out=held_out, support=inside)
        made.run(BURST)  # past the first calls, which compile
        made.preview()
        return made

    def iterating(schedule: str, **changes: object) -> Turn:
        made = solver(schedule, **changes)
        return per_unit(lambda: made.run(BURST), BURST)

    def updating(name: str, **changes: object) -> dict[str, Turn]:
        """Turns with updates and turns without, of one solver: two would lie in memory differently, and that makes
        more of a difference than the updates."""
        some = f"{BURST // UPDATE_EVERY}*({UPDATE_EVERY} HIO + SW)"
        made = solver(f"{MANY}*({BURST} HIO + {some})", **changes)
        made.run(BURST)
        turn = per_unit(lambda: made.run(BURST), BURST)
        return {f"HIO between updates by {name}": turn, f"HIO + SW by {name} every {UPDATE_EVERY}": turn}

    still = solver(f"{FOREVER} HIO")
    return {
        "ER": iterating(f"{FOREVER} ER"),
        "HIO": iterating(f"{FOREVER} HIO"),
        "RAAR": iterating(f"{FOREVER} RAAR"),
        "RRR": iterating(f"{FOREVER} RRR"),
        "DM": iterating(f"{FOREVER} DM"),
        "HIO, positive real part": iterating(f"{FOREVER} HIO", object="positive real part"),
        "HIO, real": iterating(f"{FOREVER} HIO", object="real"),
        "HIO, positive": iterating(f"{FOREVER} HIO", object="positive"),
        **updating("area"),
        **updating("threshold", threshold_of="max", blur_start_px=3.0),
        "HIO, background": iterating(f"{FOREVER} HIO", background=True),
        "HIO, coherence 0.5 px": iterating(f"{FOREVER} HIO", coherence_px=0.5),
        "ML": iterating(f"{FOREVER} ML"),
        "a preview": per_unit(still.preview, 1),
    }


def measure(turns: dict[str, Turn], rounds: int) -> dict[str, list[float]]:
    """CPU seconds per unit in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            seconds[name].append(turn())
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512])
    args = parser.parse_args()
    torch.set_num_threads(1)
    for side in args.sides:
        loops, missing = cohere_loops(particle(side)[0], BURST, per_unit)
        turns = {**pairs(side), **solvers(side), **loops}
        rounds = measure(turns, args.rounds)
        found = {name: float(np.median(each)) for name, each in rounds.items()}
        fastest = min((name for name in found if name.startswith("pair")), key=found.__getitem__)
        print(f"\n{side}², one thread, complex64, {args.rounds} rounds; the fastest pair is {fastest[6:]}'s\n")
        print("| | ms | pairs |\n|---|---|---|")
        for name, seconds in found.items():
            print(f"| {name} | {1e3 * seconds:.3f} | {seconds / found[fastest]:.2f} |")
        for name in ("area", "threshold"):
            with_updates = np.array(rounds[f"HIO + SW by {name} every {UPDATE_EVERY}"])
            added = np.median(with_updates - rounds[f"HIO between updates by {name}"]) / found[fastest]
            print(f"\nShrink-wrap by {name} every {UPDATE_EVERY} iterations adds {added:.2f} pairs per iteration.")
        for sentence in missing:
            print(sentence)


if __name__ == "__main__":
    main()
