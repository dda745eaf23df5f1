"""Few-shot classes: the user labels a handful of frames, and every frame of the run gets a class and a confidence.

numpy only, so that it works on a thread of the window's process within a moment of every label.
"""

from models.embedding.few_shot.calibration_curve import Calibration, calibration_curve, held_out_calibration
from models.embedding.few_shot.cross_validation import cross_validate
from models.embedding.few_shot.head import Head, fit_head
from models.embedding.few_shot.held_out import HeldOut, hold_out
from models.embedding.few_shot.neighbours import neighbours
from models.embedding.few_shot.operating import OperatingPoint, PrecisionRecall, precision_recall
from models.embedding.few_shot.queue import suggest
from models.embedding.few_shot.settings import FewShotSettings
from models.embedding.few_shot.types import UNKNOWN, Confusion, Verdicts
from models.embedding.few_shot.unknown import RunStatistics, run_statistics

__all__ = [
    "UNKNOWN",
    "Calibration",
    "Confusion",
    "FewShotSettings",
    "Head",
    "HeldOut",
    "OperatingPoint",
    "PrecisionRecall",
    "RunStatistics",
    "Verdicts",
    "calibration_curve",
    "cross_validate",
    "fit_head",
    "held_out_calibration",
    "hold_out",
    "neighbours",
    "precision_recall",
    "run_statistics",
    "suggest",
]
