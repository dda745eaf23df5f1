"""Retrain a bundled network from its seeds and write its weights with their provenance.

The weights are safetensors; a JSON file beside them holds settings, seeds, data recipe and metrics. Interrupted
training goes on from its last checkpoint when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from app.cli.console import follow, report
from app.cli.flags import add_flags, from_flags

NETWORKS = {"speckle": "the triplet embedding that sorts frames"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.embedding.training.settings import TrainingSettings

    names = ", ".join(f"{name} ({text})" for name, text in NETWORKS.items())
    parser.add_argument("network", choices=sorted(NETWORKS), help=f"which network: {names}")
    parser.add_argument(
        "-o", "--output", metavar="DIR", default="build/weights", help="folder for the weights (default %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the metrics as one JSON object")
    add_flags(parser, TrainingSettings)


def run(args: argparse.Namespace) -> int:
    from models.embedding.training.settings import TrainingSettings
    from models.embedding.training.train import train

    settings = from_flags(args, TrainingSettings)
    weights = follow(train(settings, Path(args.output)), f"training {args.network}")
    report({"weights": str(weights), **_figures(weights.with_suffix(".json"))}, args.json)
    return 0


def _figures(description: Path) -> dict[str, Any]:
    """Test and validation figures as the training wrote them beside the weights."""
    metrics = json.loads(description.read_text(encoding="utf-8"))["metrics"]
    return {f"{part}_{name}": value for part in ("validation", "test") for name, value in metrics[part].items()}
