"""Adapt to this run: minutes of further training on the run's own frames, for weights of its own.

Two teachers at once. Simulated particles with known classes are shown as this run's detector would show them: with
the masks and the number of photons measured from the run's frames. And the run's own frames, whose classes nobody
knows, are shown twice each in different exposures, which both branches of the network have to recognise
(`projection`). Where the user has labelled frames, they can be a third.

Nothing is replaced: the result is a new weight file that names its parent, the run and the settings, with figures of
before and after that need no labels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import NotSaved
from models.files.disk import is_writable
from models.parameters import parameter, to_dict, validate
from models.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from models.embedding.network import SpeckleNet
    from models.embedding.training.augmentation import Conditions
    from models.embedding.training.run_sample import RunSample
    from models.runs.types import Run

_VALIDATION_SPECIES = 12
_VALIDATION_FRAMES = 12
_LOOKED_AT = 256
_REPORT_EVERY = 5


@dataclass(frozen=True)
class AdaptSettings:
    """How an embedding is adapted to a run."""

    weights: str = parameter("speckle", "weights to start from: bundled by name, or a .safetensors file")
    frames: int = parameter(1024, "frames of the run to learn from, spread over it at random", low=32, high=100_000)
    steps: int = parameter(120, "optimiser steps", low=1, high=100_000)
    run_frames_per_batch: int = parameter(48, "frames of the run in a batch, each shown twice", low=2, high=4096)
    species: int = parameter(48, "simulated training species shown beside them", low=8)
    species_per_batch: int = parameter(8, "simulated species in a batch", low=2)
    projection_weight: float = parameter(0.1, "weight of the objective on the run's own frames", low=0.0)
    label_weight: float = parameter(0.5, "weight of the objective on labelled frames, where there are any", low=0.0)
    learning_rate: float = parameter(3e-4, "highest learning rate of AdamW", low=1e-7, high=1.0)
    threads: int = parameter(0, "processor threads; 0 leaves it to the machine", low=0, high=1024)
    seed: int = parameter(0, "of everything drawn", low=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptProgress(Progress):
    """How an adaptation goes.

    Attributes:
        loss: mean over the last steps; NaN before the first.
    """

    loss: float = math.nan


def adapt(
    run: Run, settings: AdaptSettings, out_folder: Path, examples: Mapping[int, str] | None = None
) -> Generator[AdaptProgress, None, Path]:
    """Train weights for `run` and write them, with their description, into a folder under a new name.

    Args:
        run: whose frames are read, a sample of them once.
        settings: where to start and how long to go on.
        out_folder: made if need be; nothing in it is replaced.
        examples: class names of labelled frames, by their place in the run; classes with one frame are left out.

    Returns:
        The path of the new weights.

    Raises:
        BadWeights: where the weights to start from cannot be loaded.
        BadParameter: for settings out of range.
        NotEnoughExamples: where the run has too few usable frames.
        NotSaved: where the folder cannot be written.
    """
    import torch

    from models.embedding import weights
    from models.embedding.training.projection import Learner
    from models.embedding.training.run_sample import sample_run

    settings = validate(settings)
    if not is_writable(out_folder):  # said before the work, not after it
        raise NotSaved(
            f"Adapted weights cannot be saved to {out_folder}",
            cause="no file can be made there",
            hint="choose another folder",
        )
    began = time.monotonic()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    parent, info = weights.load(settings.weights)
    sample = yield from _counted(sample_run(run, settings.frames, list(examples or {}), settings.seed))
    conditions = conditions_of(sample)
    simulated = yield from _simulated(settings)
    before = _figures(parent, sample, conditions, simulated, settings)
    torch.manual_seed(settings.seed)
    network = type(parent)(parent.config)
    network.load_state_dict(parent.state_dict())
    labelled = _labelled(sample, examples or {})
    work = _train(Learner(network), sample, labelled, conditions, simulated, settings)
    yield from work
    network.eval().requires_grad_(False)
    after = _figures(network, sample, conditions, simulated, settings)
    provenance = {
        "adapted": {
            "parent": info.digest,
            "parent_name": info.name,
            "run": {"name": run.name, "digest": run.identity.digest, "frames": run.identity.n_frames},
            "settings": to_dict(settings),
            "frames_read": len(sample),
            "frames_labelled": 0 if labelled is None else len(labelled[0]),
            "before": before,
            "after": after,
            "what": "simulated_balanced_accuracy: single against multi from 5 labels each on particles never trained "
            "on, seen by this run's detector at its doses; frames_recognised: share of the run's frames that are "
            "nearest to themselves, among others, when exposed a second time",
            "seconds": round(time.monotonic() - began),
        },
        "versions": {name: version(name) for name in ("torch", "numpy", "safetensors")},
    }
    try:
        path = _free_name(out_folder, f"adapted-{run.identity.digest[:8]}")
        weights.save(network, path, provenance)
    except OSError as error:
        raise NotSaved(f"The adapted weights were not saved to {out_folder}", cause=str(error)) from error
    return path


def conditions_of(sample: RunSample) -> Conditions:
    """What the run's detector and doses are, for simulated particles."""
    from models.embedding.training.augmentation import Conditions

    photons = sample.photons() or Conditions().photons
    return Conditions(
        photons=photons, background=(0.005, 0.5), streaks=0.05, saturated=0.02, masks=sample.share, any_shape=False
    )


