"""Weights of SpeckleNet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.files.weight_file import WeightFormat, WeightsInfo

if TYPE_CHECKING:
    from models.embedding.network import SpeckleNet

BUNDLED = ("speckle",)
"""Names of the weights that come with Friedel."""
FORMAT = WeightFormat("friedel.speckle/1", BUNDLED, "friedel train speckle")


def digest(name_or_path: str | Path = "speckle") -> str:
    """First 16 hex digits of the weight file's SHA-256; needs no torch.

    Raises:
        BadWeights: where there is no such file or it cannot be read.
    """
    return FORMAT.digest(name_or_path)


def load(name_or_path: str | Path = "speckle") -> tuple[SpeckleNet, WeightsInfo]:
    """A network ready for inference, and what its weights are.

    Args:
        name_or_path: a bundled name, or the path of a .safetensors file made by `save`.

    Raises:
        BadWeights: missing, damaged, or made for another network.
    """
    from models.embedding.network import NetworkConfig, SpeckleNet

    sizes, tensors, info = FORMAT.read(name_or_path)
    try:
        network = SpeckleNet(NetworkConfig.from_dict(sizes))
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FORMAT.misfit(info.path, error) from error
    return network.eval().requires_grad_(False), info


def save(network: SpeckleNet, path: Path, provenance: Mapping[str, Any]) -> WeightsInfo:
    """Write weights (.safetensors) and provenance (.json) side by side; each file appears whole or not at all."""
    return FORMAT.write(path, network.config.as_dict(), network.state_dict(), provenance)
