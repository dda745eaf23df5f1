"""Frames by the batch, for whoever goes through a whole run."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt

from models.errors import FrameUnreadable
from models.runs.types import Run

_log = logging.getLogger(__name__)

_BATCH_BYTES = 64 * 2**20


def batch_length(run: Run, wanted: int) -> int:
    """Frames per batch: `wanted`, or as many as 64 MiB of float32 hold where frames are large; at least 1."""
    height, width = run.shape
    return max(1, min(wanted, _BATCH_BYTES // (4 * height * width)))


def load_batch(
    run: Run, indices: npt.NDArray[np.integer], missing: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Frames of a run; one that cannot be read has no valid pixel, and is logged.

    Args:
        run: the run.
        indices: (n,) frames.
        missing: what an unreadable frame will lack, for the log: "embedding".

    Returns:
        (n, H, W) float32 values and (n, H, W) bool, True = use.
    """
    frames = np.zeros((len(indices), *run.shape), np.float32)
    valid = np.zeros(frames.shape, np.bool_)
    for row, index in enumerate(indices):
        try:
            frame = run.load(int(index))
        except FrameUnreadable as error:
            _log.warning("frame %d has no %s: %s", index, missing, error.sentence())
            continue
        frames[row], valid[row] = frame.data, frame.valid
    return frames, valid
