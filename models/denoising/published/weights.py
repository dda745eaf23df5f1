"""Weights of the published networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.files.weight_file import WeightFormat, WeightsInfo

if TYPE_CHECKING:
    from models.denoising.published.partial_unet import PartialUNet
    from models.denoising.published.restoring_unet import RestoringUNet

PARTIAL_UNET, RESTORING_UNET = "partial-unet", "restoring-unet"
FORMATS = {
    name: WeightFormat(f"friedel.{name}/1", (name,), f"friedel train {name}")
    for name in (PARTIAL_UNET, RESTORING_UNET)
}


def load(name: str, name_or_path: str | Path) -> tuple[PartialUNet | RestoringUNet, WeightsInfo]:
    """A network ready for inference, and what its weights are.

    Args:
        name: key of `FORMATS`: which network. name_or_path: the same, for the weights that come with Friedel, or the
            path of a .safetensors file made by `save`.

    Raises:
        BadWeights: missing, damaged, or made for another network.
    """
    import torch

    sizes, tensors, info = FORMATS[name].read(name_or_path)
    try:
        network = _build(name, sizes)
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FORMATS[name].misfit(info.path, error) from error
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False), info  # type: ignore[call-overload]


def save(network: PartialUNet | RestoringUNet, path: Path, provenance: Mapping[str, Any]) -> WeightsInfo:
    """Write weights (.safetensors) and provenance (.json) side by side; each file appears whole or not at all."""
    from models.denoising.published.partial_unet import PartialUNet

    name = PARTIAL_UNET if isinstance(network, PartialUNet) else RESTORING_UNET
    return FORMATS[name].write(path, network.config.as_dict(), network.state_dict(), provenance)


def _build(name: str, sizes: dict[str, Any]) -> PartialUNet | RestoringUNet:
    if name == PARTIAL_UNET:
        from models.denoising.published.partial_unet import PartialUNet, PartialUNetConfig

        return PartialUNet(PartialUNetConfig.from_dict(sizes))
    from models.denoising.published.restoring_unet import RestoringUNet, RestoringUNetConfig

    return RestoringUNet(RestoringUNetConfig.from_dict(sizes))
