"""Keeps the panels at the sides in step with the open run: facts, classes, verdicts, queue and jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QObject

from app.jobs.manager import JobManager, JobRecord, JobState
from app.later import Later
from app.session import RunSession
from app.verdict_words import unknown_style
from widgets.classes_panel import ClassesPanel, ClassRow
from widgets.jobs_panel import JobsPanel
from widgets.queue_panel import QueuePanel, Suggestion
from widgets.run_panel import RunFacts, RunPanel
from widgets.text import counted, grouped
from widgets.verdict_panel import UNKNOWN, FrameCriteria, VerdictPanel

if TYPE_CHECKING:
    from models.runs.types import Run

OUTCOMES = {JobState.FINISHED: "done", JobState.FAILED: "failed", JobState.CANCELLED: "cancelled"}
COUNTS_AFTER_MS = 20
QUEUE_AFTER_MS = 120
FACTS_AFTER_MS = 2000
SURE = 0.6
"""a suggestion less sure than this was picked because the classifier hesitates"""


def facts_of(run: Run, warnings: tuple[str, ...] = (), note: str = "") -> RunFacts:
    """What the run panel says of a run."""
    return RunFacts(
        name=run.name,
        path=str(run.path),
        dataset=run.dataset,
        frames=len(run),
        height=run.shape[0],
        width=run.shape[1],
        dtype=str(run.dtype),
        unit=run.unit,
        masked_pixels=int(np.count_nonzero(~run.mask)),
        photon_energy_eV=run.geometry.photon_energy_eV,
        distance_m=run.geometry.distance_m,
        pixel_size_m=run.geometry.pixel_size_m,
        columns=tuple(f"{c.name} ({c.unit})" if c.unit else c.name for c in run.columns.values()),
        warnings=(*run.warnings, *warnings),
        note=note,
    )


class SidePresenter(QObject):
    """Shows one session in the run, class, verdict and queue panels."""

    def __init__(
        self,
        run_panel: RunPanel,
        classes: ClassesPanel,
        verdicts: VerdictPanel,
        queue: QueuePanel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._run_panel = run_panel
        self._classes = classes
        self._verdicts = verdicts
        self._queue = queue
        self._session: RunSession | None = None
        self._classes_later = Later(self._show_classes, COUNTS_AFTER_MS, self)
        self._facts_later = Later(self._show_facts, FACTS_AFTER_MS, self)
        self._queue_later = Later(self._show_queue, QUEUE_AFTER_MS, self)
        classes.class_added.connect(self._add_class)
        classes.class_renamed.connect(self._with_labels(lambda labels, old, new: labels.rename_class(old, new)))
        classes.class_recoloured.connect(self._with_labels(lambda labels, name, to: labels.recolour_class(name, to)))
        classes.class_removed.connect(self._with_labels(lambda labels, name: labels.remove_class(name)))
        classes.class_given.connect(self._with_labels(lambda labels, name: labels.give_class(name)))
        classes.class_selected.connect(self._select_class)
        verdicts.frames_chosen.connect(self._select_frames)
        queue.frame_chosen.connect(self._go_to)
        queue.refresh_requested.connect(self._refresh_queue)

    def show_session(self, session: RunSession | None) -> None:
        self._session = session
        if session is None:
            self._run_panel.set_run(None)
            self._classes.set_classes(())
            self._classes.set_progress(0, 0)
            self._verdicts.clear()
            self._queue.set_queue(())
            self._queue.set_refreshable(False)
            return
        self._show_facts()
        session.labels.changed.connect(self._classes_later.ask)
        session.labels.classes_changed.connect(self._show_classes)
        session.labels.changed.connect(self._queue_later.ask)
        session.classifier.judged.connect(self._classes_later.ask)
        session.classifier.judged.connect(self._show_verdicts)
        session.classifier.studied.connect(self._show_confusion)
        session.classifier.studied.connect(self._queue_later.ask)
        session.browser.index_changed.connect(self._queue.set_current)
        session.browser.grew.connect(self._classes_later.ask)
        session.browser.grew.connect(self._facts_later.ask)
        self._show_classes()
        self._show_verdicts()
        self._show_queue()

    # -- from the session ------------------------------------------------------------------------------------------

    def _show_facts(self) -> None:
        session = self._session
        if session is None:
            return
        space = session.workspace
        if space.writable:
            facts = facts_of(session.run, space.warnings, space.location_note)
        else:
            facts = facts_of(session.run, (space.location_note, *space.warnings))
        self._run_panel.set_run(facts)

    def _show_classes(self) -> None:
        session = self._session
        if session is None:
            return
        counts = session.labels.counts()
        judged = None if session.classifier.shown is None else session.classifier.shown.counts
        rows = [
            ClassRow(style, counts.get(style.name, 0), None if judged is None else judged.get(style.name, 0))
            for style in session.labels.styles()
        ]
        self._classes.set_classes(rows)
        unsure = counts.get("unsure", 0)
        self._classes.set_progress(sum(row.labelled for row in rows), len(session.run), unsure)

    def _show_verdicts(self) -> None:
        session = self._session
        if session is None:
            return
        shown = session.classifier.shown
        if shown is None:
            self._verdicts.clear(session.classifier.why_not)
            return
        styles = {style.name: style for style in session.labels.styles()}
        if all(name in styles for name in shown.class_names):
            self._verdicts.set_histogram(
                [styles[name] for name in shown.class_names] + [unknown_style()], shown.histogram
            )

    def _show_confusion(self) -> None:
        session = self._session
        if session is None or session.classifier.verdicts is None:
            return
        confusion = session.classifier.confusion
        if confusion is None:
            self._verdicts.set_confusion((), None)
            return
        by_name = {style.name: style for style in session.labels.styles()}
        if not all(name in by_name for name in confusion.classes):
            return  # a class was renamed or removed since; the next study is on its way
        self._verdicts.set_confusion(
            [by_name[name] for name in confusion.classes],
            confusion.matrix,
            confusion.balanced_accuracy,
            confusion.folds,
        )

    def _show_queue(self) -> None:
        session = self._session
        if session is None:
            return
        styles = {style.name: style for style in session.labels.styles()}
        rows = []
        for index in session.classifier.queue.tolist():
            name, confidence = session.verdict_of(index)
            rows.append(
                Suggestion(
                    index,
                    _reason(name, confidence),
                    styles.get(name, unknown_style()) if confidence is not None else None,
                    confidence,
                    bool(session.labels.codes[index] != -1),
                )
            )
        self._queue.set_queue(rows)
        self._queue.set_current(session.browser.index)
        self._queue.set_refreshable(session.classifier.vectors is not None)

    # -- from the panels -------------------------------------------------------------------------------------------

    def _with_labels(self, action: Callable[..., None]) -> Callable[..., None]:
        """Call `action` with the open run's labels; nothing happens while no run is open."""

        def call(*arguments: str) -> None:
            if self._session is not None:
                action(self._session.labels, *arguments)

        return call

    def _add_class(self, name: str) -> None:
        if self._session is not None:
            self._session.labels.add_class(name)
            self._classes_later.forget()
            self._show_classes()
            self._classes.begin_rename(name)

    def _select_class(self, name: str) -> None:
        """Select the frames labelled so; no class, no change."""
        session = self._session
        if session is not None and name in session.labels.class_names:
            code = session.labels.class_names.index(name)
            session.browser.select(np.flatnonzero(session.labels.codes == code))

    def _select_frames(self, wanted: FrameCriteria) -> None:
        session = self._session
        if session is None or session.classifier.verdicts is None:
            return
        names = session.labels.class_names
        codes, confidence = session.verdict_codes()
        verdict = -1 if wanted.verdict == UNKNOWN else names.index(wanted.verdict)
        top = np.inf if wanted.high >= 1.0 else wanted.high
        chosen = (codes == verdict) & (confidence >= wanted.low) & (confidence < top)
        if wanted.label is not None:
            chosen &= session.labels.codes == names.index(wanted.label)
        session.browser.select(np.flatnonzero(chosen))
        session.told.emit(f"{counted(session.browser.n_selected, 'frame')} selected.")

    def _go_to(self, index: int) -> None:
        if self._session is not None:
            self._session.browser.go_to(index)

    def _refresh_queue(self) -> None:
        if self._session is not None:
            self._session.classifier.suggest_others()


