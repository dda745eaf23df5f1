"""Keeps what was drawn and not applied on disk, a moment after every change and at once when the run closes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject

from app.jobs.threads import LatestWorker
from app.later import Later
from models.errors import FriedelError
from models.masking.draft import draft_path, save_draft
from models.masking.settings import MaskSettings

if TYPE_CHECKING:
    from app.session import RunSession

KEEP_AFTER_MS = 600


class MaskDrafts(QObject):
    """Drafts of one run at a time."""

    def __init__(
        self,
        state: Callable[[], tuple[MaskSettings, MaskSettings] | None],
        problem: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        """`state` gives the mask applied and the mask wanted, None where neither is known."""
        super().__init__(parent)
        self._state, self._problem = state, problem
        self._session: RunSession | None = None
        self._later = Later(self._keep, KEEP_AFTER_MS, self)
        self._worker = LatestWorker("mask draft")
        self._writing = threading.Lock()
        self._numbers = itertools.count(1)
        self._written = 0

    def show_session(self, session: RunSession | None) -> None:
        """Keep the drafts of this run from now on; what of the one before is still to be kept, is kept now."""
        if self._later.waiting:
            self._later.forget()
            write = self._write()
            if write is not None:
                try:
                    write()
                except FriedelError as error:
                    self._failed(error)
        self._session = session

    def ask(self) -> None:
        """The mask was changed: keep it soon."""
        if self._session is not None:
            self._later.ask()

    def close(self) -> None:
        """End the thread."""
        self._worker.close()

    def _keep(self) -> None:
        write = self._write()
        if write is not None:
            self._worker.submit(write, lambda _nothing: None, self._failed)

    def _write(self) -> Callable[[], None] | None:
        session, state = self._session, self._state()
        if session is None or state is None:
            return None
        path = draft_path(session.workspace.folder, session.workspace.annotator)
        applied, wanted = state
        number = next(self._numbers)

        def write() -> None:
            with self._writing:
                if number > self._written:  # an older one that a slow disk held up must not come after a newer one
                    self._written = number
                    save_draft(path, applied, wanted)

        return write

    def _failed(self, error: Exception) -> None:
        self._problem(error.sentence() if isinstance(error, FriedelError) else f"{error}.")
