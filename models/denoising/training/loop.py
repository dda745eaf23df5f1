"""The one way from seeds to weights that all denoising networks are trained by, an epoch at a time.

After every epoch the state is written, so that a training is stopped and taken up again at will. Every random number
follows from the settings' seed and the epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from models.denoising.training import validation
from models.denoising.training.exposures import Exposures, expose
from models.denoising.training.pool import SHARES, SIDE_PX, Pool
from models.denoising.training.settings import FrameTrainingSettings, checked
from models.parameters import to_dict
from models.progress import Progress
from models.simulation.particles import TEST_IDS, VALIDATION_IDS
from models.training.schedule import warm_cosine

if TYPE_CHECKING:
    from torch import Tensor, nn

    N = TypeVar("N", bound=nn.Module)
else:
    N = TypeVar("N")
S = TypeVar("S", bound=FrameTrainingSettings)

_REPORT_EVERY = 10
_RENDER_REPORT = 250
_SIDES_PX, _SHARES, _BATCH = (SIDE_PX, 96, 64), (0.4, 0.3, 0.3), {SIDE_PX: 8, 96: 12, 64: 24}
_BETAS = (0.9, 0.99)
_LARGEST_GRADIENT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiseTrainProgress(Progress):
    """How a training goes.

    Attributes:
        loss: mean over the last steps; NaN before the first.
        psnr_dB: of √rate on validation frames of 1 000 photons, after the last epoch; NaN before the first.
    """

    loss: float = math.nan
    psnr_dB: float = math.nan


@dataclass(frozen=True, eq=False)
class Course(Generic[N, S]):
    """What is trained, and how.

    Attributes:
        name: of the weight file. command: that trains it.
        build: a network from the global seed, whose type makes another of the same sizes from its `config`.
        draw: what else chance decides in a step.
        loss: of exposures with the beam in the middle, and what was drawn.
        answer: rates of such exposures, and their deviations where the network says them.
        finish: what is done to the trained network before it is judged, given the validation frames and a seed.
        save: writes weights and their provenance.
        blank: share of frames without a particle in an epoch.
    """

    name: str
    command: str
    build: Callable[[], N]
    draw: Callable[[np.random.Generator, S], Any]
    loss: Callable[[N, Exposures, Any, S], Tensor]
    answer: Callable[[N, Exposures], validation.Answer]
    save: Callable[[N, Path, Mapping[str, Any]], Any]
    blank: Callable[[S, int], float] = lambda _settings, _epoch: 0.0
    finish: Callable[[N, validation.Protocol, int], None] = lambda _network, _frames, _seed: None


def follow(course: Course[N, S], settings: S, out_folder: Path) -> Generator[DenoiseTrainProgress, None, Path]:
    """Train a network and write its .safetensors and .json into a folder.

    After every epoch the state is written beside them; called again with the same settings and folder, training goes
    on from there.

    Returns:
        The path of the weights.

    Raises:
        BadParameter: for settings that describe no training, or other than the unfinished training's in the folder.
        BadWeights: where the unfinished training cannot be read.
    """
    import torch

    from models.training import averaging, checkpoint

    settings = checked(settings)
    started = time.monotonic()
    torch.manual_seed(settings.seed)
    # Convolutions on the processor are half as fast again with the channels last.
    network = course.build().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = averaging.started(network)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=_BETAS
    )
    state_path = out_folder / f"{course.name}.checkpoint.safetensors"
    history, spent_s = checkpoint.take_up(state_path, settings, network, average, optimiser)
    total, pool = settings.epochs * settings.steps_per_epoch, Pool(settings)
    first = len(history)
    for done in _fill(pool, settings, first):
        yield DenoiseTrainProgress(
            done=first * settings.steps_per_epoch,
            total=total,
            unit="steps",
            message=f"rendering particles, {done} of {settings.pool}",
        )
    watched = validation.render(VALIDATION_IDS, settings.validation_frames, settings.seed)
    for epoch in range(first, settings.epochs):
        if epoch > first:
            _renew(pool, settings, epoch)
        losses: list[float] = []
        frames = 0
        for loss, shown in _epoch(course, network, average, optimiser, pool, settings, epoch):
            losses.append(loss)
            frames += shown
            if len(losses) % _REPORT_EVERY == 0:
                yield DenoiseTrainProgress(
                    done=epoch * settings.steps_per_epoch + len(losses),
                    total=total,
                    unit="steps",
                    message=f"epoch {epoch + 1} of {settings.epochs}",
                    loss=float(np.mean(losses[-_REPORT_EVERY:])),
                    psnr_dB=history[-1]["psnr_dB"] if history else math.nan,
                )
        figures = _evaluate(course, averaged(network, average), watched, settings.seed)
        middle = figures[validation.key(validation.DOSES[1], masked=False)]
        history.append(
            {"loss": float(np.mean(losses)), "frames": frames, "psnr_dB": middle["psnr_dB"], "figures": figures}
        )
        seconds = spent_s + time.monotonic() - started
        checkpoint.write(state_path, settings, history, seconds, network, average, optimiser)
    final = averaged(network, average)
    yield DenoiseTrainProgress(done=total, total=total, unit="steps", message="calibrating and judging")
    course.finish(final, watched, settings.seed + 1)
    seen, unseen = (
        _evaluate(course, final, frames, settings.seed)
        for frames in (watched, validation.render(TEST_IDS, settings.test_frames, settings.seed))
    )
    provenance = {
        "made_by": course.command,
        "settings": to_dict(settings),
        "data": {
            "training": f"particles {', '.join(SHARES)} of the training numbers",
            "frames": sum(epoch["frames"] for epoch in history),
            "validation": f"{settings.validation_frames} frames of validation numbers",
            "test": f"{settings.test_frames} frames of test numbers, looked at once",
        },
        "metrics": {"validation": seen, "test": unseen},
        "history": history,
        "versions": {name: version(name) for name in ("torch", "numpy")},
        "seconds": round(spent_s + time.monotonic() - started),
    }
    path = out_folder / f"{course.name}.safetensors"
    course.save(final, path, provenance)
    state_path.unlink(missing_ok=True)
    return path


def averaged(network: N, average: dict[str, Tensor]) -> N:
    """A network of the same sizes with the averaged weights, ready for inference."""
    import torch

    other = type(network)(network.config)
    other.load_state_dict(average)
    return other.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload, no-any-return]


def learning_rate(step: int, total: int, settings: FrameTrainingSettings) -> float:
    """Linear rise over the warm-up, then half a cosine down to zero."""
    return warm_cosine(step, total, settings.learning_rate, settings.warmup_steps)


def _evaluate(course: Course[N, S], network: N, frames: validation.Protocol, seed: int) -> dict[str, dict[str, Any]]:
    return validation.evaluate(lambda exposures: course.answer(network, exposures), frames, seed)


def _epoch(
    course: Course[N, S],
    network: N,
    average: dict[str, Tensor],
    optimiser: Any,
    pool: Pool,
    settings: S,
    epoch: int,
) -> Iterator[tuple[float, int]]:
    """One epoch, giving every step's loss and how many frames it was of."""
    import torch

    from models.training import averaging

    rng = np.random.default_rng([settings.seed, 2, epoch])
    # Of dropout.
    torch.manual_seed(settings.seed * 1_000_003 + epoch)
    total = settings.epochs * settings.steps_per_epoch

    def batch() -> tuple[Exposures, Any]:
        side = int(rng.choice(_SIDES_PX, p=_SHARES))
        made = expose(lambda: pool.draw(rng, side), _BATCH[side], settings, rng, course.blank(settings, epoch))
        return made, course.draw(rng, settings)

    network.train()
    with ThreadPoolExecutor(1, thread_name_prefix="exposures") as beside:
        coming = beside.submit(batch)
        for i in range(settings.steps_per_epoch):
            step = epoch * settings.steps_per_epoch + i
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, total, settings)
            made, drawn = coming.result()
            if i + 1 < settings.steps_per_epoch:
                coming = beside.submit(batch)
            loss = course.loss(network, made, drawn, settings)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
            optimiser.step()
            # Few steps in, the average must not still remember the random start.
            kept = min(settings.averaging, (step + 1) / (step + 10))
            averaging.moved(average, network, kept)
            yield float(loss.detach()), len(made.counts)


def _fill(pool: Pool, settings: FrameTrainingSettings, epoch: int) -> Iterator[int]:
    """Render the pool as it is at the beginning of an epoch."""
    for slot in range(settings.pool):
        pool.render(slot, _slot_rng(slot, epoch, settings))
        if slot % _RENDER_REPORT == 0:
            yield slot


def _renew(pool: Pool, settings: FrameTrainingSettings, epoch: int) -> None:
    for k in range(min(settings.renewed, settings.pool)):
        slot = ((epoch - 1) * settings.renewed + k) % settings.pool
        pool.render(slot, _slot_rng(slot, epoch, settings))


def _slot_rng(slot: int, epoch: int, settings: FrameTrainingSettings) -> np.random.Generator:
    """Of the frame that a slot holds in an epoch: the same whether the training came this way or begins here."""
    renewals = max(0, epoch) * settings.renewed
    return np.random.default_rng(
        [settings.seed, 3, slot, max(0, (renewals - slot + settings.pool - 1) // settings.pool)]
    )
