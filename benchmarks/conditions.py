"""How an embedding holds under conditions unlike the plain run: `python -m benchmarks.conditions` prints a table.

Simulated species never trained on, five labels per class of one species (unless the row says otherwise), single
against multi, nearest prototype; mean over species with half its 95 % interval (bootstrap over species), and the
worst species. Give several weight files to compare them on the same frames.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

from collections.abc import Iterable

import torch

from models.embedding import weights
from models.embedding.embed import embed_frames
from models.embedding.training.conditions import CONDITIONS, ConditionsReport, evaluate_conditions
from models.progress import drain
from models.simulation.particles import TEST_IDS, VALIDATION_IDS


def judge(
    name: str, ids: range, frames: int, conditions: Iterable[str] = tuple(CONDITIONS)
) -> tuple[str, ConditionsReport]:
    network, info = weights.load(name)
    report = drain(evaluate_conditions(lambda f, v: embed_frames(f, v, network, 256), ids, frames, conditions))
    return info.digest, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="*", default=["speckle"], help="bundled name or files (default %(default)s)")
    parser.add_argument("--validation", action="store_true", help="validation species, for choices, not test species")
    parser.add_argument("--species", type=int, default=60, help="how many (default %(default)s)")
    parser.add_argument("--frames", type=int, default=30, help="frames per species and class (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="processor threads (default %(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    ids = (VALIDATION_IDS if args.validation else TEST_IDS)[: args.species]
    judged = [judge(name, ids, args.frames) for name in args.weights]
    print("## Embedding: single against multi under conditions unlike the plain run\n")
    which = "validation" if args.validation else "test"
    print(f"{len(ids)} {which} species, {2 * args.frames} frames of each; balanced accuracy (worst species).\n")
    print("| condition | " + " | ".join(digest for digest, _ in judged) + " |")
    print("|---|" + "---|" * len(judged))
    for i, (name, condition) in enumerate(CONDITIONS.items()):
        cells = [f"{r.scores[i].mean:.3f} ± {r.scores[i].spread:.3f} ({r.scores[i].worst:.2f})" for _, r in judged]
        print(f"| {name}: {condition.what} | " + " | ".join(cells) + " |")
    print("| AUROC of droplets | " + " | ".join(f"{r.droplets:.3f}" for _, r in judged) + " |")
    print("| AUROC of other species | " + " | ".join(f"{r.strangers:.3f}" for _, r in judged) + " |")


if __name__ == "__main__":
    main()
