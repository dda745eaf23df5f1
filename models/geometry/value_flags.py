"""Bad and saturated pixels by their stored value, as a geometry file's flag_lessthan, flag_equal, max_adu say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from models.geometry.detector import DetectorGeometry, Panel
from models.geometry.positions import panel_index
from models.runs.types import FlagImage, PixelFlag

Limit = float | npt.NDArray[np.float64]


class ValueFlags:
    """Flags pixels of the run's own frames, before calibration, because the limits are in stored units."""

    def __init__(
        self, detector: DetectorGeometry, slab: tuple[int, ...], slab_index: npt.NDArray[np.int32] | None
    ) -> None:
        def limit(of: Callable[[Panel], float | None]) -> Limit | None:
            found = [of(panel) for panel in detector.panels]
            if all(value is None for value in found):
                return None
            first = found[0]
            if first is not None and all(value == first for value in found):
                return first
            each = np.full(math.prod(slab), np.nan)  # comparing with NaN is always false: no limit there
            for panel, value in zip(detector.panels, found, strict=True):
                if value is not None:
                    each[panel_index(detector, panel, slab)] = value
            if slab_index is None:
                return each.reshape(-1, slab[-1])
            return np.where(slab_index < 0, np.nan, each[slab_index])

        self._below = limit(lambda panel: panel.flag_below)
        self._above = limit(lambda panel: panel.flag_above)
        self._equal = limit(lambda panel: panel.flag_equal)
        self._saturated = limit(lambda panel: panel.saturated_above)

    def __bool__(self) -> bool:
        return any(limit is not None for limit in (self._below, self._above, self._equal, self._saturated))

    def apply(self, raw: npt.NDArray[Any], flags: FlagImage) -> FlagImage:
        """(H, W) flags with those that the values give; `flags` itself where they give none."""
        with np.errstate(invalid="ignore"):
            bad = [
                hit
                for limit, compare in ((self._below, np.less), (self._above, np.greater), (self._equal, np.equal))
                if limit is not None and (hit := compare(raw, limit)).any()
            ]
            over = None if self._saturated is None else raw > self._saturated
        for hit in bad:
            flags = flags | hit.astype(np.uint8) * np.uint8(PixelFlag.MASKED)
        if over is not None and over.any():
            flags = flags | over.astype(np.uint8) * np.uint8(PixelFlag.SATURATED)
        return flags
