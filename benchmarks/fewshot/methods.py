"""The methods that are compared, behind one small convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.fewshot.features import radial_and_angular
from models.embedding.few_shot import fit_head, run_statistics

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Extract = Callable[[Floats, Mask], Floats]
"""(n, H, W) photons and (H, W) valid pixels to (n, D) float32"""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a method says of every frame of a run.

    Attributes:
        probabilities: (n, K), rows sum to 1: of the labelled classes, given that it is one of them.
        unknown: (n,) larger where the frame is likelier of no labelled class; any scale.
        called_unknown: (n,) bool where the method has a verdict on that.
    """

    probabilities: npt.NDArray[np.floating[Any]]
    unknown: npt.NDArray[np.floating[Any]]
    called_unknown: Mask | None = None


Judge = Callable[[Floats, Ints, Ints, tuple[str, ...]], Judgement]
"""(vectors of the whole run, places of the labelled frames, their classes, class names) to a judgement of the run"""


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        name: used in file names and on the command line. title: what readers see.
        paper: whose description it follows; empty for ours.
        features: name under which the extracted vectors are kept; several methods can share them.
        load: gives the extractor for a seed of the benchmark; networks trained for the comparison have one per seed.
        judge: few-shot classification.
        family: "ours", "published" or "classical".
        most_draws: of the labelled frames, where the method is slow; 0 for no limit.
        main_only: only asked under the main conditions, where it is slow.
        training: the name of what `training` makes for it; empty where nothing is trained beforehand.
    """

    name: str
    title: str
    features: str
    load: Callable[[int, Path], Extract]
    judge: Judge
    family: str
    paper: str = ""
    most_draws: int = 0
    main_only: bool = False
    training: str = ""


def few_shot_head(vectors: Floats, places: Ints, classes: Ints, names: tuple[str, ...]) -> Judgement:
    """The head of the window with its default settings."""
    head = fit_head(vectors[places], classes, names, run=run_statistics(vectors))
    verdicts = head.verdicts(vectors, threads=1)
    known = verdicts.probabilities / np.maximum(verdicts.probabilities.sum(axis=1, keepdims=True), 1e-12)
    return Judgement(known, verdicts.unknown, verdicts.label < 0)


def nearest_prototype(vectors: Floats, places: Ints, classes: Ints, names: tuple[str, ...]) -> Judgement:
    """The class whose mean example is nearest; distances in units of the examples' own scatter give probabilities."""
    examples = vectors[places].astype(np.float64)
    means = np.stack([examples[classes == k].mean(axis=0) for k in range(len(names))])
    squared = ((vectors[:, None, :].astype(np.float64) - means[None]) ** 2).sum(axis=2)
    scatter = ((examples - means[classes]) ** 2).sum(axis=1).mean() or ((means - means.mean(0)) ** 2).sum(1).mean()
    return from_scores(-squared / (2 * scatter), squared.min(axis=1))


def from_scores(scores: npt.NDArray[np.float64], unknown: npt.NDArray[np.float64]) -> Judgement:
    """Probabilities by softmax of (n, K) scores."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return Judgement(odds / odds.sum(axis=1, keepdims=True), unknown)


def ours(weights: str | Path) -> Extract:
    """SpeckleNet with given weights."""
    from models.embedding.embed import embed_frames
    from models.embedding.weights import load

    network, _ = load(weights)
    return lambda frames, valid: embed_frames(frames, valid, network)


def _standardised(vectors: Floats) -> Floats:
    return np.asarray((vectors - vectors.mean(axis=0)) / np.maximum(vectors.std(axis=0), 1e-9), np.float32)


def _on_standardised(judge: Judge) -> Judge:
    def work(vectors: Floats, places: Ints, classes: Ints, names: tuple[str, ...]) -> Judgement:
        return judge(_standardised(vectors), places, classes, names)

    return work


def methods() -> Mapping[str, Method]:
    """All of them by name, ours first."""
    found = [
        Method(
            "friedel",
            "Friedel, bundled weights",
            f"friedel-{_bundled()}",
            lambda seed, folder: ours("speckle"),
            few_shot_head,
            "ours",
        ),
        Method(
            "radial-angular-prototype",
            "radial + angular features, nearest prototype",
            "radial-angular",
            lambda seed, folder: radial_and_angular,
            _on_standardised(nearest_prototype),
            "classical",
        ),
        Method(
            "radial-angular-logistic",
            "radial + angular features, our few-shot head",
            "radial-angular",
            lambda seed, folder: radial_and_angular,
            _on_standardised(few_shot_head),
            "classical",
        ),
    ]
    return {method.name: method for method in found}


def _bundled() -> str:
    from models.embedding.weights import digest

    return digest("speckle")
