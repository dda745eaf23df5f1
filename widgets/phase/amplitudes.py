"""Measured against calculated amplitudes: two pictures of one pattern under one divider that can be dragged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from models.display import ColourTable
from widgets.empty import EmptyState
from widgets.frame.images import shared_image
from widgets.frame.lettering import small_font
from widgets.phase.array_canvas import ArrayCanvas, Place
from widgets.phase.narrow import ShortLabel
from widgets.phase.overlay import paint_title

Readout = Callable[[int, int], str]
"""pattern pixel (y, x) → its words"""

_GRIP_PX = 7.0
_STEP = 0.02


class DividedCanvas(ArrayCanvas):
    """The measured picture left of the divider, the calculated one right of it; both move together."""

    divider_moved = pyqtSignal(float)
    """share of the canvas's width left of the divider, after the user moved it"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Measured and calculated amplitudes", parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.set_scale_bar(False)
        self._calculated: npt.NDArray[np.uint8] | None = None
        self._right = QImage()
        self._divider = 0.5
        self._held = False

    def set_calculated(self, pixels: npt.NDArray[np.uint8] | None) -> None:
        """RGBA of the same shape as the measured picture; None while there is none."""
        self._calculated = pixels
        self._right = QImage() if pixels is None else shared_image(pixels)
        self.update()

    @property
    def shows_calculated(self) -> bool:
        """Whether there is something right of the divider."""
        return self._calculated is not None

    @property
    def divider(self) -> float:
        return self._divider

    def set_divider(self, share: float) -> None:
        self._divider = min(1.0, max(0.0, share))
        self.update()

    def paint_pictures(self, painter: QPainter, canvas: QRectF) -> None:
        if self._calculated is None or self._pixels is None or self._calculated.shape != self._pixels.shape:
            self.draw_image(painter, self._image, canvas)
            paint_title(painter, canvas, "measured", self.font())
            return
        at = round(self._divider * canvas.width())
        left, right = QRectF(0, 0, at, canvas.height()), QRectF(at, 0, canvas.width() - at, canvas.height())
        for image, part in ((self._image, left), (self._right, right)):
            painter.save()
            painter.setClipRect(part)
            self.draw_image(painter, image, part)
            painter.restore()
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(255, 255, 255), 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(at, 0), QPointF(at, canvas.height()))
        grip = QRectF(at - 5, canvas.height() / 2 - 16, 10, 32)
        painter.setBrush(QColor(255, 255, 255))
        painter.setPen(QPen(QColor(0, 0, 0, 170), 1.0))
        painter.drawRoundedRect(grip, 4, 4)
        for offset in (-1.5, 1.5):
            painter.drawLine(QPointF(at + offset, grip.top() + 9), QPointF(at + offset, grip.bottom() - 9))
        paint_title(painter, left, "measured", self.font(), right=True)
        paint_title(painter, right, "calculated", self.font())

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._held = event.button() == Qt.MouseButton.LeftButton and self._near(event.position())
        if not self._held:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._held:
            self._move_to(event.position().x() / max(1, self.width()))
            return
        super().mouseMoveEvent(event)
        if not event.buttons():
            near = self._near(event.position())
            self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.CrossCursor)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        if self._held:
            self._held = False
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        steps = {
            Qt.Key.Key_Less: -_STEP,
            Qt.Key.Key_Greater: _STEP,
            Qt.Key.Key_Comma: -_STEP,
            Qt.Key.Key_Period: _STEP,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._move_to(self._divider + step)

    def _near(self, where: QPointF) -> bool:
        return self._calculated is not None and abs(where.x() - self._divider * self.width()) <= _GRIP_PX

    def _move_to(self, share: float) -> None:
        self.set_divider(share)
        self.divider_moved.emit(self._divider)


class AmplitudeView(QWidget):
    """The pattern twice. The pictures come as indices into one table of colours, prepared elsewhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._readout_of: Readout | None = None
        self._measured: npt.NDArray[np.uint8] | None = None
        self.canvas = DividedCanvas()
        self._empty = EmptyState("No pattern yet", "")
        self._place = QStackedLayout()
        self._place.addWidget(self._empty)
        self._place.addWidget(self.canvas)
        self._readout = ShortLabel()
        self._note = QLabel()
        for label in (self._readout, self._note):
            label.setFont(small_font(self.font()))
        line = QHBoxLayout()
        line.setContentsMargins(6, 0, 6, 2)
        line.addWidget(self._readout, 1)
        line.addWidget(self._note)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(self._place, 1)
        box.addLayout(line)
        self.canvas.setWhatsThis(
            "Left of the divider what was measured, right of it what the object would give. Drag the divider, or "
            "move it with < and >. Hatched pixels were not measured: the calculated side shows what is made up there."
        )
        self.canvas.hovered.connect(self._say)
        self.canvas.hover_left.connect(self._readout.clear)

    def show_message(self, text: str, title: str = "No pattern yet") -> None:
        """Nothing to show, and why."""
        self._measured = None
        self._empty.set_text(title, text)
        self.canvas.set_picture(None)
        self.canvas.set_calculated(None)
        self._readout.clear()
        self._note.clear()
        self._place.setCurrentWidget(self._empty)

    def set_measured(
        self, indices: npt.NDArray[np.uint8], table: ColourTable, place: Place, note: str, readout: Readout | None
    ) -> None:
        """Show a pattern.

        Args:
            indices: (h, w) uint8 into `table`, masked pixels hatched (`models.display.prepare`).
            place: where its pixels lie in the pattern (pooled pictures have a step).
            note: how it was made: scale, range, unit.
            readout: what to say of a pattern pixel.
        """
        self._measured = indices
        self._readout_of = readout
        self._note.setText(note)
        self.canvas.set_picture(np.ascontiguousarray(table[indices]), place)
        self.canvas.set_calculated(None)
        self._place.setCurrentWidget(self.canvas)

    def set_calculated(self, indices: npt.NDArray[np.uint8] | None, table: ColourTable) -> None:
        """What the object gives, on the same scale; a picture of another shape is not shown."""
        fits = indices is not None and self._measured is not None and indices.shape == self._measured.shape
        self.canvas.set_calculated(np.ascontiguousarray(table[indices]) if fits else None)

    def text(self) -> str:
        """What is said in place of the pictures, or under them."""
        if self._place.currentWidget() is self._empty:
            return self._empty.text()
        return f"{self._readout.text()} {self._note.text()}".strip()

    def _say(self, y: int, x: int) -> None:
        if self._readout_of is not None:
            self._readout.setText(self._readout_of(y, x))
