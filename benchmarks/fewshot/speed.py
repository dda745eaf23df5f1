"""Frames per second and memory of one method, measured in a process of its own."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

_BEST_OF = 5
_ENOUGH_S = 1.0


def measure(method: str, cache: Path, train_frames: int) -> dict[str, float]:
    """What `main` prints, from a fresh process."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.fewshot.speed", method, str(cache), str(train_frames)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def per_call(work: Callable[[], object]) -> float:
    """Median processor seconds of a call; the first one, which warms up, does not count."""
    work()
    spent: list[float] = []
    began = time.perf_counter()
    while len(spent) < _BEST_OF or (time.perf_counter() - began < _ENOUGH_S and len(spent) < 200):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return float(np.median(spent))


def main(name: str, cache: Path, train_frames: int) -> None:
    from benchmarks.fewshot.methods import methods
    from models.simulation import detector
    from models.simulation.settings import SimulationSettings

    method = methods(cache, train_frames)[name]
    extract = method.load(0)
    valid = detector.usable(SimulationSettings())
    rng = np.random.default_rng(0)
    frames = rng.poisson(rng.exponential(0.2, (160, *valid.shape))).astype(np.float32) * valid
    many = per_call(lambda: extract(frames[:64], valid)) / 64
    one = per_call(lambda: extract(frames[:1], valid))
    vectors = np.concatenate([extract(frames[i : i + 64], valid) for i in range(0, len(frames), 64)])
    places, classes = np.arange(10), np.repeat([0, 1], 5)
    judge = per_call(lambda: method.judge(vectors, places, classes, ("single", "multi")))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"one": 1 / one, "many": 1 / many, "memory_mb": peak_mb, "judge_ms": 1e3 * judge}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
