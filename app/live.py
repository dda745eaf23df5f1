"""A run that grows or changes on disk while it is open, and a disk that does not answer.

Every second the reader thread looks at the file (it alone may touch it), and this side takes in what it found. No
look waits for another, and the window never waits for a look.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from functools import partial
from time import monotonic

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from app.browsing import Browser
from app.reading import FrameReader
from models.errors import FriedelError
from models.runs.live import Growth, following, take
from models.runs.types import Run
from models.runs.watch import Change, FileStamp

log = logging.getLogger(__name__)

LOOK_EVERY_MS = 1000
QUIET_AFTER_S = 15.0
"""without a new frame for so long, a run counts as quiet"""
PATIENCE_S = 5.0
"""a read that takes longer is told of"""
_BUSY_SHARE = 20
"""looking may take a twentieth of the reader's time"""
_RATE_OVER_S = 10.0

NOT_LIVE, LIVE, QUIET, ENDED = "", "live", "quiet", "ended"


@dataclass(frozen=True)
class Look:
    """What a look at the file gave: its directory entry, and more frames where there are any."""

    stamp: FileStamp
    growth: Growth | None
    took_s: float


class Live(QObject):
    """Follows the file of one open run."""

    grew = pyqtSignal(int)
    """there are more frames; how many there were"""
    changed = pyqtSignal()
    """`state`, `rate` or `follows` changed"""
    file_changed = pyqtSignal(object)
    """Change of a file that is not the one that was opened any more; NOTHING where it is again"""
    hanging = pyqtSignal(str)
    """what is being read for longer than a disk should need, as in "frame 17"; "" once it came"""

    def __init__(
        self,
        run: Run,
        frames: FrameReader,
        browser: Browser,
        stamp: FileStamp | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._run = run
        self._frames = frames
        self._browser = browser
        self._can_grow = following(run) is not None
        self.state = LIVE if self._can_grow else NOT_LIVE
        self.follows = False
        self._stamp = stamp
        self._seen: FileStamp | None = None
        self._told = Change.NOTHING
        self._hangs = ""
        self._asked = False
        self._closed = False
        self._not_before = 0.0
        self._grew_at = monotonic()
        self._arrivals: deque[tuple[float, int]] = deque([(monotonic(), len(run))])
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        browser.index_changed.connect(self._navigated)

    def begin(self) -> None:
        self._timer.start()

    def close(self) -> None:
        self._closed = True
        self._timer.stop()

    @property
    def growing(self) -> bool:
        """Whether more frames may come."""
        return self.state in (LIVE, QUIET)

    @property
    def rate(self) -> float:
        """Frames that came per second, lately."""
        (first_at, first), (last_at, last) = self._arrivals[0], self._arrivals[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0

    @property
    def quiet_s(self) -> float:
        """For how long no frame came."""
        return monotonic() - self._grew_at

    def follow(self, on: bool) -> None:
        """Always show the newest frame, or stay; going to any other frame ends it."""
        if on == self.follows:
            return
        self.follows = on
        if on:
            self._show_newest()
        self.changed.emit()

    def look(self) -> None:
        """Look at the file now, unless a look is under way."""
        self._watch_reader()
        if self._asked or monotonic() < self._not_before:
            return
        self._asked = True
        wanted = self._can_grow and self.state != ENDED
        self._frames.ask(partial(look_at, stamp=self._stamp, wanted=wanted), self._looked, self._not_looked)

    # -- what a look gave ------------------------------------------------------------------------------------------

    def _looked(self, look: Look) -> None:
        if self._closed:
            return
        self._asked = False
        self._not_before = monotonic() + _BUSY_SHARE * look.took_s
        self._compare(look.stamp)
        if look.growth is not None:
            self._take(look.growth)
        if self.growing:
            now = monotonic()
            self._arrivals.append((now, len(self._run)))
            while len(self._arrivals) > 2 and now - self._arrivals[0][0] > _RATE_OVER_S:
                self._arrivals.popleft()
            self.state = QUIET if self.quiet_s > QUIET_AFTER_S else LIVE
            self.changed.emit()

    def _not_looked(self, error: FriedelError) -> None:
        self._asked = False
        self._not_before = monotonic() + PATIENCE_S
        log.warning("%s", error.sentence())

    def _take(self, growth: Growth) -> None:
        before = len(self._run)
        if take(self._run, growth):
            self._grew_at = monotonic()
            self.grew.emit(before)
            if self.follows:
                self._show_newest()
        if growth.ended:
            self.state = ENDED
            self.follow(False)
            self.changed.emit()

    def _compare(self, now: FileStamp) -> None:
        """Tell of a file that is not what was opened; once it has been so for two looks, as files are replaced in
        steps."""
        seen, self._seen = self._seen, now
        if self._stamp is None:
            self._stamp = now
            return
        change = self._stamp.change(now)
        if change is Change.WRITTEN and self._can_grow:
            self._stamp = now
            change = Change.NOTHING
        if change is self._told or (change is not Change.NOTHING and seen is not None and seen != now):
            return
        if seen is None and change is not Change.NOTHING:
            return
        self._told = change
        self.file_changed.emit(change)

    def _watch_reader(self) -> None:
        work = self._frames.at_work()
        hangs = work[0] if work is not None and work[1] > PATIENCE_S else ""
        if hangs != self._hangs:
            self._hangs = hangs
            self.hanging.emit(hangs)

    # -- following -------------------------------------------------------------------------------------------------

    def _show_newest(self) -> None:
        self._browser.go_to(len(self._run) - 1)

    def _navigated(self, index: int) -> None:
        if self.follows and index != len(self._run) - 1:
            self.follow(False)


def look_at(run: Run, stamp: FileStamp | None, wanted: bool) -> Look:
    """Look at a run's file; on the reader thread.

    Args:
        stamp: of the file when it was opened, None where it is not known.
        wanted: whether to look for more frames.

    Raises:
        FriedelError: the file does not answer as it should.
    """
    began = monotonic()
    try:
        now = FileStamp.of(run.path)
    except OSError as error:
        raise FriedelError(f"{run.path} cannot be looked at", cause=error.strerror or str(error)) from error
    growth = None
    file = following(run)
    # Another file's, or a cut file's, metadata must not be asked for.
    if wanted and file is not None and (stamp is None or stamp.change(now) in (Change.NOTHING, Change.WRITTEN)):
        growth = file.look(len(run))
    return Look(now, growth, monotonic() - began)
