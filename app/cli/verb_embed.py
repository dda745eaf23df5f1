"""Embed every frame of a run with the speckle network.

The vectors go into the run's workspace, where the window and `friedel classify` find them. An interrupted embedding
goes on where it stopped when the same command is given again.
"""

from __future__ import annotations

import argparse
import time

from app.cli.console import report
from app.cli.flags import add_flags, add_run, from_flags
from app.cli.outputs import output_path
from app.cli.treatment import add_treatment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.embedding.embed import EmbedSettings

    add_run(parser)
    add_treatment(parser)
    parser.add_argument("-o", "--output", metavar="FILE.npy", help="also write the (N, D) float32 vectors here")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, EmbedSettings)


def run(args: argparse.Namespace) -> int:
    from app.cli.treatment import open_from
    from app.cli.vectors import embedding_of
    from models.embedding.embed import EmbedSettings
    from models.files.disk import replace_array

    path = None if args.output is None else output_path(args.output, (".npy",), [args.run])
    settings = from_flags(args, EmbedSettings)
    opened = open_from(args)
    began = time.monotonic()
    try:
        embedding = embedding_of(opened, settings)
    finally:
        opened.close()
    if path is not None:
        replace_array(path, embedding.vectors, f"The vectors were not saved to {path}")
    frames, dimensions = embedding.vectors.shape
    report(
        {
            "run": str(args.run),
            "frames": frames,
            "dimensions": dimensions,
            "without_embedding": int(embedding.missing.sum()),
            "model": embedding.model_digest,
            "seconds": round(time.monotonic() - began, 2),
            "vectors": None if path is None else str(path),
        },
        args.json,
    )
    return 0
