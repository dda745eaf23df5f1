"""How fast and how well a few labels sort a run, and how fast it is mapped: `python -m benchmarks.verdicts`.

Speed: 10^6 embeddings of 128 numbers, 5 classes, one linear-algebra thread per Python thread, as in the window. The
floor is reading every number once; the peer is scikit-learn's fitted LogisticRegression, which gives no "unknown".

Quality: simulated crowds, and the demo run with the bundled weights where they exist. Balanced accuracy is over the
frames that were not labelled, each counted as its likeliest class even where it is called unknown; calibration error
is the expected one over ten bins of confidence; strangers are the frames of a class that was given no labels, members
those of the others, lost where they are called unknown.

Maps: UMAP here and in umap-learn on the same frames, from the same PCA start, including what each compiles or loads.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import csv
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from models.embedding.few_shot import (
    FewShotSettings,
    Verdicts,
    cross_validate,
    fit_head,
    hold_out,
    neighbours,
    precision_recall,
    run_statistics,
    suggest,
)
from models.embedding.layout import UmapSettings, pca, umap_layout
from models.embedding.layout.neighbour_graph import nearest
from models.errors import BadWeights
from models.progress import drain
from tests.models.embedding.crowds import crowds, examples_of

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

LABELS_EACH = (1, 2, 5, 20, 60)
HEADS = ("prototype", "shrinkage", "logistic")
DEMO = Path(__file__).parents[1] / "resources" / "demo"


def timed(work: Callable[[], Any], repeats: int = 5) -> tuple[float, float]:
    """Median wall and CPU time of `work` in ms."""
    wall, cpu = [], []
    for _ in range(repeats):
        began, busy = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - busy)
    return 1e3 * float(np.median(wall)), 1e3 * float(np.median(cpu))


def speed(n: int = 1_000_000) -> None:
    base, truth = crowds(seed=0, sizes=(20_000,) * 5)
    rng = np.random.default_rng(0)
    vectors = np.empty((n, base.shape[1]), np.float32)
    for start in range(0, n, len(base)):
        part = vectors[start : start + len(base)]
        part[:] = base[: len(part)] + 0.01 * rng.standard_normal(part.shape, dtype=np.float32)
    truth = np.resize(truth, n)
    chosen = examples_of(truth, 40)
    names = tuple("abcde")
    run = run_statistics(vectors)
    head = fit_head(vectors[chosen], truth[chosen], names, run=run)
    verdicts = Verdicts.empty(n, names)
    peer = LogisticRegression().fit(vectors[chosen], truth[chosen])
    mask = np.zeros(n, np.bool_)
    mask[chosen] = True
    held = hold_out(vectors[chosen], truth[chosen], names, run=run)
    few = examples_of(truth, 12)

    def label() -> None:
        fit_head(vectors[chosen], truth[chosen], names, run=run).verdicts(vectors, out=verdicts)

    rows: list[tuple[str, Callable[[], Any]]] = [
        ("floor: read every number once", lambda: [vectors[i : i + 4096].max() for i in range(0, n, 4096)]),
        ("refit and judge all frames after a label (200 examples)", label),
        ("· judging alone, 2 threads", lambda: head.verdicts(vectors, out=verdicts)),
        ("· judging alone, 1 thread", lambda: head.verdicts(vectors, out=verdicts, threads=1)),
        ("· refitting alone", lambda: fit_head(vectors[chosen], truth[chosen], names, run=run)),
        ("· refitting alone, 60 examples", lambda: fit_head(vectors[few], truth[few], names, run=run)),
        ("· holding every one of 60 examples out", lambda: hold_out(vectors[few], truth[few], names, run=run)),
        ("peer: LogisticRegression.predict_proba", lambda: peer.predict_proba(vectors)),
        ("queue: 24 suggestions", lambda: suggest(verdicts, vectors, mask, 24)),
        ("first suggestions, before any label", lambda: suggest(None, vectors, mask, 24)),
        ("100 nearest neighbours of a frame", lambda: neighbours(vectors, 7, 100)),
        (
            "confusion by 5-fold cross-validation",
            lambda: cross_validate(vectors[chosen], truth[chosen], names, run=run),
        ),
        ("precision, recall and their intervals", lambda: precision_recall(verdicts, "a", held)),
        ("look at the run, once", lambda: run_statistics(vectors)),
        ("PCA map", lambda: pca(vectors)),
    ]
    print("## Verdicts\n")
    print(f"{n:,} frames × 128 numbers, {len(names)} classes. Median of 5; the promise is 300 ms after a label.\n")
    print("| | wall (ms) | CPU (ms) | CPU / floor |\n|---|---:|---:|---:|")
    floor = None
    for name, work in rows:
        wall, cpu = timed(work)
        floor = floor or cpu
        print(f"| {name} | {wall:.0f} | {cpu:.0f} | {cpu / floor:.1f} |")
    print()


def calibration_error(confidence: Floats, right: npt.NDArray[np.bool_]) -> float:
    bins = np.clip((confidence * 10).astype(int), 0, 9)
    return float(
        sum(abs(confidence[bins == b].mean() - right[bins == b].mean()) * np.mean(bins == b) for b in np.unique(bins))
    )


def balanced(answers: Ints, truth: Ints) -> float:
    return float(np.mean([np.mean(answers[truth == k] == k) for k in np.unique(truth)]))


def judged(vectors: Floats, truth: Ints, each: int, seed: int) -> dict[str, tuple[float, float]]:
    """Balanced accuracy and calibration error of every head and peer on the frames that are not labelled."""
    chosen = examples_of(truth, each, seed=seed)
    rest = np.setdiff1d(np.arange(len(truth)), chosen)
    names = [str(k) for k in range(int(truth.max()) + 1)]
    run = run_statistics(vectors)
    found = {}
    for kind in HEADS:
        verdicts = fit_head(vectors[chosen], truth[chosen], names, FewShotSettings(head=kind), run=run).verdicts(
            vectors
        )
        known = verdicts.probabilities[rest] / np.maximum(1.0 - verdicts.unknown[rest], 1e-6)[:, None]
        answers = known.argmax(axis=1)
        found[kind] = balanced(answers, truth[rest]), calibration_error(known.max(axis=1), answers == truth[rest])
    for kind, peer in (
        ("scikit-learn logistic", LogisticRegression(max_iter=1000)),
        ("scikit-learn LDA", LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
    ):
        if each == 1 and "LDA" in kind:
            found[kind] = float("nan"), float("nan")
            continue
        chances = peer.fit(vectors[chosen], truth[chosen]).predict_proba(vectors[rest])
        answers = chances.argmax(axis=1)
        found[kind] = balanced(answers, truth[rest]), calibration_error(chances.max(axis=1), answers == truth[rest])
    return found


def strangers(vectors: Floats, truth: Ints, each: int, seeds: int) -> tuple[float, float]:
    """Share of a class without labels that is called unknown, and of the others' frames that is; over all classes."""
    found, lost = [], []
    run = run_statistics(vectors)
    for left_out in np.unique(truth):
        for seed in range(seeds):
            chosen = examples_of(truth, each, seed=seed)
            chosen = chosen[truth[chosen] != left_out]
            kept, numbers = np.unique(truth[chosen], return_inverse=True)
            label = fit_head(vectors[chosen], numbers, [str(k) for k in kept], run=run).verdicts(vectors).label
            found.append(np.mean(label[truth == left_out] == -1))
            lost.append(np.mean(label[truth != left_out] == -1))
    return float(np.mean(found)), float(np.mean(lost))


