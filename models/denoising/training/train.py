"""`friedel train denoise`: from seeds to weights, an epoch at a time, to be stopped and taken up again at will.

Every random number follows from the settings' seed and the epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.denoising.training import validation
from models.denoising.training.exposures import Exposures, FloatStack, expose
from models.denoising.training.pool import SIDE_PX, Pool
from models.denoising.training.settings import DenoiseTrainingSettings, checked
from models.errors import BadParameter
from models.parameters import to_dict
from models.progress import Progress
from models.simulation.particles import TEST_IDS, VALIDATION_IDS

if TYPE_CHECKING:
    from torch import Tensor

    from models.denoising.network import DenoiseNet

NAME = "denoise"
_REPORT_EVERY = 10
_RENDER_REPORT = 250
_SIDES_PX, _SHARES, _BATCH = (SIDE_PX, 96, 64), (0.4, 0.3, 0.3), {SIDE_PX: 8, 96: 12, 64: 24}
_BETAS = (0.9, 0.99)
_LARGEST_GRADIENT = 1.0
_AT_ONCE = 16
_COVERED = 0.6827


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiseTrainProgress(Progress):
    """How a training goes.

    Attributes:
        loss: mean over the last steps; NaN before the first.
        psnr_dB: of √rate on validation frames of 1 000 photons, after the last epoch; NaN before the first.
    """

    loss: float = math.nan
    psnr_dB: float = math.nan


def train(settings: DenoiseTrainingSettings, out_folder: Path) -> Generator[DenoiseTrainProgress, None, Path]:
    """Train a DenoiseNet and write `denoise.safetensors` and `denoise.json` into a folder.

    After every epoch the state is written beside them; called again with the same settings and folder, training goes
    on from there.

    Returns:
        The path of the weights.

    Raises:
        BadParameter: for settings that describe no training, or other than the unfinished training's in the folder.
        BadWeights: where the unfinished training cannot be read.
    """
    import torch

    from models.denoising import weights
    from models.denoising.network import DenoiseNet
    from models.embedding.training import checkpoint

    settings = checked(settings)
    started, spent_s = time.monotonic(), 0.0
    torch.manual_seed(settings.seed)
    # Convolutions on the processor are half as fast again with the channels last.
    network = DenoiseNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=_BETAS
    )
    state_path = out_folder / f"{NAME}.checkpoint.safetensors"
    history: list[dict[str, Any]] = []
    if state_path.is_file():
        state = checkpoint.read(state_path, network, average, optimiser)
        if state["settings"] != to_dict(settings):
            raise BadParameter(
                f"{out_folder} holds an unfinished training with other settings",
                hint=f"give the same settings, choose another folder, or remove {state_path.name}",
            )
        history, spent_s = state["history"], state["seconds"]
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
        for loss in _epoch(network, average, optimiser, pool, settings, epoch):
            losses.append(loss)
            if len(losses) % _REPORT_EVERY == 0:
                yield DenoiseTrainProgress(
                    done=epoch * settings.steps_per_epoch + len(losses),
                    total=total,
                    unit="steps",
                    message=f"epoch {epoch + 1} of {settings.epochs}",
                    loss=float(np.mean(losses[-_REPORT_EVERY:])),
                    psnr_dB=history[-1]["psnr_dB"] if history else math.nan,
                )
        figures = evaluate(averaged(network, average), watched, settings.seed)
        middle = figures[_key(validation.DOSES[1], masked=False)]
        history.append({"loss": float(np.mean(losses)), "psnr_dB": middle["psnr_dB"], "figures": figures})
        seconds = spent_s + time.monotonic() - started
        header = {"settings": to_dict(settings), "history": history, "seconds": seconds}
        checkpoint.write(state_path, network, average, optimiser, header)
    final = averaged(network, average)
    yield DenoiseTrainProgress(done=total, total=total, unit="steps", message="calibrating and judging")
    calibrate(final, watched, settings.seed + 1)
    seen, unseen = (
        evaluate(final, frames, settings.seed)
        for frames in (watched, validation.render(TEST_IDS, settings.test_frames, settings.seed))
    )
    provenance = {
        "made_by": "friedel train denoise",
        "settings": to_dict(settings),
        "data": {
            "training": f"particles {', '.join(_families())} of the training numbers",
            "validation": f"{settings.validation_frames} frames of validation numbers",
            "test": f"{settings.test_frames} frames of test numbers, looked at once",
        },
        "metrics": {"validation": seen, "test": unseen},
        "history": history,
        "versions": {name: version(name) for name in ("torch", "numpy")},
        "seconds": round(spent_s + time.monotonic() - started),
    }
    path = out_folder / f"{NAME}.safetensors"
    weights.save(final, path, provenance)
    state_path.unlink(missing_ok=True)
    return path


def averaged(network: DenoiseNet, average: dict[str, Tensor]) -> DenoiseNet:
    """A network of the same sizes with the averaged weights, ready for inference."""
    import torch

    other = type(network)(network.config)
    other.load_state_dict(average)
    return other.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload, no-any-return]


def evaluate(network: DenoiseNet, frames: validation.Protocol, seed: int) -> dict[str, dict[str, Any]]:
    """Means over frames of the protocol's figures, and the mean PSNR of each class, by dose and mask."""
    found = {}
    for dose in validation.DOSES:
        for masked in (False, True):
            exposures = validation.count(frames, dose, masked, seed)
            rates, deviations = infer(network, exposures)
            each = [
                validation.judge(rate.astype(np.float64), deviation, truth.astype(np.float64), measured > 0)
                for rate, deviation, truth, measured in zip(
                    rates, deviations, exposures.rate, exposures.measured, strict=True
                )
            ]
            names = list(asdict(each[0]))
            figures: dict[str, Any] = {name: _mean([getattr(one, name) for one in each]) for name in names}
            figures["worst_psnr_dB"] = min(one.psnr_dB for one in each)
            for i, name in enumerate(validation.CLASSES):
                figures[f"psnr_dB_{name}"] = _mean(
                    [one.psnr_dB for one, of in zip(each, frames.classes, strict=True) if of == i]
                )
            found[_key(dose, masked)] = figures
    return found


