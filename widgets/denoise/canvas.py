"""One picture of the comparison: a frame's canvas with marks, a title, and the place the other one's cursor is at."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PyQt6.QtWidgets import QWidget

from widgets import theme
from widgets.denoise.marks import MarkedPixels
from widgets.frame.canvas import FrameCanvas
from widgets.phase.overlay import paint_title

_DIVIDER_KEYS = {
    Qt.Key.Key_Less: -1, Qt.Key.Key_Comma: -1, Qt.Key.Key_Greater: 1, Qt.Key.Key_Period: 1,
}  # fmt: skip


class LayerCanvas(FrameCanvas):
    """Paints a `Picture` as the frame view does; zoom and pan are told, so that another canvas can follow."""

    view_changed = pyqtSignal()
    """another part is seen"""
    divider_steps = pyqtSignal(int)
    """the divider should go so many steps to the right, by key"""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._marks: MarkedPixels | None = None
        self._marks_shown = True
        self._marks_key: tuple[object, ...] = ()
        self._marks_drawn = QPixmap()
        self._title, self._title_right = "", False
        self._message = ""
        self._pointed: tuple[int, int] | None = None

    def set_title(self, title: str, right: bool = False) -> None:
        """A few words in the upper left (or right) corner."""
        if (title, right) != (self._title, self._title_right):
            self._title, self._title_right = title, right
            self.update()

    def set_message(self, text: str) -> None:
        """What is said while there is no picture."""
        self._message = text
        self.update()

    @property
    def message(self) -> str:
        return self._message

    def set_marks(self, marks: MarkedPixels | None) -> None:
        """Draw these over the picture; nothing where the frame has another shape."""
        if marks is not self._marks:
            self._marks, self._marks_key = marks, ()
            self.update()

    def set_marks_shown(self, shown: bool) -> None:
        self._marks_shown = shown
        self.update()

    @property
    def marks_drawn(self) -> bool:
        """Whether marks are over the picture."""
        marks, picture = self._marks, self._picture
        return bool(self._marks_shown and marks and picture is not None and picture.frame.raw.shape == marks.shape)

    def point_at(self, pixel: tuple[int, int] | None) -> None:
        """A small cross at the pixel the cursor is at in the other picture."""
        if pixel != self._pointed:
            self._pointed = pixel
            self.update()

    def view_moved(self) -> None:
        super().view_moved()
        self.view_changed.emit()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        canvas = QRectF(self.rect())
        if not self.shows_frame:
            if self._message:
                painter.setPen(theme.faint_text(self.palette()))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(canvas.adjusted(16, 16, -16, -16), int(flags), self._message)
        else:
            if self.marks_drawn:
                painter.drawPixmap(0, 0, self._marks_pixmap(canvas))
            if self._pointed is not None:
                _paint_cross(painter, self.pixel_position(*self._pointed))
        if self._title:
            paint_title(painter, canvas, self._title, self.font(), right=self._title_right)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(canvas.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        step = _DIVIDER_KEYS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.divider_steps.emit(step)

    def _marks_pixmap(self, canvas: QRectF) -> QPixmap:
        """The marks, drawn once for as long as the same part is seen."""
        assert self._marks is not None
        corner, ratio = self.viewport.to_canvas(QPointF(0, 0)), self.devicePixelRatioF()
        key = (self._marks, corner.x(), corner.y(), self.viewport.scale, self.width(), self.height(), ratio)
        if key != self._marks_key:
            self._marks_key, self._marks_drawn = key, self._marks.draw(canvas, self.viewport, ratio)
        return self._marks_drawn


def _paint_cross(painter: QPainter, at: QPointF) -> None:
    for colour, width in ((QColor(0, 0, 0, 170), 3.0), (QColor(255, 255, 255), 1.2)):
        painter.setPen(QPen(colour, width))
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(at + QPointF(4 * dx, 4 * dy), at + QPointF(9 * dx, 9 * dy))
