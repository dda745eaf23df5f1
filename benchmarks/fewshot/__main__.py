"""`python -m benchmarks.fewshot`: simulate, train, extract, judge, and write docs/fewshot.md.

Every stage keeps what it makes in the cache, so an interrupted run goes on where it was; results of another
simulator, other weights or other features are never taken for these. Several processes may work on one cache side by
side, with `--only` and `--seeds` to share the work. All of it is some three hours of processor time; one seed
(`--seeds 0`) a third, and ours alone after a change of weights or head (`--only friedel`) a quarter of an hour.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from benchmarks.fewshot import sets, training
from benchmarks.fewshot.evaluate import evaluate, fingerprint
from benchmarks.fewshot.features import extracted
from benchmarks.fewshot.methods import Method, methods
from benchmarks.fewshot.plan import CONDITIONS, SEEDS, SHOTS, Condition, cells
from benchmarks.fewshot.speed import measure
from models.simulation.particles import TEST_IDS

STAGES = ("sets", "training", "features", "evaluate", "speed", "report")
DOCS = Path(__file__).parents[2] / "docs"


def main() -> int:
    args = _arguments()
    every = methods(args.cache, args.train_frames, args.weights)
    if unknown := set(args.only or ()) - set(every):
        print(f"no method {', '.join(sorted(unknown))}; there are {', '.join(every)}", file=sys.stderr)
        return 2
    chosen = [method for name, method in every.items() if not args.only or name in args.only]
    conditions = [CONDITIONS[name] for name in args.conditions]
    for seed in args.seeds:
        for condition in conditions if "sets" in args.stages else ():
            sets.frames(condition, seed, args.numbers, args.cache)
        for method in chosen if "training" in args.stages else ():
            if method.training:
                training.trained(method.training, seed, args.train_frames, args.cache)
        for condition in conditions if "features" in args.stages or "evaluate" in args.stages else ():
            for method in chosen:
                _judge(method, condition, seed, args)
    if "speed" in args.stages:
        for method in chosen:
            if method.training in ("", "specklenn-independent"):  # the others are the same networks
                _measure_speed(method, args)
    if "report" in args.stages:
        _report(every, args)
    return 0


def _judge(method: Method, condition: Condition, seed: int, args: argparse.Namespace) -> None:
    """Extract the vectors of one set and ask every cell that has not been asked."""
    frames = sets.frames(condition, seed, args.numbers, args.cache)
    where = f"{condition.name}-{seed}-{_suffix(args)}"
    vectors = extracted(lambda: method.load(seed), frames, args.cache / "features" / method.features / f"{where}.npy")
    if "evaluate" not in args.stages:
        return
    path = args.cache / "scores" / _folder(method) / f"{where}.json"
    asked = cells(condition, every=method.family != "classical")[: method.most_cells or None]
    record = json.loads(path.read_text()) if path.is_file() else {}
    answers = fingerprint(method.judge, vectors, frames, asked[0], args.numbers, seed)
    if record.get("answers") != answers:
        record = {"answers": answers}
    began = time.perf_counter()
    for cell in asked:
        most = min(filter(None, (args.draws, method.most_draws)), default=cell.draws)
        done = record.get(cell.key, {}).get("draws", 0)
        if cell.shots not in args.shots or done >= min(most, cell.draws):
            continue
        record[cell.key] = evaluate(method.judge, vectors, frames, cell, args.numbers, seed, most)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(record))
        aside.replace(path)
    if (spent := time.perf_counter() - began) > 1:
        print(f"  {method.name} on {where}: {spent:.0f} s", flush=True)


def _suffix(args: argparse.Namespace) -> str:
    return f"{len(args.numbers)}-{sets.simulator_digest(args.cache)}"


def _folder(method: Method) -> str:
    return f"{method.name}@{method.features}"


def _speed_file(method: Method, args: argparse.Namespace) -> Path:
    path: Path = args.cache / "speed" / f"{_folder(method)}.json"
    return path


def _measure_speed(method: Method, args: argparse.Namespace) -> None:
    path = _speed_file(method, args)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measure(method.name, args.cache, args.train_frames)))


def _report(every: Mapping[str, Method], args: argparse.Namespace) -> None:
    from PyQt6.QtGui import QGuiApplication

    from benchmarks.all import machine
    from benchmarks.fewshot.plots import draw
    from benchmarks.fewshot.report import page
    from benchmarks.fewshot.results import Results

    app = QGuiApplication.instance() or QGuiApplication([])
    results = Results(
        args.cache, {name: _folder(method) for name, method in every.items()}, _suffix(args), args.seeds
    )
    pictures = draw(results, every, args.docs / "images")
    files = {name: _speed_file(method, args) for name, method in every.items()}
    speeds = {name: json.loads(path.read_text()) for name, path in files.items() if path.is_file()}
    trainings = training.records(args.train_frames, args.cache)
    text = page(results, every, args.numbers, args.seeds, machine(), speeds, trainings, pictures)
    (args.docs / "fewshot.md").write_text(text + "\n")
    print(args.docs / "fewshot.md")
    app.processEvents()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fewshot", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(platformdirs.user_cache_dir("friedel")) / "fewshot",
        help="where frames, networks, vectors and scores are kept (default %(default)s)",
    )
    parser.add_argument("--only", nargs="+", metavar="METHOD", help="just these methods")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES, help="just these stages")
    parser.add_argument("--conditions", nargs="+", choices=list(CONDITIONS), default=list(CONDITIONS))
    parser.add_argument("--species", type=int, default=60, help="test species (default %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--shots", type=int, nargs="+", default=list(SHOTS), choices=SHOTS, help="labels per class")
    parser.add_argument("--draws", type=int, default=0, help="at most so many draws of the labels; 0 for the plan's")
    parser.add_argument("--train-frames", type=int, default=100_000, help="frames seen by networks trained here")
    parser.add_argument("--weights", default="speckle", help="of ours: bundled, or a .safetensors file to try out")
    parser.add_argument("--docs", type=Path, default=DOCS, help="where fewshot.md and images/ go")
    parser.add_argument("--quick", action="store_true", help="few species, one seed, few draws: does it all work?")
    args = parser.parse_args()
    if args.quick:
        args.species, args.seeds, args.draws = min(args.species, 6), args.seeds[:1], args.draws or 12
        args.train_frames = min(args.train_frames, 1200)
    args.numbers = TEST_IDS[: args.species]
    return args


if __name__ == "__main__":
    sys.exit(main())
