"""Frames kept in memory, least recently used first to go, limited in bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import numpy as np

from models.runs.memory import memory_bytes
from models.runs.types import Frame

_LARGEST = 2 * 2**30
_SHARE = 0.25


def default_cache_bytes() -> int:
    """2 GiB, or a quarter of this machine's memory where that is less."""
    return int(min(_LARGEST, _SHARE * memory_bytes()))


def cost(frame: Frame) -> int:
    """Bytes that a frame takes once it has been looked at: with its float32 copy and its mask, which it keeps."""
    copied = 0 if frame.raw.dtype == np.float32 else 4 * frame.raw.size
    return frame.nbytes + copied + frame.raw.size


class FrameCache:
    """Usable from any thread.

    Args:
        limit_bytes: what the frames may take together. The newest frame is kept even if it is larger.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def nbytes(self) -> int:
        return self._bytes

    def __len__(self) -> int:
        return len(self._frames)

    def __contains__(self, index: object) -> bool:
        with self._lock:
            return index in self._frames

    def get(self, index: int) -> Frame | None:
        """The frame, which now counts as recently used; None where it is not kept."""
        with self._lock:
            frame = self._frames.get(index)
            if frame is not None:
                self._frames.move_to_end(index)
            return frame

    def add(self, frame: Frame, *, evict: bool = True) -> None:
        """Keep a frame; without `evict` only if there is room."""
        size = cost(frame)
        with self._lock:
            if frame.index in self._frames:
                self._frames.move_to_end(frame.index)
                return
            if not evict and self._bytes + size > self._limit:
                return
            self._frames[frame.index] = frame
            self._bytes += size
            while self._bytes > self._limit and len(self._frames) > 1:
                _, oldest = self._frames.popitem(last=False)
                self._bytes -= cost(oldest)

    def room(self, frame: Frame) -> int:
        """How many frames like this one fit in all."""
        return max(1, self._limit // max(1, cost(frame)))

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()
            self._bytes = 0
