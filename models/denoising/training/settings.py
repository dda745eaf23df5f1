"""What the trainings of denoising networks are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from models.errors import BadParameter
from models.parameters import parameter, validate


@dataclass(frozen=True)
class FrameTrainingSettings:
    """Particles, exposures and optimiser of one training."""

    epochs: int = parameter(24, "epochs to train", low=1)
    steps_per_epoch: int = parameter(500, "optimiser steps in an epoch", low=1)
    pool: int = parameter(5000, "noise-free frames kept ready", low=8)
    renewed: int = parameter(3000, "of these, replaced by new ones after every epoch", low=0)
    validation_frames: int = parameter(64, "frames of particles never trained on, watched after every epoch", low=4)
    test_frames: int = parameter(200, "frames of other such particles, looked at once, at the end", low=4)
    diameter_low_nm: float = parameter(80.0, "smallest particle", unit="nm", low=1.0)
    diameter_high_nm: float = parameter(460.0, "largest particle", unit="nm", low=1.0)
    aggregates: float = parameter(0.12, "share of frames with an aggregate of particles", low=0.0, high=1.0)
    curved: float = parameter(
        0.25, "share of frames with the Ewald sphere's curvature, not quite symmetric", low=0.0, high=1.0
    )
    photons_low: float = parameter(50.0, "fewest expected photons on the measured pixels", low=1.0)
    photons_common: float = parameter(3e4, "most in nearly all frames", low=1.0)
    photons_high: float = parameter(1e6, "most in the others", low=1.0)
    rare: float = parameter(0.15, "share of frames between these two", low=0.0, high=1.0)
    masked: float = parameter(
        0.65, "share of frames with gaps, beam stops, lost modules, dead pixels", low=0.0, high=1.0
    )
    background: float = parameter(0.5, "share of frames with a smooth background", low=0.0, high=1.0)
    learning_rate: float = parameter(2e-3, "highest learning rate of AdamW", low=1e-7, high=1.0)
    weight_decay: float = parameter(1e-4, "decay of AdamW", low=0.0, high=1.0)
    warmup_steps: int = parameter(100, "steps of the linear rise", low=0)
    averaging: float = parameter(0.999, "share of the running mean of the weights kept in a step", low=0.0, high=1.0)
    seed: int = parameter(0, "everything drawn follows from it", low=0)


@dataclass(frozen=True)
class DenoiseTrainingSettings(FrameTrainingSettings):
    """Of DenoiseNet."""

    folded: float = parameter(0.75, "share of batches in which Friedel mates are summed", low=0.0, high=1.0)
    masked_weight: float = parameter(0.4, "weight of the pixels that are not measured", low=0.0)
    deviation_weight: float = parameter(0.2, "weight of the likelihood of the errors under the deviations", low=0.0)
    blank: float = parameter(
        0.1, "share of frames without a particle, which teach that even light is even", low=0.0, high=1.0
    )
    blank_epochs: int = parameter(5, "the last epochs, in which there are such frames", low=0)


@dataclass(frozen=True)
class PartialUNetTrainingSettings(FrameTrainingSettings):
    """Of `published.PartialUNet`."""

    epochs: int = parameter(6, "epochs to train", low=1)
    pool: int = parameter(2500, "noise-free frames kept ready", low=8)
    renewed: int = parameter(500, "of these, replaced by new ones after every epoch", low=0)


@dataclass(frozen=True)
class RestoringUNetTrainingSettings(PartialUNetTrainingSettings):
    """Of `published.RestoringUNet`, which takes three times as long per frame."""

    steps_per_epoch: int = parameter(250, "optimiser steps in an epoch", low=1)
    learning_rate: float = parameter(1e-3, "highest learning rate of AdamW", low=1e-7, high=1.0)


S = TypeVar("S", bound=FrameTrainingSettings)


def checked(settings: S) -> S:
    """The same settings, if they describe a training.

    Raises:
        BadParameter: for a value out of range or an empty range.
    """
    validate(settings)
    for low, high in (
        ("diameter_low_nm", "diameter_high_nm"),
        ("photons_low", "photons_common"),
        ("photons_common", "photons_high"),
    ):
        if getattr(settings, low) > getattr(settings, high):
            raise BadParameter(
                f"{low} is {getattr(settings, low):g}, {high} {getattr(settings, high):g}", cause="the range is empty"
            )
    return settings
