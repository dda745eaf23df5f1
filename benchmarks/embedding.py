"""How well and how fast frames are embedded: `python -m benchmarks.embedding` prints markdown tables.

Accuracy: simulated species never trained on (`TEST_IDS`); photons per frame log-uniform over two decades and
background
2 to 20 %, whatever the class; 5 frames per class of one species are labelled, its others classified. Balanced
accuracy, chance 0.5, mean over species and five draws of the labelled frames. The baseline sees the same frames, the
same labels.

Throughput: frames per second on two threads at batch 64, this network with the preparation of its input against the
published SpeckleNN network (Wang et al., IUCrJ 10, 568, 2023), which is given its input ready. Its layers
are set up here with random weights in evaluation mode: speed does not depend on them. Calls alternate, and each
network's best call counts, so that other work on the machine weighs on neither.
"""

from __future__ import annotations

import argparse
import itertools
import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.embedding import weights
from models.embedding.embed import embed_frames
from models.embedding.few_shot import FewShotSettings, fit_head
from models.embedding.preparation import prepare
from models.embedding.training.evaluation import (
    DOSE_EDGES,
    Classifier,
    FewShotScore,
    FewShotSet,
    few_shot_score,
    few_shot_set,
    nearest_prototype,
)
from models.simulation.generate import KIND_NAMES, Kind
from models.simulation.particles import TEST_IDS, random_species
from models.simulation.settings import SimulationSettings

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class PublishedSpeckleNN(nn.Module):
    """Two convolutions of 5 × 5 with batch normalisation, PReLU and pooling, two full layers; one size of frame
    only."""

    def __init__(self, side: int) -> None:
        super().__init__()
        left = ((side - 4) // 2 - 4) // 2
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 32, 5), nn.BatchNorm2d(32), nn.PReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 5), nn.BatchNorm2d(64), nn.PReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(64 * left * left, 512), nn.PReLU(), nn.Linear(512, 128)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.layers(x), dim=1)


def radial_and_angular(frames: FewShotSet, radii: int = 28, angles: int = 36) -> Floats:
    """(n, F) hand-made features: mean intensity per ring, and the strength of angular harmonics 1 … 9 per ring.

    Square-root intensities over valid pixels; rings 2 pixels wide; harmonics of each ring with its mean removed and
    unit norm, as in Dragonfly's "ang_corr_normed"; each feature in units of its spread over the set.
    """
    height, width = frames.valid.shape
    y, x = np.indices((height, width)).astype(np.float64)
    y -= (height - 1) / 2
    x -= (width - 1) / 2
    ring = np.minimum(np.hypot(y, x) / 2, radii).astype(int)
    sector = ((np.arctan2(y, x) + np.pi) / (2 * np.pi) * angles).astype(int) % angles
    cell = np.where(frames.valid & (ring < radii), ring * angles + sector, radii * angles).ravel()
    area = np.bincount(cell, minlength=radii * angles + 1)[:-1].reshape(radii, angles)
    features = []
    for counts in frames.counts:
        root = np.sqrt(counts / max(counts[frames.valid].mean(), 1e-9)).ravel()
        polar = np.bincount(cell, root, radii * angles + 1)[:-1].reshape(radii, angles)
        profile = polar.sum(1) / np.maximum(area.sum(1), 1)
        polar = np.where(area > 0, polar / np.maximum(area, 1), profile[:, None]) - profile[:, None]
        polar /= np.maximum(np.linalg.norm(polar, axis=1, keepdims=True), 1e-9)
        harmonics = np.abs(np.fft.rfft(polar, axis=1))[:, 1:10]
        features.append(np.concatenate([np.log(profile + 1e-3), harmonics.ravel()]))
    table = np.array(features)
    return ((table - table.mean(0)) / np.maximum(table.std(0), 1e-9)).astype(np.float32)


def head(kind: str) -> Classifier:
    """The program's few-shot head, asked for the likeliest class (without "unknown")."""

    def classify(examples: Floats, classes: Ints, queries: Floats) -> Ints:
        fitted = fit_head(examples, classes, KIND_NAMES, FewShotSettings(head=kind), calibrated=False)
        likeliest = fitted.verdicts(queries).probabilities.argmax(1)
        return np.array([KIND_NAMES.index(name) for name in fitted.classes])[likeliest]

    return classify


