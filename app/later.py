"""Work that can wait a moment, done once however often it was asked for meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, QTimer


class Later(QObject):
    """Calls `work` some milliseconds after the first `ask`; more asks until then change nothing.

    What answers a key press is done at once; what merely follows from it (counts, queue, colours of a million points)
    waits until that has been painted.
    """

    def __init__(self, work: Callable[[], None], after_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(after_ms)
        self._timer.timeout.connect(work)

    def ask(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def forget(self) -> None:
        """Do not do it after all."""
        self._timer.stop()

    @property
    def waiting(self) -> bool:
        """Whether it was asked for and not done yet."""
        return self._timer.isActive()
