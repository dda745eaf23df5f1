"""Networks trained for the comparison, on the simulator's particles that are for training, one thread each.

- `friedel-frames`: our network and recipe, as many frames as the published one sees.
- `friedel-time`: our network and recipe, as much processor time as the published one takes.
- `specklenn-proportional`, `specklenn-independent`: the published network and recipe (`models.classifying.specklenn`)
  under two laws of fluence, on the very laws the test sets follow.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks.fewshot.plan import CONDITIONS, FULL, PARTICLE_PHOTONS, PHOTONS
from benchmarks.fewshot.sets import beam_offset, render
from models.parameters import to_dict
from models.progress import drain
from models.simulation import detector
from models.simulation.generate import Kind
from models.simulation.particles import TRAIN_IDS, VALIDATION_IDS, random_species

if TYPE_CHECKING:
    from models.embedding.training.settings import TrainingSettings

SPECIES, VALIDATION_SPECIES = 200, 40
KEPT = 24
"""noise-free frames of each species and class, drawn from again and again as in the published training"""


@dataclass(frozen=True)
class Training:
    """One network to train.

    Attributes:
        name: of the folder. title: for the table. make: (seed, frames, folder, cache) → frames seen.
        after: training whose processor time this one is given.
    """

    name: str
    title: str
    make: Callable[[int, int, Path, float], int]
    after: str = ""


def folder_of(name: str, seed: int, frames: int, cache: Path) -> Path:
    return cache / "training" / f"{name}-{frames}-{recipe(name)}-{seed}"


def recipe(name: str) -> str:
    """Six hex digits of the settings a training has: another recipe's networks are never taken for this one's."""
    from models.classifying.specklenn.settings import SpeckleNNSettings

    settings = SpeckleNNSettings() if name.startswith("specklenn") else _short(1, 0)
    return hashlib.sha256(json.dumps(to_dict(settings), sort_keys=True).encode()).hexdigest()[:6]


def trained(name: str, seed: int, frames: int, cache: Path) -> Path:
    """Weights of a training, made now unless they are in the cache."""
    training = TRAININGS[name]
    folder = folder_of(name, seed, frames, cache)
    record = folder / "training.json"
    if not record.is_file():
        budget = 0.0
        if training.after:
            trained(training.after, seed, frames, cache)
            trained("friedel-frames", seed, frames, cache)  # tells how many frames that time is enough for
            done = json.loads((folder_of(training.after, seed, frames, cache) / "training.json").read_text())
            budget = float(done["cpu_s"])
        print(f"training {training.title}, seed {seed} …", flush=True)
        began = time.process_time()
        seen = training.make(seed, frames, folder, budget)
        words = {
            "title": training.title,
            "seed": seed,
            "frames": seen,
            "cpu_s": round(time.process_time() - began, 1),
        }
        record.write_text(json.dumps(words))
        print(f"  {words}", flush=True)
    return next(path for path in sorted(folder.glob("*.safetensors")) if "checkpoint" not in path.name)


def records(frames: int, cache: Path) -> dict[str, dict[str, Any]]:
    """What is known of every finished training of that many frames, by name and seed."""
    found = {}
    for name in TRAININGS:
        for path in sorted((cache / "training").glob(f"{name}-{frames}-{recipe(name)}-*/training.json")):
            found[path.parent.name] = {"name": name, **json.loads(path.read_text())}
    return found


def _short(steps: int, seed: int) -> TrainingSettings:
    """Our recipe in one sweep of the learning rate over a given number of steps."""
    from models.embedding.training.settings import TrainingSettings

    return TrainingSettings(
        epochs=1,
        steps_per_epoch=max(steps, 1),
        restart_epoch=0,
        warmup_steps=min(TrainingSettings().warmup_steps, steps // 10 + 1),
        validation_species=2,
        test_species=2,
        seed=seed,
    )


def _ours(seed: int, frames: int, folder: Path, budget_s: float) -> int:
    """Our recipe with the published number of frames, or with as many as the processor time allows."""
    from models.embedding.training.batches import layout
    from models.embedding.training.train import train

    batch = len(layout(_short(1, 0)).classes)
    steps = frames // batch
    if budget_s:
        sibling = json.loads(
            (folder_of("friedel-frames", seed, frames, folder.parents[1]) / "training.json").read_text()
        )
        steps = int(budget_s / float(sibling["cpu_s"]) * float(sibling["frames"]) / batch)
    drain(train(_short(steps, seed), folder))
    return steps * batch


class Stream:
    """Groups of expected frames of training particles under one of the two laws the test sets follow.

    Args:
        proportional: the law.
        seed: everything is a function of it.
    """

    def __init__(self, proportional: bool, seed: int) -> None:
        self._proportional, self._seed = proportional, seed
        self._rng = np.random.default_rng([seed, 21])
        self._station = CONDITIONS[FULL].station
        self._kept: dict[tuple[int, int], tuple[npt.NDArray[np.float16], npt.NDArray[np.int64], float]] = {}
        self.valid = detector.usable(self._station)

    def group(self, number: int, kind: Kind, n: int) -> npt.NDArray[np.float32]:
        """(n, H, W) expected photons, background included, of one species' singles or aggregates."""
        if (number, kind) not in self._kept:
            self._kept[number, kind] = self._render(number, kind)
        roots, copies, dose = self._kept[number, kind]
        rng, station = self._rng, self._station
        rows = rng.integers(0, len(roots), n)
        low, high = PHOTONS
        photons = dose * copies[rows] if self._proportional else low * (high / low) ** rng.random(n)
        share = station.background_low * (station.background_high / station.background_low) ** rng.random(n)
        return detector.expected_counts(roots[rows].astype(np.float32) ** 2, photons, share, rng, station)

    def _render(self, number: int, kind: Kind) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.int64], float]:
        dose_rng = np.random.default_rng([self._seed, number, 22])
        low, high = PARTICLE_PHOTONS
        dose = low * (high / low) ** dose_rng.random()
        rng = np.random.default_rng([self._seed, number, int(kind), 23])
        station = self._station
        copies = np.ones(KEPT, np.int64) if kind == Kind.SINGLE else rng.integers(2, station.most_copies + 1, KEPT)
        species = random_species(number, diameters_nm=station.diameters_nm)
        out = np.empty((KEPT, *station.shape), np.float16)
        for i, number_of in enumerate(copies):
            picture = render(species, kind, int(number_of), beam_offset(rng, station, 0.0), rng, station)
            out[i] = np.sqrt(picture / picture.max())
        return out, copies, float(dose)


