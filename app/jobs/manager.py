"""The list of jobs: what runs, how far it is, how long it still takes, how it ended."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.process import ProcessJob
from models.errors import FriedelError
from models.progress import Progress

log = logging.getLogger(__name__)

KEPT_ENDED = 20
"""jobs that ended stay in the list until there are more than this"""


class JobState(Enum):
    STARTING = "starting"
    RUNNING = "running"
    CANCELLING = "stopping"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)


@dataclass
class JobRecord:
    """One job as the list shows it.

    Attributes:
        job_id: its number, from 1.
        title: what it does, for the user.
        state: where it stands.
        progress: the latest record, None before the first.
        started_s: `time.monotonic` when it was started.
        eta_s: seconds still to go, None where that cannot be said yet.
        error: the sentence, where it failed.
    """

    job_id: int
    title: str
    state: JobState = JobState.STARTING
    progress: Progress | None = None
    started_s: float = 0.0
    ended_s: float = 0.0
    eta_s: float | None = None
    error: str = ""

    @property
    def fraction(self) -> float | None:
        return self.progress.fraction if self.progress is not None else None


_TELLING = 0.02
_LONG_S = 20.0


class Pace:
    """Time left from the work done since it began, so that loading libraries does not count as slowness."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def eta_s(self, progress: Progress, now_s: float) -> float | None:
        fraction = progress.fraction
        if fraction is None:
            return None
        if self._first is None or fraction < self._first[1]:
            self._first = (now_s, fraction)
            return None
        since_s, from_fraction = self._first
        gained, spent_s = fraction - from_fraction, now_s - since_s
        if gained <= 0:
            self._first = (now_s, fraction)
            return None
        # The first per cent is often slower than all the rest: it would promise hours.
        if spent_s < 0.5 or (gained < _TELLING * (1.0 - from_fraction) and spent_s < _LONG_S):
            return None
        return (1.0 - fraction) * spent_s / gained


class JobManager(QObject):
    """Starts jobs, follows them, and stops them all when the window closes."""

    added = pyqtSignal(int)
    changed = pyqtSignal(int)
    ended = pyqtSignal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._records: dict[int, JobRecord] = {}
        self._jobs: dict[int, ProcessJob] = {}
        self._paces: dict[int, Pace] = {}
        self._places: dict[int, str] = {}

    def start(
        self,
        title: str,
        target: str,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        on_finished: Callable[[Any], None] | None = None,
        on_failed: Callable[[FriedelError], None] | None = None,
        on_cancelled: Callable[[], None] | None = None,
        writes_to: str = "",
        threads: int = 1,
        has_workers: bool = False,
    ) -> int:
        """Start `target` in a worker process and list it under `title`; gives its number.

        Of jobs that write to the same place (`writes_to`, any name for it) a later one waits until the earlier has
        ended, so that one that is still being cancelled does not write beside it.
        """
        job_id = next(self._numbers)
        record = JobRecord(job_id, title, started_s=time.monotonic())
        earlier = [job for number, job in self._jobs.items() if writes_to and self._places[number] == writes_to]
        job = ProcessJob(target, args, kwargs, threads=threads, after=earlier, has_workers=has_workers, parent=self)
        self._places[job_id] = writes_to
        self._records[job_id], self._jobs[job_id], self._paces[job_id] = record, job, Pace()

        def progressed(progress: Progress) -> None:
            if record.state is JobState.STARTING:
                record.state = JobState.RUNNING
            record.progress = progress
            record.eta_s = self._paces[job_id].eta_s(progress, time.monotonic())
            self.changed.emit(job_id)
            if on_progress is not None:
                on_progress(progress)

        def finished(result: Any) -> None:
            self._end(job_id, JobState.FINISHED)
            if on_finished is not None:
                on_finished(result)

        def failed(error: FriedelError) -> None:
            self._end(job_id, JobState.FAILED, error.sentence())
            if on_failed is not None:
                on_failed(error)

        def cancelled() -> None:
            self._end(job_id, JobState.CANCELLED)
            if on_cancelled is not None:
                on_cancelled()

        # Queued by hand through bound signals of an object of this thread: the watching thread only emits.
        job.progressed.connect(progressed)
        job.finished.connect(finished)
        job.failed.connect(failed)
        job.cancelled.connect(cancelled)
        log.info("job %d starts: %s (%s)", job_id, title, target)
        self.added.emit(job_id)
        job.start()
        return job_id

    def records(self) -> list[JobRecord]:
        """All jobs still listed, oldest first."""
        return list(self._records.values())

    def record(self, job_id: int) -> JobRecord:
        return self._records[job_id]

    def running(self) -> list[JobRecord]:
        """The jobs that have not ended, oldest first."""
        return [record for record in self._records.values() if not record.state.ended]

    def send(self, job_id: int, value: Any) -> None:
        """Say something to a job's generator; without effect on one that has ended."""
        if job_id in self._jobs:
            self._jobs[job_id].send(value)

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; without effect on one that has ended."""
        record = self._records.get(job_id)
        if record is None or record.state.ended:
            return
        record.state = JobState.CANCELLING
        self._jobs[job_id].cancel()
        self.changed.emit(job_id)

    def cancel_all(self) -> None:
        for record in self.running():
            self.cancel(record.job_id)

    def shutdown(self, timeout_s: float = 4.0) -> None:
        """Stop everything and wait until the worker processes are gone."""
        self.cancel_all()
        deadline = time.monotonic() + timeout_s
        for job_id, job in list(self._jobs.items()):
            if not job.wait(max(0.0, deadline - time.monotonic())):
                log.warning("job %d did not stop in time", job_id)

    def _end(self, job_id: int, state: JobState, error: str = "") -> None:
        record = self._records[job_id]
        record.state, record.error, record.eta_s = state, error, None
        record.ended_s = time.monotonic()
        log.info("job %d %s after %.1f s. %s", job_id, state.value, record.ended_s - record.started_s, error)
        self._jobs.pop(job_id).deleteLater()
        self._paces.pop(job_id)
        self._places.pop(job_id)
        self.ended.emit(job_id)
        old = [r.job_id for r in self._records.values() if r.state.ended]
        for stale in old[:-KEPT_ENDED]:
            self._forget(stale)

    def _forget(self, job_id: int) -> None:
        del self._records[job_id]
        self.changed.emit(job_id)
