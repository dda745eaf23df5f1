"""How the denoising network is adapted to a run."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import BadParameter
from models.parameters import parameter, validate

AUTO, ON, OFF = "auto", "on", "off"


@dataclass(frozen=True)
class DenoiseAdaptSettings:
    """What is read, how photons are split, and how long the network goes on learning."""

    weights: str = parameter("denoise", "weights to start from: bundled by name, or a .safetensors file")
    most_frames: int = parameter(
        256, "frames to learn from and to judge by, drawn at random", low=8, high=100_000, title="Frames at most"
    )
    steps: int = parameter(100, "optimiser steps at most", low=1, high=100_000)
    minutes: float = parameter(
        5.0, "no further steps after this time", unit="min", low=0.05, high=10_000.0, title="Longest time"
    )
    batch: int = parameter(8, "frames in a step", low=1, high=1024)
    learning_rate: float = parameter(3e-4, "learning rate of AdamW", low=1e-7, high=1.0)
    averaging: float = parameter(
        0.96, "share of the running mean of the weights kept in a step", low=0.0, high=1.0, title="Running mean"
    )
    shown_low: float = parameter(
        0.5,
        "least share of a frame's photons that the network is shown",
        low=0.1,
        high=0.99,
        title="Least share shown",
    )
    shown_high: float = parameter(
        0.9, "largest share; the rest it has to foretell", low=0.1, high=0.99, title="Largest share shown"
    )
    hidden: float = parameter(
        0.08,
        "share of the measured pixels hidden as islands, so that filling is learned, too",
        low=0.0,
        high=0.5,
        title="Share hidden",
    )
    hidden_weight: float = parameter(
        0.4, "weight of the photons in hidden islands", low=0.0, title="Weight of hidden"
    )
    deviation_weight: float = parameter(
        1.0, "how firmly the standard deviations are held where they were", low=0.0, title="Hold deviations"
    )
    friedel: str = parameter(
        AUTO,
        "sum Friedel mates: in frames that nothing speaks against, in all or in none",
        choices=(AUTO, ON, OFF),
        title="Friedel mates",
    )
    crop_px: int = parameter(
        128, "side of what is shown of larger frames in a step", unit="px", low=32, high=4096, title="Shown at a time"
    )
    window_px: int = parameter(
        256, "side of what is looked at about the beam", unit="px", low=32, high=4096, title="Looked at"
    )
    threads: int = parameter(0, "processor threads; 0 leaves it to the machine", low=0, high=1024)
    seed: int = parameter(0, "of everything drawn", low=0)


def checked(settings: DenoiseAdaptSettings) -> DenoiseAdaptSettings:
    """The same settings, if they describe an adaptation.

    Raises:
        BadParameter: for a value out of range or an empty range.
    """
    validate(settings)
    if settings.shown_low > settings.shown_high:
        raise BadParameter(
            f"shown_low is {settings.shown_low:g}, shown_high {settings.shown_high:g}", cause="the range is empty"
        )
    return settings
