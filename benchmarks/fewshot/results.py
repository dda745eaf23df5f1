"""Scores of all methods, read from the cache and merged over seeds; what tables and plots ask of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.fewshot import scores
from benchmarks.fewshot.plan import MIXED_RUN, PAIR_RUN

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcome:
    """One method in one cell under one condition, all seeds together.

    Attributes:
        hits, asked: (S, K, B) right answers and questions of each species, class and step of photons.
        confusion: (K, K) rows truth. calibration: see `scores.calibration_bins`.
        alarms: (K − 1, R) mean false alarm rate of each other class at `scores.RECALLS`.
        auroc: mean over draws, and share called unknown. lost: share of own frames called unknown.
        by_seed: balanced accuracy of each seed. draws: of all seeds. ms: fitting and judging a run, mean of draws.
    """

    classes: tuple[str, ...]
    hits: Floats
    asked: Floats
    confusion: Floats
    calibration: Floats
    alarms: Floats
    auroc: dict[str, float]
    lost: float
    by_seed: Floats
    draws: int
    ms: float

    @property
    def per_species(self) -> Floats:
        """(S,) balanced accuracy; NaN for species that were never asked."""
        return _balanced(self.hits.sum(axis=2), self.asked.sum(axis=2))

    @property
    def balanced(self) -> float:
        """Balanced accuracy, mean over species."""
        return float(np.nanmean(self.per_species))

    @property
    def spread(self) -> float:
        """Standard deviation over seeds; NaN with one."""
        return float(np.std(self.by_seed, ddof=1)) if len(self.by_seed) > 1 else float("nan")

    @property
    def worst(self) -> float:
        return float(np.nanmin(self.per_species))

    @property
    def per_dose(self) -> Floats:
        """(B,) balanced accuracy of each step of photons, species pooled; NaN where none was asked."""
        return _balanced(self.hits.sum(axis=0).T, self.asked.sum(axis=0).T)

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def f1(self) -> float:
        return scores.f1(self.confusion)

    @property
    def ece(self) -> float:
        return scores.calibration_error(self.calibration)

    def precision(self, shares: dict[str, float] | None = None) -> Floats:
        """(R,) at `scores.RECALLS` in a run with 5 % singles."""
        shares = shares or (MIXED_RUN if len(self.classes) == 4 else PAIR_RUN)
        alarms = dict(zip(self.classes[1:], self.alarms, strict=True))
        return scores.precision(scores.RECALLS, alarms, shares, "single")

    def precision_at(self, recall: float) -> float:
        return float(self.precision()[int(np.argmin(np.abs(scores.RECALLS - recall)))])

    @property
    def pr_auc(self) -> float:
        return scores.area(scores.RECALLS, self.precision())


def _balanced(hits: Floats, asked: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        rates = hits / asked
    return np.asarray(rates.mean(axis=1))


def merged(records: list[dict[str, Any]]) -> Outcome:
    """The same cell of several seeds as one."""
    hits, asked, confusion, calibration = (
        np.sum([record[name] for record in records], axis=0, dtype=np.float64)
        for name in ("hits", "asked", "confusion", "calibration")
    )
    draws = np.array([record["draws"] for record in records], np.float64)
    lost = np.sum([record["lost"] for record in records], axis=0)
    by_seed = [
        np.nanmean(_balanced(np.sum(r["hits"], axis=2).astype(float), np.sum(r["asked"], axis=2))) for r in records
    ]
    return Outcome(
        classes=tuple(records[0]["classes"]),
        hits=hits,
        asked=asked,
        confusion=confusion,
        calibration=calibration,
        alarms=np.average([record["alarms"] for record in records], axis=0, weights=draws),
        auroc={
            name: float(np.average([record["auroc"][name] for record in records], weights=draws))
            for name in records[0]["auroc"]
        },
        lost=float(lost[0] / max(lost[1], 1)),
        by_seed=np.array(by_seed),
        draws=int(draws.sum()),
        ms=float(1e3 * sum(record["seconds"] for record in records) / draws.sum()),
    )


class Results:
    """Everything in the cache that was scored on one simulator's sets.

    Args:
        folder: of the cache.
        names: of the scores' folders, by method.
        suffix: number of species and the simulator's digest, as in the files' names.
        seeds: that count.
    """

    def __init__(self, folder: Path, names: dict[str, str], suffix: str, seeds: list[int]) -> None:
        self._folder, self._names, self._suffix, self._seeds = folder / "scores", names, suffix, seeds
        self._read: dict[Path, dict[str, Any]] = {}

    def get(self, method: str, condition: str, key: str) -> Outcome | None:
        """None where that was not asked of the method."""
        records = []
        for seed in self._seeds:
            path = self._folder / self._names[method] / f"{condition}-{seed}-{self._suffix}.json"
            if path not in self._read:
                self._read[path] = json.loads(path.read_text()) if path.is_file() else {}
            if key in self._read[path]:
                records.append(self._read[path][key])
        return merged(records) if records else None
