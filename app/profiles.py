"""The radial profile of the frame on screen, worked out off the GUI thread, the latest frame first."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.threads import LatestWorker
from app.rings import depth_of
from models.detector import geometry
from models.detector.radial import radial_average
from models.runs.types import Frame, Geometry, Run

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


@dataclass(frozen=True, eq=False)
class _Rings:
    """The rings that frames are averaged over, and the geometry they belong to."""

    of: Geometry
    radius: npt.NDArray[np.float32]
    step: float
    label: str


def _rings(known: Geometry, shape: tuple[int, int], depth_m: npt.NDArray[np.float32] | None) -> _Rings:
    pixels = geometry.radius_map(shape, geometry.centre_of(known, shape))
    q = geometry.q_map(known, shape, depth_m)
    if q is None:
        return _Rings(known, pixels, 1.0, "radius (px)")
    return _Rings(known, q, float(q.max() / max(1.0, float(pixels.max()))), "q (nm⁻¹)")


class RadialProfiler(QObject):
    """Averages frames of one run over rings of equal q, or of equal radius where the geometry is not known."""

    ready = pyqtSignal(object)
    """Profile"""

    def __init__(self, run: Run, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._geometry, self._shape = run.geometry, run.shape
        self._depth_m = depth_of(run)
        self._worker = LatestWorker("radial profile")
        self._rings: _Rings | None = None

    def set_geometry(self, geometry: Geometry) -> None:
        """Average by this geometry from the next frame on."""
        if geometry != self._geometry:
            self._geometry, self._rings = geometry, None

    def want(self, frame: Frame) -> None:
        """Profile this frame next."""
        known = self._geometry
        self._worker.submit(lambda: self._average(frame, known), self.ready.emit, self._failed)

    def close(self) -> None:
        self._worker.close()

    def _average(self, frame: Frame, known: Geometry) -> Profile:
        rings = self._rings
        if rings is None or rings.of is not known:
            rings = self._rings = _rings(known, self._shape, self._depth_m)
        found = radial_average(frame.data, frame.valid, rings.radius, rings.step)
        return Profile(found.position, found.mean, rings.label)

    def _failed(self, error: Exception) -> None:
        log.error("no radial profile", exc_info=error)
