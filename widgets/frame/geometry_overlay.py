"""The layer over the frame that shows where the panels are, and on which the beam's centre is set."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QObject, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PyQt6.QtWidgets import QWidget

from widgets.frame.zoom_canvas import ZoomCanvas

_LINE, _RIM = QColor(255, 255, 255, 210), QColor(0, 0, 0, 150)
_HANDLE = QColor(255, 204, 0, 245)
_RADIUS = 9.0
_STEPS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class GeometryOverlay(QWidget):
    """Lies on the frame's canvas; a picture only until the centre is to be set.

    While it is, the left button puts the centre under the cursor and drags it, and the arrow keys move it by half a
    pixel (with Shift by 5); the wheel zooms and the middle button pans as ever. Esc ends it.
    """

    centre_moved = pyqtSignal(float, float)
    """y, x in pixels, while the centre is dragged"""
    centre_set = pyqtSignal(float, float)
    """y, x in pixels, where it was left"""
    leave_wanted = pyqtSignal()
    """Esc"""

    def __init__(self, canvas: ZoomCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._outlines: npt.NDArray[Any] | None = None
        self._centre: tuple[float, float] | None = None
        self._placing = False
        self._held = False
        self._drawn_key: tuple[object, ...] = ()
        self._drawn = QPixmap()
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setMouseTracking(True)
        self.setAccessibleName("Geometry on the frame")
        self.setGeometry(canvas.rect())
        canvas.installEventFilter(self)
        self.hide()

    def set_outlines(self, outlines: npt.NDArray[Any] | None) -> None:
        """(n, 4, 2) corners (y, x) of the panels in pixels; None for none."""
        if outlines is not self._outlines:
            self._outlines, self._drawn_key = outlines, ()
        self._show()

    def set_centre(self, centre: tuple[float, float] | None) -> None:
        """(y, x) of the beam in pixels: where the handle is while it is being set."""
        self._centre = centre
        self.update()

    @property
    def placing(self) -> bool:
        """Whether the mouse sets the centre."""
        return self._placing

    def set_placing(self, placing: bool) -> None:
        """Give the mouse to the centre, or back to the frame."""
        self._placing, self._held = placing, False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not placing)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus if placing else Qt.FocusPolicy.NoFocus)
        if placing:
            self.setCursor(Qt.CursorShape.CrossCursor)
            self._show()
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.clearFocus()
            self._show()

    # events

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is self._canvas and event is not None and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return super().eventFilter(watched, event)

    def event(self, event: QEvent | None) -> bool:
        # Asked before any shortcut of the window: the arrows walk through the frames otherwise.
        asked = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asked and self._placing and (event.key() in _STEPS or event.key() == Qt.Key.Key_Escape):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if self._placing and event.key() == Qt.Key.Key_Escape:
            self.leave_wanted.emit()
        elif self._placing and event.key() in _STEPS and self._centre is not None:
            by = 5.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.5
            dy, dx = _STEPS[Qt.Key(event.key())]
            self.centre_set.emit(self._centre[0] + by * dy, self._centre[1] + by * dx)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton or not self._canvas.shows_picture:
            event.ignore()
            return
        self._held = True
        self.centre_moved.emit(*self._pixel(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._held:
            self.centre_moved.emit(*self._pixel(event.position()))
        event.ignore()  # the canvas tells the pixel under the cursor, and pans

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton or not self._held:
            event.ignore()
            return
        self._held = False
        self.centre_set.emit(*self._pixel(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        self.mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if not self._canvas.shows_picture:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._outlines is not None:
            painter.drawPixmap(0, 0, self._drawn_outlines(self._outlines))
        if self._placing and self._centre is not None:
            at = self._on_canvas(*self._centre)
            for pen in (QPen(_RIM, 4.0), QPen(_HANDLE, 1.8)):
                painter.setPen(pen)
                painter.drawEllipse(at, _RADIUS, _RADIUS)
                for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                    painter.drawLine(at + QPointF(dx, dy) * 3, at + QPointF(dx, dy) * (_RADIUS + 5))
        painter.end()

    # inside

    def _show(self) -> None:
        self.setVisible(self._placing or self._outlines is not None)
        self.raise_()
        self.update()

    def _drawn_outlines(self, outlines: npt.NDArray[Any]) -> QPixmap:
        """Drawn once for all frames in the same view: a hundred panels cost more than the image."""
        start, ratio = self._on_canvas(0, 0), self.devicePixelRatioF()
        key = (start.x(), start.y(), self._canvas.viewport.scale, self.width(), self.height(), ratio)
        if key == self._drawn_key:
            return self._drawn
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shapes = [QPolygonF([self._on_canvas(float(y), float(x)) for y, x in corners]) for corners in outlines]
        for pen in (QPen(_RIM, 2.4), QPen(_LINE, 1.0)):
            painter.setPen(pen)
            for shape in shapes:
                painter.drawPolygon(shape)
        painter.end()
        self._drawn_key, self._drawn = key, pixmap
        return pixmap

    def _pixel(self, at: QPointF) -> tuple[float, float]:
        found = self._canvas.viewport.to_image(at)
        return float(np.round(found.y() - 0.5, 2)), float(np.round(found.x() - 0.5, 2))

    def _on_canvas(self, y: float, x: float) -> QPointF:
        return self._canvas.viewport.to_canvas(QPointF(x + 0.5, y + 0.5))
