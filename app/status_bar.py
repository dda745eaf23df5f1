"""The line at the bottom: saved or not, counts, what is going on, and the job of the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from app.jobs.manager import JobManager
from widgets.jobs_panel import StatusJob
from widgets.status import SaveIndicator, StatusCounts

if TYPE_CHECKING:
    from app.session import RunSession

SAVING_SHOWN_AFTER_MS = 300
"""a write that is done by then is not worth a flicker"""


class StatusBar(QStatusBar):
    """Follows the job list always and one session at a time."""

    jobs_wanted = pyqtSignal()
    """the list of all jobs should come up"""

    def __init__(self, jobs: JobManager, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._session: RunSession | None = None
        self.saved = SaveIndicator()
        self.counts = StatusCounts()
        self.words = QLabel()
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.job = StatusJob()
        self.addWidget(self.saved)
        self.addWidget(self.counts)
        self.addWidget(self.words, 1)
        self.addPermanentWidget(self.job)
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(SAVING_SHOWN_AFTER_MS)
        self._saving.timeout.connect(self.saved.set_saving)
        self.job.cancel_requested.connect(lambda job: jobs.cancel(int(job)))
        self.job.list_requested.connect(self.jobs_wanted)
        for signal in (jobs.added, jobs.changed, jobs.ended):
            signal.connect(self._show_job)
        self._show_job()

    def say(self, words: str) -> None:
        """What is going on, in a few words; "" for nothing."""
        self.words.setText(words)

    def follow(self, session: RunSession | None) -> None:
        """Show an open run's labels and selection from now on; None for none."""
        self._session = session
        self._saving.stop()
        if session is None:
            self.saved.clear()
            self.counts.set_counts(0, 0)
            return
        session.labels.saved_changed.connect(self._show_saved)
        session.labels.changed.connect(self._show_counts)
        session.browser.selection_changed.connect(self._show_counts)
        session.browser.grew.connect(self._show_counts)
        self._show_saved()
        self._show_counts()

    def _show_saved(self) -> None:
        if self._session is None:
            return
        state = self._session.labels.saved
        if state.unsaved:
            self._saving.stop()
            self.saved.set_unsaved(state.reason, state.waiting)
        elif state.waiting:
            if not self._saving.isActive():
                self._saving.start()
        else:
            self._saving.stop()
            self.saved.set_saved(state.when)

    def _show_counts(self) -> None:
        if self._session is not None:
            browser = self._session.browser
            self.counts.set_counts(self._session.labels.n_mine, len(browser.walk), browser.n_selected)

    def _show_job(self, _job_id: int = 0) -> None:
        running = self._jobs.running()
        if not running:
            self.job.clear()
            return
        first = running[0]
        self.job.show_job(str(first.job_id), first.title, first.fraction, first.eta_s, len(running) - 1)
