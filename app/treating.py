"""The treatment of the open run's frames: another one opens the run again, with labels and place as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from models.treatment import Treatment

_STEPS_KEPT = 50


class Treating(QObject):
    """What frames are treated with, and the way back."""

    changed = pyqtSignal()
    """`can_go_back` or `can_go_forward` may be other than before"""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._of = ("", "")
        self._before: list[Treatment] = []
        self._after: list[Treatment] = []
        self._asked: Treatment | None = None
        self._steps_as_they_were: tuple[list[Treatment], list[Treatment]] = ([], [])
        window.run_opened.connect(self._opened)
        window.opener.failed.connect(self._failed)

    @property
    def reopening(self) -> bool:
        """Whether the run that is being opened is the present one, treated otherwise."""
        return self._asked is not None

    @property
    def can_go_back(self) -> bool:
        return bool(self._before)

    @property
    def can_go_forward(self) -> bool:
        return bool(self._after)

    def treat(self, treatment: Treatment) -> None:
        """Treat the open run's frames like this from now on; if it does not fit, they stay as they are."""
        session = self._window.session
        if session is None or treatment == session.treatment:
            return
        self._remember()
        self._before = [*self._before[-_STEPS_KEPT:], session.treatment]
        self._after.clear()
        self._reopen(treatment)

    def reload(self) -> None:
        """Open the run again as it is."""
        session = self._window.session
        if session is not None:
            self._window.notice.clear()
            self._open(session.treatment, f"Opening {session.run.name}…")

    def back(self) -> None:
        """As they were treated before."""
        session = self._window.session
        if session is not None and self._before and not self.reopening:
            self._remember()
            self._after.append(session.treatment)
            self._reopen(self._before.pop())

    def forward(self) -> None:
        """As they were treated before going back."""
        session = self._window.session
        if session is not None and self._after and not self.reopening:
            self._remember()
            self._before.append(session.treatment)
            self._reopen(self._after.pop())

    def _remember(self) -> None:
        self._steps_as_they_were = list(self._before), list(self._after)

    def _reopen(self, treatment: Treatment) -> None:
        self._asked = treatment
        self._open(treatment, "Treating the frames…")

    def _open(self, treatment: Treatment, said: str) -> None:
        window, session = self._window, self._window.session
        assert session is not None
        window.status.say(said)
        window.opener.open(session.run.path, session.run.dataset or None, window.settings.annotator_name, treatment)

    def _opened(self) -> None:
        session = self._window.session
        assert session is not None
        run = (str(session.run.path), session.run.dataset)
        if run != self._of:
            self._of = run
            self._before, self._after = [], []
        self._asked = None
        self.changed.emit()

    def _failed(self, _path: str, _error: object) -> None:
        """What did not fit is no step to go back from."""
        if self._asked is not None:
            self._asked = None
            self._before, self._after = self._steps_as_they_were
            self.changed.emit()
