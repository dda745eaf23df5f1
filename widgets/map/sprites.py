"""Class markers stamped onto the map where there are few enough points for shapes to be seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPixmap

from widgets import theme
from widgets.map.colouring import REST, Colouring
from widgets.map.points import MapPoints
from widgets.map.transform import MapTransform

MOST = 5000
"""More markers than this are painted as plain points."""


def marker_size(count: int) -> float:
    """Diameter in logical pixels of a marker among `count` of them."""
    return float(np.interp(np.log10(max(1, count)), [1.5, 2.5, 3.7], [11.0, 9.0, 6.0]))


class Sprites:
    """Draws markers from a cache of ready pixmaps."""

    def __init__(self) -> None:
        self._cache: dict[tuple[int, bool, bool, int], QPixmap] = {}
        self._key: tuple[object, ...] = ()

    def draw(
        self,
        painter: QPainter,
        points: MapPoints,
        view: MapTransform,
        places: npt.NDArray[np.intp],
        codes: npt.NDArray[np.uint16],
        colouring: Colouring,
        table: npt.NDArray[np.uint8],
        labelled: npt.NDArray[np.bool_] | None,
        outline: QColor,
        ratio: float,
    ) -> None:
        """Stamp the points at `places`, in this order.

        Args:
            view: in logical pixels.
            codes: (points + 1,) as `Splat.compose` takes them; 256 and above is outside the selection.
            table: (256, 3) RGB of the codes.
            labelled: over the placed points; these are larger and outlined. None for none.
            outline: colour of their outline.
            ratio: device pixels per logical pixel.
        """
        markers = tuple(category.marker for category in colouring.categories)
        self._renew((markers, table.tobytes(), outline.rgba(), ratio))
        if not len(places):
            return
        x = points.x[places] * view.scale + view.offset_x
        y = view.offset_y - points.y[places] * view.scale
        seen = (x > -10) & (x < view.width + 10) & (y > -10) & (y < view.height + 10)
        places, x, y = places[seen], x[seen], y[seen]
        size = marker_size(max(len(places), len(points) if len(points) <= MOST else 0))
        marked = np.zeros(len(places), bool) if labelled is None else labelled[places]
        columns = (x.tolist(), y.tolist(), codes[places].tolist(), marked.tolist())
        for px, py, code, mark in zip(*columns, strict=True):
            pixmap = self._sprite(code & 255, code >= 256, mark, size, colouring, table, outline, ratio)
            half = pixmap.width() / ratio / 2
            painter.drawPixmap(QPointF(px - half, py - half), pixmap)

    def _renew(self, key: tuple[object, ...]) -> None:
        if key != self._key:
            self._key = key
            self._cache.clear()

    def _sprite(
        self,
        code: int,
        faded: bool,
        marked: bool,
        size: float,
        colouring: Colouring,
        table: npt.NDArray[np.uint8],
        outline: QColor,
        ratio: float,
    ) -> QPixmap:
        key = (code, faded, marked, round(4 * size))
        found = self._cache.get(key)
        if found is not None:
            return found
        across = size + 3.5 if marked else size * (0.8 if code == REST else 1.0)
        side = int(np.ceil((across + 3) * ratio))
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(side / 2, side / 2)
        painter.scale(across * ratio, across * ratio)
        colour = QColor(*(int(part) for part in table[code]))
        pen = QPen(outline if marked else colour.darker(135), 1.4 * ratio if marked else 0.7 * ratio)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(colour)
        if faded:
            painter.setOpacity(0.22)
        painter.drawPath(theme.marker_path(colouring.marker(code)))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        self._cache[key] = pixmap
        return pixmap
