"""Embeddings as features: Friedel's own network and the published SpeckleNN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.classifying.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from models.classifying.specklenn.network import SpeckleNN
    from models.embedding.network import SpeckleNet


@dataclass(frozen=True, eq=False)
class SpeckleExtractor:
    """Friedel's SpeckleNet; its digest is that of the weights, as everywhere."""

    digest: str
    network: SpeckleNet
    name: str = "speckle"

    @property
    def dimensions(self) -> int:
        return self.network.config.dimensions

    def extract(
        self, frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None
    ) -> FloatArray:
        from models.embedding.embed import embed_frames

        return embed_frames(frames, valid, self.network)


@dataclass(frozen=True, eq=False)
class SpeckleNNExtractor:
    """The published network in evaluation mode: masked pixels are zeros, as it was published."""

    digest: str
    network: SpeckleNN
    name: str = "specklenn"

    @property
    def dimensions(self) -> int:
        return self.network.dimensions

    def extract(
        self, frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None
    ) -> FloatArray:
        from models.classifying.specklenn.score import embed

        return embed(self.network, frames, valid)


def speckle(weights: str | Path) -> SpeckleExtractor:
    """Raises BadWeights."""
    from models.embedding.weights import load

    network, info = load(weights)
    return SpeckleExtractor(info.digest, network)


def specklenn(weights: str | Path) -> SpeckleNNExtractor:
    """Raises BadWeights."""
    from models.classifying.specklenn.weights import load

    network, digest = load(weights)
    return SpeckleNNExtractor(digest, network)
