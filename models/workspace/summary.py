"""What was made of a run, in two numbers: how many labels, which share of hits. Nothing is written."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import CannotOpen
from models.workspace.journal import PATTERN
from models.workspace.location import find_places, folder_beside, user_data_folder

if TYPE_CHECKING:
    from models.embedding.few_shot.types import Verdicts
    from models.runs.run_table_describe import Description
    from models.runs.types import Run

log = logging.getLogger(__name__)

NO_HITS = frozenset(
    {"blank", "no hit", "no_hit", "non-hit", "nohit", "miss", "background", "dark", "contaminant", "non-sample hit"}
)
"""Names of classes, in lower case, whose frames are no hits; every other class is one of hits."""
VERDICT_COUNTS = "verdicts"
"""Where the window's state of a run keeps how many frames have which verdict: `verdict_counts`."""


def describe_with_labels(path: str, newest: str) -> Description:
    """`describe_run` with labels and hit rate from the run's workspace."""
    from models.runs.run_table_describe import describe_run

    return describe_run(path, newest, labels_and_hits)


def labels_and_hits(run: Run, user_data: Path | None = None) -> tuple[int | None, float | None]:
    """(frames with a class by anybody's label, share of hits among the verdicts); None where there is nothing."""
    from models.workspace.workspace import Workspace

    data = user_data_folder() if user_data is None else user_data
    places = find_places(run, data, writable=lambda _folder: False)  # looking must not make anything
    folders = [folder for folder in (places.folder, folder_beside(run.path), *places.others) if folder.is_dir()]
    folders = list(dict.fromkeys(folders))
    labels = None
    if any(_journals(folder) for folder in folders):
        workspace = Workspace(run, "", places, data)
        try:
            labels = int((workspace.labels.codes >= 0).sum())
        finally:
            workspace.close()
    return labels, hit_rate(folders, run.identity.pixels)


def verdict_counts(verdicts: Verdicts | None) -> dict[str, Any]:
    """What the window's state keeps of the verdicts, JSON-ready: {"classes": {name: frames}, "unknown": frames}."""
    if verdicts is None:
        return {}
    classes = verdicts.counts()
    return {"unknown": classes.pop(""), "classes": classes}


def hit_rate(folders: Sequence[Path], run_digest: str) -> float | None:
    """Share of hits among the frames with a verdict, by the window's last state or a file of verdicts; else None."""
    found = [counts for folder in folders for counts in _kept_counts(folder)]
    if found:
        return _share(max(found, key=lambda item: item[0])[1])
    from models.workspace.results import load_verdicts, verdicts_path

    for folder in folders:
        path = verdicts_path(folder, run_digest)
        if path.is_file():
            try:
                verdicts = load_verdicts(path)
            except CannotOpen as error:
                log.warning("%s", error.sentence())
                continue
            judged = verdicts.label[~verdicts.missing]
            names = [name.lower() for name in verdicts.classes]
            hits = sum(int((judged == code).sum()) for code, name in enumerate(names) if name not in NO_HITS)
            return hits / len(judged) if len(judged) else None
    return None


def _journals(folder: Path) -> bool:
    return next(folder.glob(PATTERN), None) is not None


def _kept_counts(folder: Path) -> list[tuple[float, Mapping[str, Any]]]:
    """(time, counts) of every annotator's last state of the window that has verdicts."""
    found = []
    for path in folder.glob("state-*.json"):
        try:
            body = json.loads(path.read_bytes())
            counts = body["extra"][VERDICT_COUNTS]
            if isinstance(counts["classes"], dict):
                found.append((path.stat().st_mtime, counts))
        except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
            log.debug("no verdicts in %s: %s", path, error)
    return found


def _share(counts: Mapping[str, Any]) -> float | None:
    classes = {str(name): number for name, number in counts["classes"].items() if isinstance(number, int)}
    unknown = counts.get("unknown")
    judged = sum(classes.values()) + (unknown if isinstance(unknown, int) else 0)
    hits = sum(number for name, number in classes.items() if name.lower() not in NO_HITS)
    return hits / judged if judged > 0 else None
