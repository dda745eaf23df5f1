"""Weights of DenoiseNet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.files.weight_file import WeightFormat, WeightsInfo

if TYPE_CHECKING:
    from models.denoising.network import DenoiseNet

FORMAT = WeightFormat("friedel.denoise/1", ("denoise",), "friedel train denoise")


def load(name_or_path: str | Path = "denoise") -> tuple[DenoiseNet, WeightsInfo]:
    """A network ready for inference, and what its weights are.

    Args:
        name_or_path: "denoise", which comes with Friedel, or the path of a .safetensors file made by `save`.

    Raises:
        BadWeights: missing, damaged, or made for another network.
    """
    import torch

    from models.denoising.network import DenoiseConfig, DenoiseNet

    sizes, tensors, info = FORMAT.read(name_or_path)
    try:
        network = DenoiseNet(DenoiseConfig.from_dict(sizes))
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FORMAT.misfit(info.path, error) from error
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False), info  # type: ignore[call-overload]


def save(network: DenoiseNet, path: Path, provenance: Mapping[str, Any]) -> WeightsInfo:
    """Write weights (.safetensors) and provenance (.json) side by side; each file appears whole or not at all."""
    return FORMAT.write(path, network.config.as_dict(), network.state_dict(), provenance)
