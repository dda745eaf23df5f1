"""What the colours of an object mean: a bar for the modulus, a wheel for the phase."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QSizePolicy, QWidget

from widgets.frame.images import shared_image
from widgets.frame.lettering import small_font
from widgets.phase.colouring import coloured, modulus_colours
from widgets.phase.object_picture import COMPLEX, MODULUS, PHASE

_WHEEL_PX = 34
_BAR_PX = 110


class ColourKey(QWidget):
    """Takes its room in every mode, so that nothing jumps when the mode changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = ""
        self._bar = np.ascontiguousarray(np.broadcast_to(modulus_colours(), (1, 256, 4)))
        self._wheels = {mode: _wheel(mode) for mode in (PHASE, COMPLEX)}
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colour key")

    def set_mode(self, mode: str) -> None:
        """Explain `MODULUS`, `PHASE` or `COMPLEX`; "" explains nothing."""
        self._mode = mode
        self.setToolTip(
            {
                MODULUS: "Modulus from 0 to the largest of the picture",
                PHASE: "Phase in radians: 0 to the right, π/2 upwards",
                COMPLEX: "Hue is the phase (0 to the right, π/2 upwards), brightness the modulus",
            }.get(mode, "")
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_BAR_PX + 40, _WHEEL_PX + 4)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if not self._mode:
            return
        painter = QPainter(self)
        font = small_font(self.font())
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        metrics = QFontMetricsF(font)
        middle = self.height() / 2
        if self._mode == MODULUS:
            bar = QRectF(self.width() - _BAR_PX - metrics.horizontalAdvance("max") - 6, middle - 6, _BAR_PX, 12)
            painter.drawImage(bar, shared_image(self._bar), QRectF(0, 0, 256, 1))
            painter.drawText(QPointF(bar.left() - metrics.horizontalAdvance("0") - 4, middle + 4), "0")
            painter.drawText(QPointF(bar.right() + 4, middle + 4), "max")
            return
        right = self.width() - metrics.horizontalAdvance("0") - 6
        wheel = QRectF(right - _WHEEL_PX, middle - _WHEEL_PX / 2, _WHEEL_PX, _WHEEL_PX)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        pixels = self._wheels[self._mode]
        painter.drawImage(wheel, shared_image(pixels), QRectF(0, 0, *pixels.shape[1::-1]))
        painter.drawText(QPointF(wheel.right() + 4, middle + 4), "0")
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, wheel.top(), wheel.left() - 4, _WHEEL_PX), flags, "phase  ±π")


def _wheel(mode: str) -> np.ndarray:
    """RGBA disc: phase goes round, modulus outwards."""
    side = 2 * _WHEEL_PX
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radius = np.hypot(y, x) / (side / 2)
    values = (radius * np.exp(1j * np.arctan2(-y, x))).astype(np.complex64)
    inside = (radius <= 1) & (radius >= (0.55 if mode == PHASE else 0.0))
    pixels = coloured(values, None, mode, 1.0)
    pixels[~inside] = 0
    return np.ascontiguousarray(pixels)
