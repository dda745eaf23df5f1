"""A picture of an array, zoomed and panned, with the support's outline and a scale bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette
from PyQt6.QtWidgets import QWidget

from widgets.frame.images import shared_image
from widgets.frame.viewport import ViewBox
from widgets.frame.zoom_canvas import ZoomCanvas
from widgets.phase.overlay import outline_path, paint_outline, paint_scale_bar, paint_title
from widgets.phase.tools import CanvasTool

Rgba = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture lies in the whole array it was cut from.

    Attributes:
        corner: index (y, x) of its first pixel. step: array pixels per picture pixel.
        shape: (height, width) of the whole array.
    """

    corner: tuple[int, int]
    step: int
    shape: tuple[int, int]

    @staticmethod
    def whole(shape: tuple[int, int]) -> Place:
        """The picture is the whole array."""
        return Place((0, 0), 1, shape)


class ArrayCanvas(ZoomCanvas):
    """Paints one RGBA picture. Positions in signals are (y, x) in pixels of the whole array."""

    view_changed = pyqtSignal(object)
    """`ViewBox` relative to the array's middle (or None: fitted), after the user zoomed or panned"""
    clicked = pyqtSignal(int, int)
    """array pixel (y, x) the user clicked without dragging"""

    pan_from_px = 3.0

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, 60, parent)
        self._pixels: Rgba | None = None
        self._image = QImage()
        self._place = Place.whole((1, 1))
        self._outline: QPainterPath | None = None
        self._outline_shown = True
        self._pixel_nm: float | None = None
        self._scale_bar = True
        self._title = ""
        self._tool: CanvasTool | None = None

    # -- what is shown ---------------------------------------------------------------------------------------------

    def set_picture(self, pixels: Rgba | None, place: Place | None = None) -> None:
        """Show (h, w, 4) RGBA, C-contiguous; zoom and pan stay where they were in the whole array."""
        if pixels is None:
            self._pixels, self._image, self._outline = None, QImage(), None
            self.set_hover(None)
            self.viewport.forget_image()
            self.update()
            return
        view = self.view()
        # Qt paints from the array's memory, which is kept for as long as the image.
        self._pixels, self._image = pixels, shared_image(pixels)
        height, width = pixels.shape[:2]
        self._place = place or Place.whole((height, width))
        self.viewport.set_image(width * self._place.step, height * self._place.step)
        if view is not None:
            self._put_view(view)
        self.update()

    @property
    def shows_picture(self) -> bool:
        return self._pixels is not None

    def reach(self) -> QRectF:
        """Edges of the picture relative to the array's middle, in array pixels."""
        (top, left), (height, width) = self._place.corner, self._place.shape
        rows, columns = self.picture_size()
        step = self._place.step
        return QRectF(left - width // 2, top - height // 2, columns * step, rows * step)

    def picture_size(self) -> tuple[int, int]:
        """Height and width of the picture in its own pixels; (0, 0) while there is none."""
        return (0, 0) if self._pixels is None else (self._pixels.shape[0], self._pixels.shape[1])

    @property
    def place(self) -> Place:
        """Where the picture lies in the whole array."""
        return self._place

    def set_support(self, support: npt.NDArray[np.bool_] | None) -> None:
        """Outline the pixels where `support`, of the picture's shape, is True."""
        self._outline = None if support is None else outline_path(support, self._place.step)
        self.update()

    def set_outline_shown(self, shown: bool) -> None:
        self._outline_shown = shown
        self.update()

    def set_pixel_nm(self, pixel_nm: float | None) -> None:
        """Size of an array pixel for the scale bar; None: the bar is in pixels."""
        self._pixel_nm = pixel_nm
        self.update()

    def set_scale_bar(self, shown: bool) -> None:
        self._scale_bar = shown
        self.update()

    def set_title(self, title: str) -> None:
        """A few words in the upper left corner."""
        self._title = title
        self.update()

    def set_tool(self, tool: CanvasTool | None) -> None:
        """Give the left mouse button to a tool; None gives it back to panning."""
        self._tool = tool
        self.update()

    # -- where it is shown -----------------------------------------------------------------------------------------

    def view(self) -> ViewBox | None:
        """What is seen, relative to the array's middle, in array pixels; None while all of it is."""
        box = self.viewport.box()
        if box is None or self._pixels is None:
            return None
        (top, left), (height, width) = self._place.corner, self._place.shape
        return ViewBox(box.y + top - height // 2, box.x + left - width // 2, box.scale)

    def set_view(self, view: ViewBox | None) -> None:
        """Look at the same part of the object as another canvas does; nothing is emitted."""
        self._put_view(view)
        self.update()

    def pixel_position(self, y: float, x: float) -> QPointF:
        """Where the middle of an array pixel is on the canvas."""
        top, left = self._place.corner
        return self.viewport.to_canvas(QPointF(x - left + 0.5, y - top + 0.5))

    def array_position(self, point: QPointF) -> QPointF:
        """Array position (x, y) under a point of the canvas, pixel centres at whole numbers."""
        top, left = self._place.corner
        return self.viewport.to_image(point) + QPointF(left - 0.5, top - 0.5)

    def picture_pixel(self, y: int, x: int) -> tuple[int, int]:
        """Pixel of the picture that shows an array pixel."""
        return (y - self._place.corner[0]) // self._place.step, (x - self._place.corner[1]) // self._place.step

    def sizeHint(self) -> QSize:
        return QSize(320, 280)

    # -- events ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        canvas = QRectF(self.rect())
        painter.fillRect(canvas, self.palette().color(QPalette.ColorRole.AlternateBase))
        if self._pixels is not None:
            self.paint_pictures(painter, canvas)
            if self._outline is not None and self._outline_shown:
                paint_outline(painter, self._outline, self.viewport)
            if self._tool is not None:
                self._tool.paint(painter, self.pixel_position, self.viewport.scale)
            if self._scale_bar:
                paint_scale_bar(painter, canvas, self.viewport.scale, self._pixel_nm, self.font())
        if self._title:
            paint_title(painter, canvas, self._title, self.font())
        painter.end()

    def paint_pictures(self, painter: QPainter, canvas: QRectF) -> None:
        """The picture itself; a subclass with several draws them here."""
        self.draw_image(painter, self._image, canvas)

    def draw_image(self, painter: QPainter, image: QImage, seen: QRectF) -> None:
        """Draw the part of `image` (of the picture's size) that lies within `seen`, in canvas coordinates."""
        step = self._place.step
        first, last = self.viewport.to_image(seen.topLeft()), self.viewport.to_image(seen.bottomRight())
        # Only whole pixels that are seen: a deep zoom would scale the image far beyond the canvas.
        left, top = max(0, int(first.x() // step)), max(0, int(first.y() // step))
        right = min(image.width(), int(last.x() // step) + 1)
        bottom = min(image.height(), int(last.y() // step) + 1)
        if right <= left or bottom <= top:
            return
        corner, far = QPointF(left * step, top * step), QPointF(right * step, bottom * step)
        target = QRectF(self.viewport.to_canvas(corner), self.viewport.to_canvas(far))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.viewport.scale * step < 1)
        painter.drawImage(target, image, QRectF(left, top, right - left, bottom - top))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._tool is not None and event.button() == Qt.MouseButton.LeftButton and self.shows_picture:
            self._tool.press(self.array_position(event.position()), event.modifiers())
            self.update()
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._tool is not None and not self.panning and self.shows_picture:
            self._tool.move(self.array_position(event.position()), bool(event.buttons() & Qt.MouseButton.LeftButton))
            self.update()
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._tool is not None and event.button() == Qt.MouseButton.LeftButton and not self.panning:
            self._tool.release(self.array_position(event.position()))
            self.update()
        elif self.clicking and self.hover is not None:
            self.clicked.emit(*self.hover)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        if self._tool is not None:
            self._tool.finish()
            self.update()
        else:
            super().mouseDoubleClickEvent(event)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _put_view(self, view: ViewBox | None) -> None:
        if view is None:
            self.viewport.fit()
            return
        (top, left), (height, width) = self._place.corner, self._place.shape
        self.viewport.set_box(ViewBox(view.y - top + height // 2, view.x - left + width // 2, view.scale))

    def pixel_at(self, x: int, y: int) -> tuple[int, int] | None:
        height, width = self.picture_size()
        if not (0 <= y < height * self._place.step and 0 <= x < width * self._place.step):
            return None
        return y + self._place.corner[0], x + self._place.corner[1]

    def view_moved(self) -> None:
        super().view_moved()
        self.view_changed.emit(self.view())
