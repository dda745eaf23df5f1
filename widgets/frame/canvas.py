"""The picture itself: one indexed image, zoomed and panned, with what is drawn over it."""

from __future__ import annotations

import math

from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QEnterEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from models.display import ColourTable, Picture
from widgets.frame import numbers
from widgets.frame.images import qt_colours, shared_image
from widgets.frame.overlay import Rings, paint_rings, paint_unreadable
from widgets.frame.viewport import ViewBox, Viewport

STALE_AFTER_MS = 150
_WHEEL_STEP = 1.2
_POOL_STEPS = 32


class FrameCanvas(QWidget):
    """Paints a `Picture`; knows nothing of levels or files.

    A picture is turned into 32-bit colours once, because scaling those is several times faster than scaling the
    indexed image, and every repaint until the next frame profits.
    """

    hovered = pyqtSignal(int, int)
    """pixel (y, x) under the cursor"""
    hover_left = pyqtSignal()
    """the cursor is on no pixel any more"""
    pool_wanted = pyqtSignal(float)
    """frame pixels per screen pixel at the present zoom; 1 when every pixel has room"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 80)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Frame")
        self._viewport = Viewport()
        self._picture: Picture | None = None
        self._image = QImage()
        self._colours = QImage()
        self._unreadable = ""
        self._rings: Rings | None = None
        self._rings_shown = True
        self._rings_key: tuple[object, ...] = ()
        self._rings_drawn = QPixmap()
        self._hover: tuple[int, int] | None = None
        self._cursor: QPointF | None = None
        self._drag_from: QPointF | None = None
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
        self._viewport.set_image(frame_width, frame_height)
        self.set_table(table)
        self._view_changed()

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
        self._set_hover(None)
        self.update()

    def clear(self) -> None:
        """Forget the frame; the next one starts fitted."""
        self._picture = None
        self._unreadable = ""
        self._image = self._colours = QImage()
        self.set_stale(False)
        self._set_hover(None)
        self._viewport.forget_image()
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

    def fit(self) -> None:
        """The whole frame, as large as it goes."""
        self._viewport.fit()
        self._view_changed()

    def zoom(self, factor: float) -> None:
        """Zoom round the middle of the canvas."""
        self._zoom(factor, QPointF(self.width() / 2, self.height() / 2))

    def view_box(self) -> ViewBox | None:
        return self._viewport.box()

    def set_view_box(self, box: ViewBox | None) -> None:
        self._viewport.set_box(box)
        self._view_changed()

    @property
    def hover(self) -> tuple[int, int] | None:
        """Pixel (y, x) under the cursor."""
        return self._hover

    def pixel_position(self, y: float, x: float) -> QPointF:
        """Where the middle of a pixel is on the canvas."""
        return self._viewport.to_canvas(QPointF(x + 0.5, y + 0.5))

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
        whole = self._viewport.image_rect()
        for rect in _around(canvas, whole):
            painter.fillRect(rect, background)
        if self._unreadable:
            paint_unreadable(painter, whole, self._unreadable, canvas, self.palette())
            painter.end()
            return
        self._paint_image(painter, canvas)
        if self._viewport.scale >= numbers.FROM_SCALE and self._picture.pool == 1:
            raw = self._picture.frame.raw
            numbers.paint_numbers(painter, raw, self._colours, self._viewport, canvas, self.font())
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
        key = (rings, centre.x(), centre.y(), self._viewport.scale, self.width(), self.height(), ratio)
        if key != self._rings_key:
            pixmap = QPixmap(round(canvas.width() * ratio), round(canvas.height() * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            paint_rings(painter, rings, centre, self._viewport.scale, canvas, self.font())
            painter.end()
            self._rings_key, self._rings_drawn = key, pixmap
        return self._rings_drawn

    def _paint_image(self, painter: QPainter, canvas: QRectF) -> None:
        assert self._picture is not None
        pool = self._picture.pool
        first, last = self._viewport.to_image(canvas.topLeft()), self._viewport.to_image(canvas.bottomRight())
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
        target = QRectF(self._viewport.to_canvas(corner), self._viewport.to_canvas(corner + QPointF(width, height)))
        painter.drawImage(target, self._colours, QRectF(left, top, width / pool, height / pool))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._viewport.set_canvas(self.width(), self.height())
        self._view_changed()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.update()
        super().changeEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        notches = event.angleDelta().y() / 120
        if notches and self._picture is not None:
            self._zoom(_WHEEL_STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._drag_from = event.position()
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._drag_from is not None and self._picture is not None:
            by = event.position() - self._drag_from
            self._drag_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._viewport.pan(by)
            self._view_changed()
        self._cursor = event.position()
        self._find_hover()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._drag_from = None
        self.setCursor(Qt.CursorShape.CrossCursor)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        self.fit()

    def enterEvent(self, event: QEnterEvent | None) -> None:
        if event is not None:
            self._cursor = event.position()
            self._find_hover()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:
        self._cursor = None
        self._set_hover(None)
        super().leaveEvent(event)

    # inside

    def _zoom(self, factor: float, around: QPointF) -> None:
        self._viewport.zoom(factor, around)
        self._view_changed()

    def _view_changed(self) -> None:
        self.update()
        self._find_hover()
        on_device = self._viewport.scale * self.devicePixelRatioF()
        # rounded up, so that no block falls between two of the screen's pixels
        pool = 1.0 if on_device >= 1 - 1e-6 else math.ceil(_POOL_STEPS / on_device) / _POOL_STEPS
        if pool != self._pool and self._picture is not None:
            self._pool = pool
            self.pool_wanted.emit(pool)

    def _find_hover(self) -> None:
        if self._cursor is None or self._picture is None or self._unreadable:
            self._set_hover(None)
            return
        at = self._viewport.to_image(self._cursor)
        y, x = int(at.y() // 1), int(at.x() // 1)
        height, width = self._picture.frame.raw.shape
        self._set_hover((y, x) if 0 <= y < height and 0 <= x < width else None)

    def _set_hover(self, hover: tuple[int, int] | None) -> None:
        if hover == self._hover:
            return
        self._hover = hover
        if hover is None:
            self.hover_left.emit()
        else:
            self.hovered.emit(*hover)

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