def _published(proportional: bool) -> Callable[[int, int, Path, float], int]:
    """The published recipe; the weights of the least loss on validation particles are kept, as published."""

    def make(seed: int, frames: int, folder: Path, budget_s: float) -> int:
        from models.classifying.specklenn.settings import SpeckleNNSettings
        from models.classifying.specklenn.train import train
        from models.classifying.specklenn.weights import save

        settings = SpeckleNNSettings(frames=frames, seed=seed)
        validation = list(islice(batches(proportional, seed, VALIDATION_IDS[:VALIDATION_SPECIES]), 4))
        stream = batches(proportional, seed, TRAIN_IDS[:SPECIES])
        network = drain(train(stream, settings, validation=validation, validate_every=25))
        save(network, folder / "specklenn.safetensors")
        return frames

    return make


def batches(proportional: bool, seed: int, ids: range, samples: int = 20, candidates: int = 20) -> Iterator[Any]:
    """For ever: `samples` groups of `candidates` frames, as the published training takes them."""
    from models.classifying.specklenn.stream import LabelledFrames

    stream = Stream(proportional, seed)
    rng = np.random.default_rng([seed, 24])
    while True:
        numbers = rng.choice(np.arange(ids.start, ids.stop), samples)
        kinds = rng.integers(0, 2, samples)
        groups = [stream.group(int(s), Kind(int(k)), candidates) for s, k in zip(numbers, kinds, strict=True)]
        yield LabelledFrames(
            np.concatenate(groups), np.repeat(numbers, candidates), np.repeat(kinds, candidates), stream.valid
        )


TRAININGS = {
    training.name: training
    for training in (
        Training("friedel-frames", "Friedel, equal frames", _ours),
        Training("specklenn-proportional", "published recipe, proportional fluence", _published(True)),
        Training("specklenn-independent", "published recipe, independent fluence", _published(False)),
        Training("friedel-time", "Friedel, equal processor time", _ours, after="specklenn-independent"),
    )
}