def accuracy(n_species: int, n_frames: int) -> None:
    network, info = weights.load()
    test = few_shot_set(TEST_IDS[:n_species], n_frames, 1, SimulationSettings())
    vectors = embed_frames(test.counts.astype(np.float32), test.valid, network)
    features = radial_and_angular(test)
    rows: list[tuple[str, FewShotScore]] = [
        ("radial + angular features, nearest prototype", few_shot_score(features, test, nearest_prototype)),
        ("radial + angular features, logistic head", few_shot_score(features, test, head("logistic"))),
        ("Friedel embedding, nearest prototype", few_shot_score(vectors, test, nearest_prototype)),
        ("Friedel embedding, shrinkage head", few_shot_score(vectors, test, head("shrinkage"))),
        ("Friedel embedding, logistic head (default)", few_shot_score(vectors, test, head("logistic"))),
    ]
    shape = " × ".join(str(n) for n in test.valid.shape)
    print("## Embedding: single against multi from five labels each\n")
    print(
        f"{n_species} species never trained on, {2 * n_frames} frames of {shape} pixels each, "
        f"weights {info.digest} ({info.parameters:,} parameters).\n"
    )
    doses = [f"{low:.0f}–{high:.0f}" for low, high in itertools.pairwise(DOSE_EDGES)]
    columns = " | ".join(f"{d} photons" for d in doses)
    print(f"| balanced accuracy | all | {columns} | worst species | 10th percentile |")
    print("|---|" + "---|" * (len(doses) + 3))
    for name, score in rows:
        per_dose = " | ".join(f"{v:.3f}" for v in score.per_dose)
        tenth = np.percentile(score.per_species, 10)
        print(f"| {name} | {score.mean:.3f} | {per_dose} | {score.worst:.3f} | {tenth:.3f} |")
    score = rows[-1][1]
    print("\nWorst species of the default head: ", end="")
    words = []
    for i in np.argsort(score.per_species)[:5]:
        particle = random_species(int(score.species[i]))
        words.append(f"{particle.family} {particle.id}, {particle.diameter_nm:.0f} nm: {score.per_species[i]:.3f}")
    print("; ".join(words) + ".\n")

    everything = few_shot_set(TEST_IDS[:n_species], n_frames // 2, 2, SimulationSettings(), list(Kind))
    vectors = embed_frames(everything.counts.astype(np.float32), everything.valid, network)
    print("All four classes (single, multi, blank, droplet) from five labels each, chance 0.25:\n")
    print(f"| balanced accuracy | all | {columns} | worst species |")
    print("|---|" + "---|" * (len(doses) + 2))
    for name, table in (
        ("radial + angular features, nearest prototype", radial_and_angular(everything)),
        ("Friedel embedding, logistic head (default)", vectors),
    ):
        score = few_shot_score(table, everything, nearest_prototype if "nearest" in name else head("logistic"))
        per_dose = " | ".join(f"{v:.3f}" for v in score.per_dose)
        print(f"| {name} | {score.mean:.3f} | {per_dose} | {score.worst:.3f} |")
    print()


def throughput(rounds: int) -> None:
    network, _ = weights.load()
    print("## Embedding: frames per second, two threads, batch 64\n")
    print("| frame | published SpeckleNN | Friedel with preparation | ratio | ratio of CPU | network alone |")
    print("|---|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    for side in (48, 64, 96, 128):
        published = PublishedSpeckleNN(side).eval()
        frames = rng.poisson(0.3, (64, side, side)).astype(np.float32)
        valid = np.ones((side, side), bool)
        x = torch.from_numpy(frames[:, None])
        prepared = prepare(frames, valid)
        works: list[Callable[[], object]] = [
            lambda net=published, x=x: net(x),
            lambda f=frames, v=valid: embed_frames(f, v, network),
            lambda p=prepared: network(p),
        ]
        wall, cpu = alternate(works, rounds * 96 // side)  # short calls need more luck to go undisturbed
        print(
            f"| {side} × {side} | {64 / wall[0]:.0f} | {64 / wall[1]:.0f} | {wall[0] / wall[1]:.1f} "
            f"| {cpu[0] / cpu[1]:.1f} | {64 / wall[2]:.0f} |"
        )
    print()


def alternate(works: list[Callable[[], object]], rounds: int) -> tuple[list[float], list[float]]:
    """Best wall and best CPU seconds of each of several pieces of work, called in turns."""
    wall, cpu = [np.inf] * len(works), [np.inf] * len(works)
    with torch.inference_mode():
        for turn in range(rounds + 2):
            for i, work in enumerate(works):
                began, burnt = time.perf_counter(), time.process_time()
                work()
                if turn >= 2:
                    wall[i] = min(wall[i], time.perf_counter() - began)
                    cpu[i] = min(cpu[i], time.process_time() - burnt)
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--species", type=int, default=60, help="test species (default %(default)s)")
    parser.add_argument("--frames", type=int, default=60, help="frames per species and class (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=60, help="timed calls at 96 × 96 (default %(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(2)
    throughput(args.rounds)
    accuracy(args.species, args.frames)


if __name__ == "__main__":
    main()
