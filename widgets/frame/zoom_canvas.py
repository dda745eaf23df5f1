"""What every canvas with a picture does with the mouse: zoom at the cursor, pan, and tell the pixel under it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QEnterEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from widgets.frame.viewport import Viewport

_WHEEL_STEP = 1.2
_PANNING = (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)


class ZoomCanvas(QWidget):
    """The wheel zooms round the cursor, dragging pans, a double click fits.

    A subclass paints through `viewport`, and says what is under the cursor (`pixel_at`) and what follows when
    another part of the picture is seen (`view_moved`).
    """

    hovered = pyqtSignal(int, int)
    """pixel (y, x) under the cursor"""
    hover_left = pyqtSignal()
    """the cursor is on no pixel any more"""

    pan_from_px = 0.0
    """how far the cursor goes before a press is a drag and no click"""

    def __init__(self, name: str, least_side_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(least_side_px, least_side_px)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(name)
        self.viewport = Viewport()
        self._hover: tuple[int, int] | None = None
        self._cursor: QPointF | None = None
        self._pressed_at: QPointF | None = None
        self._panned = False

    # -- for the subclass ------------------------------------------------------------------------------------------

    @property
    def shows_picture(self) -> bool:
        """Whether there is anything to zoom and pan."""
        raise NotImplementedError

    def pixel_at(self, x: int, y: int) -> tuple[int, int] | None:
        """What `hovered` tells of the picture's pixel (x, y), which may lie outside it; None where there is none."""
        raise NotImplementedError

    def view_moved(self) -> None:
        """The user zoomed, panned or fitted."""
        self.update()
        self.find_hover()

    # -- zoom and hover --------------------------------------------------------------------------------------------

    def fit(self) -> None:
        """All of the picture, as large as it goes."""
        self.viewport.fit()
        self.view_moved()

    def zoom(self, factor: float, around: QPointF | None = None) -> None:
        """Zoom so that what is at `around`, the middle unless it is given, stays there."""
        self.viewport.zoom(factor, around or QPointF(self.width() / 2, self.height() / 2))
        self.view_moved()

    @property
    def hover(self) -> tuple[int, int] | None:
        """Pixel (y, x) under the cursor."""
        return self._hover

    @property
    def panning(self) -> bool:
        """A button that pans is down."""
        return self._pressed_at is not None

    @property
    def clicking(self) -> bool:
        """The same, and the cursor has not been dragged yet."""
        return self._pressed_at is not None and not self._panned

    def find_hover(self) -> None:
        """Look again at what is under the cursor."""
        if self._cursor is None:
            self.set_hover(None)
            return
        at = self.viewport.to_image(self._cursor)
        self.set_hover(self.pixel_at(int(at.x() // 1), int(at.y() // 1)))

    def set_hover(self, hover: tuple[int, int] | None) -> None:
        """Tell which pixel is under the cursor, if it is another one than before."""
        if hover == self._hover:
            return
        self._hover = hover
        if hover is None:
            self.hover_left.emit()
        else:
            self.hovered.emit(*hover)

    # -- events ----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self.viewport.set_canvas(self.width(), self.height())
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.update()
        super().changeEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        notches = event.angleDelta().y() / 120
        if notches and self.shows_picture:
            self.zoom(_WHEEL_STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() not in _PANNING:
            super().mousePressEvent(event)
            return
        self._pressed_at, self._panned = event.position(), False
        self._cursor = event.position()
        self.find_hover()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._cursor = event.position()
        if self._pressed_at is not None and self.shows_picture:
            by = event.position() - self._pressed_at
            if self._panned or by.manhattanLength() > self.pan_from_px:
                self._pressed_at, self._panned = event.position(), True
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self.viewport.pan(by)
                self.view_moved()
        self.find_hover()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._pressed_at = None
        self.setCursor(Qt.CursorShape.CrossCursor)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        self.fit()

    def enterEvent(self, event: QEnterEvent | None) -> None:
        if event is not None:
            self._cursor = event.position()
            self.find_hover()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:
        self._cursor = None
        self.set_hover(None)
        super().leaveEvent(event)
