"""Sort a run from a few labels: class probabilities, class and confidence for every frame.

The label table is CSV; only `index` (or `event`) and `label` are required. Frames that resemble none of the labelled
ones come out as "unknown". With -o FILE.csv the columns are index,event,label,confidence,p_<class>…; with -o FILE.h5
the datasets probabilities, unknown, label, confidence, missing, classes, index and event.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.console import report
from app.cli.flags import add_flags, add_run, from_flags
from app.cli.outputs import output_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.embedding.embed import EmbedSettings
    from models.embedding.few_shot import FewShotSettings

    add_run(parser)
    parser.add_argument("--labels", metavar="L.csv", required=True, help="labels of a few frames of each class")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="verdicts.h5 or verdicts.csv")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, FewShotSettings)
    add_flags(parser, EmbedSettings)


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from app.cli.vectors import embedding_of
    from models.embedding.embed import EmbedSettings
    from models.embedding.few_shot import FewShotSettings, cross_validate, fit_head, run_statistics
    from models.errors import BadLabels, NotEnoughExamples
    from models.runs import open_run
    from models.workspace.results import UNKNOWN_NAME, save_verdicts, write_verdicts_csv
    from models.workspace.tables import UNSURE, read_labels

    path = output_path(args.output, (".hdf5", ".h5", ".csv"), [args.run, args.labels])
    head_settings = from_flags(args, FewShotSettings)
    embed_settings = from_flags(args, EmbedSettings)
    opened = open_run(args.run, dataset=args.dataset)
    try:
        events = None if opened.events is None else list(opened.events)
        table = read_labels(Path(args.labels), len(opened), events)
        names = table.classes
        if not names:
            raise BadLabels(
                f"{args.labels} labels no frame of {opened.name}", hint="label a few frames of each class"
            )
        embedding = embedding_of(opened, embed_settings)
        digest = opened.identity.digest
    finally:
        opened.close()
    sure = np.array([name != UNSURE for name in table.names])
    frames = table.frames[sure]
    codes = np.array([names.index(name) for name in table.names if name != UNSURE])
    source = {"model": embedding.model_digest, "labels": Path(args.labels).name, "run": digest}
    examples = embedding.vectors[frames]
    whole = run_statistics(embedding.vectors)
    head = fit_head(examples, codes, names, head_settings, run=whole, source=source)
    verdicts = head.verdicts(embedding.vectors)
    if path.suffix.lower() == ".csv":
        write_verdicts_csv(path, verdicts, events)
    else:
        save_verdicts(path, verdicts, run_digest=digest, events=events)
    counts = verdicts.counts()
    unknown = counts.pop("")
    warnings = list(table.warnings)
    accuracy = None
    try:
        accuracy = round(cross_validate(examples, codes, names, head_settings, run=whole).balanced_accuracy, 4)
    except NotEnoughExamples as error:
        warnings.append(error.sentence())
    report(
        {
            "verdicts": str(path),
            "frames": len(verdicts),
            "labels": len(frames),
            "counts": {**counts, UNKNOWN_NAME: unknown},
            "without_embedding": int(verdicts.missing.sum()),
            "balanced_accuracy_on_labels": accuracy,
            "warnings": warnings,
        },
        args.json,
    )
    return 0
