"""The preview process: one request at a time, of those that wait the latest; what takes too long can be given up."""

from __future__ import annotations

import atexit
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from app.denoising.records import FRAMES_KEPT, Subject
from app.jobs.service import Lane, Service
from models.errors import FriedelError

log = logging.getLogger(__name__)

PATIENCE_S = 4.0
"""a request that has taken longer is given up when something else is wanted"""
_keys = itertools.count(1)


def new_key() -> int:
    """A number for a frame that is to be denoised."""
    return next(_keys)


class Preview:
    """Asks the process. GUI thread; outcomes arrive there as well."""

    def __init__(self) -> None:
        self._service: Service | None = None
        self._lane: Lane | None = None
        self._sent: list[int] = []
        self._began: float | None = None
        self._answered = 0
        self._turn = 0
        self._waiting: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        return self._began is not None

    @property
    def cold(self) -> bool:
        """Nothing was answered since the process was started: libraries and weights are being loaded."""
        return not self._answered

    def ask(
        self,
        target: str,
        subject: Subject,
        make: Callable[[Subject | None], tuple[Any, ...]],
        done: Callable[[Any], None],
        failed: Callable[[FriedelError], None],
    ) -> None:
        """Ask for `app.denoising.work:target`, in place of whatever waits.

        Args:
            make: the arguments; it is given the subject, or None where the process has it.
        """
        self._turn += 1
        turn = self._turn

        def begin() -> None:
            lane = self._a_lane()
            known = subject.key in self._sent
            # In the order in which the process forgets them.
            self._sent = [*(key for key in self._sent if key != subject.key), subject.key][-FRAMES_KEPT:]
            self._began = time.monotonic()
            args = make(None if known else subject.bare())

            def over(receive: Callable[[Any], None], good: bool) -> Callable[[Any], None]:
                def arrived(value: Any) -> None:
                    self._began = None
                    self._answered += good
                    waiting, self._waiting = self._waiting, None
                    if waiting is not None:
                        waiting()
                    if turn == self._turn:
                        receive(value)

                return arrived

            lane.submit(f"app.denoising.work:{target}", args, over(done, True), over(failed, False))

        if self._began is None:
            begin()
        elif self._answered and time.monotonic() - self._began > PATIENCE_S:
            self.restart()
            begin()
        else:
            self._waiting = begin

    def forget(self) -> None:
        """Whatever is at work or waits is of no interest any more."""
        self._turn += 1
        self._waiting = None

    def restart(self) -> None:
        """Give up what is at work: the process ends, and the next request starts another."""
        self.forget()
        if self._lane is not None:
            self._lane.close()
        if self._service is not None:
            service = self._service
            atexit.unregister(service.close)
            # It waits until the process has gone, which the window must not.
            threading.Thread(target=service.close, name="end of a preview", daemon=True).start()
        self._service = self._lane = self._began = None
        self._sent, self._answered = [], 0

    def _a_lane(self) -> Lane:
        if self._lane is None:
            self._service = Service()
            atexit.register(self._service.close)
            self._lane = self._service.lane("denoising preview")
        return self._lane


_preview: Preview | None = None


def the_preview() -> Preview:
    """The preview process of this program; all runs that are opened use it."""
    global _preview
    if _preview is None:
        _preview = Preview()
    return _preview
