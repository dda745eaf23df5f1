"""What leaves the open run for other programs, and labels that come in."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.errors import FriedelError
from widgets.text import counted

if TYPE_CHECKING:
    from app.session import RunSession
    from models.embedding.few_shot import Verdicts

log = logging.getLogger(__name__)


def export_selection(session: RunSession, path: Path, overwrite: bool = True) -> int:
    """Write the selected frames as CXI in a worker process; gives the job's number."""
    frames = session.browser.selection()
    order = session.browser.walk
    frames = frames[np.argsort([order.rank(int(index)) for index in frames])] if session.browser.order else frames
    session.workspace.flush(2.0)  # the worker reads the labels from disk
    count = counted(len(frames), "frame")

    def finished(left_out: int) -> None:
        note = f" {counted(left_out, 'frame')} could not be read and were left out." if left_out else ""
        session.tell(f"{count} written to {path}.{note}")

    return session.jobs.start(
        f"Exporting {count}",
        "app.jobs.tasks:export_selection",
        (
            str(session.run.path),
            session.run.dataset or None,
            session.workspace.annotator,
            frames,
            str(path),
            _own_copy(session.classifier.verdicts),
            {"overwrite": overwrite},
        ),
        on_finished=finished,
        on_failed=lambda error: session.complain(error.sentence()),
    )


def write_index_list(session: RunSession, path: Path) -> None:
    """Write the indices of the selected frames, one a line."""
    from models.workspace import export

    frames = session.browser.selection()
    try:
        export.write_index_list(path, frames)
    except FriedelError as error:
        session.complain(error.sentence())
    else:
        session.tell(f"{counted(len(frames), 'index', 'indices')} written to {path}.")


def export_labels(session: RunSession, path: Path) -> None:
    """Write all labels as CSV."""
    from models.workspace.tables import write_labels

    try:
        count = write_labels(path, session.workspace.labels, session.run.events)
    except FriedelError as error:
        session.complain(error.sentence())
    else:
        session.tell(f"{counted(count, 'label')} written to {path}.")


def import_labels(session: RunSession, path: Path) -> None:
    """Take the labels of a table over, as this annotator; a few undos take them back."""
    from models.workspace.tables import import_labels as take_over
    from models.workspace.tables import read_labels

    try:
        table = read_labels(path, len(session.run), session.run.events)
        report = take_over(table, session.workspace.labels)
    except FriedelError as error:
        session.complain(error.sentence())
        return
    session.labels.taken_over()
    words = [f"{counted(report.n_applied, 'label')} taken over from {path.name}."]
    if report.new_classes:
        words.append(f"New classes: {', '.join(report.new_classes)}.")
    session.tell(" ".join([*words, *report.warnings]))


def _own_copy(verdicts: Verdicts | None) -> Verdicts | None:
    """Verdicts that later labels do not change: the present ones are written over after the next but one."""
    if verdicts is None:
        return None
    return dataclasses.replace(
        verdicts,
        probabilities=verdicts.probabilities.copy(),
        unknown=verdicts.unknown.copy(),
        label=verdicts.label.copy(),
        confidence=verdicts.confidence.copy(),
        missing=verdicts.missing.copy(),
        provenance=dict(verdicts.provenance),
    )
