"""Embed every frame of a run with the speckle network.

The vectors go into the run's workspace, where the window and `friedel classify` find them. An interrupted embedding
goes on where it stopped when the same command is given again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from app.cli.console import report
from app.cli.flags import add_flags, add_run, from_flags


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.embedding.embed import EmbedSettings

    add_run(parser)
    parser.add_argument("-o", "--output", metavar="FILE.npy", help="also write the (N, D) float32 vectors here")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, EmbedSettings)


def run(args: argparse.Namespace) -> int:
    from app.cli.vectors import embedding_of
    from models.embedding.embed import EmbedSettings
    from models.errors import BadParameter, NotSaved
    from models.runs import open_run

    if args.output and Path(args.output).suffix != ".npy":
        raise BadParameter(f"vectors cannot be written as {args.output}", hint="end the name in .npy")
    settings = from_flags(args, EmbedSettings)
    opened = open_run(args.run, dataset=args.dataset)
    began = time.monotonic()
    try:
        embedding = embedding_of(opened, settings)
    finally:
        opened.close()
    if args.output:
        import numpy as np

        try:
            with Path(args.output).open("wb") as file:
                np.save(file, embedding.vectors, allow_pickle=False)
        except OSError as error:
            raise NotSaved(f"Cannot write {args.output}", cause=error.strerror or str(error)) from error
    frames, dimensions = embedding.vectors.shape
    report(
        {
            "run": str(args.run),
            "frames": frames,
            "dimensions": dimensions,
            "without_embedding": int(embedding.missing.sum()),
            "model": embedding.model_digest,
            "seconds": round(time.monotonic() - began, 2),
            "vectors": args.output,
        },
        args.json,
    )
    return 0
