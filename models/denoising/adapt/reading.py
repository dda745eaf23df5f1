"""Frames of a run as adaptation takes them, and what has to be known of the run before they are cut."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.denoising.beam import estimate_beam
from models.denoising.checking import Counts, check_counts
from models.denoising.counting import CountingSettings, counted
from models.denoising.learned import binning
from models.denoising.limits import Limits
from models.denoising.speckle import find_speckle
from models.denoising.types import BoolArray
from models.errors import FrameUnreadable, NotEnoughExamples
from models.runs.types import Run

_log = logging.getLogger(__name__)

_FRAMES_FOR_BEAM = 50
_FRAMES_FOR_SPECKLES = 12


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads counts of a run's frames.

    Attributes:
        run: whose. seen: (H, W) bool, what may be measured in any of them. counting: how values become counts.
    """

    run: Run
    seen: BoolArray
    counting: CountingSettings

    def read(self, index: int) -> Counts | None:
        """A frame; None where it cannot be read."""
        try:
            frame = counted(self.run.load(index), self.counting)
        except FrameUnreadable as error:
            _log.warning("frame %d is left out: %s", index, error.sentence())
            return None
        return check_counts(frame.raw, frame.valid & self.seen)

    def find_beam(self, order: Sequence[int]) -> tuple[tuple[float, float], str, bool]:
        """The beam from the sum of the first frames, a sentence on it, and whether it is to be trusted.

        Raises:
            NotEnoughExamples: no pixel is measured in all of them.
        """
        total = np.zeros(self.run.shape, np.float32)
        measured = self.seen.copy()
        for index in order[:_FRAMES_FOR_BEAM]:
            frame = self.read(index)
            if frame is not None and frame.measured.any():
                total += frame.counts
                measured &= frame.measured
        if not measured.any():
            raise NotEnoughExamples(
                f"{self.run.name} cannot be adapted to",
                cause="no pixel is measured in all of its frames",
                hint="check the mask",
            )
        return estimate_beam(np.where(measured, total, np.float32(0)), measured)

    def summed(self, order: Sequence[int], limits: Limits | None) -> int:
        """Pixels that the method sums along each axis in most of the first frames."""
        if limits is None:
            return 1
        found = []
        for index in order[:_FRAMES_FOR_SPECKLES]:
            frame = self.read(index)
            if frame is not None:
                speckle = find_speckle(frame.counts, frame.measured)
                size = None if speckle is None else speckle.size_px
                found.append(binning(size, limits.speckle_px[1], float(frame.counts.sum(dtype=np.float64))))
        return sorted(found)[len(found) // 2] if found else 1
