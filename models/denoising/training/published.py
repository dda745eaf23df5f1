"""`friedel train partial-unet` and `friedel train restoring-unet`: networks others have published, on the frames
that DenoiseNet is trained on."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.denoising.published import weights
from models.denoising.training.loop import Course, DenoiseTrainProgress, follow
from models.denoising.training.settings import PartialUNetTrainingSettings, RestoringUNetTrainingSettings

if TYPE_CHECKING:
    from torch import Tensor

    from models.denoising.published.partial_unet import PartialUNet
    from models.denoising.published.restoring_unet import RestoringUNet
    from models.denoising.training.exposures import Exposures
    from models.denoising.training.validation import Answer

_AT_ONCE = 16


def train_partial_unet(
    settings: PartialUNetTrainingSettings, out_folder: Path
) -> Generator[DenoiseTrainProgress, None, Path]:
    """Train a PartialUNet and write its weights; see `loop.follow`."""
    from models.denoising.published import partial_unet

    def loss(network: PartialUNet, made: Exposures, _drawn: None, _settings: PartialUNetTrainingSettings) -> Tensor:
        return partial_unet.loss(network, *tensors(made))

    course = Course(
        name=weights.PARTIAL_UNET,
        command=weights.FORMATS[weights.PARTIAL_UNET].command,
        build=partial_unet.PartialUNet,
        draw=lambda _rng, _settings: None,
        loss=loss,
        answer=infer,
        save=weights.save,
    )
    return follow(course, settings, out_folder)


def train_restoring_unet(
    settings: RestoringUNetTrainingSettings, out_folder: Path
) -> Generator[DenoiseTrainProgress, None, Path]:
    """Train a RestoringUNet and write its weights; see `loop.follow`."""
    from models.denoising.published import restoring_unet

    def loss(
        network: RestoringUNet, made: Exposures, _drawn: None, _settings: RestoringUNetTrainingSettings
    ) -> Tensor:
        return restoring_unet.loss(network, *tensors(made))

    course = Course(
        name=weights.RESTORING_UNET,
        command=weights.FORMATS[weights.RESTORING_UNET].command,
        build=restoring_unet.RestoringUNet,
        draw=lambda _rng, _settings: None,
        loss=loss,
        answer=infer,
        save=weights.save,
    )
    return follow(course, settings, out_folder)


def tensors(made: Exposures) -> tuple[Tensor, Tensor, Tensor]:
    """Counts, mask and rate."""
    import torch

    return torch.from_numpy(made.counts), torch.from_numpy(made.measured), torch.from_numpy(made.rate)


def infer(network: PartialUNet | RestoringUNet, exposures: Exposures) -> Answer:
    """(n, H, W) rates of frames with the beam in the middle; these networks say no deviations."""
    import torch

    counts, measured, _ = tensors(exposures)
    with torch.inference_mode():
        rates: list[Any] = [
            network.rate(counts[i : i + _AT_ONCE], measured[i : i + _AT_ONCE]).numpy()
            for i in range(0, len(counts), _AT_ONCE)
        ]
    return np.concatenate(rates), None