def infer(network: DenoiseNet, exposures: Exposures) -> tuple[FloatStack, FloatStack]:
    """(n, H, W) rates and deviations of √rate of frames with the beam in the middle, mates summed."""
    import torch

    from models.denoising.training.objective import estimate, radius_px

    rates: list[FloatStack] = []
    deviations: list[FloatStack] = []
    for i in range(0, len(exposures.counts), _AT_ONCE):
        counts, measured = (torch.from_numpy(x[i : i + _AT_ONCE]) for x in (exposures.counts, exposures.measured))
        with torch.inference_mode():
            found, _ = estimate(network, counts, measured, radius_px(len(counts), counts.shape[1]), folded=True)
        for kept, half in ((rates, found.rate), (deviations, found.log_deviation.exp())):
            kept.append(torch.cat([half, half.flip(1, 2)[:, counts.shape[1] % 2 :]], 1).numpy())
    return np.concatenate(rates), np.concatenate(deviations)


def calibrate(network: DenoiseNet, frames: validation.Protocol, seed: int) -> None:
    """Set the two factors of the deviations so that 68 % of the true roots lie within one, weighted by √rate."""
    ratios: list[list[Any]] = [[], []]
    weights_: list[list[Any]] = [[], []]
    for dose in validation.DOSES:
        for masked in (False, True):
            exposures = validation.count(frames, dose, masked, seed)
            rates, deviations = infer(network, exposures)
            root = np.sqrt(exposures.rate)
            ratio = np.abs(np.sqrt(rates) - root) / deviations
            for part, where in enumerate((exposures.measured > 0, exposures.measured == 0)):
                # Every dose and frame has the same say.
                light = root * where / np.maximum((root * where).sum((1, 2), keepdims=True), 1e-9)
                ratios[part].append(ratio[where])
                weights_[part].append(light[where])
    for part in range(2):
        values, light = np.concatenate(ratios[part]), np.concatenate(weights_[part])
        order = np.argsort(values)
        share = np.cumsum(light[order]) / light.sum()
        network.deviation_scale[part] *= float(values[order][np.searchsorted(share, _COVERED)])


