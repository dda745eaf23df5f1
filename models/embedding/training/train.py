"""`friedel train speckle`: from seeds to weights, an epoch at a time, to be stopped and taken up again at will.

Every random number follows from the settings' seed and the epoch, so a training that was interrupted ends with the
weights it would have ended with anyway (on the same machine and number of threads).
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.embedding.training.evaluation import (
    FewShotScore,
    FewShotSet,
    few_shot_score,
    few_shot_set,
    nearest_prototype,
)
from models.embedding.training.pool import STATION, Pool, empty_pool, render_droplets
from models.embedding.training.settings import TrainingSettings, checked
from models.parameters import to_dict
from models.progress import Progress
from models.simulation.particles import TEST_IDS, TRAIN_IDS, VALIDATION_IDS
from models.simulation.settings import SimulationSettings
from models.training.schedule import warm_cosine

if TYPE_CHECKING:
    from torch import Tensor

    from models.embedding.network import SpeckleNet
    from models.embedding.training.batches import Layout
    from models.embedding.training.projection import Learner

NAME = "speckle"
_REPORT_EVERY = 10
_LEAST_BACKGROUND = 0.005
_MASKS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainProgress(Progress):
    """How a training goes.

    Attributes:
        epoch: the present one, from 1; 0 while data are rendered.
        loss: mean over the last steps; NaN before the first.
        validation: balanced accuracy single/multi with 5 labels per class on validation species; NaN before the
        first. worst: of the worst validation species.
    """

    epoch: int = 0
    loss: float = math.nan
    validation: float = math.nan
    worst: float = math.nan


def train(settings: TrainingSettings, out_folder: Path) -> Generator[TrainProgress, None, Path]:
    """Train a SpeckleNet and write `speckle.safetensors` and `speckle.json` into a folder.

    After every epoch the state is written beside them; called again with the same settings and folder, training goes
    on from there.

    Returns:
        The path of the weights.

    Raises:
        BadParameter: for settings that describe no training, or other than the unfinished training's in the folder.
        BadWeights: where the unfinished training cannot be read.
    """
    import torch

    from models.embedding import weights
    from models.embedding.network import SpeckleNet
    from models.embedding.training.batches import layout
    from models.embedding.training.projection import Learner
    from models.training import averaging, checkpoint

    settings = checked(settings)
    started = time.monotonic()
    total = settings.epochs * settings.steps_per_epoch
    torch.manual_seed(settings.seed)
    network = SpeckleNet()
    learner = Learner(network)
    average = averaging.started(network)
    trained = learner if settings.projection_weight > 0 else network
    optimiser = torch.optim.AdamW(trained.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    state_path = out_folder / f"{NAME}.checkpoint.safetensors"
    history, spent_s = checkpoint.take_up(state_path, settings, trained, average, optimiser)
    first = len(history)
    pool = empty_pool(settings.species, settings.frames_per_class, settings.droplets)
    for n in _fill(pool, settings, first):
        yield TrainProgress(
            done=first * settings.steps_per_epoch,
            total=total,
            unit="steps",
            message=f"rendering particles, {n} of {settings.species}",
        )
    validation = few_shot_set(
        _first(VALIDATION_IDS, settings.validation_species),
        settings.validation_frames,
        settings.seed,
        SimulationSettings(),
    )
    where = layout(settings)
    for epoch in range(first, settings.epochs):
        if epoch > first:
            _refresh(pool, settings, epoch)
        last = history[-1] if history else {"validation": math.nan, "worst": math.nan}
        losses: list[float] = []
        for loss in _epoch(learner, average, optimiser, pool, where, settings, epoch):
            losses.append(loss)
            if len(losses) % _REPORT_EVERY == 0:
                yield TrainProgress(
                    done=epoch * settings.steps_per_epoch + len(losses),
                    total=total,
                    unit="steps",
                    message=f"epoch {epoch + 1} of {settings.epochs}",
                    epoch=epoch + 1,
                    loss=float(np.mean(losses[-_REPORT_EVERY:])),
                    validation=last["validation"],
                    worst=last["worst"],
                )
        score = _score(averaged(network, average), validation)
        history.append({"loss": float(np.mean(losses)), "validation": score.mean, "worst": score.worst})
        seconds = spent_s + time.monotonic() - started
        checkpoint.write(state_path, settings, history, seconds, trained, average, optimiser)
        yield TrainProgress(
            done=(epoch + 1) * settings.steps_per_epoch,
            total=total,
            unit="steps",
            message=f"epoch {epoch + 1} of {settings.epochs}",
            epoch=epoch + 1,
            loss=history[-1]["loss"],
            validation=score.mean,
            worst=score.worst,
        )
    final = averaged(network, average)
    test = few_shot_set(
        _first(TEST_IDS, settings.test_species), settings.validation_frames, settings.seed, SimulationSettings()
    )
    provenance = _provenance(settings, history, _score(final, validation), _score(final, test))
    provenance["seconds"] = round(spent_s + time.monotonic() - started)
    path = out_folder / f"{NAME}.safetensors"
    weights.save(final, path, provenance)
    state_path.unlink(missing_ok=True)
    return path


def averaged(network: SpeckleNet, average: dict[str, Tensor]) -> SpeckleNet:
    """A network of the same sizes with the averaged weights, ready for inference."""
    other = type(network)(network.config)
    other.load_state_dict(average)
    return other.eval().requires_grad_(False)


def _epoch(
    learner: Learner,
    average: dict[str, Tensor],
    optimiser: Any,
    pool: Pool,
    where: Layout,
    settings: TrainingSettings,
    epoch: int,
) -> Iterator[float]:
    """One epoch, giving every step's loss."""
    import torch

    from models.embedding.preparation import SIDE_PX
    from models.embedding.training.augmentation import Conditions, expose
    from models.embedding.training.batches import draw_roots
    from models.embedding.training.losses import objective
    from models.embedding.training.masks import random_masks
    from models.training import averaging

    rng = np.random.default_rng([settings.seed, 2, epoch])
    exposing, mining = (torch.Generator().manual_seed(2 * (settings.seed * 1_000_003 + epoch) + i) for i in (0, 1))
    conditions = Conditions(
        photons=(settings.photons_low, settings.photons_high),
        background=(_LEAST_BACKGROUND, settings.background_high),
        # Drawn once for an epoch: masks cost as much as all the rest of an exposure.
        masks=random_masks(_MASKS, (SIDE_PX, SIDE_PX), settings.lost_modules, exposing),
        streaks=settings.streaks,
        saturated=settings.saturated,
    )

    again = min(settings.projection_frames, len(where.classes)) if settings.projection_weight > 0 else 0

    def batch() -> tuple[Tensor, Tensor]:
        roots = draw_roots(pool, settings, rng)
        twice = torch.randperm(len(roots), generator=exposing)[:again]
        return expose(torch.cat([roots, roots[twice]]), conditions, exposing), twice

    network = learner.network
    learner.train()
    # The next batch is exposed while the network learns from this one.
    with ThreadPoolExecutor(1, thread_name_prefix="exposures") as beside:
        coming = beside.submit(batch)
        for i in range(settings.steps_per_epoch):
            step = epoch * settings.steps_per_epoch + i
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, settings)
            x, twice = coming.result()
            if i + 1 < settings.steps_per_epoch:
                coming = beside.submit(batch)
            polar, image = network.branches(x)
            n = len(where.classes)
            loss = objective(network.join(polar[:n], image[:n]), where, settings, mining)
            if again:
                first, second = (polar[twice], image[twice]), (polar[n:], image[n:])
                loss = loss + settings.projection_weight * learner.projection_loss(
                    first, second, settings.temperature
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            # Few steps in, the average must not still remember the random start.
            kept = min(settings.averaging, step / (step + 20))
            averaging.moved(average, network, kept)
            yield float(loss.detach())


def learning_rate(step: int, settings: TrainingSettings) -> float:
    """Linear rise over the warm-up, then half a cosine down to zero; where asked for, once more from half the height.

    The warm restart is that of Loshchilov & Hutter (ICLR 2017).
    """
    total, first = (n * settings.steps_per_epoch for n in (settings.epochs, settings.restart_epoch))
    height = settings.learning_rate
    if 0 < first < total:
        step, total, height = (step - first, total - first, height / 2) if step >= first else (step, first, height)
    return warm_cosine(step, total, height, settings.warmup_steps)


def species_in_slot(slot: int, epoch: int, settings: TrainingSettings) -> int:
    """Number of the training species a pool slot holds in an epoch; slots are renewed in turn."""
    renewed = epoch * settings.refreshed_species
    rounds = (renewed - slot + settings.species - 1) // settings.species
    return TRAIN_IDS.start + slot + settings.species * max(0, rounds)


def _fill(pool: Pool, settings: TrainingSettings, epoch: int) -> Iterator[int]:
    """Render the pool as it is in an epoch; gives how many species are done."""
    pool.droplets[:] = render_droplets(len(pool.droplets), np.random.default_rng([settings.seed, 1]))
    for slot in range(settings.species):
        _render(pool, slot, species_in_slot(slot, epoch, settings), settings)
        yield slot + 1


def _refresh(pool: Pool, settings: TrainingSettings, epoch: int) -> None:
    for slot in range(settings.species):
        number = species_in_slot(slot, epoch, settings)
        if pool.ids[slot] != number:
            _render(pool, slot, number, settings)


def _render(pool: Pool, slot: int, number: int, settings: TrainingSettings) -> None:
    diameters = settings.diameter_low_nm, settings.diameter_high_nm
    pool.replace(slot, number, np.random.default_rng([settings.seed, 0, number]), diameters)


def _first(numbers: range, n: int) -> range:
    return numbers[:n]


def _score(network: SpeckleNet, frames: FewShotSet) -> FewShotScore:
    from models.embedding.embed import embed_frames

    vectors = embed_frames(frames.counts.astype(np.float32), frames.valid, network, 256)
    return few_shot_score(vectors, frames, nearest_prototype)


def _provenance(
    settings: TrainingSettings, history: list[dict[str, float]], validation: FewShotScore, test: FewShotScore
) -> dict[str, Any]:
    def words(score: FewShotScore) -> dict[str, Any]:
        worst = int(score.per_species.argmin())
        return {
            "species": len(score.species),
            "balanced_accuracy": round(score.mean, 4),
            "spread": round(score.spread, 4),
            "per_dose": [None if np.isnan(v) else round(float(v), 4) for v in score.per_dose],
            "worst_species": int(score.species[worst]),
            "worst_balanced_accuracy": round(score.worst, 4),
            "tenth_percentile": round(float(np.percentile(score.per_species, 10)), 4),
        }

    shown = settings.species + settings.refreshed_species * (settings.epochs - 1)
    return {
        "settings": to_dict(settings),
        "data": {
            "what": "simulated particles: single, aggregates of 2 to 4, background only, droplets",
            "station": to_dict(replace(STATION)),
            "training_species": [TRAIN_IDS.start, TRAIN_IDS.start + shown],
            "validation_species": [VALIDATION_IDS.start, VALIDATION_IDS.start + settings.validation_species],
            "test_species": [TEST_IDS.start, TEST_IDS.start + settings.test_species],
        },
        "metrics": {
            "what": "single against multi, 5 labels per class of one unseen species, nearest prototype, "
            "200 to 20000 photons log-uniform; per_dose: four equal steps of the logarithm; spread: half of the "
            "95 % interval of the mean over species (bootstrap), within which a training on another machine should "
            "end",
            "validation": words(validation),
            "test": words(test),
        },
        "history": [{k: round(v, 5) for k, v in entry.items()} for entry in history],
        "versions": {name: version(name) for name in ("torch", "numpy", "safetensors")},
    }
