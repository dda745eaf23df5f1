"""What the service process works out for the page of frames to keep: the curve of one class, and its histogram.

Qt-free. Asked for by name, on the verdicts made last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot import PrecisionRecall, precision_recall

if TYPE_CHECKING:
    from models.embedding.few_shot import HeldOut, Verdicts

BINS = 40
"""of the histogram of P(class)"""
STARTING_THRESHOLD = 0.5
"""until the user says otherwise, frames are kept that are of the class rather than not"""


@dataclass(frozen=True, eq=False)
class Operating:
    """Everything that is shown of one class's thresholds.

    Attributes:
        curve: precision, yield and frames kept at every threshold.
        counts: (BINS,) int64 frames of the run in equal bins of P(class).
        own, others: P(class) of held-out examples of the class, and of the other classes.
        frames: of the run that have verdicts.
    """

    curve: PrecisionRecall
    counts: npt.NDArray[np.int64]
    own: npt.NDArray[np.float32]
    others: npt.NDArray[np.float32]
    frames: int


def operating(verdicts: Verdicts, class_name: str, held_out: HeldOut | None) -> Operating:
    """The curve of one class. Raises BadParameter for a class the verdicts do not have."""
    curve = precision_recall(verdicts, class_name, held_out)
    column = verdicts.classes.index(class_name)
    chances = verdicts.probabilities[~verdicts.missing, column]
    counts, _ = np.histogram(chances, BINS, (0.0, 1.0))
    own = others = np.empty(0, np.float32)
    if held_out is not None and held_out.classes == verdicts.classes:
        is_own = held_out.labels == column
        own, others = held_out.probabilities[is_own, column], held_out.probabilities[~is_own, column]
    return Operating(curve, counts.astype(np.int64), own, others, len(chances))


def kept_frames(verdicts: Verdicts, class_name: str, threshold: float) -> npt.NDArray[np.int64]:
    """Frames at or above a threshold of the curve, int64, ascending; as many as the curve counts there."""
    # In single precision, as the curve counts: else a frame right on the threshold would be on the other side of it.
    chances = verdicts.probabilities[:, verdicts.classes.index(class_name)]
    return np.flatnonzero((chances >= np.float32(threshold)) & ~verdicts.missing)
