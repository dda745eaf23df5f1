"""When to look for the point under the cursor, and when the cursor has rested long enough for a card."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, QPointF, QTimer, pyqtSignal

PROBE_MS = 50
DWELL_MS = 125
GRACE_MS = 260


class Hover(QObject):
    """At most one look per 50 ms; a card after 125 ms on the same frame; 260 ms of grace before it goes.

    Attributes:
        frame: the frame under the cursor, −1 for none.
        probe: finds the frame at a position of the widget, −1 for none.
    """

    changed = pyqtSignal(int)
    """another frame, or −1, is under the cursor"""
    dwelt = pyqtSignal(int)
    """the cursor rests on this frame"""
    left = pyqtSignal()
    """it has left the frame that `dwelt` told, and not come back"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.frame = -1
        self.probe: Callable[[QPointF], int] = lambda _where: -1
        self._where = QPointF()
        self._waiting = False
        self._told = -1
        self._throttle = self._timer(PROBE_MS, self._throttled)
        self._dwell = self._timer(DWELL_MS, self._dwelt)
        self._grace = self._timer(GRACE_MS, self._graced)

    def moved(self, where: QPointF) -> None:
        """The cursor is at this position now."""
        self._where = where
        if self._throttle.isActive():
            self._waiting = True
            return
        self._throttle.start()
        self._look()

    def forget(self) -> None:
        """The cursor is gone, or what was under it is."""
        self._waiting = False
        self._throttle.stop()
        self._put(-1)
        if self._told >= 0:
            self._graced()

    def _timer(self, interval_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        return timer

    def _throttled(self) -> None:
        if self._waiting:
            self._waiting = False
            self._throttle.start()
            self._look()

    def _look(self) -> None:
        self._put(self.probe(self._where))

    def _put(self, frame: int) -> None:
        if frame == self.frame:
            return
        self.frame = frame
        self._dwell.stop()
        if frame >= 0:
            self._dwell.start()
        if self._told >= 0 and frame != self._told:
            self._grace.start()
        elif frame == self._told:
            self._grace.stop()
        self.changed.emit(frame)

    def _dwelt(self) -> None:
        self._grace.stop()
        self._told = self.frame
        self.dwelt.emit(self.frame)

    def _graced(self) -> None:
        self._grace.stop()
        self._told = -1
        self.left.emit()
