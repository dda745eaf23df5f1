"""What is drawn over the pictures of phase retrieval: the support's outline, the scale bar, titles."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from widgets.frame.lettering import small_font
from widgets.frame.viewport import Viewport
from widgets.text import THIN_SPACE

LINE = QColor(255, 255, 255, 225)
RIM = QColor(0, 0, 0, 165)
"""light lines with a dark rim are seen on every colour of every map"""
_PLATE = QColor(0, 0, 0, 165)
_MOST_SEGMENTS = 6000


def outline_path(support: npt.NDArray[np.bool_], step: int = 1) -> QPainterPath:
    """The edges between True and False of (h, w), along pixel edges, each straight run one segment.

    Coordinates are pixel edges times `step`: pixel (y, x) covers x … x + 1.
    """
    padded = np.pad(support, 1)
    path = QPainterPath()
    segments = 0
    for axis in (0, 1):
        # `edges[k, l]`: the line between rows (columns) k - 1 and k is an edge at place l.
        edges = (padded[1:, 1:-1] != padded[:-1, 1:-1]) if axis == 0 else (padded[1:-1, 1:] != padded[1:-1, :-1]).T
        changes = np.diff(np.pad(edges, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        lines, starts = np.nonzero(changes == 1)
        _, ends = np.nonzero(changes == -1)
        runs = zip((lines * step).tolist(), (starts * step).tolist(), (ends * step).tolist(), strict=True)
        for line, start, end in runs:
            segments += 1
            if segments > _MOST_SEGMENTS:  # dust: outlines of single pixels would hide the object
                return path
            if axis == 0:
                path.moveTo(start, line)
                path.lineTo(end, line)
            else:
                path.moveTo(line, start)
                path.lineTo(line, end)
    return path


def paint_outline(painter: QPainter, path: QPainterPath, viewport: Viewport) -> None:
    """Draw an outline in picture coordinates where the viewport puts it."""
    painter.save()
    corner = viewport.to_canvas(QPointF(0, 0))
    painter.translate(corner)
    painter.scale(viewport.scale, viewport.scale)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((RIM, 3.0), (LINE, 1.2)):
        pen = QPen(colour, width)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawPath(path)
    painter.restore()


def scale_bar_length(room: float, per_unit: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ units that takes at most `room` screen pixels at `per_unit` of them each."""
    most = room / per_unit
    power = 10.0 ** math.floor(math.log10(most))
    return next(m * power for m in (5.0, 2.0, 1.0) if m * power <= most * (1 + 1e-9))


def length_words(length: float, nm: bool) -> str:
    """ "50 nm", "2 µm", "0.4 nm", "20 px"."""
    if not nm:
        return f"{length:g}{THIN_SPACE}px"
    if length >= 1000:
        return f"{length / 1000:g}{THIN_SPACE}µm"
    return f"{length:g}{THIN_SPACE}nm"


def paint_scale_bar(painter: QPainter, canvas: QRectF, scale: float, pixel_nm: float | None, font: QFont) -> None:
    """A bar of round length in the lower left corner; `scale` is screen pixels per array pixel."""
    room = 0.28 * canvas.width()
    if room < 20:
        return
    per_unit = scale if pixel_nm is None else scale / pixel_nm
    length = scale_bar_length(room, per_unit)
    width = length * per_unit
    words = length_words(length, pixel_nm is not None)
    small = small_font(font)
    metrics = QFontMetricsF(small)
    plate_width = max(width, metrics.horizontalAdvance(words)) + 12
    height = metrics.height() + 12
    plate = QRectF(canvas.left() + 8, canvas.bottom() - 8 - height, plate_width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 3, 3)
    painter.setBrush(QColor(255, 255, 255))
    painter.drawRect(QRectF(plate.center().x() - width / 2, plate.bottom() - 8, width, 3))
    painter.setPen(QColor(255, 255, 255))
    painter.setFont(small)
    painter.drawText(plate.adjusted(0, 1, 0, -8), Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def paint_title(painter: QPainter, canvas: QRectF, title: str, font: QFont, right: bool = False) -> None:
    """A few words on a dark plate in the upper left (or right) corner of `canvas`."""
    small = small_font(font)
    metrics = QFontMetricsF(small)
    shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, max(0.0, canvas.width() - 28))
    if not shown:
        return
    width = metrics.horizontalAdvance(shown) + 12
    left = canvas.right() - 8 - width if right else canvas.left() + 8
    plate = QRectF(left, canvas.top() + 8, width, metrics.height() + 4)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 3, 3)
    painter.setPen(QColor(255, 255, 255))
    painter.setFont(small)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, shown)
    painter.restore()
