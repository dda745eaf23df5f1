"""Feature extractors by name. Each handles frames of any size, masks that differ from frame to frame, and blanks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.classifying.types import BoolArray, Extractor, FloatArray
from models.errors import BadParameter

Function = Callable[[FloatArray, BoolArray, "tuple[float, float] | None"], FloatArray]

VERSION = 1
"""Raised when a recipe changes, so that features kept in a workspace are computed again."""

EXTRACTORS: dict[str, str] = {
    "speckle": "embedding by the speckle network",
    "radial-angular": "radial profile and angular correlations",
    "physics": "physical parameters of each frame",
    "polar": "photons by ring and sector",
    "picture": "frames as small pictures",
    "specklenn": "embedding by the published SpeckleNN network",
}
"""Every extractor with what it gives; `extractor` makes one."""


@dataclass(frozen=True)
class RecipeExtractor:
    """An extractor that is a function of the frame alone."""

    name: str
    dimensions: int
    digest: str
    function: Function

    def extract(
        self, frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None
    ) -> FloatArray:
        return self.function(frames, valid, centre_px)


def extractor(name: str, weights: str | Path = "") -> Extractor:
    """The extractor of that name.

    Args:
        name: one of `EXTRACTORS`.
        weights: for "speckle" and "specklenn": bundled name or .safetensors file; "" for the default.

    Raises:
        BadParameter: there is none of that name.
        BadWeights: its weights cannot be loaded.
    """
    from models.classifying.features import angular, physics, pictures

    if name == "radial-angular":
        dimensions = angular.RINGS * (1 + angular.HARMONICS)
        return RecipeExtractor(name, dimensions, _digest(name), angular.radial_angular)
    if name == "physics":
        return RecipeExtractor(name, physics.DIMENSIONS, _digest(name), physics.physical_features)
    if name == "polar":
        dimensions = 2 * pictures.RINGS * pictures.SECTORS
        return RecipeExtractor(name, dimensions, _digest(name), pictures.polar_counts)
    if name == "picture":
        return RecipeExtractor(name, pictures.SIDE_PX**2, _digest(name), pictures.small_pictures)
    if name in ("speckle", "specklenn"):
        from models.classifying.features import networks

        return networks.speckle(weights or "speckle") if name == "speckle" else networks.specklenn(weights)
    raise BadParameter(f"there are no features {name!r}", cause=f"there are {', '.join(EXTRACTORS)}")


def _digest(name: str) -> str:
    return hashlib.sha256(f"friedel features {name} {VERSION}".encode()).hexdigest()[:16]
