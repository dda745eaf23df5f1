"""Go through the frames of a run on all cores: mean, variance, maximum and lit pixels of every pixel, and the sum,
lit pixels and maximum of every frame.

The file holds what the window shows under Run, Statistics of this run. Frames can be parted into classes by a table
of labels as the window writes it: each class then has pictures of its own ("powders").
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.console import follow, report
from app.cli.flags import add_flags, add_run, from_flags
from app.cli.outputs import output_path
from app.cli.treatment import add_treatment

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from models.runs.types import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.statistics.types import StatisticsSettings

    add_run(parser)
    add_treatment(parser)
    parser.add_argument("-o", "--output", metavar="FILE.h5", required=True, help="where the statistics are written")
    parser.add_argument("--overwrite", action="store_true", help="replace a file of that name")
    parser.add_argument("--frames", metavar="A:B", help="frames to look at: 0:100, 3,5,8, or a table (default: all)")
    parser.add_argument("--labels", metavar="FILE.csv", help="labels of frames, for statistics of each class")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, StatisticsSettings)


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from app.cli.selection import frames_named
    from app.cli.treatment import open_from
    from models.statistics import StatisticsSettings, run_statistics
    from models.treatment import RunReference
    from models.workspace.statistics import save_statistics

    settings = from_flags(args, StatisticsSettings)
    path = output_path(
        args.output, (".h5", ".hdf5"), [args.run, args.labels], "" if args.overwrite else "--overwrite"
    )
    opened = open_from(args)
    try:
        source, digest, total = RunReference.of(opened), opened.identity.pixels, len(opened)
        events = None if opened.events is None else list(opened.events)
        frames = None if args.frames is None else frames_named(args.frames, total, events)
        codes, names = (None, ()) if args.labels is None else _classes(Path(args.labels), opened)
    finally:
        opened.close()
    began = time.monotonic()
    made = follow(run_statistics(source, frames, codes, names, settings), "statistics")
    save_statistics(path, made, run_digest=digest)
    whole = made.whole
    report(
        {
            "file": str(path),
            "frames": whole.frames,
            "unreadable": len(made.unreadable),
            "unit": made.unit,
            "mean": float(np.nanmean(whole.mean)),
            "maximum": float(np.nanmax(whole.maximum)),
            "lit_from": made.lit_from,
            "lit_share": float(np.nanmean(whole.lit_fraction)),
            "classes": {name or "no class": group.frames for name, group in made.by_class.items()},
            "seconds": round(time.monotonic() - began, 2),
        },
        args.json,
    )
    return 0


def _classes(path: Path, run: Run) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """(N,) class codes and the classes' names, from a table of labels."""
    import numpy as np

    from models.workspace.tables import read_labels

    table = read_labels(path, len(run), None if run.events is None else list(run.events))
    for sentence in table.warnings:
        print(f"friedel: {sentence}", file=sys.stderr)
    names = table.classes
    codes = np.full(len(run), -1)
    for frame, name in zip(table.frames.tolist(), table.names, strict=True):
        codes[frame] = names.index(name) if name in names else -1
    return codes, names
