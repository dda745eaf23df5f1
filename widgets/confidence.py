"""How verdicts are counted for the histogram of confidence. Qt-free, so that other processes can count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BINS = 20
"""bins of confidence, 0 … 1"""


def confidence_counts(
    codes: npt.NDArray[np.integer], confidence: npt.ArrayLike, classes: int
) -> npt.NDArray[np.int64]:
    """Frames per class and bin of confidence, (classes, BINS) int64.

    Args:
        codes: (N,) the class of each frame, 0 … classes−1; others are left out.
        confidence: (N,) 0..1; frames where it is not finite are left out.
    """
    sure = np.asarray(confidence, dtype=np.float32)
    use = (codes >= 0) & (codes < classes) & np.isfinite(sure)
    place = np.clip((sure[use] * BINS).astype(np.int64), 0, BINS - 1)
    flat = codes[use].astype(np.int64) * BINS + place
    return np.bincount(flat, minlength=classes * BINS).reshape(classes, BINS)
