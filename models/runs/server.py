"""The one thread that reads a run's frames while a window shows them.

HDF5 has one lock for everything: a thread that waits for it waits for whole reads. So one thread reads, one frame per
call, and looks after each frame whether something more urgent was asked for.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Condition, Thread
from time import monotonic
from typing import Any, Generic, TypeVar

from models.errors import FriedelError
from models.runs.cache import FrameCache, default_cache_bytes
from models.runs.types import Frame, Run

log = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")

_Job = tuple[str, Callable[[], None]]

AHEAD = 8
"""Frames read beforehand in the direction of travel."""

BEHIND = 2
"""Frames read beforehand on the other side."""

_PATIENCE_S = 10.0


class FrameServer(Generic[T]):
    """Reads frames of a run on a thread of its own, which alone uses the run from now on.

    What is asked for is served in this order: the frame wanted last (an older want that is not yet being read is
    forgotten, never read), tasks, frames next in the direction of travel, thumbnails.

    All callbacks run on the reader thread; they should hand over and return.

    Args:
        run: the run; the server does not close it.
        prepare: turns a frame into what `deliver` gets (scaling, colours). Its own work, no file reads.
        deliver: called with the frame's index and its prepared form.
        failed: called with the frame's index and the error where it cannot be read or prepared.
        cache_bytes: limit for frames kept in memory; None for 2 GiB or a quarter of memory, whichever is less.
    """

    def __init__(
        self,
        run: Run,
        prepare: Callable[[Frame], T],
        deliver: Callable[[int, T], None],
        failed: Callable[[int, FriedelError], None],
        cache_bytes: int | None = None,
    ) -> None:
        self._run = run
        self._prepare = prepare
        self._deliver = deliver
        self._failed = failed
        self._cache = FrameCache(default_cache_bytes() if cache_bytes is None else cache_bytes)
        self._wake = Condition()
        self._shown: Frame | None = None
        self._current: int | None = None
        self._pending = False
        self._direction = 1
        self._neighbours: deque[int] = deque()
        self._tasks: deque[Callable[[], None]] = deque()
        self._thumbnails: deque[tuple[int, Callable[[], None]]] = deque()
        self._at_work: tuple[str, float] | None = None
        self._unreadable: set[int] = set()
        self._epoch = 0
        self._closed = False
        self._then: Callable[[], None] | None = None
        self._thread = Thread(target=self._work, name="friedel-reader", daemon=True)
        self._thread.start()

    def want(self, index: int, stride: int = 1, *, upcoming: Sequence[int] | None = None) -> None:
        """Show frame `index` as soon as possible; replaces any want that is not yet being read.

        Afterwards its neighbours are read beforehand: every `stride`-th frame in the direction of travel, or those
        of `upcoming` (where frames are walked in another order than the file's).

        Raises:
            IndexError: outside 0 … N−1.
        """
        frames = len(self._run)
        if not 0 <= index < frames:
            raise IndexError(f"frame {index} of a run with frames 0 … {frames - 1}")
        with self._wake:
            if self._current is not None and index != self._current:
                self._direction = 1 if index > self._current else -1
            self._current = index
            self._pending = True
            if upcoming is None:
                step = self._direction * max(1, abs(stride))
                upcoming = [index + step * k for k in range(1, AHEAD + 1)]
                upcoming += [index - step * k for k in range(1, BEHIND + 1)]
            self._neighbours = deque(i for i in upcoming if 0 <= i < frames)
            self._wake.notify()

    def set_prepare(self, prepare: Callable[[Frame], T]) -> None:
        """Prepare frames differently from now on, and the present one again; no frame is read again for it."""
        with self._wake:
            self._prepare = prepare
            self._pending = self._current is not None
            self._wake.notify()

    def cached(self, index: int) -> Frame | None:
        """The frame if it is in memory, else None. From any thread, without waiting."""
        shown = self._shown
        if shown is not None and shown.index == index:
            return shown
        return self._cache.get(index)

    def want_thumbnails(
        self, indices: Iterable[int], make: Callable[[Frame], U], deliver: Callable[[int, U | None], None]
    ) -> None:
        """Make small pictures when nothing else is to do; replaces those asked for before and not yet made.

        Args:
            indices: frames, the most urgent first.
            make: turns a frame into a small picture.
            deliver: called with the frame's index and its picture; with None where there is none.
        """
        jobs: deque[tuple[int, Callable[[], None]]] = deque()
        jobs.extend((index, partial(self._serve_thumbnail, index, make, deliver)) for index in indices)
        with self._wake:
            self._thumbnails = jobs
            self._wake.notify()

    def submit(
        self,
        task: Callable[[Run], U],
        done: Callable[[U], None],
        failed: Callable[[FriedelError], None] | None = None,
    ) -> None:
        """Run a short task on the reader thread, between frames: reading columns, events, a few frames.

        Args:
            task: called with the run.
            done: called with its result, on the reader thread.
            failed: called with the error instead, where the task raises one; without it the error is logged.
        """
        with self._wake:
            self._tasks.append(partial(self._serve_task, task, done, failed))
            self._wake.notify()

    def at_work(self) -> tuple[str, float] | None:
        """What is being read and for how long, seconds; None while nothing is. From any thread, without waiting.

        A read from a disk that does not answer cannot be given up; this tells that it is under way.
        """
        work = self._at_work
        return None if work is None else (work[0], monotonic() - work[1])

    def forget(self) -> None:
        """Read frames anew from now on, and the present one again: the run's flags or its file have changed."""
        with self._wake:
            self._epoch += 1
            self._cache.clear()
            self._shown = None
            self._unreadable.clear()
            self._pending = self._current is not None
            self._wake.notify()

    def close(self, timeout_s: float = _PATIENCE_S, then: Callable[[], None] | None = None) -> bool:
        """Stop after the frame being read; what was asked for and not begun is dropped.

        Args:
            timeout_s: how long to wait for that.
            then: called on the reader thread as its last act, whenever that is: closing the run.

        Returns:
            True when the thread has ended; False where a read still hangs after `timeout_s` (a network disk that does
            not answer). The run may be closed only after True.
        """
        with self._wake:
            self._closed = True
            self._then = then
            self._neighbours.clear()
            self._tasks.clear()
            self._thumbnails.clear()
            self._wake.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # Reader thread from here on.

    def _work(self) -> None:
        while True:
            found = self._next_job()
            if found is None:
                break
            words, job = found
            self._at_work = words, monotonic()
            try:
                job()
            except Exception:
                # A defect in a callback must not leave the window without a reader.
                log.exception("a reader job failed")
            finally:
                self._at_work = None
        if self._then is not None:
            self._then()

    def _next_job(self) -> _Job | None:
        """Wait for something to do; the most urgent job with what it is, None when closed."""
        with self._wake:
            while not self._closed:
                if self._pending and self._current is not None:
                    self._pending = False
                    return f"frame {self._current}", partial(self._serve, self._current)
                if self._tasks:
                    return "the run", self._tasks.popleft()
                while self._neighbours:
                    index = self._neighbours.popleft()
                    if index not in self._unreadable and index not in self._cache:
                        return f"frame {index}", partial(self._prefetch, index)
                if self._thumbnails:
                    index, job = self._thumbnails.popleft()
                    return f"frame {index}", job
                self._wake.wait()
            return None

    def _serve(self, index: int) -> None:
        try:
            epoch = self._epoch
            frame = self.cached(index) or self._load(index)
            with self._wake:
                if epoch == self._epoch:
                    self._shown = frame
            prepared = self._prepare(frame)
        except FriedelError as error:
            self._failed(index, error)
        except Exception as error:
            log.exception("frame %d cannot be prepared", index)
            self._failed(index, _unexpected(index, error))
        else:
            self._limit_neighbours(frame)
            self._deliver(index, prepared)

    def _load(self, index: int, *, evict: bool = True) -> Frame:
        epoch = self._epoch
        try:
            frame = self._run.load(index)
        except FriedelError:
            with self._wake:
                if epoch == self._epoch:  # else it may be readable now
                    self._unreadable.add(index)
            raise
        with self._wake:
            self._unreadable.discard(index)
            if epoch == self._epoch:  # else forgotten while it was read
                self._cache.add(frame, evict=evict)
        return frame

    def _limit_neighbours(self, frame: Frame) -> None:
        """Do not read more beforehand than the cache holds: the first would be gone before it is wanted."""
        with self._wake:
            room = self._cache.room(frame) - 2
            while len(self._neighbours) > max(0, room):
                self._neighbours.pop()

    def _prefetch(self, index: int) -> None:
        try:
            self._load(index)
        except FriedelError as error:
            # Said when the frame is wanted; until then there is nobody to tell.
            log.info("reading ahead: %s", error.sentence())

    def _serve_thumbnail(
        self, index: int, make: Callable[[Frame], U], deliver: Callable[[int, U | None], None]
    ) -> None:
        picture: U | None = None
        if index not in self._unreadable:
            try:
                picture = make(self.cached(index) or self._load(index, evict=False))
            except FriedelError as error:
                log.info("thumbnail: %s", error.sentence())
            except Exception:
                log.exception("no thumbnail of frame %d", index)
        deliver(index, picture)

    def _serve_task(
        self,
        task: Callable[[Run], Any],
        done: Callable[[Any], None],
        failed: Callable[[FriedelError], None] | None,
    ) -> None:
        try:
            result = task(self._run)
        except FriedelError as error:
            if failed is None:
                log.warning("%s", error.sentence())
            else:
                failed(error)
        except Exception as error:
            log.exception("a task failed")
            if failed is not None:
                failed(FriedelError("reading from the run failed", cause=f"{type(error).__name__}: {error}"))
        else:
            done(result)


def _unexpected(index: int, error: Exception) -> FriedelError:
    return FriedelError(f"frame {index} cannot be shown", cause=f"{type(error).__name__}: {error}")
