"""The picture itself: one indexed image, zoomed and panned, with what is drawn over it."""

from __future__ import annotations

import math

from PyQt6.QtCore import QPointF, QRectF, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent
from PyQt6.QtWidgets import QWidget

from models.display import ColourTable, Picture
from widgets.frame import numbers
from widgets.frame.images import qt_colours, shared_image
from widgets.frame.overlay import Rings, paint_rings, paint_unreadable
from widgets.frame.viewport import ViewBox
from widgets.frame.zoom_canvas import ZoomCanvas

STALE_AFTER_MS = 150
_POOL_STEPS = 32


class FrameCanvas(ZoomCanvas):
    """Paints a `Picture`; knows nothing of levels or files.

    A picture is turned into 32-bit colours once, because scaling those is several times faster than scaling the
    indexed image, and every repaint until the next frame profits.
    """

    pool_wanted = pyqtSignal(float)
    """frame pixels per screen pixel at the present zoom; 1 when every pixel has room"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Frame", 80, parent)
        self._picture: Picture | None = None
        self._image = QImage()
        self._colours = QImage()
        self._unreadable = ""
        self._rings: Rings | None = None
        self._rings_shown = True
        self._rings_key: tuple[object, ...] = ()
        self._rings_drawn = QPixmap()
        self._pool = 1.0
        self._dimmed = False
        self._stale_timer = QTimer(self)
        self._stale_timer.setSingleShot(True)
        self._stale_timer.setInterval(STALE_AFTER_MS)
        self._stale_timer.timeout.connect(self._dim)

    # what is shown

    def set_picture(self, picture: Picture, table: ColourTable) -> None:
        """Show a picture; zoom and pan stay unless the frame has another size."""
        self._picture = picture
        self._unreadable = ""
        # it shares the array's memory: the picture is kept for as long as the image
        self._image = shared_image(picture.indices)
        self.set_stale(False)
        frame_height, frame_width = picture.frame.raw.shape
        self.viewport.set_image(frame_width, frame_height)
        self.set_table(table)
        self.view_moved()

    def set_table(self, table: ColourTable) -> None:
        """Other colours for the same indices."""
        if self._image.isNull():
            return
        self._image.setColorTable(qt_colours(table))
        self._colours = self._image.convertToFormat(QImage.Format.Format_RGB32)
        self.update()

    def set_unreadable(self, sentence: str) -> None:
        """A hatched tile with `sentence` takes the frame's place."""
        self._unreadable = sentence
        self.set_stale(False)
        self.set_hover(None)
        self.update()

    def clear(self) -> None:
        """Forget the frame; the next one starts fitted."""
        self._picture = None
        self._unreadable = ""
        self._image = self._colours = QImage()
        self.set_stale(False)
        self.set_hover(None)
        self.viewport.forget_image()
        self.update()

    def set_stale(self, stale: bool) -> None:
        """Dim what is shown if it stays stale for 150 ms; it is never blanked."""
        if stale:
            if not self._dimmed and not self._stale_timer.isActive():
                self._stale_timer.start()
            return
        self._stale_timer.stop()
        if self._dimmed:
            self._dimmed = False
            self.update()

    @property
    def shows_frame(self) -> bool:
        """Whether a frame is drawn: not before the first, and not in place of an unreadable one."""
        return self._picture is not None and not self._unreadable

    @property
    def dimmed(self) -> bool:
        """Whether the frame shown is drawn as out of date."""
        return self._dimmed

    def set_rings(self, rings: Rings | None) -> None:
        self._rings = rings
        self.update()

    def set_rings_shown(self, shown: bool) -> None:
        self._rings_shown = shown
        self.update()

    # where it is shown

    def view_box(self) -> ViewBox | None:
        return self.viewport.box()

    def set_view_box(self, box: ViewBox | None) -> None:
        self.viewport.set_box(box)
        self.view_moved()

    def pixel_position(self, y: float, x: float) -> QPointF:
        """Where the middle of a pixel is on the canvas."""
        return self.viewport.to_canvas(QPointF(x + 0.5, y + 0.5))

    # events

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        canvas = QRectF(self.rect())
        background = self.palette().color(QPalette.ColorRole.AlternateBase)
        if self._picture is None:
            painter.fillRect(canvas, background)
            if self._unreadable:
                paint_unreadable(painter, canvas.adjusted(16, 16, -16, -16), self._unreadable, canvas, self.palette())
            painter.end()
            return
        whole = self.viewport.image_rect()
        for rect in _around(canvas, whole):
            painter.fillRect(rect, background)
        if self._unreadable:
            paint_unreadable(painter, whole, self._unreadable, canvas, self.palette())
            painter.end()
            return
        self._paint_image(painter, canvas)
        if self.viewport.scale >= numbers.FROM_SCALE and self._picture.pool == 1:
            raw = self._picture.frame.raw
            numbers.paint_numbers(painter, raw, self._colours, self.viewport, canvas, self.font())
        if self._dimmed:
            veil = QColor(background)
            veil.setAlpha(150)
            painter.fillRect(canvas, veil)
        if self._rings is not None and self._rings_shown:
            painter.drawPixmap(0, 0, self._rings_pixmap(self._rings, canvas))
        painter.end()

    def _rings_pixmap(self, rings: Rings, canvas: QRectF) -> QPixmap:
        """The rings, drawn once for all frames in the same view: smooth circles cost more than the image."""
        centre = self.pixel_position(*rings.centre)
        ratio = self.devicePixelRatioF()
        key = (rings, centre.x(), centre.y(), self.viewport.scale, self.width(), self.height(), ratio)
        if key != self._rings_key:
            pixmap = QPixmap(round(canvas.width() * ratio), round(canvas.height() * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            paint_rings(painter, rings, centre, self.viewport.scale, canvas, self.font())
            painter.end()
            self._rings_key, self._rings_drawn = key, pixmap
        return self._rings_drawn

    def _paint_image(self, painter: QPainter, canvas: QRectF) -> None:
        assert self._picture is not None
        pool = self._picture.pool
        first, last = self.viewport.to_image(canvas.topLeft()), self.viewport.to_image(canvas.bottomRight())
        # only whole pooled pixels that are seen: a deep zoom would otherwise scale the image far beyond the canvas
        left, top = max(0, int(first.x() // pool)), max(0, int(first.y() // pool))
        right = min(self._colours.width(), int(last.x() // pool) + 1)
        bottom = min(self._colours.height(), int(last.y() // pool) + 1)
        if right <= left or bottom <= top:
            return
        # blocks at the far edges may be partial: nothing is drawn beyond the frame
        frame_height, frame_width = self._picture.frame.raw.shape
        width, height = min(right * pool, frame_width) - left * pool, min(bottom * pool, frame_height) - top * pool
        corner = QPointF(left * pool, top * pool)
        target = QRectF(self.viewport.to_canvas(corner), self.viewport.to_canvas(corner + QPointF(width, height)))
        painter.drawImage(target, self._colours, QRectF(left, top, width / pool, height / pool))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.view_moved()

    # inside

    @property
    def shows_picture(self) -> bool:
        return self._picture is not None

    def pixel_at(self, x: int, y: int) -> tuple[int, int] | None:
        if self._picture is None or self._unreadable:
            return None
        height, width = self._picture.frame.raw.shape
        return (y, x) if 0 <= y < height and 0 <= x < width else None

    def view_moved(self) -> None:
        super().view_moved()
        on_device = self.viewport.scale * self.devicePixelRatioF()
        # rounded up, so that no block falls between two of the screen's pixels
        pool = 1.0 if on_device >= 1 - 1e-6 else math.ceil(_POOL_STEPS / on_device) / _POOL_STEPS
        if pool != self._pool and self._picture is not None:
            self._pool = pool
            self.pool_wanted.emit(pool)

    def _dim(self) -> None:
        self._dimmed = True
        self.update()


def _around(canvas: QRectF, image: QRectF) -> list[QRectF]:
    """The parts of the canvas the image leaves free, with a pixel's overlap for edges between screen pixels."""
    inner = canvas.intersected(image.adjusted(1, 1, -1, -1))
    if inner.isEmpty():
        return [canvas]
    width, height = canvas.width(), canvas.height()
    return [
        QRectF(0, 0, width, inner.top()),
        QRectF(0, inner.bottom(), width, height - inner.bottom()),
        QRectF(0, inner.top(), inner.left(), inner.height()),
        QRectF(inner.right(), inner.top(), width - inner.right(), inner.height()),
    ]