def quality(title: str, runs: list[tuple[Floats, Ints]], draws: int) -> None:
    print(f"## Few labels: {title}\n")
    print("Balanced accuracy (calibration error), mean over runs and draws of the labels.\n")
    kinds = [*HEADS, "scikit-learn logistic", "scikit-learn LDA"]
    print(f"| labels per class | {' | '.join(kinds)} | strangers found | members lost |")
    print("|---:|" + "---:|" * (len(kinds) + 2))
    for each in LABELS_EACH:
        results = [judged(vectors, truth, each, seed) for vectors, truth in runs for seed in range(draws)]
        cells = [
            f"{np.mean([r[kind][0] for r in results]):.3f} ({np.mean([r[kind][1] for r in results]):.3f})"
            for kind in kinds
        ]
        found, lost = np.mean([strangers(vectors, truth, each, min(draws, 3)) for vectors, truth in runs], axis=0)
        print(f"| {each} | {' | '.join(cells).replace('nan (nan)', '–')} | {found:.2f} | {lost:.3f} |")
    print()


def demo_run() -> tuple[Floats, Ints] | None:
    """The demo run's embedding and its four true classes; None without bundled weights."""
    from models.embedding.embed import embed_frames
    from models.embedding.weights import load
    from models.runs import open_run

    try:
        network, _ = load()
    except BadWeights:
        return None
    run = open_run(DEMO / "demo.cxi")
    frames = [run.load(i) for i in range(len(run))]
    vectors = embed_frames(np.stack([f.data for f in frames]), np.stack([f.valid for f in frames]), network)
    run.close()
    with (DEMO / "demo_truth.csv").open() as table:
        classes = [row["class"] for row in csv.DictReader(table)]
    return vectors, np.unique(classes, return_inverse=True)[1].astype(np.int64)


