"""`friedel train denoise`: DenoiseNet from seeds to weights."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.denoising.training import validation
from models.denoising.training.exposures import Exposures, FloatStack
from models.denoising.training.loop import Course, DenoiseTrainProgress, follow
from models.denoising.training.settings import DenoiseTrainingSettings

if TYPE_CHECKING:
    from torch import Tensor

    from models.denoising.network import DenoiseNet

NAME = "denoise"
_AT_ONCE = 16
_COVERED = 0.6827


def train(settings: DenoiseTrainingSettings, out_folder: Path) -> Generator[DenoiseTrainProgress, None, Path]:
    """Train a DenoiseNet and write `denoise.safetensors` and `denoise.json` into a folder; see `loop.follow`.

    Returns:
        The path of the weights.

    Raises:
        BadParameter: for settings that describe no training, or other than the unfinished training's in the folder.
        BadWeights: where the unfinished training cannot be read.
    """
    from models.denoising import weights
    from models.denoising.network import DenoiseNet

    course = Course(
        name=NAME,
        command=weights.FORMAT.command,
        build=DenoiseNet,
        draw=_folded,
        loss=_loss,
        answer=infer,
        save=weights.save,
        blank=_blank,
        finish=calibrate,
    )
    return follow(course, settings, out_folder)


def _blank(settings: DenoiseTrainingSettings, epoch: int) -> float:
    return settings.blank if epoch >= settings.epochs - settings.blank_epochs else 0.0


def evaluate(network: DenoiseNet, frames: validation.Protocol, seed: int) -> dict[str, dict[str, Any]]:
    """The protocol's figures; see `validation.evaluate`."""
    return validation.evaluate(lambda exposures: infer(network, exposures), frames, seed)


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


def _folded(rng: np.random.Generator, settings: DenoiseTrainingSettings) -> bool:
    """Whether mates are summed in a step."""
    return bool(rng.random() < settings.folded)


def _loss(network: DenoiseNet, made: Exposures, folded: bool, settings: DenoiseTrainingSettings) -> Tensor:
    import torch

    from models.denoising.training.objective import estimate, objective, radius_px

    counts, measured, rate = (torch.from_numpy(x) for x in (made.counts, made.measured, made.rate))
    radius = radius_px(len(counts), counts.shape[1])
    found, exposed = estimate(network, counts, measured, radius, folded)
    truth = 0.5 * (rate + rate.flip(1, 2))[:, : found.rate.shape[1]] if folded else rate
    return objective(found, exposed, truth, settings)
