"""The surface of the map: paints the points, moves with the mouse, draws regions, tells what is under the cursor."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from widgets.map import sprites
from widgets.map.colouring import Colouring, by_category
from widgets.map.hover import Hover
from widgets.map.points import MapPoints
from widgets.map.region import rasterised
from widgets.map.splat import EMPTY, FADED, Splat, comfortable_size, shaded_table
from widgets.map.transform import MapTransform

Bools = npt.NDArray[np.bool_]

PICK_RADIUS_PX = 14.0
_CLICK_PX = 4.0
_FADE = 0.78
_MORPH_MS = 350
_MORPH_MOST = 200_000
_ZOOM_RANGE = (0.2, 2e5)


class Tool(Enum):
    """What dragging the mouse does."""

    PAN = "pan"
    LASSO = "lasso"
    RECTANGLE = "rectangle"


class MapCanvas(QWidget):
    """Points, the ring of the current frame and the tools; everything is told by frame index.

    The points are painted into an image that is only made again when points, view or colours change: rings and
    regions are drawn over it.
    """

    frame_chosen = pyqtSignal(int)
    """a click on a point"""
    hovered = pyqtSignal(int)
    """frame under the cursor, −1 for none; only when it changes"""
    card_wanted = pyqtSignal(int)
    """the cursor rests on a frame"""
    card_unwanted = pyqtSignal()
    """the cursor left it"""
    selection_drawn = pyqtSignal(object)
    """(N,) bool: the selection after the user changed it"""
    tool_changed = pyqtSignal(object)
    """the `Tool` in hand"""
    view_changed = pyqtSignal()
    """moved, zoomed or resized"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Map of all frames")
        self._points = MapPoints()
        self._view = MapTransform()
        self._fit_scale = 1.0
        self._moved_by_user = False
        self._colouring: Colouring = by_category(np.zeros(0, np.int64), ())
        self._selection: Bools | None = None
        self._labelled: Bools | None = None
        self._current = -1
        self._tool = Tool.PAN
        self._splat = Splat()
        self._sprites = sprites.Sprites()
        self._size_px = 1
        self._image = QImage()
        self._pixels: npt.NDArray[np.uint32] = np.zeros((0, 0), np.uint32)
        self._codes: npt.NDArray[np.uint16] = np.zeros(1, np.uint16)
        self._stale = {"view", "layers", "codes", "table", "image"}
        self._rgb: npt.NDArray[np.uint8] = np.zeros((256, 3), np.uint8)
        self._table: npt.NDArray[np.uint32] = np.zeros(1, np.uint32)
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._dragging = False
        self._trail: list[QPointF] = []
        self._hover = Hover(self)
        self._hover.probe = self._frame_at
        self._hover.changed.connect(self._hover_changed)
        self._hover.dwelt.connect(self.card_wanted)
        self._hover.left.connect(self.card_unwanted)
        self._morph: tuple[MapPoints, npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None
        self._morph_step = 0
        self._morph_timer = QTimer(self)
        self._morph_timer.setInterval(16)
        self._morph_timer.timeout.connect(self._morph_on)

    # What is shown

    def set_points(self, xy: npt.ArrayLike, animate: bool = False, keep_view: bool = False) -> None:
        """Show these positions, (N, 2); NaN is a frame without one.

        Args:
            animate: let the points travel from where they are (only with as many frames as before).
            keep_view: stay where the user has moved to.
        """
        old, old_view = self._points, self._view
        self._finish_morph()
        points = MapPoints(xy)
        if points.total != old.total:
            self._selection = None
            self._labelled = None
        self._points = points
        self._colouring = self._fitting(self._colouring)
        if not (keep_view and self._moved_by_user):
            self.fit()
        else:
            shift_x, shift_y = old.origin[0] - points.origin[0], old.origin[1] - points.origin[1]
            self._view = replace(
                self._view, centre_x=self._view.centre_x + shift_x, centre_y=self._view.centre_y + shift_y
            )
        self._hover.forget()
        self._outdate("view", "codes", "layers")
        travels = animate and 0 < len(points) <= _MORPH_MOST and np.array_equal(points.frames, old.frames)
        if travels and self.isVisible():
            self._begin_morph(old, old_view)

    def set_colouring(self, colouring: Colouring) -> None:
        """Colour the points; its codes have one entry per frame.

        Raises:
            ValueError: where they have not.
        """
        if len(colouring.codes) != self._points.total:
            raise ValueError(f"{len(colouring.codes)} colours for {self._points.total} frames")
        self._colouring = colouring
        self._outdate("codes", "table")

    def set_labelled(self, labelled: npt.ArrayLike | None) -> None:
        """(N,) bool: frames drawn on top, larger and outlined: the user's examples."""
        self._labelled = self._checked(labelled)
        self._outdate("layers")

    def set_selection(self, selection: npt.ArrayLike | None) -> None:
        """(N,) bool: the others are faded; None or all False for no selection."""
        chosen = self._checked(selection)
        self._selection = chosen if chosen is not None and chosen.any() else None
        self._outdate("layers", "codes")

    def set_current(self, frame: int) -> None:
        """Ring this frame; −1 for none."""
        self._current = frame
        self.update()

    def set_tool(self, tool: Tool) -> None:
        """Take a tool into the hand."""
        self._trail = []
        self._pressed = None
        if tool is not self._tool:
            self._tool = tool
            self.setCursor(Qt.CursorShape.ArrowCursor if tool is Tool.PAN else Qt.CursorShape.CrossCursor)
            self.tool_changed.emit(tool)
        self.update()

    # What can be asked

    @property
    def points(self) -> MapPoints:
        """The placed points."""
        return self._points

    @property
    def colouring(self) -> Colouring:
        """What the colours mean."""
        return self._colouring

    @property
    def selection(self) -> Bools | None:
        """(N,) bool, None for no selection."""
        return self._selection

    @property
    def tool(self) -> Tool:
        """The tool in hand."""
        return self._tool

    @property
    def view(self) -> MapTransform:
        """Where the points lie on the widget; relative to `points.origin`."""
        return self._view

    def hovered_frame(self) -> int:
        """The frame under the cursor, −1 for none."""
        return self._hover.frame

    def position_of(self, frame: int) -> QPointF | None:
        """Where a frame's point lies on the widget, None where it has none."""
        place = self._points.place_of(frame)
        if place < 0:
            return None
        return QPointF(*self._view.to_screen(float(self._points.x[place]), float(self._points.y[place])))

    # Moving about

    def fit(self) -> None:
        """Show all points."""
        half_x, half_y = self._points.half
        sized = replace(self._view, width=float(max(1, self.width())), height=float(max(1, self.height())))
        self._view = sized.fitted(-half_x, -half_y, half_x, half_y)
        self._fit_scale = self._view.scale
        self._moved_by_user = False
        self._outdate("view")
        self.view_changed.emit()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarge around a position of the widget, by default its middle."""
        where = QPointF(self.width() / 2, self.height() / 2) if at is None else at
        low, high = (self._fit_scale * limit for limit in _ZOOM_RANGE)
        factor = min(max(self._view.scale * factor, low), high) / self._view.scale
        self._moved_by_user = True
        self._view = self._view.zoomed(factor, where.x(), where.y())
        self._outdate("view")
        self.view_changed.emit()

    def pan(self, dx: float, dy: float) -> None:
        """Move the contents by pixels."""
        self._moved_by_user = True
        self._view = self._view.moved(dx, dy)
        self._outdate("view")
        self.view_changed.emit()

    # Regions

    def select_inside(self, corners: list[QPointF], how: str = "replace") -> None:
        """Select the frames inside a polygon on the widget; `how` is "replace", "add" or "subtract"."""
        if len(corners) < 3:
            return
        on_map = np.array([self._view.to_map(corner.x(), corner.y()) for corner in corners])
        self._combine(self._points.inside_polygon(on_map, *rasterised(on_map)), how)

    def select_rectangle(self, area: QRectF, how: str = "replace") -> None:
        """Select the frames inside a rectangle on the widget."""
        x0, y0 = self._view.to_map(area.left(), area.top())
        x1, y1 = self._view.to_map(area.right(), area.bottom())
        self._combine(self._points.inside_rectangle(x0, y0, x1, y1), how)

    def select_mask(self, mask: Bools, how: str = "replace") -> None:
        """Select these frames as if the user had drawn around them."""
        self._combine(mask, how)

    def escape(self) -> bool:
        """Leave what is going on: the region being drawn, else the tool, else the selection. False for nothing."""
        if self._trail:
            self._trail = []
            self._pressed = None
            self.update()
        elif self._tool is not Tool.PAN:
            self.set_tool(Tool.PAN)
        elif self._selection is not None:
            self.select_mask(np.zeros(self._points.total, bool))
        else:
            return False
        return True

    def _combine(self, mask: Bools, how: str) -> None:
        if self._selection is not None and how == "add":
            mask = mask | self._selection
        elif how == "subtract":
            mask = np.zeros_like(mask) if self._selection is None else self._selection & ~mask
        self.set_selection(mask)
        self.selection_drawn.emit(mask)

    def _checked(self, mask: npt.ArrayLike | None) -> Bools | None:
        if mask is None:
            return None
        given = np.array(mask, dtype=bool)
        if given.shape != (self._points.total,):
            raise ValueError(f"a mask of shape {given.shape} for {self._points.total} frames")
        return given

    def _fitting(self, colouring: Colouring) -> Colouring:
        if len(colouring.codes) == self._points.total:
            return colouring
        return by_category(np.full(self._points.total, -1), ())

    # Events

    def sizeHint(self) -> QSize:
        return QSize(420, 380)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 140)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if self._moved_by_user:
            self._view = self._view.resized(float(max(1, self.width())), float(max(1, self.height())))
            self._outdate("view")
            self.view_changed.emit()
        else:
            self.fit()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._outdate("table")

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        self.zoom(1.2 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        self._pressed = self._last = event.position()
        self._dragging = False
        self._finish_morph()
        if event.button() == Qt.MouseButton.LeftButton and self._tool is not Tool.PAN:
            self._trail = [event.position()]

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        where = event.position()
        if self._pressed is None:
            self._hover.moved(where)
            return
        far = (where - self._pressed).manhattanLength() > _CLICK_PX
        if not self._dragging and far:
            self._dragging = True
            self._hover.forget()
        if not self._dragging:
            return
        if self._trail:
            self._trail.append(where)
            self.update()
        else:
            self.pan(where.x() - self._last.x(), where.y() - self._last.y())
        self._last = where

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._pressed is None:
            return
        trail, self._trail = self._trail, []
        dragged, self._dragging = self._dragging, False
        self._pressed = None
        if trail and dragged:
            self._close_region(trail, event.modifiers())
        elif not dragged and event.button() == Qt.MouseButton.LeftButton:
            frame = self._frame_at(event.position())
            if frame >= 0:
                self.frame_chosen.emit(frame)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        # The second press of a double click is a press like any other here.
        self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:
        self._hover.forget()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if event.key() == Qt.Key.Key_Escape and self.escape():
            return
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.25)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(0.8)
        else:
            super().keyPressEvent(event)

    def _close_region(self, trail: list[QPointF], keys: Qt.KeyboardModifier) -> None:
        how = "replace"
        if keys & Qt.KeyboardModifier.ShiftModifier:
            how = "add"
        elif keys & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
            how = "subtract"
        if self._tool is Tool.RECTANGLE:
            self.select_rectangle(QRectF(trail[0], trail[-1]).normalized(), how)
        else:
            self.select_inside(trail, how)

    def _frame_at(self, where: QPointF) -> int:
        x, y = self._view.to_map(where.x(), where.y())
        place = self._points.nearest(x, y, PICK_RADIUS_PX / self._view.scale)
        return int(self._points.frames[place]) if place >= 0 else -1

    def _hover_changed(self, frame: int) -> None:
        self.update()
        self.hovered.emit(frame)

    # Painting

    def _outdate(self, *parts: str) -> None:
        self._stale.update(parts)
        self._stale.add("image")
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if "image" in self._stale:
            self._paint_points()
        painter = QPainter(self)
        painter.drawImage(QPointF(0, 0), self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_region(painter)
        if self._hover.frame >= 0 and self._hover.frame != self._current:
            self._paint_ring(painter, self._hover.frame, 7.0, self.palette().color(QPalette.ColorRole.Highlight))
        if self._current >= 0:
            self._paint_ring(painter, self._current, 9.0, self.palette().color(QPalette.ColorRole.Text))

    def _paint_points(self) -> None:
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        if (self._image.width(), self._image.height()) != (width, height):
            self._image = QImage(width, height, QImage.Format.Format_RGB32)
            bits = self._image.bits()
            assert bits is not None
            self._pixels = np.frombuffer(bits.asarray(self._image.sizeInBytes()), np.uint32).reshape(height, width)
            self._stale.add("view")
        self._image.setDevicePixelRatio(ratio)
        all_sprites = len(self._points) <= sprites.MOST
        upper, stamped = self._layers(all_sprites)
        if "table" in self._stale:
            self._make_table()
        if "codes" in self._stale:
            self._make_codes()
        if all_sprites:
            self._image.fill(self.palette().color(QPalette.ColorRole.Base))
        else:
            self._splat_points(width, height, ratio, upper)
        if len(stamped):
            self._stamp(stamped, ratio)
        self._stale.clear()

    def _splat_points(self, width: int, height: int, ratio: float, upper: list[npt.NDArray[np.intp]]) -> None:
        if "view" in self._stale:
            view = replace(self._view, scale=self._view.scale * ratio, width=float(width), height=float(height))
            if not self._dragging:
                # Constant while the hand moves the map, so that points do not flicker between two sizes.
                self._size_px = comfortable_size(self._points, view, ratio)
            self._splat.project(self._points, view, self._size_px, upper)
        elif "layers" in self._stale:
            self._splat.restack(upper)
        self._splat.compose(self._codes, self._table, self._pixels)

    def _layers(self, all_sprites: bool) -> tuple[list[npt.NDArray[np.intp]], npt.NDArray[np.intp]]:
        """Places to paint over the others as plain points, and places to stamp as markers, both in drawing order."""
        frames = self._points.frames
        chosen = np.zeros(0, np.intp)
        marked = np.zeros(0, np.intp)
        if self._selection is not None:
            chosen = np.flatnonzero(self._selection[frames])
        if self._labelled is not None:
            marked = np.flatnonzero(self._labelled[frames])
        if all_sprites:
            rank = np.zeros(len(frames), np.int8)
            rank[chosen] = 1
            rank[marked] += 2
            return [], np.argsort(rank, kind="stable")
        if len(marked) > sprites.MOST:
            return [chosen, marked], np.zeros(0, np.intp)
        return [chosen], marked

    def _make_table(self) -> None:
        palette = self.palette()
        base = palette.color(QPalette.ColorRole.Base)
        self._rgb = self._colouring.table(palette)
        self._table = shaded_table(self._rgb, (base.red(), base.green(), base.blue()), _FADE)

    def _make_codes(self) -> None:
        frames = self._points.frames
        codes = self._colouring.codes
        self._codes = np.empty(len(frames) + 1, np.uint16)
        self._codes[:-1] = codes if self._points.all_placed else codes[frames]
        self._codes[-1] = EMPTY
        if self._selection is not None:
            outside = ~self._selection if self._points.all_placed else ~self._selection[frames]
            self._codes[:-1] += outside * np.uint16(FADED)

    def _stamp(self, places: npt.NDArray[np.intp], ratio: float) -> None:
        painter = QPainter(self._image)
        labelled = None if self._labelled is None else self._labelled[self._points.frames]
        outline = self.palette().color(QPalette.ColorRole.Text)
        self._sprites.draw(
            painter,
            self._points,
            self._view,
            places,
            self._codes,
            self._colouring,
            self._rgb,
            labelled,
            outline,
            ratio,
        )
        painter.end()

    def _paint_region(self, painter: QPainter) -> None:
        if len(self._trail) < 2:
            return
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        fill = QColor(colour)
        fill.setAlpha(40)
        painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(fill)
        if self._tool is Tool.RECTANGLE:
            painter.drawRect(QRectF(self._trail[0], self._trail[-1]).normalized())
        else:
            painter.drawPolygon(QPolygonF(self._trail), Qt.FillRule.WindingFill)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_ring(self, painter: QPainter, frame: int, radius: float, colour: QColor) -> None:
        where = self.position_of(frame)
        if where is None:
            return
        halo = QColor(self.palette().color(QPalette.ColorRole.Base))
        halo.setAlpha(210)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(halo, 5.0), QPen(colour, 2.0)):
            painter.setPen(pen)
            painter.drawEllipse(where, radius, radius)

    # Points travelling from one layout to the next

    def _begin_morph(self, old: MapPoints, old_view: MapTransform) -> None:
        shown_x = old.x * np.float32(old_view.scale) + np.float32(old_view.offset_x)
        shown_y = np.float32(old_view.offset_y) - old.y * np.float32(old_view.scale)
        start_x = (shown_x - np.float32(self._view.offset_x)) / np.float32(self._view.scale)
        start_y = (np.float32(self._view.offset_y) - shown_y) / np.float32(self._view.scale)
        target = self._points
        self._morph = (target, start_x, start_y)
        self._points = MapPoints(np.column_stack([target.x, target.y]))
        self._points.total, self._points.frames = target.total, target.frames
        self._points.all_placed = target.all_placed
        self._morph_step = 0
        self._morph_on()
        self._morph_timer.start()

    def _morph_on(self) -> None:
        if self._morph is None:
            return
        self._morph_step += 1
        share = self._morph_step * self._morph_timer.interval() / _MORPH_MS
        if share >= 1:
            self._finish_morph()
            return
        target, start_x, start_y = self._morph
        eased = np.float32(share * share * (3 - 2 * share))
        self._points.x[:] = start_x + (target.x - start_x) * eased
        self._points.y[:] = start_y + (target.y - start_y) * eased
        self._outdate("view")

    def _finish_morph(self) -> None:
        self._morph_timer.stop()
        if self._morph is not None:
            self._points = self._morph[0]
            self._morph = None
            self._outdate("view")
