"""Work that can wait a moment, done once however often it was asked for; and work that is done in pieces."""

from __future__ import annotations

from collections import deque
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


class Pieces(QObject):
    """Does one piece of work after the other, each in a turn of the event loop of its own: keys are answered and the
    window is painted in between, and no turn is long."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._left: deque[Callable[[], None]] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._next)

    def then(self, *pieces: Callable[[], None]) -> None:
        """Do these after what is left already."""
        self._left.extend(pieces)
        if self._left:
            self._timer.start()

    def forget(self) -> None:
        """Leave out what is not done yet."""
        self._left.clear()
        self._timer.stop()

    @property
    def waiting(self) -> bool:
        """Whether something is left."""
        return bool(self._left)

    def _next(self) -> None:
        piece = self._left.popleft()
        if self._left:
            self._timer.start()
        piece()
