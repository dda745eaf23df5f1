"""What a training of the published network is made of."""

from __future__ import annotations

from dataclasses import dataclass

from models.parameters import parameter


@dataclass(frozen=True)
class SpeckleNNSettings:
    """The published recipe; the defaults are the authors' (few-shot scripts), at 48 pixels.

    Training stops at `frames` frames seen or after `seconds`, whichever comes first.
    """

    side_px: int = parameter(48, "Side of the frames the network sees", unit="px", low=16, high=256)
    frames: int = parameter(200_000, "Frames to see, candidates of every batch counted", low=1)
    seconds: float = parameter(0.0, "Wall-clock limit; 0 for none", unit="s", low=0.0)
    margin: float = parameter(0.02, "Margin of the triplet loss, squared distance", low=0.0, high=4.0)
    learning_rate: float = parameter(1e-3, "Learning rate of Adam", low=1e-7, high=1.0)
    read_noise: float = parameter(
        0.15,
        "Standard deviation of Gaussian noise on every detector pixel",
        unit="photons",
        low=0.0,
        high=100.0,
    )
    turned: bool = parameter(True, "Turn frames by any angle")
    patches: int = parameter(10, "Zero patches put on every frame", low=0, high=1000)
    patch_share: float = parameter(0.125, "Side of a patch as a part of the frame's, give or take a fifth", low=0.0)
    zoom: float = parameter(0.10, "Largest magnification, in either direction", low=0.0, high=0.9)
    shift: float = parameter(0.05, "Largest shift as a part of the side", low=0.0, high=0.5)
    seed: int = parameter(0, "Of starting weights, noise and triplets", low=0)
    device: str = parameter("cpu", "Where to train: cpu or cuda")
