"""The methods that are compared, behind one small convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.fewshot.training import TRAININGS, recipe, trained
from models.classifying.types import UNLABELLED
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


SLOW = {"cnn": 20, "angular-mlp": 60, "eigen-image": 60}
"""Most draws of classifiers that take long over every one; with 60 each species is asked once."""

SLOWEST = {"cnn"}
"""Asked in the first cell of the plan only: a quarter of a minute for every draw."""

Judge = Callable[[Floats, Ints, Ints, tuple[str, ...]], Judgement]
"""(vectors of the whole run, places of the labelled frames, their classes, class names) to a judgement of the run"""


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        name: used in file names and on the command line. title: what readers see. family: "ours", "published"
            or "classical".
        features: name under which the extracted vectors are kept; several methods can share them.
        load: gives the extractor for a seed of the benchmark: networks trained for it have one per seed.
        judge: few-shot classification.
        most_draws: of the labelled frames in a cell and seed, where the method is slow; 0 for no limit.
        most_cells: of the plan, from its beginning; 0 for no limit.
        training: what `training` makes for it; empty where nothing is trained beforehand.
    """

    name: str
    title: str
    family: str
    features: str
    load: Callable[[int], Extract]
    judge: Judge
    most_draws: int = 0
    most_cells: int = 0
    training: str = ""


def few_shot_head(vectors: Floats, places: Ints, classes: Ints, names: tuple[str, ...]) -> Judgement:
    """The head of the window with its default settings."""
    head = fit_head(vectors[places], classes, names, run=run_statistics(vectors))
    verdicts = head.verdicts(vectors, threads=1)
    known = verdicts.probabilities / np.maximum(verdicts.probabilities.sum(axis=1, keepdims=True), 1e-12)
    return Judgement(known, verdicts.unknown, verdicts.label < 0)


def published_scorer(vectors: Floats, places: Ints, classes: Ints, names: tuple[str, ...]) -> Judgement:
    """The class whose examples are nearest on average; what is far from all examples counts as unknown."""
    from models.classifying.specklenn.score import distances

    judged = classical("specklenn")(vectors, places, classes, names)
    return Judgement(judged.probabilities, distances(vectors, vectors[places], classes).min(axis=1))


def classical(name: str) -> Judge:
    """A classifier of the registry with its default parameters; it sees the run's other frames without labels."""
    from models.classifying.registry import make

    def judge(vectors: Floats, places: Ints, classes: Ints, names: tuple[str, ...]) -> Judgement:
        labels = np.full(len(vectors), UNLABELLED)
        labels[places] = classes
        probabilities = make(name).fit(vectors, labels).predict_proba(vectors)
        return Judgement(probabilities, 1 - probabilities.max(axis=1))

    return judge


def ours(weights: str | Path) -> Extract:
    """SpeckleNet with given weights."""
    from models.embedding.embed import embed_frames
    from models.embedding.weights import load

    network, _ = load(weights)
    return lambda frames, valid: embed_frames(frames, valid, network)


def of_registry(features: str, weights: str | Path = "") -> Extract:
    """An extractor of the classical classifiers."""
    from models.classifying.features import extractor

    made = extractor(features, weights)
    return lambda frames, valid: made.extract(frames, valid)


def methods(cache: Path, train_frames: int, weights: str = "speckle") -> Mapping[str, Method]:
    """All of them by name, ours first.

    Args:
        cache: where networks trained for the comparison are.
        train_frames: that they saw.
        weights: of ours: the bundled ones, or the path of others.
    """
    from models.classifying.features import extractor
    from models.classifying.registry import CLASSIFIERS
    from models.embedding.weights import digest

    found = [
        Method(
            "friedel",
            "Friedel, bundled weights" if weights == "speckle" else f"Friedel, {weights}",
            "ours",
            f"friedel-{digest(weights)}",
            lambda seed: ours(weights),
            few_shot_head,
        )
    ]
    for name, training in TRAININGS.items():
        published = name.startswith("specklenn")

        def load(seed: int, name: str = name, published: bool = published) -> Extract:
            path = trained(name, seed, train_frames, cache)
            return of_registry("specklenn", path) if published else ours(path)

        found.append(
            Method(
                name,
                training.title,
                "published" if published else "ours",
                f"{name}-{train_frames}-{recipe(name)}",
                load,
                published_scorer if published else few_shot_head,
                training=name,
            )
        )
    for name, info in CLASSIFIERS.items():
        if info.features in ("speckle", "specklenn"):
            continue
        found.append(
            Method(
                name,
                info.title,
                "classical",
                f"{info.features}-{extractor(info.features).digest}",
                lambda seed, features=info.features: of_registry(features),
                classical(name),
                most_draws=SLOW.get(name, 0),
                most_cells=int(name in SLOWEST),
            )
        )
    return {method.name: method for method in found}
