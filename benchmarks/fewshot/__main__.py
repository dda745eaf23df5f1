"""`python -m benchmarks.fewshot`: simulate, extract, judge, and write docs/fewshot.md."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import sys
import time
from pathlib import Path

import platformdirs

from benchmarks.fewshot import sets
from benchmarks.fewshot.evaluate import evaluate
from benchmarks.fewshot.features import extracted
from benchmarks.fewshot.methods import Method, methods
from benchmarks.fewshot.plan import CONDITIONS, SEEDS, SHOTS, Condition, cells
from models.simulation.particles import TEST_IDS

STAGES = ("sets", "training", "features", "evaluate", "speed", "report")


def main() -> int:
    args = _arguments()
    species = TEST_IDS[: args.species]
    chosen = [method for name, method in methods().items() if not args.only or name in args.only]
    conditions = [CONDITIONS[name] for name in args.conditions]
    if "sets" in args.stages:
        for seed in args.seeds:
            for condition in conditions:
                sets.frames(condition, seed, species, args.cache)
    if "features" in args.stages or "evaluate" in args.stages:
        for seed in args.seeds:
            for condition in conditions:
                for method in chosen:
                    judge(method, condition, seed, species, args)
    return 0


def judge(method: Method, condition: Condition, seed: int, species: range, args: argparse.Namespace) -> None:
    frames = sets.frames(condition, seed, species, args.cache)
    where = f"{condition.name}-{seed}-{len(species)}-{sets.simulator_digest()}"
    vectors = extracted(
        lambda: method.load(seed, args.cache), frames, args.cache / "features" / method.features / f"{where}.npy"
    )
    if "evaluate" not in args.stages:
        return
    path = args.cache / "scores" / f"{method.name}@{method.features}" / f"{where}.json"
    record = json.loads(path.read_text()) if path.is_file() else {}
    began = time.perf_counter()
    for cell in cells(condition):
        if cell.key in record or cell.shots not in args.shots:
            continue
        record[cell.key] = evaluate(
            method.judge, vectors, frames, cell, species, seed, args.draws or method.most_draws
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(record))
        aside.replace(path)
    spent = time.perf_counter() - began
    if spent > 1:
        print(f"  {method.name} on {where}: {spent:.0f} s", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fewshot", description=__doc__)
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(platformdirs.user_cache_dir("friedel")) / "fewshot",
        help="where frames, vectors and scores are kept (default %(default)s)",
    )
    parser.add_argument("--only", nargs="+", choices=list(methods()), help="just these methods")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES, help="just these stages")
    parser.add_argument("--conditions", nargs="+", choices=list(CONDITIONS), default=list(CONDITIONS))
    parser.add_argument("--species", type=int, default=60, help="test species (default %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--shots", type=int, nargs="+", default=list(SHOTS))
    parser.add_argument("--draws", type=int, default=0, help="at most so many draws of the labelled frames")
    parser.add_argument("--quick", action="store_true", help="few species, one seed, few draws: does it all work?")
    args = parser.parse_args()
    if args.quick:
        args.species, args.seeds, args.draws = min(args.species, 6), args.seeds[:1], 12
    return args


if __name__ == "__main__":
    sys.exit(main())