@dataclass(frozen=True, eq=False)
class _Simulated:
    """Noise-free frames: training species with droplets, and validation species."""

    pool: Any
    validation: Tensor
    kind: np.ndarray


def _counted(work: Generator[Progress, None, Any]) -> Generator[AdaptProgress, None, Any]:
    """The same work, its records as `AdaptProgress`."""
    while True:
        try:
            record = next(work)
        except StopIteration as stop:
            return stop.value
        yield AdaptProgress(done=record.done, total=record.total, unit=record.unit, message=record.message)


def _simulated(settings: AdaptSettings) -> Generator[AdaptProgress, None, _Simulated]:
    import torch

    from models.embedding.training.pool import empty_pool, render_droplets, render_species
    from models.simulation.particles import TRAIN_IDS, VALIDATION_IDS, random_species

    rng = np.random.default_rng([settings.seed, 0xADA])
    pool = empty_pool(settings.species, 8, settings.species)
    pool.droplets[:] = render_droplets(len(pool.droplets), rng)
    judged = max(2, min(_VALIDATION_SPECIES, settings.species // 4))
    total = settings.species + judged
    first = int(rng.integers(len(TRAIN_IDS) - settings.species))
    for slot in range(settings.species):
        yield AdaptProgress(done=slot, total=total, unit="particles", message="rendering particles")
        pool.replace(slot, TRAIN_IDS[first + slot], rng)
    parts = []
    for i, number in enumerate(VALIDATION_IDS[:judged]):
        yield AdaptProgress(done=settings.species + i, total=total, unit="particles", message="rendering particles")
        parts.append(render_species(random_species(number), _VALIDATION_FRAMES, rng))
    kind = np.tile(np.repeat([0, 1], _VALIDATION_FRAMES), judged)
    frames = np.concatenate([part.reshape(-1, *part.shape[2:]) for part in parts])
    return _Simulated(pool, torch.from_numpy(frames), kind)


def _labelled(sample: RunSample, examples: Mapping[int, str]) -> tuple[Tensor, Tensor] | None:
    """Rows of the sample and class numbers of labelled frames; None with fewer than two classes of two."""
    import torch

    known = [(row, examples[int(i)]) for row, i in enumerate(sample.indices) if int(i) in examples]
    names = [name for _, name in known]
    usable = sorted({name for name in names if names.count(name) > 1})
    if len(usable) < 2:
        return None
    chosen = [(row, usable.index(name)) for row, name in known if name in usable]
    return torch.tensor([row for row, _ in chosen]), torch.tensor([number for _, number in chosen])


def _train(
    learner: Any,
    sample: RunSample,
    labelled: tuple[Tensor, Tensor] | None,
    conditions: Conditions,
    simulated: _Simulated,
    settings: AdaptSettings,
) -> Generator[AdaptProgress, None, None]:
    import torch

    from models.embedding.training.augmentation import expose
    from models.embedding.training.batches import draw_roots, layout
    from models.embedding.training.losses import objective, prototype_loss
    from models.embedding.training.settings import TrainingSettings

    batch = TrainingSettings(
        species_per_batch=min(settings.species_per_batch, settings.species),
        blanks_per_batch=8,
        contaminants_per_batch=8,
        learning_rate=settings.learning_rate,
    )
    where = layout(batch)
    rng = np.random.default_rng([settings.seed, 0xADB])
    chance = torch.Generator().manual_seed(settings.seed)
    network = learner.network
    # The heads start from nothing, the network does not: they learn faster.
    optimiser = torch.optim.AdamW(
        [
            {"params": network.parameters(), "lr": settings.learning_rate, "share": 1.0},
            {
                "params": [*learner.from_polar.parameters(), *learner.from_image.parameters()],
                "lr": 1e-3,
                "share": 1e-3 / settings.learning_rate,
            },
        ],
        weight_decay=1e-4,
    )
    learner.train()
    losses: list[float] = []
    many = min(settings.run_frames_per_batch, len(sample)) if settings.projection_weight > 0 else 0
    for step in range(settings.steps):
        rate = (
            settings.learning_rate * min(1.0, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * step / settings.steps))
        )
        for group in optimiser.param_groups:
            group["lr"] = rate * group["share"]
        polar, image = network.branches(expose(draw_roots(simulated.pool, batch, rng), conditions, chance))
        loss = objective(network.join(polar, image), where, batch, chance)
        if many:
            chosen = torch.randperm(len(sample), generator=chance)[:many]
            views = torch.cat([sample.view(chosen, chance), sample.view(chosen, chance)])
            polar, image = network.branches(views)
            loss = loss + settings.projection_weight * learner.projection_loss(
                (polar[:many], image[:many]), (polar[many:], image[many:]), batch.temperature
            )
        if labelled is not None and settings.label_weight > 0:
            rows, classes = labelled
            vectors = network(sample.view(rows, chance))
            loss = loss + settings.label_weight * prototype_loss(
                vectors, classes, classes, torch.zeros_like(classes), batch.temperature
            )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
        if (step + 1) % _REPORT_EVERY == 0 or step + 1 == settings.steps:
            yield AdaptProgress(
                done=step + 1,
                total=settings.steps,
                unit="steps",
                message="adapting",
                loss=float(np.mean(losses[-_REPORT_EVERY:])),
            )


def _figures(
    network: SpeckleNet, sample: RunSample, conditions: Conditions, simulated: _Simulated, settings: AdaptSettings
) -> dict[str, float]:
    """What can be said of an embedding of this run without labels; the same frames and draws for every network."""
    import torch

    from models.embedding.training.augmentation import expose
    from models.embedding.training.evaluation import nearest_prototype

    chance = torch.Generator().manual_seed(settings.seed + 1)
    with torch.inference_mode():
        vectors = torch.cat(
            [network(expose(part, conditions, chance)) for part in torch.split(simulated.validation, 96)]
        ).numpy()
        rows = torch.randperm(len(sample), generator=chance)[:_LOOKED_AT]
        first, second = (network(sample.view(rows, chance)) for _ in range(2))
    recognised = ((first @ second.T).argmax(1) == torch.arange(len(rows))).float().mean()
    rng = np.random.default_rng([settings.seed, 0xADC])
    right = []
    for s in range(len(vectors) // (2 * _VALIDATION_FRAMES)):
        mine = slice(2 * _VALIDATION_FRAMES * s, 2 * _VALIDATION_FRAMES * (s + 1))
        v, kind = vectors[mine], simulated.kind[mine]
        for _ in range(5):
            picked = np.concatenate([rng.permutation(np.flatnonzero(kind == c))[:5] for c in (0, 1)])
            rest = np.setdiff1d(np.arange(len(kind)), picked)
            right.append(float((nearest_prototype(v[picked], kind[picked], v[rest]) == kind[rest]).mean()))
    return {
        "simulated_balanced_accuracy": round(float(np.mean(right)), 4),
        "frames_recognised": round(float(recognised), 4),
    }


def _free_name(folder: Path, name: str) -> Path:
    """A weight file's path that nothing has yet."""
    number, path = 1, folder / f"{name}.safetensors"
    while path.exists() or path.with_suffix(".json").exists():
        number += 1
        path = folder / f"{name}-{number}.safetensors"
    return path