def learning_rate(step: int, total: int, settings: DenoiseTrainingSettings) -> float:
    """Linear rise over the warm-up, then half a cosine down to zero."""
    rise = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    return settings.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * step / total))


def _epoch(
    network: DenoiseNet,
    average: dict[str, Tensor],
    optimiser: Any,
    pool: Pool,
    settings: DenoiseTrainingSettings,
    epoch: int,
) -> Iterator[float]:
    """One epoch, giving every step's loss."""
    import torch

    from models.denoising.training.objective import estimate, objective, radius_px

    rng = np.random.default_rng([settings.seed, 2, epoch])
    total = settings.epochs * settings.steps_per_epoch

    def batch() -> tuple[Exposures, bool]:
        side = int(rng.choice(_SIDES_PX, p=_SHARES))
        made = expose(lambda: pool.draw(rng, side), _BATCH[side], settings, rng)
        return made, bool(rng.random() < settings.folded)

    network.train()
    with ThreadPoolExecutor(1, thread_name_prefix="exposures") as beside:
        coming = beside.submit(batch)
        for i in range(settings.steps_per_epoch):
            step = epoch * settings.steps_per_epoch + i
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, total, settings)
            made, folded = coming.result()
            if i + 1 < settings.steps_per_epoch:
                coming = beside.submit(batch)
            counts, measured, rate = (torch.from_numpy(x) for x in (made.counts, made.measured, made.rate))
            radius = radius_px(len(counts), counts.shape[1])
            found, exposed = estimate(network, counts, measured, radius, folded)
            truth = 0.5 * (rate + rate.flip(1, 2))[:, : found.rate.shape[1]] if folded else rate
            loss = objective(found, exposed, truth, settings)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
            optimiser.step()
            # Few steps in, the average must not still remember the random start.
            kept = min(settings.averaging, (step + 1) / (step + 10))
            with torch.no_grad():
                for name, value in network.state_dict().items():
                    average[name].lerp_(value, 1 - kept)
            yield float(loss.detach())


def _fill(pool: Pool, settings: DenoiseTrainingSettings, epoch: int) -> Iterator[int]:
    """Render the pool as it is at the beginning of an epoch."""
    for slot in range(settings.pool):
        pool.render(slot, _slot_rng(slot, epoch, settings))
        if slot % _RENDER_REPORT == 0:
            yield slot


def _renew(pool: Pool, settings: DenoiseTrainingSettings, epoch: int) -> None:
    for k in range(min(settings.renewed, settings.pool)):
        slot = ((epoch - 1) * settings.renewed + k) % settings.pool
        pool.render(slot, _slot_rng(slot, epoch, settings))


def _slot_rng(slot: int, epoch: int, settings: DenoiseTrainingSettings) -> np.random.Generator:
    """Of the frame that a slot holds in an epoch: the same whether the training came this way or begins here."""
    renewals = max(0, epoch) * settings.renewed
    return np.random.default_rng(
        [settings.seed, 3, slot, max(0, (renewals - slot + settings.pool - 1) // settings.pool)]
    )


def _families() -> list[str]:
    from models.denoising.training.pool import SHARES

    return list(SHARES)


def _key(dose: float, masked: bool) -> str:
    return f"{dose:g} photons{', holes' if masked else ''}"


def _mean(values: list[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else None
