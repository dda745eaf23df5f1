"""What a training of SpeckleNet is made of."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import BadParameter
from models.parameters import parameter, validate

OBJECTIVES = ("prototype", "triplet", "contrastive")


@dataclass(frozen=True)
class TrainingSettings:
    """Data, batches, objective and optimiser of one training. The defaults made the bundled weights."""

    epochs: int = parameter(56, "epochs to train", low=1)
    steps_per_epoch: int = parameter(100, "optimiser steps in an epoch", low=1)
    species: int = parameter(400, "training species whose noise-free frames are kept ready", low=2)
    frames_per_class: int = parameter(12, "noise-free frames kept per species, of singles and of aggregates", low=2)
    refreshed_species: int = parameter(24, "species replaced by new ones after every epoch", low=0)
    droplets: int = parameter(600, "noise-free frames of contaminants kept ready", low=1)
    validation_species: int = parameter(40, "species of the validation set, never trained on", low=2)
    validation_frames: int = parameter(30, "validation and test frames per species and class", low=6)
    test_species: int = parameter(60, "species of the test set, looked at once, at the end", low=2)
    species_per_batch: int = parameter(16, "species in a batch", low=2)
    frames_per_group: int = parameter(6, "frames of each species and class in a batch", low=2)
    blanks_per_batch: int = parameter(12, "frames with background only in a batch", low=0)
    contaminants_per_batch: int = parameter(20, "droplets in a batch", low=0)
    photons_low: float = parameter(50.0, "fewest expected photons in a frame", low=1.0)
    photons_high: float = parameter(50_000.0, "most; log-uniform between the two whatever the class", low=1.0)
    background_high: float = parameter(
        0.5, "largest share of a frame's photons that is background", low=0.005, high=1.0
    )
    lost_modules: float = parameter(
        0.35, "share of frames that lack a quarter, a half or three quarters of the detector", low=0.0, high=1.0
    )
    streaks: float = parameter(
        0.2, "share of frames with streaks or bright spots that are not the sample's", low=0.0, high=1.0
    )
    saturated: float = parameter(0.1, "share of frames cut off at a saturation level", low=0.0, high=1.0)
    diameter_low_nm: float = parameter(60.0, "smallest training particle", unit="nm", low=0.1)
    diameter_high_nm: float = parameter(320.0, "largest training particle", unit="nm", low=0.1)
    objective: str = parameter("prototype", "what is minimised", choices=OBJECTIVES)
    across_species: float = parameter(
        0.05,
        "weight of other species' frames among what a frame is told from, against 1 for other classes of its own "
        "species; prototype objective only",
        low=0.0,
        high=1.0,
    )
    projection_weight: float = parameter(
        0.0, "weight of the polar/Cartesian projection objective, which needs no labels; 0 leaves it out", low=0.0
    )
    projection_frames: int = parameter(64, "frames of a batch shown twice for that objective", low=2)
    margin: float = parameter(
        0.2, "margin of the triplet loss, squared distance on the unit sphere", low=0.0, high=4.0
    )
    temperature: float = parameter(0.1, "temperature of the prototype and contrastive objectives", low=1e-3)
    learning_rate: float = parameter(2e-3, "highest learning rate of AdamW", low=1e-7, high=1.0)
    weight_decay: float = parameter(1e-4, "weight decay of AdamW", low=0.0)
    warmup_steps: int = parameter(100, "steps over which the learning rate rises before its cosine decay", low=0)
    restart_epoch: int = parameter(
        26, "epochs after which the learning rate starts once more, from half its height; 0 never", low=0
    )
    averaging: float = parameter(
        0.995, "share of the running average of the weights kept at each step; 0 turns it off", low=0.0, high=0.99999
    )
    seed: int = parameter(0, "the training is a function of this number and the settings", low=0)


def checked(settings: TrainingSettings) -> TrainingSettings:
    """The same settings, if they describe a training.

    Raises:
        BadParameter: for a value out of range, an empty range, or a batch of more species than there are.
    """
    validate(settings)
    for low, high in (("photons_low", "photons_high"), ("diameter_low_nm", "diameter_high_nm")):
        if getattr(settings, low) > getattr(settings, high):
            raise BadParameter(f"{low} is {getattr(settings, low):g}", cause=f"it is larger than {high}")
    if settings.species_per_batch > settings.species:
        raise BadParameter(
            f"species_per_batch is {settings.species_per_batch}", cause=f"there are {settings.species} species"
        )
    return settings