def _reason(name: str, confidence: float | None) -> str:
    if confidence is None:
        return "covers the run"
    if not name:
        return "unlike"
    return "uncertain" if confidence < SURE else "random"


class JobsPresenter(QObject):
    """Keeps the list of jobs in step with the job manager."""

    def __init__(self, panel: JobsPanel, jobs: JobManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._panel = panel
        self._jobs = jobs
        for record in jobs.records():
            self._add(record.job_id)
        jobs.added.connect(self._add)
        jobs.changed.connect(self._show)
        jobs.ended.connect(self._end)
        panel.cancel_requested.connect(lambda job: jobs.cancel(int(job)))

    def _add(self, job_id: int) -> None:
        record = self._jobs.record(job_id)
        self._panel.add_job(str(job_id), record.title)
        self._show(job_id)
        if record.state.ended:
            self._end(job_id)

    def _show(self, job_id: int) -> None:
        record = next((r for r in self._jobs.records() if r.job_id == job_id), None)
        if record is None:
            self._panel.remove_job(str(job_id))
        elif not record.state.ended:
            self._panel.update_job(str(job_id), record.fraction, progress_text(record), record.eta_s)

    def _end(self, job_id: int) -> None:
        record = self._jobs.record(job_id)
        self._panel.finish_job(str(job_id), OUTCOMES[record.state], record.error)


def progress_text(record: JobRecord) -> str:
    """ "620 of 2 000 frames · 410 frames/s"."""
    progress = record.progress
    if progress is None:
        return "starting"
    if progress.total is None:
        return progress.message
    text = f"{grouped(progress.done)} of {counted(progress.total, progress.unit, progress.unit)}"
    rate = getattr(progress, "frames_per_s", 0.0)
    return f"{text} · {rate:.0f} frames/s" if rate else text
