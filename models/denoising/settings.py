"""The parameters of the methods; form, flags and provenance derive from them."""

from __future__ import annotations

from dataclasses import dataclass

from models.parameters import parameter

AUTO, ON, OFF = "auto", "on", "off"


@dataclass(frozen=True)
class FriedelSettings:
    """What all methods share."""

    friedel: str = parameter(
        AUTO,
        "average each pixel with its mate on the other side of the beam: auto does so unless the frame itself "
        "contradicts Friedel's law",
        choices=(AUTO, ON, OFF),
        title="Average Friedel mates",
    )


@dataclass(frozen=True)
class NetworkSettings(FriedelSettings):
    """Friedel's network; it says itself how sure it is."""

    weights: str = parameter(
        "denoise",
        "which weights: those that come with Friedel (denoise), or a .safetensors file of your own",
        title="Weights",
    )


@dataclass(frozen=True)
class FriedelMeanSettings(FriedelSettings):
    """What all classical methods share, and all there is to set where mates are averaged and nothing else is done."""

    splits: int = parameter(
        3,
        "how often a third of the photons is set aside at random to find the standard deviation, one pass of the "
        "method each; 0 for none",
        low=0,
        high=100,
        title="Draws for the deviation",
    )


@dataclass(frozen=True)
class RadialMeanSettings(FriedelMeanSettings):
    """A ring has one value; Friedel mates lie in the same ring, so that their averaging changes nothing."""


@dataclass(frozen=True)
class GaussianSettings(FriedelMeanSettings):
    """Blur."""

    sigma_px: float = parameter(
        1.2,
        "standard deviation of the blur; about a fifth of a speckle keeps the fringes",
        unit="px",
        low=0.1,
        high=50.0,
        title="Width σ",
    )


@dataclass(frozen=True)
class TotalVariationSettings(FriedelMeanSettings):
    """Total variation in the Anscombe domain, where noise has standard deviation 1 at every rate."""

    weight: float = parameter(
        0.5,
        "how much smoother than the data, in standard deviations of the noise: 0.5 keeps faint fringes, 2 leaves "
        "flat patches",
        unit="σ",
        low=0.01,
        high=20.0,
    )


@dataclass(frozen=True)
class NonLocalMeansSettings(FriedelMeanSettings):
    """Non-local means in the Anscombe domain."""

    strength: float = parameter(
        0.8,
        "how unlike two patches may be to be averaged, in standard deviations of the noise",
        unit="σ",
        low=0.05,
        high=10.0,
    )
    patch_px: int = parameter(5, "side of a patch", unit="px", low=1, high=21, title="Patch")
    reach_px: int = parameter(7, "how far away patches are looked for", unit="px", low=1, high=50, title="Reach")


@dataclass(frozen=True)
class LowPassSettings(FriedelMeanSettings):
    """Low pass to what an object of finite size can scatter."""

    speckle_px: float | None = parameter(
        None,
        "spacing of the finest fringes; nothing finer is kept. auto finds it in the frame",
        unit="px",
        low=2.0,
        high=1000.0,
        title="Fringe spacing",
    )
    rounds: int = parameter(
        30,
        "iterations that continue the pattern into holes (Papoulis and Gerchberg)",
        low=1,
        high=1000,
        title="Iterations into holes",
    )
