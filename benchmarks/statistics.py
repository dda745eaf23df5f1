"""Mean, maximum and lit pixels of a compressed run: a plain h5py loop against Friedel's pass on all cores.

`python -m benchmarks.statistics [frames] [--side 512] [--compression gzip bitshuffle] [--repeats 3]`: frames of few
photons (Poisson, 0.3 a pixel) in chunks of one frame. The loop is what people write: one dataset, one frame after
the other, sums with numpy. Both are timed in turns in one run, the processes' start included; in brackets the same
without it (a run ten times as long shows it no more). Sums of both are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

FRAMES = 3000
AIM = 1.6


def make_run(path: Path, frames: int, side: int, compression: str) -> None:
    import h5py
    import hdf5plugin

    how = {
        "gzip": {"compression": "gzip", "compression_opts": 1, "shuffle": True},
        "bitshuffle": {**hdf5plugin.Bitshuffle()},
    }
    rng = np.random.default_rng(1)
    some = rng.poisson(0.3, (50, side, side)).astype(np.int32)
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "entry_1/data_1/data", (frames, side, side), np.int32, chunks=(1, side, side), **how[compression]
        )
        for index in range(frames):
            data[index] = some[index % 50]


def plain_loop(path: Path) -> np.ndarray:
    """What a script does."""
    import h5py
    import hdf5plugin  # noqa: F401 - registers its filters

    with h5py.File(path) as file:
        data = file["entry_1/data_1/data"]
        total, lit = np.zeros(data.shape[1:]), np.zeros(data.shape[1:], np.int64)
        highest = np.full(data.shape[1:], -np.inf)
        for index in range(len(data)):
            frame = data[index]
            total += frame
            np.maximum(highest, frame, out=highest)
            lit += frame >= 1
        return total / len(data)


def our_pass(path: Path, workers: int) -> np.ndarray:
    from models.progress import drain
    from models.statistics import StatisticsSettings, run_statistics
    from models.treatment import RunReference

    found = drain(run_statistics(RunReference(path), settings=StatisticsSettings(workers=workers)))
    return found.whole.mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frames", type=int, nargs="?", default=FRAMES)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--compression", nargs="+", choices=("gzip", "bitshuffle"), default=("gzip", "bitshuffle"))
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    cores = os.cpu_count() or 1
    print(f"{args.frames} frames of {args.side}², int32, {cores} cores; seconds, medians of {args.repeats} turns\n")
    print(f"| compression | plain h5py loop | one process | {cores} processes | ratio (aim ≥ {AIM}) |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for compression in args.compression:
            path = Path(folder) / f"{compression}.cxi"
            make_run(path, args.frames, args.side, compression)
            ways = {
                "plain": lambda p=path: plain_loop(p),
                "one": lambda p=path: our_pass(p, 1),
                "all": lambda p=path: our_pass(p, 0),
            }
            took: dict[str, list[float]] = {name: [] for name in ways}
            means = {}
            for _ in range(args.repeats):
                for name, way in ways.items():
                    begun = time.perf_counter()
                    means[name] = way()
                    took[name].append(time.perf_counter() - begun)
            for name in ("one", "all"):
                np.testing.assert_allclose(means[name], means["plain"], rtol=1e-5)
            plain, one, every = (statistics.median(took[name]) for name in ways)
            print(f"| {compression} | {plain:.1f} | {one:.1f} | {every:.1f} | {plain / every:.2f} |")


if __name__ == "__main__":
    main()
