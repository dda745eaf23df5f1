"""Fonts of the frame view's small print."""

from __future__ import annotations

from PyQt6.QtGui import QFont


def small_font(font: QFont) -> QFont:
    """`font`, one step smaller, for ticks and captions."""
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(max(7.0, font.pointSizeF() * 0.88))
    else:
        small.setPixelSize(max(9, round(font.pixelSize() * 0.88)))
    return small
