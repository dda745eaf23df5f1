"""Adapt the speckle network to a run: minutes of further training on the run's own frames.

The result is a new weight file with its description beside it; the embedding in use stays as it is. To use the new
weights: friedel embed RUN --weights FILE. Whether they are better is for labelled frames to say; the figures reported
here need none. Interrupting writes nothing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.console import follow, report
from app.cli.flags import add_flags, add_run, from_flags
from app.cli.treatment import add_treatment

if TYPE_CHECKING:
    from models.runs.types import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.embedding.training.adapt import AdaptSettings

    add_run(parser)
    add_treatment(parser)
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the new weights")
    parser.add_argument("--labels", metavar="L.csv", help="learn from these labels, too")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, AdaptSettings)


def run(args: argparse.Namespace) -> int:
    from app.cli.treatment import open_from
    from models.embedding.training.adapt import AdaptSettings, adapt

    settings = from_flags(args, AdaptSettings)
    opened = open_from(args)
    try:
        examples = _labelled(opened, Path(args.labels)) if args.labels else {}
        weights = follow(adapt(opened, settings, Path(args.out), examples), "adapting")
    finally:
        opened.close()
    made = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    adapted = made["adapted"]
    report(
        {
            "weights": str(weights),
            "digest": made["digest"],
            "parent": adapted["parent"],
            "frames_read": adapted["frames_read"],
            "frames_labelled": adapted["frames_labelled"],
            **{f"{name}_before": value for name, value in adapted["before"].items()},
            **{f"{name}_after": value for name, value in adapted["after"].items()},
            "seconds": adapted["seconds"],
        },
        args.json,
    )
    return 0


def _labelled(run: Run, table_path: Path) -> dict[int, str]:
    """Class names by frame, without those the annotator was unsure of."""
    from models.workspace.tables import UNSURE, read_labels

    table = read_labels(table_path, len(run), None if run.events is None else list(run.events))
    return {int(frame): name for frame, name in zip(table.frames, table.names, strict=True) if name != UNSURE}
