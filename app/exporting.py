"""What leaves the open run for other programs, and labels that come in."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.jobs.threads import run_task
from app.outputs import refuse_own_input
from models.errors import FriedelError
from models.treatment import RunReference
from widgets.text import counted

if TYPE_CHECKING:
    from app.session import RunSession
    from models.embedding.few_shot import Verdicts
    from models.runs.types import Run
    from models.workspace import Labels
    from models.workspace.tables import LabelTable

log = logging.getLogger(__name__)

FLUSH_S = 0.5
"""how long an export waits for the last label to be on disk"""
MANY_LABELS = 20_000
SPECKLENN_SUFFIX = ".specklenn.csv"
TAG_SUFFIXES = (".cxi", ".h5", ".hdf5")


def export_selection(session: RunSession, path: Path, overwrite: bool = True) -> int:
    """Write the selected frames as CXI in a worker process; gives the job's number."""
    frames = session.browser.selection()
    count = counted(len(frames), "frame")

    def finished(left_out: int) -> None:
        note = f" {counted(left_out, 'frame')} could not be read and were left out." if left_out else ""
        session.tell(f"{count} written to {path}.{note}")

    session.workspace.flush(FLUSH_S)  # the worker reads the labels from disk
    return session.jobs.start(
        f"Exporting {count}",
        "app.jobs.tasks:export_selection",
        (
            RunReference.of(session.run),
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
    frames = session.browser.selection()

    def work() -> None:
        from models.workspace.export import write_index_list as write

        refuse_own_input(path, [session.run.path])
        write(path, frames)

    run_task(
        work,
        lambda _: session.tell(f"{counted(len(frames), 'index', 'indices')} written to {path}."),
        lambda error: _complain(session, error),
        name="write index list",
    )


def export_labels(session: RunSession, path: Path) -> None:
    """Write all labels: as CSV, or as SpeckleNN's table where the name ends in ".specklenn.csv".

    Few are written at once; many by a worker process, which reads them from the journals.
    """
    specklenn = path.name.endswith(SPECKLENN_SUFFIX)
    labels = session.workspace.labels
    if np.count_nonzero(labels.codes != -1) > MANY_LABELS:
        session.workspace.flush(FLUSH_S)
        session.jobs.start(
            "Exporting labels",
            "app.jobs.tasks:export_labels",
            (RunReference.of(session.run), session.workspace.annotator, str(path), specklenn),
            on_finished=lambda count: session.tell(f"{counted(count, 'label')} written to {path}."),
            on_failed=lambda error: session.complain(error.sentence()),
        )
        return
    try:
        count = write_table(session.run, labels, path, specklenn)
    except FriedelError as error:
        session.complain(error.sentence())
    else:
        session.tell(f"{counted(count, 'label')} written to {path}.")


def write_table(run: Run, labels: Labels, path: Path, specklenn: bool) -> int:
    """Write the labels of a run as a table; gives their number. Raises NotSaved."""
    from models.workspace.tables import write_labels, write_specklenn_labels

    refuse_own_input(path, [run.path])
    if specklenn:
        return write_specklenn_labels(path, labels, run.path.parent.name, run.name, run.events)
    return write_labels(path, labels, run.events)


def import_labels(session: RunSession, path: Path) -> None:
    """Take over the labels of a table, or the tags of a CXI file, as this annotator; one undo takes them back."""
    count, events = len(session.run), session.run.events

    def read() -> LabelTable:
        from models.workspace.tables import read_labels
        from models.workspace.tags import read_tags

        if path.suffix.lower() in TAG_SUFFIXES:
            return read_tags(path).as_table(count)
        return read_labels(path, count, events)

    def take_over(table: LabelTable) -> None:
        from models.workspace.tables import import_labels as give

        if session.closed:
            return
        try:
            report = give(table, session.workspace.labels)
        except FriedelError as error:
            session.complain(error.sentence())
            return
        session.labels.taken_over()
        words = [f"{counted(report.n_applied, 'label')} taken over from {path.name}."]
        if report.new_classes:
            words.append(f"New classes: {', '.join(report.new_classes)}.")
        session.tell(" ".join([*words, *report.warnings]))

    run_task(read, take_over, lambda error: _complain(session, error), name="read labels")


def _complain(session: RunSession, error: Exception) -> None:
    if isinstance(error, FriedelError):
        session.complain(error.sentence())
    else:
        log.error("export or import failed", exc_info=error)
        session.complain(f"That failed unexpectedly: {type(error).__name__}: {error}. The log has the details.")


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
