"""What follows for an open run when its file grows, changes or does not answer (`app.live` notices)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject

from app.embedding import MISSING
from app.live import ENDED, PATIENCE_S
from models.runs.watch import Change
from widgets.text import counted

if TYPE_CHECKING:
    from app.session import RunSession


class Growing(QObject):
    """Takes all parts of a session along when there are more frames, and says what the user should know."""

    def __init__(self, session: RunSession) -> None:
        super().__init__(session)
        self._session = session
        self._told_end = False
        live = session.live
        live.grew.connect(self._grow)
        live.changed.connect(self._tell_end)
        live.file_changed.connect(self._tell_change)
        live.hanging.connect(self._tell_hanging)

    def _grow(self, _before: int) -> None:
        session = self._session
        session.labels.grow()
        session.browser.grow()
        session.embedding.grow(session.settings.embed_on_open)

    def _tell_end(self) -> None:
        session = self._session
        if session.live.state != ENDED or self._told_end:
            return
        self._told_end = True
        frames, embedding = counted(len(session.run), "frame"), session.embedding
        if session.classifier.vectors is not None and embedding.state == MISSING and embedding.n_missing:
            words = f"Writing ended at {frames}; {embedding.n_missing} of them are not embedded yet."
            session.offered.emit(words, "Embed them", "run.embed")
        else:
            session.told.emit(f"Writing ended at {frames}.")

    def _tell_change(self, change: Change) -> None:
        session = self._session
        name = session.run.name
        if change is Change.NOTHING:
            session.settled.emit()
        elif change is Change.GONE:
            words = f"{name} was moved or deleted while open: frames that were not read yet may be lost. Labels stay."
            session.warned.emit(words, "", "")
        else:
            words = f"{name} changed on disk: {change.value}. Reload to see it as it is now; labels stay."
            session.warned.emit(words, "Reload", "run.reload")

    def _tell_hanging(self, what: str) -> None:
        session = self._session
        if what:
            words = (
                f"Reading {what} of {session.run.name} takes more than {PATIENCE_S:.0f} s: the disk may not answer."
            )
            session.warned.emit(f"{words} Labels are kept.", "Open again", "run.reload")
        else:
            session.settled.emit()
