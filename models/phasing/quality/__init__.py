"""How good a reconstruction is, and how far to believe it."""

from models.phasing.quality.alignment import Alignment, align, find_alignment, object_error
from models.phasing.quality.assembly import Ranking, assemble, rank
from models.phasing.quality.figures import free_log_likelihood, r_factor
from models.phasing.quality.held_out import held_out_pixels
from models.phasing.quality.prtf import CUTOFF, STRICT, cutoff, phase_transfer
from models.phasing.quality.trust import is_preview

__all__ = [
    "CUTOFF",
    "STRICT",
    "Alignment",
    "Ranking",
    "align",
    "assemble",
    "cutoff",
    "find_alignment",
    "free_log_likelihood",
    "held_out_pixels",
    "is_preview",
    "object_error",
    "phase_transfer",
    "r_factor",
    "rank",
]
