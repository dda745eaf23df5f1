"""The stage before the starts that looks for the support: trials at low resolution, run as starts are.

What is tried and what follows from it is `models.phasing.search`'s; here the trials become tasks, and their pictures
are shown at the pattern's own resolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from models.parameters import to_dict
from models.phasing.settings import PhasingSettings
from models.phasing.starts.lane import Task
from models.phasing.starts.material import Material
from models.phasing.types import Preview

if TYPE_CHECKING:
    from models.phasing.search import Found, Trial

LOW = "low"
"""the part of the material that holds the pattern at low resolution"""
WIDEST = 1.15
"""Area of a start's first support update, as multiple of the area that was found."""
_SHOWN_PX = 256


def trial_tasks(trials: Sequence[Trial], material: Material, settings: PhasingSettings) -> list[Task]:
    """The tasks of a round of trials."""
    return [
        Task(
            trial.seed,
            None if trial.first is None else material.keep(f"trial-first-{number}", trial.first),
            material.keep(f"trial-support-{number}", trial.support),
            overrides=_own(trial.settings, settings),
            part=LOW,
        )
        for number, trial in enumerate(trials)
    ]


def found_tasks(found: Sequence[Found], material: Material, settings: PhasingSettings) -> list[Task]:
    """The tasks of the starts that begin from what was found."""
    return [
        Task(
            settings.seed + number,
            material.keep(f"first-{number}", each.object),
            material.keep(f"support-{number}", each.support),
            # The support is found already: the updates only finish it, and do not begin wide again.
            overrides={"area_high": min(1.0, WIDEST * each.area), "area_low": each.area},
        )
        for number, each in enumerate(found)
    ]


def _own(settings: PhasingSettings, common: PhasingSettings) -> dict[str, Any]:
    """What differs from the common settings."""
    other = to_dict(common)
    return {name: value for name, value in to_dict(settings).items() if value != other[name]}


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
