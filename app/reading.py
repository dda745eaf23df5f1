"""Frames of the open run, ready to be painted: the reader thread's results as Qt signals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, Qt, pyqtSignal

from app.jobs.threads import prepare_postbox, to_main
from app.navigation import Walk
from models.display import DisplaySettings, Picture, prepare, thumbnail
from models.errors import FriedelError
from models.runs.server import AHEAD, BEHIND, FrameServer
from models.runs.types import Frame, Run

log = logging.getLogger(__name__)

T = TypeVar("T")

THUMBNAIL_SIDE = 96
CLOSE_PATIENCE_S = 0.5
"""how long the window waits for a read before it leaves the rest to the reader's thread"""


_hanging: list[FrameServer[Picture]] = []


class FrameReader(QObject):
    """Asks the reader thread for frames and thumbnails, and hands them on in the GUI thread.

    A picture of a frame nobody waits for any more is still handed on as long as nothing newer came, so that scrubbing
    shows what it passes; the presenter decides what to paint.
    """

    picture_ready = pyqtSignal(object)
    """Picture"""
    unreadable = pyqtSignal(int, object)
    """index, FriedelError"""
    stale_changed = pyqtSignal(bool)
    """whether the frame on screen is not the one wanted"""
    thumbnail_ready = pyqtSignal(int, object)
    """index, (h, w) uint8 as `models.display.thumbnail` makes it"""
    thumbnail_failed = pyqtSignal(int, str)
    """index, sentence"""

    _came = pyqtSignal(int, object)
    _refused = pyqtSignal(int, object)
    _small_came = pyqtSignal(int, object)

    def __init__(self, run: Run, display: DisplaySettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        prepare_postbox()
        self._run = run
        self._wanted = -1
        self._stale = False
        self._strip: list[int] = []
        self._card = -1
        queued = Qt.ConnectionType.QueuedConnection
        self._came.connect(self._take, queued)
        self._refused.connect(self._take_refusal, queued)
        self._small_came.connect(self._take_small, queued)
        self._server: FrameServer[Picture] = FrameServer(
            run, partial(prepare, settings=display), self._came.emit, self._refused.emit
        )

    @property
    def wanted(self) -> int:
        """The frame asked for last, −1 before the first."""
        return self._wanted

    @property
    def waiting(self) -> bool:
        """Whether the frame asked for last is still on its way."""
        return self._stale

    def want(self, index: int, walk: Walk, direction: int) -> None:
        """Show frame `index` soon, and read ahead along `walk` in the direction of travel."""
        self._wanted = index
        self._set_stale(True)
        place, step = walk.rank(index), 1 if direction >= 0 else -1
        places = [place + step * n for n in range(1, AHEAD + 1)] + [place - step * n for n in range(1, BEHIND + 1)]
        upcoming = [int(walk.sequence[at]) for at in places if 0 <= at < len(walk)]
        self._server.want(index, upcoming=upcoming)

    def set_display(self, settings: DisplaySettings) -> None:
        """Prepare frames with these settings from now on, and the present one again; nothing is read anew."""
        self._server.set_prepare(partial(prepare, settings=settings))

    def want_thumbnails(self, indices: Sequence[int]) -> None:
        """The filmstrip's wishes; they replace its earlier ones."""
        self._strip = list(indices)
        self._ask_small()

    def want_card(self, index: int) -> None:
        """The map's wish: one thumbnail before all others."""
        self._card = index
        self._ask_small()

    def ask(
        self, task: Callable[[Run], T], done: Callable[[T], None], failed: Callable[[FriedelError], None]
    ) -> None:
        """Do something short with the run between frames; the outcome is told in the GUI thread."""
        self._server.submit(
            task,
            lambda found: to_main(lambda: done(found)),
            lambda error: to_main(lambda: failed(error)),
        )

    def at_work(self) -> tuple[str, float] | None:
        """What is being read and for how long, seconds; None while nothing is."""
        return self._server.at_work()

    def close(self) -> bool:
        """Stop reading and close the run; False where the disk hangs, and that is done as soon as it answers."""
        gone = self._server.close(CLOSE_PATIENCE_S, self._run.close)
        if not gone:
            _hanging.append(self._server)
        return gone

    def _ask_small(self) -> None:
        first = [self._card] if self._card >= 0 else []
        wanted = first + [index for index in self._strip if index != self._card]
        self._server.want_thumbnails(wanted, small, self._small_came.emit)

    def _take(self, index: int, picture: Picture) -> None:
        if index == self._wanted:
            self._set_stale(False)
        self.picture_ready.emit(picture)

    def _take_refusal(self, index: int, error: FriedelError) -> None:
        if index == self._wanted:
            self._set_stale(False)
        self.unreadable.emit(index, error)

    def _take_small(self, index: int, picture: npt.NDArray[np.uint8] | None) -> None:
        if index in self._strip:
            self._strip.remove(index)
        if index == self._card:
            self._card = -1
        if picture is None:
            self.thumbnail_failed.emit(index, f"Frame {index} cannot be read.")
        else:
            self.thumbnail_ready.emit(index, picture)

    def _set_stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.stale_changed.emit(stale)


def still_hanging() -> bool:
    """Whether a run that was closed is still being read: leaving in the ordinary way would wait for its disk."""
    return any(server.at_work() is not None for server in _hanging)


def small(frame: Frame) -> npt.NDArray[np.uint8]:
    """The frame's thumbnail."""
    return thumbnail(frame, THUMBNAIL_SIDE)
