"""Recognising a run again after its file was moved, renamed or copied."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from models.runs.types import RunIdentity

IDS_HASHED = 64
"""Event identifiers that enter the digest: the first ones, so that a run that grows keeps its digest."""

SAMPLE_PIXELS = 1 << 16
"""Pixels of a frame that enter the digest, from its middle rows."""


def make_identity(
    frames: int,
    parts: Iterable[object],
    *,
    events: Sequence[str] = (),
    sample: Callable[[int], bytes] | None = None,
) -> RunIdentity:
    """The identity of a run.

    Args:
        frames: number of frames.
        parts: what else tells runs apart: dataset path, shape, dtype.
        events: the first event identifiers, empty where the file has none.
        sample: gives some bytes of a frame; asked for the first frame and the last of the first 64 where the
            identifiers tell nothing.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part}\0".encode("utf-8", "surrogateescape"))
    told = list(events[:IDS_HASHED])
    for event in told:
        digest.update(f"{event}\0".encode("utf-8", "surrogateescape"))
    if sample is not None and _tells_nothing(told):
        for index in sorted({0, min(frames, IDS_HASHED) - 1}):
            digest.update(sample(index))
    return RunIdentity(digest=digest.hexdigest()[:16], n_frames=frames)


def middle_rows(height: int, width: int) -> slice:
    """The rows of a frame whose pixels enter the digest."""
    rows = max(1, min(height, SAMPLE_PIXELS // max(1, width)))
    start = (height - rows) // 2
    return slice(start, start + rows)


def sample_bytes(raw: npt.NDArray[np.generic]) -> bytes:
    """The bytes of a frame that enter the digest."""
    return np.ascontiguousarray(raw[middle_rows(*raw.shape)]).tobytes()


def _tells_nothing(events: Sequence[str]) -> bool:
    """Whether identifiers merely count (0, 1, 2 … or "frame_7", "frame_8" …), as in any other run."""
    stems = set()
    previous: int | None = None
    for event in events:
        stem = event.rstrip("0123456789")
        digits = event[len(stem) :]
        if not digits:
            return False
        number = int(digits)
        if previous is not None and number != previous + 1:
            return False
        previous = number
        stems.add(stem)
    return len(stems) <= 1
