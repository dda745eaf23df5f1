"""What the Phase pane says of results."""

from __future__ import annotations

import math

import numpy as np

from app.phasing.words import prtf_words
from models.phasing.types import Prtf, Trust

NONE = math.nan


def trust(cutoff_px: float) -> Trust:
    return Trust(
        r_factor=0.1, free_log_likelihood=1.1, prtf_resolution_nm=NONE, prtf_resolution_q=NONE,
        prtf_cutoff_px=cutoff_px, mode_weight=0.99, agreement=0.99, kept=4, starts=8, masked_power=0.1,
        oversampling=4.0, warnings=(),
    )  # fmt: skip


def test_a_curve_above_its_line_claims_no_resolution_that_trust_does_not() -> None:
    high = Prtf(np.arange(4, dtype=np.float32), np.full(4, 0.8, np.float32), np.ones(4, np.int32))
    assert prtf_words(trust(NONE), high) == "No resolution can be said: the Trust page says why"
    assert prtf_words(trust(3.0), high).startswith("Stays above 1/e")