def kept_neighbours(vectors: Floats, layout: Floats, k: int = 15) -> float:
    """Share of the k nearest frames in the embedding that are among the k nearest on the map."""
    rows = np.arange(len(vectors))
    before = drain(nearest(vectors, rows, vectors, k, itself=True))[0]
    flat = np.ascontiguousarray(layout, np.float32)
    after = drain(nearest(flat, rows, flat, k, itself=True))[0]
    return float(np.mean([len(set(a) & set(b)) for a, b in zip(before, after, strict=True)])) / k


PEER = """
import sys, time, numpy as np
began = time.perf_counter()
import umap
vectors = np.load(sys.argv[1])
method = umap.UMAP(n_neighbors=15, min_dist=0.1, n_epochs=300, init="pca", random_state=0, n_jobs=1)
layout = method.fit_transform(vectors)
np.save(sys.argv[1] + ".peer.npy", layout)
print(time.perf_counter() - began, time.process_time())
"""
OURS = """
import sys, time, numpy as np
began = time.perf_counter()
from models.embedding.layout import UmapSettings, umap_layout
from models.progress import drain
layout = drain(umap_layout(np.load(sys.argv[1]), UmapSettings(epochs=300)))
np.save(sys.argv[1] + ".ours.npy", layout)
print(time.perf_counter() - began, time.process_time())
"""


def maps(folder: Path, n: int = 6000) -> None:
    vectors, _ = crowds(seed=1, sizes=(n // 6,) * 6, separation=3.0)
    file = folder / "vectors.npy"
    np.save(file, vectors)
    print("## UMAP\n")
    print(f"{n} frames, 300 epochs, a fresh process each. Kept: 15 nearest frames that stay among the 15 nearest.\n")
    print("| | wall (s) | CPU (s) | neighbours kept |\n|---|---:|---:|---:|")
    print(f"| PCA | | | {kept_neighbours(vectors, pca(vectors)):.3f} |")
    for name, script, suffix in (("Friedel", OURS, "ours"), ("umap-learn", PEER, "peer")):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, str(file)], capture_output=True, text=True, check=True
        )
        wall, cpu = (float(word) for word in done.stdout.split())
        print(
            f"| {name} | {wall:.1f} | {cpu:.1f} | {kept_neighbours(vectors, np.load(f'{file}.{suffix}.npy')):.3f} |"
        )
    large, _ = crowds(seed=2, sizes=(20_000,) * 5)
    wall, cpu = timed(lambda: drain(umap_layout(large, UmapSettings(epochs=200))), repeats=1)
    print(f"| Friedel, 100 000 frames, 200 epochs | {wall / 1e3:.0f} | {cpu / 1e3:.0f} | |")
    print()


def main() -> None:
    import tempfile

    speed()
    simulated = [crowds(seed=s, sizes=(800,) * 4, separation=2.0 + s) for s in range(4)]
    quality("simulated crowds, 4 classes, overlapping to apart", simulated, draws=3)
    demo = demo_run()
    if demo is None:
        print("No bundled weights: the demo run was left out.\n")
    else:
        quality("the demo run with the bundled weights, 4 classes", [demo], draws=10)
    with tempfile.TemporaryDirectory() as folder:
        maps(Path(folder))


if __name__ == "__main__":
    main()
