"""The stage before the starts that looks for the support: trials at low resolution, run as starts are.

What is tried and what follows from it is `models.phasing.search`'s; here the trials become tasks, and their pictures
are shown at the pattern's own resolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.parameters import to_dict
from models.phasing.settings import PhasingSettings
from models.phasing.starts.lane import Task
from models.phasing.starts.material import Material
from models.phasing.types import Preview

if TYPE_CHECKING:
    from models.phasing.search import Trial

LOW = "low"
"""the part of the material that holds the pattern at low resolution"""
_SHOWN_PX = 256


def tasks_of(trials: Sequence[Trial], material: Material, settings: PhasingSettings) -> list[Task]:
    """The tasks of a round of trials, or of the starts that begin from what was found."""
    common = to_dict(settings)
    return [
        Task(
            trial.seed,
            None if trial.first is None else material.keep(f"first-{number}", trial.first),
            material.keep(f"support-{number}", trial.support),
            overrides={name: value for name, value in to_dict(trial.settings).items() if value != common[name]},
            part="" if trial.whole else LOW,
        )
        for number, trial in enumerate(trials)
    ]


def at_whole(preview: Preview, low: Sequence[int], whole: Sequence[int]) -> Preview:
    """A picture of an object of an array of `low` pixels as part of an array of `whole` pixels of the same extent.

    By nearest neighbours, at most 256 pixels a side, scaled so that Σ|object|² stays.
    """
    spans = []
    for corner, size, n, m in zip(preview.corner, preview.object.shape, low, whole, strict=True):
        first = math.ceil((corner - n // 2) * m / n)
        spans.append((max(first, -(m // 2)), min(math.ceil(first + size * preview.step * m / n), m - m // 2)))
    step = max(1, max(math.ceil((last - first) / _SHOWN_PX) for first, last in spans))
    where, corner_there = [], []
    for (first, last), corner, size, n, m in zip(
        spans, preview.corner, preview.object.shape, low, whole, strict=True
    ):
        there = np.arange(first, last, step)
        here = np.rint((there * n / m + n // 2 - corner) / preview.step).astype(np.intp)
        where.append(np.clip(here, 0, size - 1))
        corner_there.append(first + m // 2)
    index = np.ix_(*where)
    scale = np.float32(math.sqrt(math.prod(low) / math.prod(whole)))
    return Preview(preview.object[index] * scale, preview.support[index], tuple(corner_there), step)
