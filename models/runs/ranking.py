"""Which of several arrays holds the frames: scores for the choice, and the refusal to guess."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import AmbiguousRun, CannotOpen, DatasetCandidate

_MARGIN = 1.0
"""Two candidates closer than this are too alike to choose between."""

_FRAMES_NAMES = re.compile(
    r"^(data|frames?|photons?|photoncounts?|counts?|images?|patterns?|intensit(y|ies)|diffr(action)?|"
    r"detector_data|adc|raw|data_\d+)$",
    re.IGNORECASE,
)
_OTHER_NAMES = re.compile(
    r"mask|powder|thumb|preview|xyz|map|background|dark|white|flat|gain|error|sigma|weight|mean|average|_avg|sum|"
    r"support|pedestal|basis|corner|translation|histogram|calib|orientation|quaternion|peak|fourier|blank|noise|std|good|bad",
    re.IGNORECASE,
)


def rate(path: str, shape: Sequence[int], dtype: np.dtype[Any]) -> DatasetCandidate | None:
    """How likely an array holds the frames; None where it cannot (text, fewer than two dimensions)."""
    if dtype.kind not in "biufc" or len(shape) < 2:
        return None
    shape = tuple(int(size) for size in shape)
    squeezed = [size for size in shape if size != 1]
    if len(squeezed) < 2 and 0 not in shape:
        return None
    reasons = []
    height, width = squeezed[-2:] if len(squeezed) >= 2 else (0, 0)
    value = {2: 1.0, 3: 3.0}.get(len(squeezed), 2.5)
    if min(height, width) < 16:
        value -= 3.0
        reasons.append("its pictures are very small")
    frames = math.prod(squeezed[:-2])
    if frames > 1:
        value += min(3.0, math.log10(frames))
        reasons.append(f"{frames} pictures of {height}×{width}")
    elif frames == 1:
        reasons.append(f"one picture of {height}×{width}")
    value += min(1.0, math.log10(max(1, height * width)) / 6)
    name = path.rsplit("/", 1)[-1]
    if _FRAMES_NAMES.match(name):
        value += 2.0
        reasons.append("its name says frames")
    elif _OTHER_NAMES.search(name):
        value -= 3.0
        reasons.append("its name says something else than frames")
    if dtype.kind == "c":
        value -= 2.0
        reasons.append("complex numbers")
    elif dtype.kind == "b":
        value -= 1.5
        reasons.append("true and false only")
    if 0 in shape:
        value -= 2.0
        reasons.append("it is empty")
    return DatasetCandidate(path=path, shape=shape, dtype=str(dtype), score=round(value, 3), why=", ".join(reasons))


def choose(path: Path, candidates: Sequence[DatasetCandidate]) -> DatasetCandidate:
    """The best candidate, where it is clearly the best.

    Raises:
        CannotOpen: there is none.
        AmbiguousRun: the two best are too alike.
    """
    ranked = rank(candidates)
    if not ranked:
        raise CannotOpen(
            f"{path} holds no frames",
            cause="it has no array of numbers with two or more dimensions",
            hint="Choose the file with the detector's frames; this one may hold metadata only",
        )
    if len(ranked) > 1 and ranked[0].score - ranked[1].score < _MARGIN:
        raise AmbiguousRun(
            f"{path} holds {len(ranked)} arrays that might be the frames",
            cause=f"{ranked[0].path} and {ranked[1].path} are equally likely",
            hint="Choose one of them",
            candidates=ranked,
        )
    return ranked[0]


def rank(candidates: Sequence[DatasetCandidate]) -> list[DatasetCandidate]:
    """Best first; equal ones in the file's order."""
    return sorted(candidates, key=lambda candidate: -candidate.score)
