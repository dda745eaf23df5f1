"""The parameters of the published methods."""

from __future__ import annotations

from dataclasses import dataclass

from models.denoising.published.weights import PARTIAL_UNET, RESTORING_UNET
from models.denoising.settings import AUTO, OFF, ON, FriedelMeanSettings
from models.parameters import parameter

_WEIGHTS = "which weights: those that come with Friedel ({}), or a .safetensors file of your own"


@dataclass(frozen=True)
class PublishedSettings(FriedelMeanSettings):
    """What the published networks share."""

    friedel: str = parameter(
        OFF,
        "sum each pixel with its mate on the other side of the beam before the network, which was not published so: "
        "auto does so unless the frame itself contradicts Friedel's law",
        choices=(AUTO, ON, OFF),
        title="Average Friedel mates",
    )


@dataclass(frozen=True)
class PartialUNetSettings(PublishedSettings):
    """Lee et al. 2021."""

    weights: str = parameter(PARTIAL_UNET, _WEIGHTS.format(PARTIAL_UNET), title="Weights")


@dataclass(frozen=True)
class RestoringUNetSettings(PublishedSettings):
    """Bellisario et al. 2022."""

    weights: str = parameter(RESTORING_UNET, _WEIGHTS.format(RESTORING_UNET), title="Weights")
