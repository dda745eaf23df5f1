"""How well embeddings tell singles from aggregates, as users do it: a few labels, one species, any brightness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulation import detector
from models.simulation.generate import Kind, render_batch
from models.simulation.particles import random_species
from models.simulation.settings import SimulationSettings

DOSE_EDGES = (200.0, 632.5, 2000.0, 6325.0, 20_000.0)
"""Photons per frame: two decades in four equal steps of their logarithm."""

Classifier = Callable[
    [npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.float32]], npt.NDArray[np.int64]
]
"""(examples, their classes, queries) -> classes of the queries."""


@dataclass(frozen=True, eq=False)
class FewShotSet:
    """Counted frames of many species, every class in equal number.

    Attributes:
        counts: (n, H, W) uint16 photons.
        valid: (H, W) bool, True = use.
        species: (n,) int64. kind: (n,) int64 of `Kind`. photons: (n,) float32 expected in the frame.
    """

    counts: npt.NDArray[np.uint16]
    valid: npt.NDArray[np.bool_]
    species: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    photons: npt.NDArray[np.float32]


def few_shot_set(
    ids: Iterable[int],
    frames_per_class: int,
    seed: int,
    station: SimulationSettings,
    classes: Sequence[Kind] = (Kind.SINGLE, Kind.MULTI),
) -> FewShotSet:
    """Simulate a set; brightness and background are log-uniform over the station's ranges, whatever the class."""
    counts, species, kind, photons = [], [], [], []
    for number in ids:
        rng = np.random.default_rng([seed, number])
        kinds = np.repeat(classes, frames_per_class)
        n = len(kinds)
        signal = render_batch([random_species(number)] * n, kinds, None, rng, station)
        dose = station.photons_low * (station.photons_high / station.photons_low) ** rng.random(n)
        share = station.background_low * (station.background_high / station.background_low) ** rng.random(n)
        expected = detector.expected_counts(signal, dose, share, rng, station)
        counts.append(np.stack([detector.sample_counts(rng, frame) for frame in expected]))
        species.append(np.full(n, number))
        kind.append(kinds)
        photons.append(dose)
    return FewShotSet(
        counts=np.concatenate(counts),
        valid=detector.usable(station),
        species=np.concatenate(species).astype(np.int64),
        kind=np.concatenate(kind).astype(np.int64),
        photons=np.concatenate(photons).astype(np.float32),
    )


@dataclass(frozen=True, eq=False)
class FewShotScore:
    """Balanced accuracies: means over the classes' own.

    Attributes:
        mean: over species, all doses.
        per_species: (S,) each species' own, in the order of `species`.
        species: (S,) int64 species numbers.
        per_dose: (4,) over species, for each dose bin of the queries.
        per_dose_species: (S, 4) the same for each species.
    """

    mean: float
    per_species: npt.NDArray[np.float64]
    species: npt.NDArray[np.int64]
    per_dose: npt.NDArray[np.float64]
    per_dose_species: npt.NDArray[np.float64]

    @property
    def worst(self) -> float:
        return float(self.per_species.min())

    @property
    def spread(self) -> float:
        """How far the mean may lie from that of other species: see `spread`."""
        return spread(self.per_species)


def spread(per_species: npt.NDArray[np.float64], draws: int = 1000) -> float:
    """Half the width of the 95 % interval of a mean over species, by bootstrap over species."""
    rng = np.random.default_rng(0)
    n = len(per_species)
    low, high = np.percentile(per_species[rng.integers(0, n, (draws, n))].mean(1), [2.5, 97.5])
    return float(high - low) / 2


def few_shot_score(
    vectors: npt.NDArray[np.float32],
    frames: FewShotSet,
    classify: Classifier,
    *,
    shots: int = 5,
    draws: int = 5,
    seed: int = 0,
) -> FewShotScore:
    """Label `shots` frames per class of one species, classify its others, for every species and several draws.

    Args:
        vectors: (n, D) of every frame of the set. classify: the few-shot classifier. shots: labels per class.
        draws: how many times examples are drawn. seed: of the draws, the same frames for every embedding.
    """
    numbers = np.unique(frames.species)
    bins = len(DOSE_EDGES) - 1
    classes = np.unique(frames.kind)
    hits = np.zeros((len(numbers), len(classes), bins))
    asked = np.zeros((len(numbers), len(classes), bins))
    for s, number in enumerate(numbers):
        members = np.flatnonzero(frames.species == number)
        kind = frames.kind[members]
        rng = np.random.default_rng([seed, int(number)])
        dose = np.clip(np.searchsorted(DOSE_EDGES, frames.photons[members], side="right") - 1, 0, bins - 1)
        for _ in range(draws):
            picked = np.concatenate([rng.permutation(np.flatnonzero(kind == c))[:shots] for c in classes])
            rest = np.setdiff1d(np.arange(len(members)), picked)
            told = classify(vectors[members[picked]], kind[picked], vectors[members[rest]])
            row = np.searchsorted(classes, kind[rest])
            np.add.at(hits[s], (row, dose[rest]), told == kind[rest])
            np.add.at(asked[s], (row, dose[rest]), 1)
    with np.errstate(invalid="ignore"):
        per_species = (hits.sum(2) / asked.sum(2)).mean(1)
        per_dose_species = (hits / asked).mean(1)  # NaN where a bin lacks a class
    return FewShotScore(
        mean=float(per_species.mean()),
        per_species=per_species,
        species=numbers,
        per_dose=np.array([_mean_of_known(column) for column in per_dose_species.T]),
        per_dose_species=per_dose_species,
    )


def _mean_of_known(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def nearest_prototype(
    examples: npt.NDArray[np.float32], classes: npt.NDArray[np.int64], queries: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """The class whose mean example is nearest."""
    names = np.unique(classes)
    means = np.stack([examples[classes == c].mean(0) for c in names])
    distance = ((queries[:, None] - means[None]) ** 2).sum(2)
    return np.asarray(names[distance.argmin(1)], dtype=np.int64)
