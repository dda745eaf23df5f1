"""The radial profile of the frame on screen, worked out off the GUI thread, the latest frame first."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.threads import LatestWorker
from models.detector import geometry
from models.detector.radial import radial_average
from models.runs.types import Frame, Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Profile:
    """A frame averaged over rings.

    Attributes:
        position: (n,) float32, q in nm⁻¹ or radius in px, as `label` says.
        mean: (n,) float32 mean pixel value of each ring.
        label: axis label with unit.
    """

    position: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float32]
    label: str


class RadialProfiler(QObject):
    """Averages frames of one run over rings of equal q, or of equal radius where the geometry is not known."""

    ready = pyqtSignal(object)
    """Profile"""

    def __init__(self, run: Run, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self._worker = LatestWorker("radial profile")
        self._radius: npt.NDArray[np.float32] | None = None
        self._step = 1.0
        self._label = "radius (px)"

    def want(self, frame: Frame) -> None:
        """Profile this frame next."""
        self._worker.submit(lambda: self._average(frame), self.ready.emit, self._failed)

    def close(self) -> None:
        self._worker.close()

    def _average(self, frame: Frame) -> Profile:
        if self._radius is None:
            run = self._run
            pixels = geometry.radius_map(run.shape, geometry.centre_of(run.geometry, run.shape))
            q = geometry.q_map(run.geometry, run.shape)
            if q is not None:
                self._label = "q (nm⁻¹)"
                self._step = float(q.max() / max(1.0, float(pixels.max())))
            self._radius = pixels if q is None else q
        found = radial_average(frame.data, frame.valid, self._radius, self._step)
        return Profile(found.position, found.mean, self._label)

    def _failed(self, error: Exception) -> None:
        log.error("no radial profile", exc_info=error)
