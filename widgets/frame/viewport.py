"""Where the image lies on the canvas: zoom and centre, which stay while the frames change."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSizeF

LARGEST_SCALE = 128.0
"""screen pixels per image pixel"""


@dataclass(frozen=True, slots=True)
class ViewBox:
    """What is seen of the image.

    Attributes:
        y, x: position in pixels (centres at whole numbers) in the middle of the canvas.
        scale: screen pixels per image pixel.
    """

    y: float
    x: float
    scale: float


class Viewport:
    """Maps image edges (0 … W, 0 … H) to canvas coordinates.

    Until the user zooms or pans it is *fitted*: the whole image is seen at every canvas size.
    """

    def __init__(self) -> None:
        self._canvas = QSizeF(1, 1)
        self._image = QSizeF(1, 1)
        self._centre = QPointF(0.5, 0.5)
        self.scale = 1.0
        self.fitted = True
        self._known = False
        self._waiting: ViewBox | None = None

    def set_canvas(self, width: float, height: float) -> None:
        self._canvas = QSizeF(max(1.0, width), max(1.0, height))
        if self.fitted:
            self._show_whole()

    def set_image(self, width: int, height: int) -> None:
        """A frame of another size starts fitted, or in the view set before it came; the same size changes nothing."""
        size = QSizeF(width, height)
        if size == self._image and self._known:
            return
        self._image, self._known = size, True
        self.set_box(self._waiting)

    def forget_image(self) -> None:
        """No image any more; a view set now waits for the next one."""
        self._known = False
        self.fit()

    def fit(self) -> None:
        self._waiting = None
        self._show_whole()

    def zoom(self, factor: float, around: QPointF) -> None:
        """Zoom so that the image point under `around` (canvas coordinates) stays there."""
        anchor = self.to_image(around)
        least = min(1.0, self._fitting_scale()) / 4
        self.scale = min(LARGEST_SCALE, max(least, self.scale * factor))
        middle = QPointF(self._canvas.width() / 2, self._canvas.height() / 2)
        self._look_at(anchor - (around - middle) / self.scale)

    def pan(self, by: QPointF) -> None:
        """Move the image by so many canvas pixels."""
        self._look_at(self._centre - by / self.scale)

    def box(self) -> ViewBox | None:
        """The present view, or None while fitted."""
        if not self._known:
            return self._waiting
        if self.fitted:
            return None
        return ViewBox(self._centre.y() - 0.5, self._centre.x() - 0.5, self.scale)

    def set_box(self, box: ViewBox | None) -> None:
        """Go back to a view; None fits."""
        if box is None:
            self.fit()
            return
        if not self._known:
            self._waiting = box
            return
        self._waiting = None
        self.scale = min(LARGEST_SCALE, max(1e-3, box.scale))
        self._look_at(QPointF(box.x + 0.5, box.y + 0.5))

    def to_image(self, point: QPointF) -> QPointF:
        """Canvas point to image edges: pixel (y, x) covers x … x + 1."""
        middle = QPointF(self._canvas.width() / 2, self._canvas.height() / 2)
        return self._centre + (point - middle) / self.scale

    def to_canvas(self, point: QPointF) -> QPointF:
        middle = QPointF(self._canvas.width() / 2, self._canvas.height() / 2)
        return middle + (point - self._centre) * self.scale

    def image_rect(self) -> QRectF:
        """The whole image in canvas coordinates."""
        return QRectF(self.to_canvas(QPointF(0, 0)), self._image * self.scale)

    def _show_whole(self) -> None:
        self.scale = self._fitting_scale()
        self._centre = QPointF(self._image.width() / 2, self._image.height() / 2)
        self.fitted = True

    def _fitting_scale(self) -> float:
        return min(self._canvas.width() / self._image.width(), self._canvas.height() / self._image.height())

    def _look_at(self, centre: QPointF) -> None:
        # the middle of the canvas stays inside the image, so that it cannot be lost
        self._centre = QPointF(
            min(max(centre.x(), 0.0), self._image.width()), min(max(centre.y(), 0.0), self._image.height())
        )
        self.fitted = False
