"""Write chosen frames as a CXI 1.6 file that plain h5py reads, or as an index list (.txt).

Labels come from the run's workspace, or from a table given with --labels; verdicts from `friedel classify`. For
example: friedel export RUN -o hits.cxi --verdicts verdicts.h5 --verdict single --min-confidence 0.9
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import selection
from app.cli.console import follow, report
from app.cli.flags import add_flags, add_run, from_flags
from app.cli.outputs import output_path
from app.cli.treatment import add_treatment
from models.errors import BadParameter

if TYPE_CHECKING:
    from models.embedding.few_shot import Verdicts
    from models.runs.types import Run
    from models.workspace.record import LabelRecord


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.workspace.export import ExportSettings

    add_run(parser)
    add_treatment(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="OUT.cxi, or OUT.txt for a list")
    parser.add_argument("--labels", metavar="L.csv", help="labels to use instead of the workspace's")
    parser.add_argument("--verdicts", metavar="V.h5", help="verdicts of this run, from `friedel classify`")
    parser.add_argument("--events", action="store_true", help="list event identifiers instead of indices")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    selection.add_arguments(parser)
    add_flags(parser, ExportSettings)


def run(args: argparse.Namespace) -> int:
    from app.cli.treatment import open_from
    from models.workspace import open_workspace
    from models.workspace.export import ExportSettings, export_selection, write_index_list
    from models.workspace.results import load_verdicts

    settings = from_flags(args, ExportSettings)
    inputs = [args.run, args.labels, args.verdicts, args.indices]
    path = output_path(args.output, (".cxi", ".h5", ".txt"), inputs, "" if settings.overwrite else "--overwrite")
    opened = open_from(args)
    workspace = open_workspace(opened)
    try:
        events = None if opened.events is None else list(opened.events)
        labels = workspace.labels if args.labels is None else _labels_from(Path(args.labels), opened, events)
        verdicts = None if args.verdicts is None else load_verdicts(Path(args.verdicts))
        if verdicts is not None:
            _check_verdicts(args.verdicts, verdicts, opened)
        frames = selection.chosen_frames(args, len(opened), events, labels, verdicts)
        if path.suffix.lower() == ".txt":
            write_index_list(path, frames, events, "event" if args.events else "index")
        else:
            follow(export_selection(opened, frames, path, labels, verdicts, settings), "exporting")
    finally:
        workspace.close()
        opened.close()
    report({"file": str(path), "frames": len(frames)}, args.json)
    return 0


def _check_verdicts(name: str, verdicts: Verdicts, run: Run) -> None:
    """Raise BadParameter where verdicts are of another run, even one of as many frames."""
    made_of = verdicts.provenance.get("run", run.identity.pixels)
    if len(verdicts) == len(run) and made_of == run.identity.pixels:
        return
    cause = "they are of another run"
    if len(verdicts) != len(run):
        cause = f"they are of {len(verdicts)} frames, the run has {len(run)}"
    raise BadParameter(f"the verdicts in {name} do not belong to {run.name}", cause=cause, hint="sort this run first")


def _labels_from(path: Path, run: Run, events: Sequence[str] | None) -> LabelRecord:
    """The labels of a table, in memory only."""
    from models.workspace.entries import RunKey
    from models.workspace.labels import Labels
    from models.workspace.tables import import_labels, read_labels

    key = RunKey(
        digest=run.identity.digest,
        n_frames=len(run),
        dataset=run.dataset,
        shape=run.shape,
        has_events=events is not None,
    )
    labels = Labels(key, events, annotator=path.name)
    import_labels(read_labels(path, len(run), events), labels)
    return labels
