"""The layer over the frame on which masks are shown and drawn.

It lies on the frame's canvas and lets everything through that it does not use itself: the wheel zooms, the middle
button pans, the cursor's pixel is read out below. While `drawing` is off it is a picture only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QTransform,
)
from PyQt6.QtWidgets import QWidget

from widgets.frame.mask_tint import FILE, PREVIEW, MaskTint
from widgets.frame.mask_tools import STROKES, DragTool, Outline, PolygonTool, Tool
from widgets.frame.zoom_canvas import ZoomCanvas

USER_COLOUR = QColor(230, 0, 110, 135)
FILE_COLOUR = QColor(120, 128, 140, 165)
PREVIEW_COLOUR = QColor(255, 204, 0, 215)
_LINE, _RIM, _CHOSEN = QColor(255, 255, 255, 235), QColor(0, 0, 0, 170), QColor(255, 204, 0, 240)
_EDGE = 4
_FINEST = 64
_MOST_RINGS, _RINGS_BELOW = 1500, 6.0


class MaskOverlay(QWidget):
    """Tints masked pixels, and has the mouse while a mask is drawn."""

    drawn = pyqtSignal(object, bool)
    """an `Outline` that was drawn, and whether it takes pixels into use again"""
    stroke_began = pyqtSignal(float, float, float, bool)
    """y, x, diameter in pixels, and whether the stroke takes pixels into use again"""
    stroke_moved = pyqtSignal(float, float)
    """y, x the brush moved on to"""
    stroke_ended = pyqtSignal(bool)
    """whether it stays (it was not broken off)"""
    chosen = pyqtSignal(int)
    """place of the outline that was clicked; −1 for none"""
    moved = pyqtSignal(int, float, float)
    """place of an outline that was dragged, and by how many whole pixels (y, x)"""
    delete_wanted = pyqtSignal(int)
    """place of the chosen outline"""
    undo_wanted = pyqtSignal()
    redo_wanted = pyqtSignal()
    leave_wanted = pyqtSignal()
    """Esc, with nothing begun"""
    brush_stepped = pyqtSignal(int)
    """[ or ]: by −1 or +1"""

    def __init__(self, canvas: ZoomCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._tint = MaskTint()
        self._tint.set_colours(FILE_COLOUR, USER_COLOUR, PREVIEW_COLOUR)
        self._tools = {
            Tool.RECTANGLE: DragTool("rectangle", self._finished),
            Tool.ELLIPSE: DragTool("ellipse", self._finished),
            Tool.POLYGON: PolygonTool(self._finished),
        }
        self._tool = Tool.SELECT
        self._drawing = False
        self._tint_shown = True
        self._spots: npt.NDArray[np.intp] = np.zeros((0, 2), np.intp)
        self._takes_back = False
        self._by_shift = False
        self._size = 9.0
        self._mate: tuple[float, float] | None = None
        self._outlines: list[Outline | None] = []
        self._chosen = -1
        self._grip: QPointF | None = None
        self._shift = (0.0, 0.0)
        self._stroke = False
        self._last = QRect()
        self._cursor: QPointF | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setMouseTracking(True)
        self.setAccessibleName("Mask on the frame")
        self.setGeometry(canvas.rect())
        canvas.installEventFilter(self)
        self.hide()

    # what is shown

    def set_user_mask(self, masked: npt.NDArray[np.bool_] | None) -> None:
        """(H, W), True = masked out. It is not copied: tell `changed` where it becomes another."""
        self._tint.set_user(masked)
        self.update()

    def set_file_mask(self, masked: npt.NDArray[np.bool_] | None) -> None:
        """(H, W), True where the file masks the frame on screen."""
        self._tint.set_other(FILE, masked)
        self.update()

    def set_preview(self, masked: npt.NDArray[np.bool_] | None) -> None:
        """(H, W), True on pixels that are shown before they are masked; None for none."""
        self._tint.set_other(PREVIEW, masked)
        spots = np.zeros((0, 2), np.intp) if masked is None else np.argwhere(masked)
        self._spots = spots if len(spots) <= _MOST_RINGS else spots[:0]
        self.update()

    def set_tint_shown(self, shown: bool) -> None:
        """Whether masked pixels are tinted; outlines are drawn in any case."""
        self._tint_shown = shown
        self.update()

    def changed(self, top: int, left: int, bottom: int, right: int) -> None:
        """The user's mask changed in these rows and columns."""
        area = self._tint.changed(top, left, bottom, right)
        if not area.isEmpty():
            self.update(area)

    def set_outlines(self, outlines: Sequence[Outline | None], chosen: int = -1) -> None:
        """The steps of the mask, None for those without an outline; one of them may be chosen."""
        self._outlines = list(outlines)
        self._chosen = chosen if chosen < len(self._outlines) else -1
        self._grip = None
        if self._drawing:
            self._preview_moved()

    def masked_at(self, point: QPointF) -> int:
        """0, `mask_tint.FILE` or `mask_tint.USER` at a point of the canvas, as last painted."""
        return self._tint.code_at(point)

    # how it is drawn on

    @property
    def drawing(self) -> bool:
        """Whether the mouse draws."""
        return self._drawing

    def set_drawing(self, drawing: bool) -> None:
        """Give the mouse to the tools, or back to the frame."""
        if drawing == self._drawing:
            return
        if not drawing:
            self.break_off()
        self._drawing = drawing
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not drawing)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus if drawing else Qt.FocusPolicy.NoFocus)
        if drawing:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.clearFocus()
        self._show_cursor()
        self.update()

    @property
    def tool(self) -> Tool:
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """What the left button does."""
        if tool is not self._tool:
            self.break_off()
            self._tool = tool
            self._show_cursor()
            self.update()

    def set_takes_back(self, takes_back: bool) -> None:
        """Shapes take pixels into use again; Shift means the opposite while it is held."""
        self._takes_back = takes_back

    def set_brush(self, diameter_px: float) -> None:
        """Diameter of brush and eraser, in pixels of the frame."""
        self._size = diameter_px
        self._preview_moved()

    def set_mate(self, centre: tuple[float, float] | None) -> None:
        """(y, x) of the beam to show Friedel mates while drawing; None without."""
        self._mate = centre
        self.update()

    def break_off(self) -> bool:
        """Drop what was begun; False where nothing was."""
        busy = self._stroke or self._grip is not None or any(tool.busy for tool in self._tools.values())
        for tool in self._tools.values():
            tool.cancel()
        self._grip, self._shift = None, (0.0, 0.0)
        if self._stroke:
            self._stroke = False
            self.stroke_ended.emit(False)
        if busy:
            self.update()
        return busy

    # events

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is self._canvas and event is not None and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return super().eventFilter(watched, event)

    def event(self, event: QEvent | None) -> bool:
        # Asked before any shortcut of the window: while a mask is drawn, undo is the drawing's.
        override = event is not None and event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._drawing and self._wants(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if not self._drawing or not self._wants(event):
            super().keyPressEvent(event)
            return
        key = event.key()
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Redo) or _is_redo(event):
            self.redo_wanted.emit()
        elif key == Qt.Key.Key_Escape:
            if not self.break_off():
                self.leave_wanted.emit()
        elif key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            self.brush_stepped.emit(1 if key == Qt.Key.Key_BracketRight else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._tools[Tool.POLYGON].finish()
        elif self._polygon.busy:
            self._polygon.back()
        else:
            self.delete_wanted.emit(self._chosen)
        self.update()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton or not self._canvas.shows_picture:
            event.ignore()
            return
        at = self._pixel(event.position())
        self._by_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if self._tool is Tool.SELECT:
            self._press_outline(event, at)
        elif self._tool in STROKES:
            self._stroke = True
            self.stroke_began.emit(at.y(), at.x(), self._size, self._use())
        else:
            self._tools[self._tool].press(at, self._canvas.viewport.scale, event.modifiers())
        self._preview_moved()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._cursor = event.position()
        at = self._pixel(event.position())
        held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if self._grip is not None and held:
            by = at - self._grip
            self._shift = (float(round(by.y())), float(round(by.x())))
        elif self._stroke and held:
            self.stroke_moved.emit(at.y(), at.x())
        elif self._tool in self._tools:
            self._tools[self._tool].move(at, held, event.modifiers())
        self._preview_moved()
        event.ignore()  # the canvas tells the pixel under the cursor, and pans

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        if self._stroke:
            self._stroke = False
            self.stroke_ended.emit(True)
        elif self._grip is not None:
            shift, self._grip, self._shift = self._shift, None, (0.0, 0.0)
            if shift != (0.0, 0.0):
                self.moved.emit(self._chosen, *shift)
        elif self._tool in self._tools:
            self._tools[self._tool].release(self._pixel(event.position()))
        else:
            event.ignore()
        self._preview_moved()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton and self._tool is Tool.POLYGON:
            self._polygon.finish()
            self.update()
        elif event.button() == Qt.MouseButton.LeftButton and self._tool is not Tool.SELECT:
            self.mousePressEvent(event)
        else:
            event.ignore()

    def leaveEvent(self, event: QEvent | None) -> None:
        self._cursor = None
        self._preview_moved()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        viewport = self._canvas.viewport
        if self._canvas.shows_picture and self._tint_shown:
            image = self._tint.image(viewport, QRectF(self._canvas.rect()), self.devicePixelRatioF())
            if not image.isNull():
                painter.drawImage(QPointF(0, 0), image)
                self._ring_spots(painter)
        if self._drawing:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for path, colour in self._preview():
                for pen in (QPen(_RIM, 3.0), QPen(colour, 1.4)):
                    painter.setPen(pen)
                    painter.drawPath(path)
            for corner in self._polygon.corners:
                painter.setBrush(_LINE)
                painter.setPen(QPen(_RIM, 1.0))
                painter.drawEllipse(self._on_canvas(corner), 3.5, 3.5)
            if self.hasFocus():
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(USER_COLOUR, 2))
                painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def focusInEvent(self, event: QEvent | None) -> None:
        self.update()

    def focusOutEvent(self, event: QEvent | None) -> None:
        self.update()

    # inside

    @property
    def _polygon(self) -> PolygonTool:
        tool = self._tools[Tool.POLYGON]
        assert isinstance(tool, PolygonTool)
        return tool

    def _use(self) -> bool:
        takes_back = self._takes_back != self._by_shift
        return not takes_back if self._tool is Tool.ERASER else takes_back

    def _finished(self, outline: Outline) -> None:
        self.drawn.emit(outline, self._use())

    def _wants(self, event: QKeyEvent) -> bool:
        """Keys that are the drawing's now; all others stay the window's."""
        key = event.key()
        if event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo):
            return True
        if _is_redo(event) or key == Qt.Key.Key_Escape:
            return True
        if key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            return self._tool in STROKES
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._polygon.busy
        if key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            return self._polygon.busy or (self._tool is Tool.SELECT and self._chosen >= 0)
        return False

    def _press_outline(self, event: QMouseEvent, at: QPointF) -> None:
        places = reversed(list(enumerate(self._outlines)))
        hit = next((place for place, outline in places if outline is not None and outline.contains(at)), -1)
        if hit != self._chosen:
            self._chosen = hit
            self.chosen.emit(hit)
        if hit < 0:
            event.ignore()  # the frame is dragged
            return
        self._grip = at

    def _pixel(self, point: QPointF) -> QPointF:
        at = self._canvas.viewport.to_image(point) - QPointF(0.5, 0.5)
        # Finer than any mouse can mean; strokes are written down point by point.
        return QPointF(round(at.x() * _FINEST) / _FINEST, round(at.y() * _FINEST) / _FINEST)

    def _on_canvas(self, pixel: QPointF) -> QPointF:
        return self._canvas.viewport.to_canvas(pixel + QPointF(0.5, 0.5))

    def _preview(self) -> list[tuple[QPainterPath, QColor]]:
        """Outlines of what is being drawn or chosen, on the canvas."""
        found: list[tuple[Outline, QColor]] = []
        chosen = self._outlines[self._chosen] if 0 <= self._chosen < len(self._outlines) else None
        if self._tool is Tool.SELECT and chosen is not None:
            found.append((chosen.moved(*self._shift), _CHOSEN))
        elif self._tool in STROKES:
            if self._cursor is not None:
                at = self._pixel(self._cursor)
                found.append((Outline("brush", (at.y(), at.x()), self._size), _LINE))
        elif self._tool in self._tools:
            outline = self._tools[self._tool].outline()
            if outline is not None:
                found.append((outline, _LINE))
        if self._mate is not None and self._tool is not Tool.SELECT:
            mates = [(outline.mirrored(*self._mate), QColor(255, 255, 255, 150)) for outline, _ in found]
            found += mates
        scale = self._canvas.viewport.scale
        corner = self._on_canvas(QPointF(0, 0))
        to_canvas = QTransform(scale, 0, 0, scale, corner.x(), corner.y())
        return [(to_canvas.map(outline.path()), colour) for outline, colour in found]

    def _ring_spots(self, painter: QPainter) -> None:
        """Single pixels that are only looked at would be lost in a large frame: each gets a ring."""
        if not len(self._spots) or self._canvas.viewport.scale >= _RINGS_BELOW:
            return
        canvas = QRectF(self._canvas.rect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(PREVIEW_COLOUR, 1.2))
        for y, x in self._spots.tolist():
            at = self._on_canvas(QPointF(x, y))
            if canvas.contains(at):
                painter.drawEllipse(at, 5.0, 5.0)

    def _preview_moved(self) -> None:
        """Repaint where an outline was and where it is; everything else stays."""
        if not self._drawing:
            return
        area = QRectF()
        for path, _colour in self._preview():
            area = area.united(path.boundingRect())
        now = area.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE).toAlignedRect() if not area.isNull() else QRect()
        self.update(now.united(self._last))
        self._last = now

    def _show_cursor(self) -> None:
        if self._drawing and self._tool is Tool.SELECT:
            self.setCursor(Qt.CursorShape.ArrowCursor)
        else:
            self.setCursor(Qt.CursorShape.CrossCursor)


def _is_redo(event: QKeyEvent) -> bool:
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    return event.key() == Qt.Key.Key_Z and event.modifiers() == (ctrl | shift)
