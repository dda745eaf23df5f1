"""Sort a run from a few labels: class probabilities, class and confidence for every frame.

The label table is CSV; only `index` (or `event`) and `label` are required. Frames that resemble none of the labelled
ones come out as "unknown". With -o FILE.csv the columns are index,event,label,confidence,p_<class>…; with -o FILE.h5
the datasets probabilities, unknown, label, confidence, missing, classes, index and event.

With --classifier a method from the literature takes the place of the speckle embedding and its head, on the same
labels and with the same output; only the default knows "unknown".
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.console import follow, report
from app.cli.flags import add_flags, add_run, from_flags, from_words
from app.cli.outputs import output_path
from app.cli.treatment import add_treatment

if TYPE_CHECKING:
    from models.embedding.few_shot import Verdicts
    from models.runs.types import Run

DEFAULT = "speckle"
"""The classifier that needs no choosing; `models.classifying.registry` has the others."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.classifying.judge import JudgeSettings
    from models.classifying.registry import CLASSIFIERS
    from models.embedding.embed import EmbedSettings
    from models.embedding.few_shot import FewShotSettings

    add_run(parser)
    add_treatment(parser)
    parser.add_argument("--labels", metavar="L.csv", required=True, help="labels of a few frames of each class")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="verdicts.h5 or verdicts.csv")
    parser.add_argument(
        "--classifier",
        metavar="NAME",
        default=DEFAULT,
        help=f"{', '.join(CLASSIFIERS)} (default {DEFAULT}); what they are: --list-classifiers",
    )
    parser.add_argument("--list-classifiers", action=_ListClassifiers, help="describe the classifiers and stop")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter of another classifier than the default; may be given again",
    )
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, FewShotSettings)
    add_flags(parser, EmbedSettings)
    # Frames read at once is one flag for both ways.
    add_flags(parser, JudgeSettings, leave_out=("batch_frames",))


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from app.cli.treatment import open_from
    from models.classifying.registry import classifier
    from models.errors import BadLabels, BadParameter
    from models.workspace.results import UNKNOWN_NAME, save_verdicts, write_verdicts_csv
    from models.workspace.tables import UNSURE, read_labels

    path = output_path(args.output, (".hdf5", ".h5", ".csv"), [args.run, args.labels])
    info = classifier(args.classifier)
    if args.set and info.name == DEFAULT:
        raise BadParameter("--set is for the other classifiers", hint="give the default's parameters as flags")
    opened = open_from(args)
    try:
        events = None if opened.events is None else list(opened.events)
        table = read_labels(Path(args.labels), len(opened), events)
        names = table.classes
        if not names:
            raise BadLabels(
                f"{args.labels} labels no frame of {opened.name}", hint="label a few frames of each class"
            )
        sure = np.array([name != UNSURE for name in table.names])
        frames = table.frames[sure]
        codes = np.array([names.index(name) for name in table.names if name != UNSURE])
        sort = _by_embedding if info.name == DEFAULT else _by_classifier
        verdicts, accuracy, warnings = sort(args, opened, frames, codes, names)
        digest = opened.identity.pixels
    finally:
        opened.close()
    if path.suffix.lower() == ".csv":
        write_verdicts_csv(path, verdicts, events)
    else:
        save_verdicts(path, verdicts, run_digest=digest, events=events)
    counts = verdicts.counts()
    unknown = counts.pop("")
    report(
        {
            "verdicts": str(path),
            "classifier": info.name,
            "frames": len(verdicts),
            "labels": len(frames),
            "counts": {**counts, UNKNOWN_NAME: unknown},
            "without_embedding": int(verdicts.missing.sum()),
            "balanced_accuracy_on_labels": accuracy,
            "warnings": [*table.warnings, *warnings],
        },
        args.json,
    )
    return 0


Sorted = tuple["Verdicts", "float | None", list[str]]
"""Verdicts, balanced accuracy on the labels where they can be held out, and warnings."""


def _by_embedding(args: argparse.Namespace, opened: Run, frames: Any, codes: Any, names: tuple[str, ...]) -> Sorted:
    """With the speckle embedding and the few-shot head."""
    from app.cli.vectors import embedding_of
    from models.embedding.embed import EmbedSettings
    from models.embedding.few_shot import FewShotSettings, cross_validate, fit_head, run_statistics
    from models.errors import NotEnoughExamples

    settings = from_flags(args, FewShotSettings)
    embedding = embedding_of(opened, from_flags(args, EmbedSettings))
    source = {
        "model": embedding.model_digest,
        "labels": Path(args.labels).name,
        "run": opened.identity.pixels,
    }
    examples = embedding.vectors[frames]
    whole = run_statistics(embedding.vectors)
    verdicts = fit_head(examples, codes, names, settings, run=whole, source=source).verdicts(embedding.vectors)
    try:
        accuracy = cross_validate(examples, codes, names, settings, run=whole).balanced_accuracy
    except NotEnoughExamples as error:
        return verdicts, None, [error.sentence()]
    return verdicts, round(accuracy, 4), []


def _by_classifier(args: argparse.Namespace, opened: Run, frames: Any, codes: Any, names: tuple[str, ...]) -> Sorted:
    """With one of the classical classifiers; its features are kept in the workspace like embeddings are."""
    from models.classifying.features import extractor
    from models.classifying.judge import JudgeSettings, judge_run
    from models.classifying.registry import classifier
    from models.workspace.location import find_places
    from models.workspace.store import EmbeddingStore

    info = classifier(args.classifier)
    settings = from_flags(args, JudgeSettings)
    parameters = from_words(info.parameters, args.set, "the classifier")
    # The default of --weights names weights of the speckle network.
    features = extractor(info.features, "" if args.weights == DEFAULT else args.weights)
    folder = find_places(opened).folder / "features"
    store = EmbeddingStore.open(folder, opened.identity.pixels, len(opened), features.dimensions, features.digest)
    source = {"labels": Path(args.labels).name}
    work = judge_run(opened, store, features, frames, codes, names, info.name, parameters, settings, source=source)
    found = follow(work, "sorting")
    accuracy = found.balanced_accuracy(frames, codes, names)
    if accuracy is None:
        return found.verdicts, None, ["the labels cannot be checked against each other: no class has two examples."]
    return found.verdicts, round(accuracy, 4), []


class _ListClassifiers(argparse.Action):
    """Print the registry and stop, as --help does."""

    def __init__(self, option_strings: list[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from models.classifying.registry import CLASSIFIERS
        from models.parameters import describe

        lines = []
        for info in CLASSIFIERS.values():
            lines += [info.name, f"    {info.title} ({info.paper})", f"    {info.summary}"]
            if info.name != DEFAULT:
                settings = [f"{each.name}={each.default}" for each in describe(info.parameters)]
                lines.append("    --set " + ", ".join(settings) if settings else "    nothing to set")
        print("\n".join(lines))
        parser.exit()
