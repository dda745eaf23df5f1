"""Points travelling from one layout of the map to the next, so that the eye can follow a group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from widgets.map.points import MapPoints
from widgets.map.transform import MapTransform

DURATION_MS = 350
MOST = 200_000
"""With more points than this, the new layout is shown at once."""


class Morph(QObject):
    """The journey; the points start where the old layout showed them on the screen."""

    moved = pyqtSignal(object)
    """`MapPoints`: where the points are now; at the end, the ones given as target"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._target: MapPoints | None = None
        self._start: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] = (np.zeros(0, np.float32),) * 2
        self._elapsed_ms = 0
        self._timer = QTimer(self)
        self._timer.setInterval(16)
        self._timer.timeout.connect(self._on)

    def start(self, old: MapPoints, old_view: MapTransform, target: MapPoints, view: MapTransform) -> None:
        """Travel from `old` as seen in `old_view` to `target` as seen in `view`; both hold the same frames."""
        shown_x = old.x * np.float32(old_view.scale) + np.float32(old_view.offset_x)
        shown_y = np.float32(old_view.offset_y) - old.y * np.float32(old_view.scale)
        self._start = (
            (shown_x - np.float32(view.offset_x)) / np.float32(view.scale),
            (np.float32(view.offset_y) - shown_y) / np.float32(view.scale),
        )
        self._target = target
        self._elapsed_ms = 0
        self._show(0.0)
        self._timer.start()

    def finish(self) -> None:
        """Be there at once."""
        self._timer.stop()
        if self._target is not None:
            target, self._target = self._target, None
            self.moved.emit(target)

    def _on(self) -> None:
        self._elapsed_ms += self._timer.interval()
        if self._target is None or self._elapsed_ms >= DURATION_MS:
            self.finish()
            return
        self._show(self._elapsed_ms / DURATION_MS)

    def _show(self, share: float) -> None:
        assert self._target is not None
        eased = np.float32(share * share * (3 - 2 * share))
        points = self._target.copy()
        points.x += (self._start[0] - points.x) * (1 - eased)
        points.y += (self._start[1] - points.y) * (1 - eased)
        self.moved.emit(points)
