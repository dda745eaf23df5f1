"""Statistics of the open run: those that were kept, or a pass over all frames in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.manager import JobManager
from app.jobs.threads import run_task
from models.errors import FriedelError
from models.treatment import RunReference
from widgets.text import counted

if TYPE_CHECKING:
    from app.opening import Opened
    from models.runs.types import Column
    from models.statistics.types import RunStatistics

log = logging.getLogger(__name__)

TASK = "app.statistics_work:pass_over"
Snapshot = Callable[[], tuple[npt.NDArray[Any], Sequence[str]]]
"""label codes of all frames, and the classes' names"""


class StatisticsController(QObject):
    """One run's statistics; what a pass finds of every frame becomes columns of the run."""

    ready = pyqtSignal(object)
    """RunStatistics: kept from before, or just made"""
    ended = pyqtSignal()
    """a pass has ended, however it did"""
    columns_changed = pyqtSignal()
    """the run has other columns than before"""
    problem = pyqtSignal(str)
    told = pyqtSignal(str)

    def __init__(self, opened: Opened, labels: Snapshot, jobs: JobManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opened, self._labels, self._jobs = opened, labels, jobs
        self._job = 0
        self._closed = False
        self.made: RunStatistics | None = None

    @property
    def running(self) -> bool:
        return bool(self._job)

    def begin(self) -> None:
        """Look for statistics that were kept."""
        self._look(lambda: None)

    def start(self, values: Mapping[str, Any] | None = None) -> None:
        """Go through all frames; without effect while that is going on. Labelled frames also by class."""
        if self._job or self._closed:
            return
        run = self._opened.run
        codes, names = self._labels()
        labelled = bool(np.any(codes >= 0))
        source = RunReference.of(run)
        self._job = self._jobs.start(
            f"Statistics of {run.name}",
            TASK,
            (
                source,
                str(self._opened.workspace.folder),
                np.array(codes) if labelled else None,
                tuple(names) if labelled else (),
                dict(values or {}),
            ),
            on_finished=self._finished,
            on_failed=self._failed,
            on_cancelled=self._ended,
            writes_to=f"statistics of {source.words}",
            has_workers=True,
        )

    def close(self) -> None:
        self._closed = True
        if self._job:
            self._jobs.cancel(self._job)

    def _finished(self, _path: str) -> None:
        self._ended()
        self._look(self._tell)

    def _tell(self) -> None:
        if self.made is not None:
            left_out = len(self.made.unreadable)
            note = f" {counted(left_out, 'frame')} could not be read and were left out." if left_out else ""
            self.told.emit(f"Statistics of {counted(self.made.whole.frames, 'frame')} are there.{note}")

    def _failed(self, error: FriedelError) -> None:
        self._ended()
        if not self._closed:
            self.problem.emit(error.sentence())

    def _ended(self) -> None:
        self._job = 0
        if not self._closed:
            self.ended.emit()

    def _look(self, then: Callable[[], None]) -> None:
        folder, run = Path(self._opened.workspace.folder), self._opened.run
        digest, frames = run.identity.pixels, len(run)

        def look() -> tuple[RunStatistics, Mapping[str, Column]] | None:
            from models.workspace.statistics import load_statistics, statistics_columns, statistics_path

            made = load_statistics(statistics_path(folder, digest), frames)
            return None if made is None else (made, statistics_columns(made))

        def done(found: tuple[RunStatistics, Mapping[str, Column]] | None) -> None:
            if self._closed or found is None or len(run) != frames:  # it grew meanwhile
                return
            self.made, columns = found
            run.columns = {**run.columns, **columns}
            self.columns_changed.emit()
            self.ready.emit(self.made)
            then()

        def failed(error: Exception) -> None:
            log.warning("statistics cannot be read", exc_info=error)

        run_task(look, done, failed, name="load statistics")
