"""A lasso as a filled polygon on a grid, for testing a million points by lookup."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QImage, QPainter, QPen, QPolygonF

GRID = 1024

Bools = npt.NDArray[np.bool_]


def rasterised(corners: npt.NDArray[np.float64]) -> tuple[Bools, Bools]:
    """The polygon over its bounding box: (GRID, GRID) filled cells, and cells near its outline.

    `corners` is (M, 2); row 0 of the grids is at the lowest second coordinate. Self-crossing polygons are filled by
    the non-zero winding rule.
    """
    low, high = corners.min(axis=0), corners.max(axis=0)
    scaled = (corners - low) * (GRID / np.maximum(high - low, 1e-30))
    polygon = QPolygonF([QPointF(x, y) for x, y in scaled])
    grids = []
    for outline in (False, True):
        image = QImage(GRID, GRID, QImage.Format.Format_Grayscale8)
        image.fill(0)
        painter = QPainter(image)
        painter.setBrush(Qt.BrushStyle.NoBrush if outline else Qt.GlobalColor.white)
        # Three cells wide: whatever the painter's rule for half-covered cells, the true outline lies within.
        painter.setPen(QPen(Qt.GlobalColor.white, 3) if outline else QPen(Qt.PenStyle.NoPen))
        painter.drawPolygon(polygon, Qt.FillRule.WindingFill)
        painter.end()
        bits = image.constBits()
        assert bits is not None
        rows = np.frombuffer(bits.asarray(image.sizeInBytes()), np.uint8).reshape(GRID, image.bytesPerLine())
        grids.append(rows[:, :GRID] > 127)
    return grids[0], grids[1]
