"""How pixels are marked whose rate was not measured: subtly where neighbours or mates speak for them, loudly where it
was guessed."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPixmap, QPolygonF
from PyQt6.sip import voidptr

from widgets.frame.viewport import Viewport

_TILE_PX = 12
_ORANGE, _RIM, _VEIL = QColor(255, 159, 10), QColor(0, 0, 0, 190), QColor(128, 128, 128, 90)
_DOT, _DOT_RIM = QColor(255, 255, 255, 200), QColor(0, 0, 0, 130)


class Mark(IntEnum):
    """What is drawn over a pixel."""

    NONE = 0
    NEAR = 1
    """filled from its neighbours or its Friedel mate: dots"""
    GUESSED = 2
    """invented: a veil and bold stripes"""


class MarkedPixels:
    """Which pixels of a frame carry which mark.

    Args:
        marks: (H, W) uint8 of `Mark`.
    """

    def __init__(self, marks: npt.NDArray[np.uint8]) -> None:
        self.shape: tuple[int, int] = (marks.shape[0], marks.shape[1])
        self._stencils: dict[Mark, tuple[npt.NDArray[np.uint8], QImage]] = {}
        for mark in (Mark.NEAR, Mark.GUESSED):
            where = marks == mark
            if where.any():
                alpha = np.ascontiguousarray(where.astype(np.uint8) * np.uint8(255))
                memory: Any = voidptr(alpha.ctypes.data)
                height, width = alpha.shape
                # Qt reads the array's memory, which is kept beside the image.
                image = QImage(memory, width, height, alpha.strides[0], QImage.Format.Format_Alpha8)
                self._stencils[mark] = (alpha, image)

    def __bool__(self) -> bool:
        return bool(self._stencils)

    def draw(self, canvas: QRectF, viewport: Viewport, ratio: float) -> QPixmap:
        """The marks as they lie on a canvas; stripes keep their width at every zoom."""
        size = (max(1, round(canvas.width() * ratio)), max(1, round(canvas.height() * ratio)))
        drawn = QPixmap(*size)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        for mark, (_alpha, stencil) in self._stencils.items():
            layer = QPixmap(*size)
            layer.setDevicePixelRatio(ratio)
            layer.fill(Qt.GlobalColor.transparent)
            brush = QPainter(layer)
            self._stamp(brush, stencil, canvas, viewport)
            brush.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
            brush.fillRect(canvas, brush_of(mark))
            brush.end()
            painter.drawPixmap(0, 0, layer)
        painter.end()
        return drawn

    @staticmethod
    def _stamp(painter: QPainter, stencil: QImage, canvas: QRectF, viewport: Viewport) -> None:
        first, last = viewport.to_image(canvas.topLeft()), viewport.to_image(canvas.bottomRight())
        # Only whole pixels that are seen: a deep zoom would scale the image far beyond the canvas.
        left, top = max(0, int(first.x() // 1)), max(0, int(first.y() // 1))
        right = min(stencil.width(), int(last.x() // 1) + 1)
        bottom = min(stencil.height(), int(last.y() // 1) + 1)
        if right <= left or bottom <= top:
            return
        target = QRectF(viewport.to_canvas(QPointF(left, top)), viewport.to_canvas(QPointF(right, bottom)))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, viewport.scale < 1)
        painter.drawImage(target, stencil, QRectF(left, top, right - left, bottom - top))


def brush_of(mark: Mark) -> QBrush:
    """The pattern of a mark."""
    tile = QPixmap(_TILE_PX, _TILE_PX) if mark is Mark.GUESSED else QPixmap(_TILE_PX // 2, _TILE_PX // 2)
    tile.fill(_VEIL if mark is Mark.GUESSED else Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if mark is Mark.GUESSED:
        for colour, width in ((_RIM, 5.0), (_ORANGE, 2.6)):
            painter.setPen(QPen(colour, width))
            for shift in (-_TILE_PX, 0, _TILE_PX):  # the neighbours' stripes, where they reach into this tile
                painter.drawPolyline(QPolygonF([QPointF(shift - 3, _TILE_PX + 3), QPointF(shift + _TILE_PX + 3, -3)]))
    elif mark is Mark.NEAR:
        painter.setPen(QPen(_DOT_RIM, 0.8))
        painter.setBrush(_DOT)
        painter.drawEllipse(QPointF(_TILE_PX / 4, _TILE_PX / 4), 1.1, 1.1)
    painter.end()
    return QBrush(tile)
