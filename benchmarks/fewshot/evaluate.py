"""A method on a test set: every cell's draws, reduced to counts that tables and plots are made of."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.fewshot import scores
from benchmarks.fewshot.methods import Judge, Judgement
from benchmarks.fewshot.plan import DOSE_EDGES, Cell
from benchmarks.fewshot.sets import Frames
from benchmarks.fewshot.tasks import CONTAMINANT, OTHER_SPECIES, OWN, Run, labelled, run_of

Floats = npt.NDArray[np.float32]


class Tally:
    """Sums over draws."""

    def __init__(self, cell: Cell, species: range, classes: tuple[str, ...]) -> None:
        k, bins = len(classes), len(DOSE_EDGES) - 1
        self.cell, self.species, self.classes = cell, species, classes
        self.hits = np.zeros((len(species), k, bins), np.int64)
        self.asked = np.zeros((len(species), k, bins), np.int64)
        self.confusion = np.zeros((k, k), np.int64)
        self.calibration = np.zeros((3, scores.BINS))
        self.alarms = np.zeros((k - 1, len(scores.RECALLS)))
        self.auroc: dict[str, list[float]] = {}
        self.lost = [0, 0]
        self.draws = 0

    def add(self, number: int, run: Run, judged: Judgement, photons: Floats, examples: npt.NDArray[np.int64]) -> None:
        """Count one draw; the labelled frames are no questions."""
        query = np.ones(len(run.rows), np.bool_)
        query[examples] = False
        self.draws += 1
        if self.cell.task == "unknown":
            known = judged.unknown[query & (run.stranger == OWN)]
            for name, what in (("other species", OTHER_SPECIES), ("contaminants", CONTAMINANT)):
                strange = judged.unknown[run.stranger == what]
                self.auroc.setdefault(name, []).append(scores.auroc(known, strange))
                if judged.called_unknown is not None:
                    found = float(judged.called_unknown[run.stranger == what].mean())
                    self.auroc.setdefault(f"{name}, called unknown", []).append(found)
        probabilities = judged.probabilities[query & (run.stranger == OWN)]
        truth = run.truth[query & (run.stranger == OWN)]
        answer = probabilities.argmax(axis=1)
        if judged.called_unknown is not None:
            self.lost[0] += int(judged.called_unknown[query & (run.stranger == OWN)].sum())
        self.lost[1] += len(truth)
        place = np.searchsorted(DOSE_EDGES, photons[query & (run.stranger == OWN)], side="right") - 1
        place = place.clip(0, len(DOSE_EDGES) - 2)
        np.add.at(self.hits[number], (truth, place), answer == truth)
        np.add.at(self.asked[number], (truth, place), 1)
        np.add.at(self.confusion, (truth, answer), 1)
        self.calibration += scores.calibration_bins(probabilities.max(axis=1), answer == truth)
        single = truth == 0
        alarms = scores.false_alarms(probabilities[:, 0], single)
        for k in range(1, len(self.classes)):
            self.alarms[k - 1] += alarms[:, truth[~single] == k].mean(axis=1)

    def record(self, seconds: float) -> dict[str, Any]:
        """For the cache, as JSON has it."""
        return {
            "draws": self.draws,
            "classes": list(self.classes),
            "hits": self.hits.tolist(),
            "asked": self.asked.tolist(),
            "confusion": self.confusion.tolist(),
            "calibration": self.calibration.round(6).tolist(),
            "alarms": (self.alarms / max(self.draws, 1)).round(6).tolist(),
            "auroc": {name: float(np.mean(values)) for name, values in self.auroc.items()},
            "lost": self.lost,
            "seconds": round(seconds, 3),
        }


def evaluate(
    judge: Judge, vectors: Floats, frames: Frames, cell: Cell, species: range, seed: int, most_draws: int
) -> dict[str, Any]:
    """All draws of one cell; species take turns, so the first sixty draws ask each of sixty once."""
    runs: dict[int, tuple[Run, Floats]] = {}
    tally: Tally | None = None
    began = time.perf_counter()
    for draw in range(min(cell.draws, most_draws)):
        place = draw % len(species)
        if place not in runs:
            run = run_of(frames, species[place], cell, seed)
            runs[place] = run, np.ascontiguousarray(vectors[run.rows])
        run, own = runs[place]
        tally = tally or Tally(cell, species, run.classes)
        examples = labelled(run, cell, seed, draw)
        judged = judge(own, examples, run.truth[examples], run.classes)
        tally.add(place, run, judged, frames.photons[run.rows], examples)
    assert tally is not None
    return tally.record(time.perf_counter() - began)


def fingerprint(judge: Judge, vectors: Floats, frames: Frames, cell: Cell, species: range, seed: int) -> str:
    """Eight hex digits of what a method says in one draw: scores of other code or other vectors are made again."""
    run = run_of(frames, species[0], cell, seed)
    examples = labelled(run, cell, seed, 0)
    judged = judge(np.ascontiguousarray(vectors[run.rows]), examples, run.truth[examples], run.classes)
    rounded = np.concatenate([judged.probabilities.ravel(), judged.unknown]).astype(np.float64).round(3)
    return hashlib.sha256((rounded + 0.0).tobytes()).hexdigest()[:8]
