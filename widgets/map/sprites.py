"""Class markers stamped onto the map where there are few enough points for shapes to be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPixmap

from widgets import theme
from widgets.map.colouring import REST
from widgets.map.points import MapPoints
from widgets.map.splat import FADED
from widgets.map.transform import MapTransform

MOST = 2000
"""More markers than this are painted as plain points."""


def marker_size(count: int) -> float:
    """Diameter in logical pixels of a marker among `count` of them."""
    return float(np.interp(np.log10(max(1, count)), [1.5, 2.5, 3.7], [10.0, 8.0, 5.5]))


@dataclass(frozen=True)
class SpriteStyle:
    """How markers look.

    Attributes:
        markers: marker of each code that has one; a circle for the others.
        rgb: (256, 3) uint8 colour of each code.
        outline: colour round the labelled ones.
        size: diameter, logical pixels.
        ratio: device pixels per logical pixel.
    """

    markers: dict[int, str]
    rgb: npt.NDArray[np.uint8]
    outline: QColor
    size: float
    ratio: float

    def key(self) -> tuple[object, ...]:
        """Equal for styles that look alike."""
        return (
            tuple(self.markers.items()),
            self.rgb.tobytes(),
            self.outline.rgba(),
            round(4 * self.size),
            self.ratio,
        )


class Sprites:
    """Draws markers from a cache of ready pixmaps."""

    def __init__(self) -> None:
        self._cache: dict[tuple[int, bool], QPixmap] = {}
        self._key: tuple[object, ...] = ()

    def draw(
        self,
        painter: QPainter,
        points: MapPoints,
        view: MapTransform,
        places: npt.NDArray[np.intp],
        codes: npt.NDArray[np.uint16],
        labelled: npt.NDArray[np.bool_] | None,
        style: SpriteStyle,
    ) -> None:
        """Stamp the points at `places`, in this order.

        Args:
            view: in logical pixels.
            codes: (points + 1,) as `Splat.compose` takes them.
            labelled: over the placed points: these are larger and outlined; None for none.
        """
        key = style.key()
        if key != self._key:
            self._key = key
            self._cache.clear()
        x = points.x[places] * view.scale + view.offset_x
        y = view.offset_y - points.y[places] * view.scale
        seen = (x > -10) & (x < view.width + 10) & (y > -10) & (y < view.height + 10)
        places = places[seen]
        marked = np.zeros(len(places), bool) if labelled is None else labelled[places]
        columns = (x[seen].tolist(), y[seen].tolist(), codes[places].tolist(), marked.tolist())
        for px, py, code, mark in zip(*columns, strict=True):
            pixmap = self._cache.get((code, mark))
            if pixmap is None:
                pixmap = self._cache[code, mark] = _sprite(code, mark, style)
            half = pixmap.width() / style.ratio / 2
            painter.drawPixmap(QPointF(px - half, py - half), pixmap)


def _sprite(code: int, marked: bool, style: SpriteStyle) -> QPixmap:
    faded, code = code >= FADED, code % FADED
    across = style.size + 3 if marked else style.size * (0.8 if code == REST else 1.0)
    side = int(np.ceil((across + 3) * style.ratio))
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(side / 2, side / 2)
    painter.scale(across * style.ratio, across * style.ratio)
    colour = QColor(*(int(part) for part in style.rgb[code]))
    pen = QPen(style.outline if marked else colour.darker(135), (1.4 if marked else 0.7) * style.ratio)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.setBrush(colour)
    if faded:
        painter.setOpacity(0.22)
    painter.drawPath(theme.marker_path(style.markers.get(code, "circle")))
    painter.end()
    pixmap.setDevicePixelRatio(style.ratio)
    return pixmap
