"""What worker processes do for the Mask page. No Qt.

Imported in worker processes only, by name.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.masking.hot_dead import KINDS, HotDeadSettings, find_hot_dead
from models.parameters import from_dict
from models.progress import Progress

if TYPE_CHECKING:
    from models.statistics.types import PixelStatistics
    from models.treatment import RunReference


@dataclass(frozen=True)
class Found:
    """What the search gives back.

    Attributes:
        kinds: (H, W) uint8: place in `KINDS` plus one, 0 for pixels with nothing to say about.
        mean, maximum: (H, W) float32 over the frames.
        frames: how many were looked at.
    """

    kinds: npt.NDArray[np.uint8]
    mean: npt.NDArray[np.float32]
    maximum: npt.NDArray[np.float32]
    frames: int

    @property
    def counts(self) -> dict[str, int]:
        """Pixels of each kind."""
        numbers = np.bincount(self.kinds.reshape(-1), minlength=len(KINDS) + 1)
        return {kind: int(numbers[place + 1]) for place, kind in enumerate(KINDS)}

    def covered(self, wanted: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """(H, W), True on pixels of these kinds."""
        chosen = np.array([False, *(kind in wanted for kind in KINDS)])
        covered: npt.NDArray[np.bool_] = chosen[self.kinds]
        return covered


def find(source: RunReference, values: Mapping[str, Any]) -> Generator[Progress, None, Found]:
    """Statistics of a run's frames, and the hot and dead pixels in them. `values` are those of HotDeadSettings."""
    settings = from_dict(HotDeadSettings, values)
    statistics = yield from _statistics(source, settings.most_frames)
    found = yield from find_hot_dead(statistics, settings)
    kinds = np.zeros(statistics.mean.shape, np.uint8)
    for place, kind in enumerate(KINDS):
        kinds[found.of(kind)] = place + 1
    return Found(kinds, statistics.mean, statistics.maximum, statistics.frames)


def _statistics(source: RunReference, most: int) -> Generator[Progress, None, PixelStatistics]:
    from models.statistics.run import run_statistics

    yield Progress(done=0, message="opening the run")
    frames = None
    if most:
        run = source.open()
        try:
            total = len(run)
        finally:
            run.close()
        if total > most:
            frames = np.unique(np.linspace(0, total - 1, most).round().astype(np.int64))
    gathered = yield from run_statistics(source, frames)
    return gathered.whole
