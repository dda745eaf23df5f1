"""The file's numbers, written into the pixels where a deep zoom leaves room for them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, qBlue, qGreen, qRed

from widgets.frame.lettering import small_font
from widgets.frame.readout import exact_value
from widgets.frame.viewport import Viewport

FROM_SCALE = 34.0
"""screen pixels per image pixel from which on numbers are written"""

_MARGIN_PX = 5.0
_BRIGHT = 0.179  # relative luminance on which black and white text have the same contrast


def paint_numbers(
    painter: QPainter, raw: npt.NDArray[np.generic], colours: QImage, viewport: Viewport, canvas: QRectF, font: QFont
) -> None:
    """Write the value of every pixel that is seen, black or white, whichever stands out from the pixel's colour.

    Args:
        raw: (H, W) as stored; flagged pixels get their number like the others.
        colours: (H, W) the pixels as painted.
        canvas: what is seen of the picture, in canvas coordinates.
    """
    font = small_font(font)
    metrics = QFontMetricsF(font)
    digit, lower = metrics.horizontalAdvance("0"), metrics.capHeight() / 2
    room = int((viewport.scale - _MARGIN_PX) / digit)
    first, last = viewport.to_image(canvas.topLeft()), viewport.to_image(canvas.bottomRight())
    height, width = raw.shape
    corner = viewport.to_canvas(QPointF(0, 0))
    black, white = QColor(0, 0, 0), QColor(255, 255, 255)
    painter.save()
    painter.setFont(font)
    for y in range(max(0, int(first.y() // 1)), min(height, int(last.y() // 1) + 1)):
        for x in range(max(0, int(first.x() // 1)), min(width, int(last.x() // 1) + 1)):
            painter.setPen(black if _is_bright(colours.pixel(x, y)) else white)
            text = number_text(raw[y, x], room)
            middle = QPointF(x + 0.5, y + 0.5) * viewport.scale + corner
            painter.drawText(middle + QPointF(-len(text) * digit / 2, lower), text)
    painter.restore()


@lru_cache(maxsize=4096, typed=True)
def number_text(value: np.generic, room: int) -> str:
    """The file's number in at most `room` characters: in full, else rounded as little as possible, else ""."""
    return next((text for text in _shorter_and_shorter(value) if len(text) <= room), "")


def _shorter_and_shorter(value: np.generic) -> Iterator[str]:
    yield exact_value(value)
    number = value.item()
    for digits in (6, 5, 4, 3, 2, 1):
        mantissa, _, exponent = f"{number:.{digits}g}".partition("e")
        yield f"{mantissa}e{int(exponent)}" if exponent else mantissa


@lru_cache(maxsize=512)
def _is_bright(colour: int) -> bool:
    """Whether black text stands out more than white; the gamma of sRGB is taken as 2.2."""
    red, green, blue = ((part / 255) ** 2.2 for part in (qRed(colour), qGreen(colour), qBlue(colour)))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > _BRIGHT
