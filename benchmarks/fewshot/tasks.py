"""A species' run and the frames a user labels in it: the same for every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.fewshot.plan import FOUR_CLASS_FRAMES, UNKNOWN_FRAMES, Cell
from benchmarks.fewshot.sets import Frames
from models.simulation.generate import Kind

Ints = npt.NDArray[np.int64]

OWN, OTHER_SPECIES, CONTAMINANT = 0, 1, 2
CLASSES = {
    "pair": ("single", "multi"),
    "unknown": ("single", "multi"),
    "four": ("single", "multi", "blank", "contaminant"),
}


@dataclass(frozen=True, eq=False)
class Run:
    """Frames of one species' run.

    Attributes:
        rows: (n,) rows of the test set.
        truth: (n,) class, −1 for frames of no labelled class.
        stranger: (n,) `OWN`, `OTHER_SPECIES` or `CONTAMINANT`.
        classes: names of the classes.
    """

    rows: Ints
    truth: Ints
    stranger: Ints
    classes: tuple[str, ...]


def run_of(frames: Frames, species: int, cell: Cell, seed: int) -> Run:
    """All frames of a species that are bright enough, and what else the task puts among them."""
    rng = np.random.default_rng([seed, species, 3])
    bright = frames.photons >= cell.least_photons
    own = np.flatnonzero((frames.species == species) & bright)
    rows, truth, stranger = [own], [frames.kind[own]], [np.full(len(own), OWN)]

    def add(candidates: Ints, n: int, known: bool, what: int) -> None:
        chosen = rng.choice(candidates, min(n, len(candidates)), replace=False)
        rows.append(chosen)
        truth.append(frames.kind[chosen] if known else np.full(len(chosen), -1))
        stranger.append(np.full(len(chosen), what))

    blanks = np.flatnonzero((frames.kind == Kind.BLANK) & bright)
    contaminants = np.flatnonzero((frames.kind == Kind.CONTAMINANT) & bright)
    if cell.task == "four":
        add(blanks, FOUR_CLASS_FRAMES, True, OWN)
        add(contaminants, FOUR_CLASS_FRAMES, True, OWN)
    elif cell.task == "unknown":
        others = np.flatnonzero((frames.species >= 0) & (frames.species != species) & bright)
        add(others, UNKNOWN_FRAMES, False, OTHER_SPECIES)
        add(contaminants, UNKNOWN_FRAMES, False, CONTAMINANT)
    return Run(np.concatenate(rows), np.concatenate(truth), np.concatenate(stranger), CLASSES[cell.task])


def labelled(run: Run, cell: Cell, seed: int, draw: int) -> Ints:
    """(K · shots,) places in the run of the frames a draw labels, class by class."""
    rng = np.random.default_rng([seed, cell.shots, draw, 5])
    chosen = []
    for number in range(len(run.classes)):
        members = np.flatnonzero(run.truth == number)
        if len(members) <= cell.shots:
            raise ValueError(f"{len(members)} frames of class {run.classes[number]} cannot give {cell.shots} labels")
        chosen.append(rng.choice(members, cell.shots, replace=False))
    return np.concatenate(chosen)
