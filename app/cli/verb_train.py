"""Retrain a bundled network from its seeds and write its weights with their provenance.

The weights are safetensors; a JSON file beside them holds settings, seeds, data recipe and metrics. Interrupted
training goes on from its last checkpoint when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

from app.cli.console import follow, report
from app.cli.flags import add_flags, from_flags

NETWORKS = {
    "speckle": "the embedding that sorts frames",
    "denoise": "the network that turns counts into expected counts, for any dose, mask and frame size",
    "partial-unet": "the partial-convolution U-Net of Lee et al. 2021, on the frames that denoise is trained on",
    "restoring-unet": "the restoring U-Net of Bellisario et al. 2022, on the frames that denoise is trained on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    each = parser.add_subparsers(dest="network", metavar="NETWORK", required=True)
    for name, text in NETWORKS.items():
        own = each.add_parser(name, help=text, description=f"Retrain {text}.")
        own.add_argument(
            "-o",
            "--output",
            metavar="DIR",
            default="build/weights",
            help="folder for the weights (default %(default)s)",
        )
        own.add_argument("--json", action="store_true", help="print the metrics as one JSON object")
        add_flags(own, _settings(name))


def run(args: argparse.Namespace) -> int:
    settings = from_flags(args, _settings(args.network))
    path = follow(_training(args.network, settings, Path(args.output)), f"training {args.network}")
    report({"weights": str(path), **_figures(path.with_suffix(".json"))}, args.json)
    return 0


def _settings(network: str) -> type[Any]:
    if network != "speckle":
        from models.denoising.training import settings

        return {
            "denoise": settings.DenoiseTrainingSettings,
            "partial-unet": settings.PartialUNetTrainingSettings,
            "restoring-unet": settings.RestoringUNetTrainingSettings,
        }[network]
    from models.embedding.training.settings import TrainingSettings

    return TrainingSettings


def _training(network: str, settings: Any, folder: Path) -> Generator[Any, None, Path]:
    if network == "denoise":
        from models.denoising.training.train import train as train_denoise

        return train_denoise(settings, folder)
    if network == "partial-unet":
        from models.denoising.training.published import train_partial_unet

        return train_partial_unet(settings, folder)
    if network == "restoring-unet":
        from models.denoising.training.published import train_restoring_unet

        return train_restoring_unet(settings, folder)
    from models.embedding.training.train import train

    return train(settings, folder)


def _figures(description: Path) -> dict[str, Any]:
    """Test and validation figures as the training wrote them beside the weights."""
    metrics = json.loads(description.read_text(encoding="utf-8"))["metrics"]
    return {f"{part}_{name}": value for part in ("validation", "test") for name, value in metrics[part].items()}
