"""How many labels the suggestion order saves: `python -m benchmarks.queue` prints a markdown table.

Simulated runs of species never trained on, embedded with the bundled weights: single, multi, blank and droplet frames
in four mixtures, photons log-uniform over two decades whatever the class. The user starts without any label, always
labels the first frame of the queue, or one drawn at random, and never errs; after each label the head is refitted
and the queue made anew, as in the window. Balanced accuracy over the whole run, every frame counted as its likeliest
class, a class without a label as never found. An order has arrived with the first label after which the accuracy
stays above 90 % of the final one, which is the better of the two orders' after the last label; one that never arrives
counts as all labels, which flatters it. The random order is drawn several times per run.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse

import numpy as np
import numpy.typing as npt

from models.embedding import weights
from models.embedding.embed import embed_frames
from models.embedding.few_shot import RunStatistics, Verdicts, fit_head, run_statistics, suggest
from models.embedding.training.evaluation import few_shot_set
from models.simulation.generate import KIND_NAMES, Kind
from models.simulation.particles import TEST_IDS
from models.simulation.settings import SimulationSettings

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MIXTURES = {
    "5 % single, 15 % multi, 60 % blank, 20 % droplet": (50, 150, 600, 200),
    "5 % single, 30 % multi, 50 % blank, 15 % droplet": (50, 300, 500, 150),
    "1 % single, 9 % multi, 70 % blank, 20 % droplet": (10, 90, 700, 200),
    "a quarter each": (250, 250, 250, 250),
}
FIRST = 100
"""Place of the first species among the test species: those before it are used elsewhere."""
SHARE = 0.9


def simulated_run(species: int, mixture: tuple[int, ...]) -> tuple[Floats, Ints]:
    """Embeddings and true classes of one run, in mixed order."""
    network, _ = weights.load()
    rng = np.random.default_rng([species, 1])
    vectors, truth = [], []
    for kind, frames in zip(Kind, mixture, strict=True):
        made = few_shot_set([species], frames, 11, SimulationSettings(), [kind])
        vectors.append(embed_frames(made.counts.astype(np.float32), made.valid, network))
        truth.append(np.full(frames, int(kind)))
    order = rng.permutation(sum(mixture))
    return np.concatenate(vectors)[order], np.concatenate(truth)[order].astype(np.int64)


def judged(
    vectors: Floats, truth: Ints, labelled: list[int], run: RunStatistics | None
) -> tuple[float, Verdicts | None]:
    """Balanced accuracy over the run, and the verdicts behind it (None while there is one class)."""
    classes = np.unique(truth)
    if len(np.unique(truth[labelled])) < 2:
        return 1.0 / len(classes), None
    head = fit_head(vectors[labelled], truth[labelled], KIND_NAMES, run=run)
    verdicts = head.verdicts(vectors, threads=1)
    likeliest = np.array([KIND_NAMES.index(name) for name in head.classes])[verdicts.probabilities.argmax(axis=1)]
    return float(np.mean([np.mean(likeliest[truth == k] == k) for k in classes])), verdicts


def learning_curve(vectors: Floats, truth: Ints, labels: int, seed: int, by_queue: bool) -> npt.NDArray[np.float64]:
    """(labels,) balanced accuracy after each label."""
    run = run_statistics(vectors)
    drawn = np.random.default_rng([seed, 2]).permutation(len(vectors))
    labelled: list[int] = []
    verdicts, curve = None, []
    for step in range(labels):
        if by_queue:
            labelled.append(int(suggest(verdicts, vectors, np.array(labelled, np.int64), 1, seed)[0]))
        else:
            labelled.append(int(drawn[step]))
        accuracy, verdicts = judged(vectors, truth, labelled, run)
        curve.append(accuracy)
    return np.array(curve)


def arrived(curve: npt.NDArray[np.float64], target: float) -> int:
    """Labels after which the curve stays at or above the target; all of them where it does not."""
    short = np.flatnonzero(curve < target)
    return int(min(len(curve), short[-1] + 2 if len(short) else 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=24, help="simulated runs (default %(default)s)")
    parser.add_argument("--labels", type=int, default=80, help="labels given in each (default %(default)s)")
    parser.add_argument("--draws", type=int, default=3, help="random orders per run (default %(default)s)")
    args = parser.parse_args()
    rows: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in MIXTURES}
    for i in range(args.runs):
        name = list(MIXTURES)[i % len(MIXTURES)]
        vectors, truth = simulated_run(TEST_IDS[FIRST + i], MIXTURES[name])
        queue = learning_curve(vectors, truth, args.labels, i, True)
        random = [learning_curve(vectors, truth, args.labels, 1000 * s + i, False) for s in range(args.draws)]
        by_chance = float(np.mean([curve[-1] for curve in random]))
        target = SHARE * max(float(queue[-1]), by_chance)
        needed = float(np.mean([arrived(curve, target) for curve in random]))
        rows[name].append((arrived(queue, target), needed, float(queue[-1]), by_chance))
    print("## Queue: labels needed to reach 90 % of the final balanced accuracy\n")
    print(f"{args.runs} runs of 1000 frames, species never trained on, up to {args.labels} labels.\n")
    print(
        "| run | runs | suggested, mean | worst | random, mean | worst | ratio of means | final, suggested | random |"
    )
    print("|---|" + "---:|" * 8)
    everything = [row for found in rows.values() for row in found]
    for name, found in [*rows.items(), ("all", everything)]:
        if not found:
            continue
        ours, theirs, final, final_by_chance = np.array(found).T
        print(
            f"| {name} | {len(found)} | {ours.mean():.1f} | {ours.max():.0f} | {theirs.mean():.1f} "
            f"| {theirs.max():.0f} | {ours.mean() / theirs.mean():.2f} "
            f"| {final.mean():.3f} | {final_by_chance.mean():.3f} |"
        )
    ours, theirs, *_ = np.array(everything).T
    print(f"\nMedian over runs of the ratio: {np.median(ours / theirs):.2f}; worst: {np.max(ours / theirs):.2f}.\n")


if __name__ == "__main__":
    main()
