"""The search for hot and dead pixels as a job, and the run's mean and maximum that come with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject

from app.detector.mask_work import Found
from models.masking.hot_dead import HotDeadSettings
from models.masking.settings import MaskSettings
from models.parameters import to_dict
from models.progress import Progress
from models.treatment import RunReference
from widgets.detector.mask_hot_panel import HotDeadPanel

if TYPE_CHECKING:
    from app.session import RunSession


class MaskSearch(QObject):
    """One search at a time, of one run."""

    def __init__(self, panel: HotDeadPanel, show: Callable[[], None], parent: QObject | None = None) -> None:
        """`show` is called when something was found, or is no longer."""
        super().__init__(parent)
        self._panel, self._show = panel, show
        self._session: RunSession | None = None
        self._job = 0
        self._of = ""
        self.found: Found | None = None
        panel.find_wanted.connect(self.find)
        panel.cancel_wanted.connect(self.cancel)

    def show_session(self, session: RunSession | None) -> None:
        """Search this run from now on. What was found stays while its pixels are the same."""
        same = session is not None and _source(session).words == self._of
        if not same:
            self.cancel()
        self._session = session
        if same:
            return
        self._of = "" if session is None else _source(session).words
        self._forget()
        self._panel.set_possible(session is not None)

    def find(self, settings: HotDeadSettings, then: Callable[[Found], None] | None = None) -> None:
        """Look through the run; `then` gets what was found."""
        session = self._session
        if session is None or self._job:
            return
        source = _source(session)

        def finished(found: Found) -> None:
            self._job = 0
            if self._of != source.words:  # another run was opened in the last moment
                self._panel.show_idle()
                return
            self.found = found
            self._panel.show_found(found.counts, found.frames)
            self._show()
            if then is not None:
                then(found)

        def progressed(progress: Progress) -> None:
            if self._job:
                self._panel.show_progress(progress.fraction, progress.message)

        self._panel.show_progress(None, "starting")
        self.found = None
        self._show()
        self._job = session.jobs.start(
            f"Hot and dead pixels of {session.run.name}",
            "app.detector.mask_work:find",
            (source, to_dict(settings)),
            on_progress=progressed,
            on_finished=finished,
            on_failed=lambda error: self._ended(error.sentence()),
            on_cancelled=lambda: self._ended("Cancelled."),
            has_workers=True,
        )

    @property
    def busy(self) -> bool:
        return bool(self._job)

    def cancel(self) -> None:
        """Stop the search."""
        if self._job and self._session is not None:
            self._session.jobs.cancel(self._job)

    def _ended(self, words: str) -> None:
        self._job = 0
        self._panel.show_idle(words)

    def _forget(self) -> None:
        self.found = None
        if not self._job:
            self._panel.show_idle()
        self._show()


def _source(session: RunSession) -> RunReference:
    """The run as it is treated, but without the user's shapes: what they cover is judged like the rest."""
    reference = RunReference.of(session.run)
    reads = reference.treatment.masking
    plain = MaskSettings(reads.inverted, reads.ignored_bits, reads.used_bits)
    return RunReference(reference.path, reference.dataset, reference.treatment.but(masking=plain))
